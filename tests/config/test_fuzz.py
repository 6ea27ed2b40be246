"""Whatever a file holds, loading it ends in a Config or in a ConfigError with at least one mistake."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.config import Config, ConfigError
from tests.config.fakes import HERE, mistakes, read

WORDS = re.findall(
    r"\S+",
    """
    defaults credentials sources name api region endpoint ca_file cloud timeout concurrency lookback
    requests_per_second factory_jobs vision_jobs alibaba huawei keys access_key secret_key secret_key_file
    access_key_id username password password_file iam_endpoint chain << project_id workspaces datasets
    discover job_types BATCH workspace_id ${KEY_ID} ${NOT_SET} ${ $${X} 10s 0 1e5 ~ https://a.example:1/
    """,
)
SIGNS = [*"{}[]!|>'#%?\"\\", "&a", "*a", "!!str", "---", "...", "\\x", "\\U0"]
BLANKS = ["", ": ", "- ", ", ", "\n", "\n  ", "\t", "\ue000", "\ue002", "\x00", "\x85"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS) | st.dates()
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)
MARKS = st.lists(st.sampled_from(WORDS + SIGNS + BLANKS * 3), max_size=60).map("".join)

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Time tells nothing on a machine that runs other things too."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def check(folder: Path, content: str | bytes) -> None:
    found = outcome(folder, content)
    if isinstance(found, Config):
        assert found.sources
        return
    assert found.mistakes
    assert all(mistake.problem and mistake.cure for mistake in found.mistakes)
    assert str(found).encode()


def outcome(folder: Path, content: str | bytes) -> Config | ConfigError:
    try:
        return read(folder, content)
    except ConfigError as error:
        return error


@CALM
@given(content=st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b'a: "\\ud800"')
@example(b"%YAML " + b"9" * 5000 + b".1\n---\na")
def test_random_bytes(folder: Path, content: bytes) -> None:
    check(folder, content)


@CALM
@given(text=MARKS)
def test_random_yaml_marks(folder: Path, text: str) -> None:
    check(folder, text.encode("utf-8", "surrogatepass"))


@CALM
@given(tree=TREES)
def test_random_structures(folder: Path, tree: Any) -> None:
    check(folder, yaml.safe_dump(tree))


@CALM
@given(
    entry=st.dictionaries(st.sampled_from(WORDS), TREES, max_size=8),
    keys=st.dictionaries(st.sampled_from(WORDS), TREES, max_size=8),
)
def test_random_values_where_the_file_has_sections(folder: Path, entry: Any, keys: Any) -> None:
    check(folder, yaml.safe_dump({"credentials": {"keys": keys}, "sources": [entry]}))


@settings(CALM, max_examples=200)
@given(data=st.data(), name=st.sampled_from(sorted(path.name for path in HERE.glob("*.good.yaml"))))
def test_good_files_with_a_few_bytes_changed(folder: Path, data: st.DataObject, name: str) -> None:
    content = bytearray((HERE / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    check(folder, bytes(content))


def test_a_hostile_environment_raises_nothing_else(folder: Path) -> None:
    text = (HERE / "every-option.good.yaml").read_text()
    for value in ("", "\0", "\udcff", "\n", " ", "é", "x" * 100_000, "${KEY_ID}", "[", "'"):
        mistakes(folder, text.replace("cn-hangzhou", "${KEY_ID}"), {"KEY_ID": value, "KEY_SECRET": value})
