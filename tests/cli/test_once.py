import os
import subprocess
import threading
from pathlib import Path

import pytest

from exporter.commands.files import replace, target_of
from exporter.errors import Reason
from tests.cli.running import (
    COMMAND,
    NAMES,
    config_file,
    environment,
    invoke,
    judge,
    run,
    running,
    with_a_source_that_fails,
)
from tests.scraped import read_text, samples


def sources(text: str) -> dict[str, float]:
    """Return datajobs_source_success by source."""
    found = samples(read_text(text)).items()
    return {dict(labels)["source"]: v for (name, labels), v in found if name == "datajobs_source_success"}


def test_the_metrics_of_all_sources_go_to_standard_output(config: Path, clouds: str) -> None:
    ended = run("once", "--config.file", config, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sources(ended.stdout) == dict.fromkeys(NAMES, 1.0)
    names = {family.name for family in read_text(ended.stdout)}
    assert {name.partition("_")[0] for name in names} == {"datajobs"}  # nothing of a process that is gone
    assert "datajobs_jobs" in names


def test_sources_that_fail_are_status_1_beside_what_the_others_gave(tmp_path: Path, clouds: str) -> None:
    path = config_file(tmp_path, with_a_source_that_fails())
    ended = run("once", "--config.file", path, SIMULATED=clouds)
    assert ended.returncode == 1
    assert sources(ended.stdout) == {**dict.fromkeys(NAMES, 1.0), "pai-vision": 0.0}
    told, *cures = ended.stderr.splitlines()
    assert told.startswith("source pai-vision: authentication: GET /api/v1/datasets: ")
    assert cures == [
        "  to do: Check access_key_secret; does a proxy change the headers or the path?",
        f"  to do: {Reason.AUTHENTICATION.cure}",
    ]


def test_a_failure_names_the_list(tmp_path: Path) -> None:
    path = config_file(tmp_path)
    with running("simulate", "--listen=127.0.0.1:0", "--fault=octopus_system_jobs:http-403") as simulated:
        clouds = simulated.out.wait_for("simulated clouds on ").split()[3]
        ended = run("once", "--config.file", path, "--source=octopus", SIMULATED=clouds)
        assert simulated.end() == 0
    assert ended.stderr.startswith("source octopus, workspace ")


def test_no_sample_has_a_timestamp(config: Path, clouds: str) -> None:
    """The textfile collector of node_exporter refuses the whole file then."""
    ended = run("once", "--config.file", config, SIMULATED=clouds)
    found = [sample for family in read_text(ended.stdout) for sample in family.samples]
    assert len(found) > 100
    assert {sample.timestamp for sample in found} == {None}


def test_a_name_that_node_exporter_would_not_read_is_warned_of(
    tmp_path: Path, config: Path, clouds: str
) -> None:
    output = tmp_path / "jobs.txt"
    ended = run("once", "--config.file", config, "--output", output, SIMULATED=clouds)
    assert ended.returncode == 0
    told = f"warning: {output}: node_exporter's textfile collector reads only *.prom\n"
    assert ended.stderr == told
    assert sources(output.read_text()) == dict.fromkeys(NAMES, 1.0)


def test_only_named_sources_are_collected_into_a_file_that_all_may_read(
    tmp_path: Path, config: Path, clouds: str
) -> None:
    output = tmp_path / "jobs.prom"
    output.write_text("what was there")
    output.chmod(0o600)
    before = os.umask(0o077)
    try:
        arguments = ("--source", "dataarts", "--source", "octopus-queue", "--output", output)
        ended = run("once", "--config.file", config, *arguments, SIMULATED=clouds)
    finally:
        os.umask(before)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert sources(output.read_text()) == {"dataarts": 1.0, "octopus-queue": 1.0}
    assert output.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "jobs.prom"]


def test_a_source_that_is_not_there_is_refused_with_those_that_are(config: Path) -> None:
    ended = invoke("once", "--config.file", config, "--source", "octopsu")
    assert (ended.exit_code, ended.stdout) == (2, "")
    known = ", ".join(NAMES)
    expected = f"Invalid value for --source: 'octopsu' is not configured; there are: {known}\n"
    assert ended.stderr.endswith(expected)


