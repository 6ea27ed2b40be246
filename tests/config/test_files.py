"""Each good file loads; each bad file fails with the mistakes that its first comment lines say."""

from pathlib import Path

import pytest

from exporter.config import ConfigError, load
from tests.config.fakes import ENVIRON, HERE, KINDS


def named(pattern: str) -> list[str]:
    return sorted(path.name for path in HERE.glob(pattern))


@pytest.mark.parametrize("name", named("*.good.yaml"))
def test_a_good_file_loads(name: str) -> None:
    assert load(HERE / name, KINDS, ENVIRON).sources


@pytest.mark.parametrize("name", named("*.bad.yaml"))
def test_a_bad_file_fails_as_its_first_lines_say(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(HERE / name, KINDS, ENVIRON)
    assert [str(mistake) for mistake in caught.value.mistakes] == expected(HERE / name)


@pytest.mark.parametrize("name", named("*.bad.yaml"))
def test_no_text_of_a_mistake_repeats_what_was_planted_as_a_secret(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(HERE / name, KINDS, ENVIRON)
    told = f"{caught.value} {caught.value.mistakes!r}"
    assert not [secret for secret in ("planted", *ENVIRON.values()) if len(secret) > 1 and secret in told]


def expected(path: Path) -> list[str]:
    """Return the texts of the comment lines at a file's top."""
    texts = []
    for line in path.read_text().splitlines():
        if not line.startswith("# "):
            break
        texts.append(line.removeprefix("# "))
    return texts
