import json
import logging
import sys

import pytest

from exporter.logs import FORMATS, LineFormatter

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
