import pytest

from tests.addresses import forbidden

# Put together here, so that this file holds none.
REGISTRY = ".".join(("pypi", "org"))
MIRROR = "-".join(("europe", "python.")) + ".".join(("pkg", "dev"))
LOCAL = "/".join(("", "home", "ann", "src", "exporter"))
SCRATCH = "/".join(("", "tmp", "x"))


@pytest.mark.parametrize(
    "line",
    [
        f"    url = https://{REGISTRY}/simple",
        f"resolved: https://{MIRROR}/team/simple",
        "-".join(("pip install -", "index", "url")) + " https://mirror.example/simple",
        f'home = "{LOCAL}/bin"',
        f"see {SCRATCH}",
        "cd " + "/".join(("", "root", "project", "")),
    ],
)
def test_an_address_of_a_registry_or_of_a_machine_is_found_with_its_line(line: str) -> None:
    assert [number for number, _ in forbidden(f"first\n{line}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/workspaces",
        "https://docs.example/work/tmp/x",
        "mountPath: /tmp",
        "/etc/datajobs-exporter/config.yaml",
        "aiohttp==3.14.5",
        "FROM python:3.13-slim",
    ],
)
def test_what_users_need_to_read_is_left_alone(line: str) -> None:
    assert list(forbidden(line)) == []
