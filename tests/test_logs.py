import json
import logging
import sys

import pytest

from exporter.logs import BURST, FORMATS, REST, Changes, LineFormatter, set_up
from tests.cli.running import logging_kept

KEYS = ["ts", "level", "logger", "msg"]


def record(message: str, *arguments: object, failed: bool = False) -> logging.LogRecord:
    """Return a record of 2024-05-01T08:09:10.25Z."""
    exc_info = None
    if failed:
        try:
            int("odd\nvalue")
        except ValueError:
            exc_info = sys.exc_info()
    made = logging.LogRecord("exporter.scrape", logging.WARNING, __file__, 1, message, arguments, exc_info)
    made.created = 1_714_550_950.25
    return made


def test_a_line_of_logfmt() -> None:
    line = LineFormatter("logfmt").format(record("source %s: %s", "octopus", "ok"))
    assert line == 'ts=2024-05-01T08:09:10.250Z level=warning logger=exporter.scrape msg="source octopus: ok"'


def test_a_line_of_json() -> None:
    line = LineFormatter("json").format(record("source %s", "octopus"))
    assert json.loads(line) == {
        "ts": "2024-05-01T08:09:10.250Z",
        "level": "warning",
        "logger": "exporter.scrape",
        "msg": "source octopus",
    }


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("stopping", "stopping"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a=b", '"a=b"'),
        ('say "so"', r'"say \"so\""'),
        ("a\\b", r'"a\\b"'),
        ("two\nlines\r", r'"two\nlines\r"'),
        ("排队", '"排队"'),
        ("two\u2028lines\x85", r'"two\u2028lines\u0085"'),
        ("\x1b[31mred", r'"\u001b[31mred"'),
        ("\x7f", r'"\u007f"'),
        ("\ud800", r'"\ud800"'),
    ],
)
def test_values_of_logfmt_are_quoted_where_they_must_be(message: str, written: str) -> None:
    line = LineFormatter("logfmt").format(record(message))
    assert line.partition("msg=")[2] == written
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_traceback_is_in_the_same_line(form: str) -> None:
    line = LineFormatter(form).format(record("a bug", failed=True))
    assert len(line.splitlines()) == 1
    assert "ValueError: invalid literal" in line
    if form == "json":
        assert list(json.loads(line)) == [*KEYS, "exception"]
    else:
        assert ' msg="a bug" exception="Traceback' in line


def test_keys_beside_the_usual_come_after_them_in_a_fixed_order_and_only_where_they_apply() -> None:
    about = {"seconds": 0.25, "source": "octopus", "code": None, "unheard_of": "x"}
    made = record("late")
    made.__dict__.update(about)
    assert LineFormatter("logfmt").format(made).endswith("msg=late source=octopus seconds=0.25")
    line = json.loads(LineFormatter("json").format(made))
    assert list(line) == [*KEYS, "source", "seconds"]
    assert line["seconds"] == 0.25


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_of_a_line_gets_past_the_net(form: str) -> None:
    made = record("a %s", "odd\nvalue", failed=True)
    made.__dict__["source"] = "odd\nvalue"
    line = LineFormatter(form, lambda text: text.replace("odd", "even")).format(made)
    assert "odd" not in line
    assert line.count("even") == 4  # the message, the source, the code and the message of the error


class Teller:
    """Tells changes of state and remembers the lines, on a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[logging.LogRecord] = []
        logger = logging.Logger("changes", logging.INFO)  # noqa: LOG001 - apart from all others
        logger.addFilter(self.keep)
        self._changes = Changes(logger, {"source": "a"}, "well", lambda: self.now)

    def keep(self, line: logging.LogRecord) -> bool:
        """Keep a line to ourselves."""
        self.lines.append(line)
        return False

    def tell(self, *states: str, every: float = 0.0) -> list[tuple[str, int | None]]:
        """Tell the states one after the other; return which had a line, and how many before it had none."""
        self.lines.clear()
        for state in states:
            self.now += every
            self._changes.tell(state, logging.WARNING, state)
        return [(line.getMessage(), line.__dict__["suppressed"]) for line in self.lines]


def test_a_state_has_one_line_however_long_it_lasts() -> None:
    teller = Teller()
    assert teller.tell("well", "timeout", "timeout", "timeout", "well", "well") == [
        ("timeout", None),
        ("well", None),
    ]


def test_a_flickering_state_is_told_a_bounded_number_of_times() -> None:
    teller = Teller()
    assert len(teller.tell(*["timeout", "server_error"] * 500)) == BURST
    hours = 1000 * 60 / 3600
    assert len(teller.tell(*["timeout", "server_error"] * 500, every=60)) <= hours * 3600 / REST + 1


def test_what_had_no_line_is_counted_by_the_next_one() -> None:
    teller = Teller()
    teller.tell(*["timeout", "server_error"] * 2)
    assert teller.tell("timeout", "well", "timeout") == []
    teller.now += REST
    assert teller.tell("server_error", "throttled") == [("throttled", 4)]


def test_a_state_that_had_no_line_is_told_as_soon_as_one_is_due() -> None:
    teller = Teller()
    teller.tell(*["timeout", "well"] * 2, "timeout")
    assert teller.tell("timeout", every=REST - 1) == []
    assert teller.tell("timeout", every=1) == [("timeout", None)]


def test_lines_are_saved_up_again_in_quiet_times() -> None:
    teller = Teller()
    teller.tell(*["timeout", "well"] * 2)
    teller.now += BURST * REST
    assert len(teller.tell(*["timeout", "well"] * 4)) == BURST


def test_what_nobody_caught_is_logged_like_everything_else(capsys: pytest.CaptureFixture[str]) -> None:
    hook = sys.excepthook
    with logging_kept():
        try:
            set_up("info", "logfmt", lambda text: text.replace("odd", "even"))
            sys.excepthook(ValueError, ValueError("odd"), None)
            sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
        finally:
            sys.excepthook = hook
    bug, *interrupt = capsys.readouterr().err.splitlines()
    assert 'level=error logger=exporter.logs msg="a bug of the exporter ended it" exception=' in bug
    assert "ValueError: even" in bug
    assert interrupt == ["KeyboardInterrupt"]
