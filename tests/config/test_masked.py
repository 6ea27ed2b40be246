"""The masked text: every option with its effective value, in the file's own form."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config import Config, Duration, Source, duration, load, masked
from exporter.config.document import Scalar
from exporter.config.values import seconds
from exporter.credentials import FixedSecret, HuaweiKeys, Secret
from tests.config.fakes import ENVIRON, HERE, KINDS, Factory, mistakes, read


def shown(name: str) -> Any:
    return yaml.safe_load(masked(load(HERE / f"{name}.good.yaml", KINDS, ENVIRON)))


def test_what_was_left_out_is_shown_with_its_default() -> None:
    assert shown("least") == {
        "credentials": {
            "keys": {
                "cloud": "huawei",
                "access_key": "<secret>",
                "secret_key": "<secret>",
                "security_token": None,
            }
        },
        "sources": [
            {
                "name": "a",
                "api": "factory_jobs",
                "region": "cn-north-4",
                "endpoint": None,
                "ca_file": None,
                "credentials": "keys",
                "timeout": "10s",
                "min_interval": "0s",
                "max_staleness": "5m",
                "lookback": "1h",
                "longest_job": "1d",
                "concurrency": 16,
                "requests_per_second": 20.0,
                "max_series": 2000,
                "per_job": 0,
                "project_id": "p1",
                "workspaces": None,
                "job_types": ["BATCH", "REAL_TIME"],
            }
        ],
    }


def test_a_file_of_a_secret_is_shown_by_its_path_and_other_parts_as_they_are() -> None:
    keys = shown("every-option")["credentials"]
    assert keys["alibaba-prod"]["access_key_secret_file"] == str(HERE / "secrets/alibaba")
    assert keys["huawei-user"] == {
        "cloud": "huawei",
        "username": "metrics",
        "password_file": str(HERE / "secrets/huawei"),
        "domain": "acme",
        "iam_endpoint": "https://iam.example.com:8443",
    }


IDS = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}", fullmatch=True)
DURATIONS = st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    secret = FixedSecret(Secret("<secret>"))
    keys = HuaweiKeys(access_key=secret, secret_key=secret)
    options = Factory(
        project_id=draw(IDS),
        workspaces=draw(st.none() | st.lists(IDS, min_size=1, max_size=4, unique=True).map(tuple)),
    )
    source = Source(
        name=draw(IDS),
        api="factory_jobs",
        cloud="huawei",
        region="cn-north-4",
        endpoint=draw(st.sampled_from([None, "http://[::1]:80", "https://a.example"])),
        ca_file=None,
        credentials_name=draw(IDS),
        credentials=keys,
        options=options,
        timeout=draw(DURATIONS.filter(bool)),
        lookback=draw(DURATIONS),
        concurrency=draw(st.integers(1, 256)),
        requests_per_second=draw(st.integers(1, 10**6)) / 1000,
        max_series=draw(st.integers(100, 10**6)),
        per_job=draw(st.integers(0, 10**6)),
    )
    return Config(sources=(source,))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(config=configs())
def test_the_masked_text_loads_again_as_the_same_configuration(config: Config, tmp_path_factory: Any) -> None:
    again = read(tmp_path_factory.getbasetemp(), masked(config))
    assert msgspec.structs.asdict(again.sources[0]) == msgspec.structs.asdict(config.sources[0])


@given(amount=DURATIONS)
def test_a_duration_that_is_written_reads_as_the_same(amount: float) -> None:
    text = duration(amount)
    scalar = Scalar(line=1, column=1, text=text, written=text, taken_for="str")
    assert seconds(scalar) == amount


def test_paths_and_durations_among_an_apis_options_are_shown_as_in_the_file(tmp_path: Path) -> None:
    class Files(msgspec.Struct, frozen=True, kw_only=True):
        known: Path | None = None
        pause: Duration | None = 90.0

    config = load(HERE / "least.good.yaml", KINDS, ENVIRON)
    source = msgspec.structs.replace(config.sources[0], options=Files(known=tmp_path))
    assert f"known: {tmp_path}\n  pause: 1m30s\n" in masked(Config(sources=(source,)))


def test_the_id_of_a_key_is_shown_so_far_as_it_tells_it_from_others(tmp_path: Path) -> None:
    text = """
credentials: {keys: {cloud: huawei, access_key: HPUADEMOXNOTXAXREALX, secret_key: DemoSecretOfNoCloudAtAll}}
sources: [{name: a, api: factory_jobs, region: cn-north-4, credentials: keys, project_id: p1}]
"""
    keys = yaml.safe_load(masked(read(tmp_path, text)))["credentials"]["keys"]
    assert (keys["access_key"], keys["secret_key"]) == ("HPUA…EALX", "<secret>")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("sk", "sk: "),
        ("password", "password: "),
        ("keys/sk", "keys/sk: "),
        ("Pl4ntedPassword", "the file (name not shown; write ./NAME to see it): "),
        ("0123456789abcdef", "the file (name not shown; write ./NAME to see it): "),
    ],
)
def test_a_secrets_file_that_is_not_there_is_named_unless_it_may_be_a_secret(
    tmp_path: Path, written: str, shown: str
) -> None:
    text = f"credentials: {{keys: {{cloud: huawei, access_key: HPUADEMOXNOT, secret_key_file: {written}}}}}"
    [told] = [one for one in mistakes(tmp_path, text) if one.path.endswith("secret_key_file")]
    assert told.problem == f"{shown}No such file or directory"