@pytest.mark.parametrize("folder", ["none", "file"])
def test_a_folder_that_cannot_be_written_is_told_before_a_cloud_is_asked(
    tmp_path: Path, config: Path, folder: str
) -> None:
    (tmp_path / "file").touch()
    output = tmp_path / folder / "jobs.prom"
    ended = invoke("once", "--config.file", config, "--output", output)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr == f"cannot write {output}: name a file in a folder that is there and can be written\n"
    )


@pytest.mark.parametrize("kind", ["device", "link to a device", "pipe"])
def test_what_is_no_regular_file_stays_what_it_is(tmp_path: Path, config: Path, kind: str) -> None:
    output = tmp_path / "there.prom"
    if kind == "device":
        output = Path("/dev/full")
    elif kind == "pipe":
        os.mkfifo(output)
    else:
        output.symlink_to("/dev/full")
    before = output.lstat()
    ended = invoke("once", "--config.file", config, "--output", output)
    assert (ended.exit_code, ended.stdout) == (2, "")
    told = f"it is a {kind.split()[-1]}, not a regular file; name a regular file, or - for standard output"
    assert ended.stderr == f"cannot write {output}: {told}\n"
    after = output.lstat()
    assert (after.st_mode, after.st_ino, after.st_rdev) == (before.st_mode, before.st_ino, before.st_rdev)
    assert Path("/dev/full").is_char_device()


def test_links_that_lead_in_a_circle_are_told(tmp_path: Path, config: Path) -> None:
    output = tmp_path / "jobs.prom"
    output.symlink_to(output)
    ended = invoke("once", "--config.file", config, "--output", output)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"cannot write {output}: Too many levels of symbolic links; ")


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path, config: Path, clouds: str) -> None:
    (tmp_path / "data").mkdir()
    output, target = tmp_path / "jobs.prom", tmp_path / "data" / "today"
    output.symlink_to(Path("data", "today"))
    for _ in ("not there yet", "there"):
        ended = run("once", "--config.file", config, "--source=octopus", "--output", output, SIMULATED=clouds)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert output.is_symlink()
    assert sources(target.read_text()) == {"octopus": 1.0}
    assert [path.name for path in target.parent.iterdir()] == ["today"]


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_has_names_too(name: str, config: Path, clouds: str, tmp_path: Path) -> None:
    ended = run("once", "--config.file", config, "--source=octopus", "--output", name, SIMULATED=clouds)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sources(ended.stdout) == {"octopus": 1.0}
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_file_that_is_not_there_yet_is_a_regular_one(tmp_path: Path) -> None:
    assert target_of(tmp_path / "new.prom") == (tmp_path / "new.prom").resolve()
    assert target_of(None) is None


def test_a_file_that_cannot_be_made_is_told_in_a_line(config: Path, clouds: str) -> None:
    output = "/proc/jobs.prom"  # nobody can, not even root
    ended = run("once", "--config.file", config, "--source", "octopus", "--output", output, SIMULATED=clouds)
    assert (ended.returncode, ended.stdout) == (2, "")
    [told] = ended.stderr.splitlines()
    assert told.startswith(f"cannot write {output}: ")


def test_a_reader_that_has_seen_enough_is_no_failure_to_tell_of(config: Path, clouds: str) -> None:
    command = [COMMAND, "once", "--config.file", str(config)]
    with subprocess.Popen(
        command,
        env=environment(SIMULATED=clouds),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
        process.wait(30)
    judge(told)
    assert told == ""


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "jobs.prom"
    whole = [b"old " * 50_000, b"new!" * 80_000]
    replace(path, whole[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 101):
        replace(path, whole[number % 2])
    done.set()
    reader.join()
    assert seen <= set(whole)
    assert path.read_bytes() == whole[0]
    assert [found.name for found in tmp_path.iterdir()] == ["jobs.prom"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "jobs.prom"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace(path, b"new")
    assert [found.name for found in tmp_path.iterdir()] == ["jobs.prom"]
