"""Options of every type that an API may ask for: what is taken, what is refused and with which words."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from exporter.config import ConfigError, Duration, Identifier, PositiveDuration, Several, load
from tests.config.fakes import ENVIRON, Kind, one_source


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One option of each type."""

    parts: Several[Identifier]
    flag: bool = False
    share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.5
    count: int = 1
    word: Annotated[str, msgspec.Meta(min_length=2, max_length=4)] = "word"
    any_word: str = "any"
    mode: Literal["fast", "safe"] = "safe"
    most: Literal["all"] | int = "all"
    pause: Duration | None = None
    wait: PositiveDuration = 1.0
    file: Path | None = None
    either: Literal["discover"] | Several[Identifier] = "discover"
    pairs: Annotated[Several[int], msgspec.Meta(description="two numbers")] = (1,)


KINDS = {"factory_jobs": Kind("huawei", Options)}
TEXT = one_source().replace("    project_id: p1\n", "")


def decoded(folder: Path, text: str) -> Any:
    (folder / "config.yaml").write_text(f"{TEXT}    {text}\n")
    return load(folder / "config.yaml", KINDS, ENVIRON).sources[0].options


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("flag", "true", True),
        ("flag", "false", False),
        ("share", "0", 0.0),
        ("share", "0.999", 0.999),
        ("count", "-7", -7),
        ("count", "+7", 7),
        ("count", "${REQUESTS}", 5),
        ("word", "abcd", "abcd"),
        ("any_word", "on the way", "on the way"),
        ("any_word", "'on'", "on"),
        ("mode", "fast", "fast"),
        ("most", "all", "all"),
        ("most", "12", 12),
        ("pause", "2m", 120),
        ("pause", "null", None),
        ("wait", "1ms", 0.001),
        ("file", "/some/where", Path("/some/where")),
        ("either", "discover", "discover"),
        ("either", "[discover]", ("discover",)),
        ("either", "[a, 1]", ("a", "1")),
        ("pairs", "\n    - 2\n    - 1", (2, 1)),
    ],
)
def test_a_value_of_the_right_type_is_taken(tmp_path: Path, key: str, text: str, value: object) -> None:
    options = decoded(tmp_path, f"parts: [p]\n    {key}: {text}")
    assert getattr(options, key) == value
    assert options == msgspec.structs.replace(Options(parts=("p",)), **{key: value})


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("flag", "yes", '"yes" is neither true nor false; write true or false'),
        ("flag", "1", '"1" is neither true nor false; write true or false'),
        ("share", "1", '"1" is out of range; write at least 0 and less than 1'),
        ("share", ".5", '".5" is not a number; write a number, such as 20'),
        ("share", "nan", '"nan" is not a number; write a number, such as 20'),
        ("share", "[1]", "is a list; write one value"),
        ("count", "1.0", '"1.0" is not a whole number; write a whole number, such as 20'),
        ("count", "'1'", '"1" in quotes is a text, not a whole number; remove the quotes'),
        ("count", "0x10", '"0x10" is not a whole number; write a whole number, such as 20'),
        ("count", "9" * 5000, f'"{"9" * 60}…" is not a whole number; write a whole number, such as 20'),
        (
            "word",
            "a",
            '"a" is not what this option takes; look it up in the documentation',
        ),
        ("any_word", "on", 'on without quotes is a boolean to YAML; write "on"'),
        ("any_word", "0x10", '0x10 without quotes is a number to YAML; write "0x10"'),
        ("any_word", "=", '= without quotes is no text to YAML; write "="'),
        ("any_word", '"a\\nb"', "has more than one line; write it in one line"),
        ("any_word", "", "has no value; write one"),
        ("any_word", "~", "has no value; write one"),
        ("any_word", "${EMPTY}", "${EMPTY} is empty; write a value"),
        ("any_word", '"\\a"', "the text holds a control character; write printable text"),
        ("mode", "quick", '"quick" is not known here; write one of fast, safe'),
        ("mode", "FASTER", '"FASTER" is not known here; did you mean fast?'),
        ("pause", "10", "10 has no unit; write 10s if seconds are meant"),
        ("pause", "", "has no value; write one, such as 1h30m"),
        ("wait", "0s", '"0s" is out of range; write more than 0'),
        (
            "either",
            "discovery",
            '"discovery" is not known here; did you mean discover? (or a list, as in [discovery])',
        ),
        ("either", "{a: b}", "is a mapping; write a list or one value, such as discover"),
        ("either", "", "has no value; write one, such as discover"),
        ("either", "[]", "the list is empty; name at least one"),
        ("pairs", "1", '"1" is not a list; write [1]'),
        ("pairs", "a", '"a" is not a list; write [a]'),
    ],
)
def test_any_other_value_is_refused_with_a_cure(tmp_path: Path, key: str, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decoded(tmp_path, f"parts: [p]\n    {key}: {text}")
    (mistake,) = caught.value.mistakes
    assert f"{mistake.problem}; {mistake.cure}" == told
    assert (mistake.path, mistake.name) == (f"sources[0].{key}", "one")


def test_each_entry_of_a_list_is_judged_by_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        decoded(tmp_path, "parts: [a, b/c, a, 0123, ~, [d]]")
    assert [mistake.path for mistake in caught.value.mistakes] == [
        f"sources[0].parts[{n}]" for n in (1, 2, 3, 4, 5)
    ]


def test_a_required_list_that_is_missing_comes_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"sources\[0\]\.parts \(one\): is missing; add parts: \[abc-123\]$"
    ):
        decoded(tmp_path, "count: 1")


def test_an_entry_that_is_given_twice_is_a_mistake_however_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"parts\[1\] \(one\): is given twice"):
        decoded(tmp_path, 'parts: [1, "1"]')
