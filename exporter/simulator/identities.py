"""Who may call the simulated clouds, and what is where in them. All of it is made up, and looks it."""

# ruff: noqa: S106 - nothing real is behind these secrets

from dataclasses import dataclass, field

PAI_REGION = "cn-hangzhou"
PAI_WORKSPACES = ("145883", "200417")
"""The first is the default workspace."""

PAI_DATASETS = {
    "d-demo00camera000front": ("145883", "ADVANCED", "camera_front"),
    "d-demo00lidar0000top00": ("145883", "ADVANCED", "lidar_top"),
    "d-demo00fusion000all00": ("145883", "LOGICAL", "fusion_all"),
    "d-demo00raw0000upload0": ("145883", "BASIC", "raw_upload"),
    "d-demo00speech00corpus": ("200417", "ADVANCED", "speech_corpus"),
    "d-demo00eval0000basic0": ("200417", "BASIC", "evaluation_basic"),
}
"""Workspace, edition and name by dataset id. BASIC ones have no jobs."""

OCTOPUS_REGION = "cn-north-11"
OCTOPUS_PROJECT = "0c70905de30000000000000000000001"
OCTOPUS_WORKSPACES = ("0", "7")

DATAARTS_REGION = "cn-north-4"
DATAARTS_PROJECT = "0da7aa275de300000000000000000002"
DATAARTS_INSTANCE = "0da7aa2715000000000000000000f00d"
DATAARTS_WORKSPACES = ("0da7aa275000000000000000000000a1", "0da7aa275000000000000000000000b2")
"""The first is the default workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoKey:
    """An access key; one with a security token is temporary and must come with it.

    ``allowed`` says whether it has the permissions, ``projects`` where (Huawei only).
    """

    id: str
    secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires: float = float("inf")
    allowed: bool = True
    projects: tuple[str, ...] = (OCTOPUS_PROJECT, DATAARTS_PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """A user of IAM who may get tokens; ``projects`` maps the ids of projects to their names."""

    name: str
    password: str = field(repr=False)
    domain: str
    projects: tuple[tuple[str, str], ...] = (
        (OCTOPUS_PROJECT, OCTOPUS_REGION),
        (DATAARTS_PROJECT, DATAARTS_REGION),
    )
    allowed: bool = True


DEMO_ALIBABA_KEY = DemoKey(id="LTAI5tDEMOxNOTxAxREALxKEY", secret="DemoSecretOfTheSimulatedCloud1")
DEMO_ALIBABA_TEMPORARY_KEY = DemoKey(
    id="STS.NDEMOxNOTxAxREALxKEYx",
    secret="DemoSecretOfTheSimulatedCloud2",
    security_token="CAISDemoSecurityTokenOfTheSimulatedCloud//+ab==",
)
DEMO_ALIBABA_POWERLESS_KEY = DemoKey(
    id="LTAI5tDEMOxWITHOUTxRIGHTS", secret="DemoSecretOfTheSimulatedCloud3", allowed=False
)
DEMO_HUAWEI_KEY = DemoKey(id="HPUADEMOXNOTXAXREALX", secret="DemoSecretOfTheSimulatedCloud0000000004")
DEMO_HUAWEI_TEMPORARY_KEY = DemoKey(
    id="HSTADEMOXNOTXAXREALX",
    secret="DemoSecretOfTheSimulatedCloud0000000005",
    security_token="ggpDemoSecurityTokenOfTheSimulatedCloud//+ab==",
)
DEMO_HUAWEI_POWERLESS_KEY = DemoKey(
    id="HPUADEMOXNOXRIGHTSXX", secret="DemoSecretOfTheSimulatedCloud0000000006", allowed=False
)
DEMO_HUAWEI_USER = DemoUser(
    name="demo-metrics", password="Demo-Password-of-the-simulated-cloud", domain="demo-account"
)
