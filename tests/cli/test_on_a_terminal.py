from pathlib import Path

import pytest

from tests.cli.running import NAMES, config_file, with_a_source_that_fails
from tests.cli.terminal import on_a_terminal

COLOUR = "\x1b[3"
MOVES = "\x1b[1A"


def test_the_check_shows_how_far_it_is_and_its_table_in_colours(tmp_path: Path, clouds: str) -> None:
    path = config_file(tmp_path, with_a_source_that_fails())
    shown = on_a_terminal("check", "--config.file", path, stdout=True, SIMULATED=clouds)
    assert shown.status == 1
    assert "of 4" in shown.stderr
    for name in NAMES:
        assert name in shown.stderr
    assert "\x1b[31mauthentication" in shown.stdout
    assert "\x1b[32mok" in shown.stdout
    assert MOVES not in shown.stdout


def test_no_colour_where_it_is_not_wanted(config: Path, clouds: str) -> None:
    shown = on_a_terminal("check", "--config.file", config, stdout=True, SIMULATED=clouds, NO_COLOR="1")
    assert shown.status == 0
    assert COLOUR not in shown.stdout
    assert COLOUR not in shown.stderr


def test_what_goes_into_a_pipe_is_plain_also_where_progress_is_shown(config: Path, clouds: str) -> None:
    shown = on_a_terminal("check", "--config.file", config, SIMULATED=clouds)
    assert shown.status == 0
    assert "\x1b" not in shown.stdout
    assert "of 4" in shown.stderr


def test_once_shows_how_far_it_is_beside_the_metrics(config: Path, clouds: str) -> None:
    shown = on_a_terminal("once", "--config.file", config, SIMULATED=clouds)
    assert shown.status == 0
    assert shown.stdout.startswith("# HELP ")
    assert "of 4" in shown.stderr
    assert "# HELP" not in shown.stderr


@pytest.mark.parametrize("command", ["check", "once"])
def test_a_terminal_that_cannot_move_shows_no_progress(command: str, config: Path, clouds: str) -> None:
    shown = on_a_terminal(command, "--config.file", config, SIMULATED=clouds, TERM="dumb")
    assert (shown.status, shown.stderr) == (0, "")
