"""The example that users start from: it loads, it names every option, and it tells the true defaults."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from exporter.apis import APIS
from exporter.config import Config, Settings, load, masked
from exporter.config.keys import EVERY_WORD
from exporter.config.sources import COMMON
from tests.config.fakes import HERE

EXAMPLE = (HERE.parent.parent / "config.example.yaml").read_text()
UNCOMMENTED = re.sub(r"^( *)#(?=\w+: )", r"\1", EXAMPLE, flags=re.MULTILINE)
OPTIONAL = re.findall(r"^ *#(\w+): ", EXAMPLE, flags=re.MULTILINE)


def loaded(folder: Path, text: str) -> Config:
    """Load the example with its variables set and its files in a folder."""
    for name in ("alibaba", "alibaba-token", "huawei"):
        (folder / name).write_text("secret\n")
    text = text.replace("/run/secrets/", f"{folder}/").replace(
        "/etc/ssl/certs/acme-proxy.pem", f"{HERE}/ca.pem"
    )
    (folder / "config.yaml").write_text(text)
    variables = re.findall(r"(?<!\$)\$\{(\w+)\}", text)
    return load(folder / "config.yaml", APIS, dict.fromkeys(variables, "value"))


def test_the_example_loads(tmp_path: Path) -> None:
    assert {source.api for source in loaded(tmp_path, EXAMPLE).sources} == set(APIS)


def test_the_example_loads_with_what_is_commented_out(tmp_path: Path) -> None:
    config = loaded(tmp_path, UNCOMMENTED)
    again = yaml.safe_load(masked(config))
    given = [*again["sources"], *again["credentials"].values()]
    assert OPTIONAL
    assert all(any(entry.get(key) for entry in given) for key in OPTIONAL)


def test_the_example_names_every_option() -> None:
    options = {field for api in APIS.values() for field in api.options.__struct_fields__}
    keys = set(re.findall(r"^ *(?:- )?(\w+):", UNCOMMENTED, flags=re.MULTILINE))
    assert {*options, *COMMON} <= keys
    forms = {word: {word, f"{word}_file", word.removesuffix("_file")} for word in EVERY_WORD}
    assert [word for word, either in forms.items() if not either & keys] == []


def test_the_example_shows_the_default_of_each_setting() -> None:
    with_defaults = loaded_defaults(yaml.safe_load(re.sub(r"\$\{\w+\}", "x", EXAMPLE))["defaults"])
    assert with_defaults == Settings()


def loaded_defaults(shown: dict[str, object]) -> Settings:
    seconds = {"10s": 10, "0s": 0, "5m": 300, "1h": 3600, "24h": 86400}
    values = {key: seconds[text] if isinstance(text, str) else text for key, text in shown.items()}
    return msgspec.convert(values, Settings)


@pytest.mark.parametrize("name", sorted(APIS))
def test_the_example_shows_the_defaults_of_each_api(tmp_path: Path, name: str) -> None:
    for source in loaded(tmp_path, EXAMPLE).sources:
        if source.api == name:
            defaults = {
                field.name: field.default
                for field in msgspec.structs.fields(source.options)
                if field.default is not msgspec.NODEFAULT and field.name not in ("workspace_id",)
            }
            assert {key: getattr(source.options, key) for key in defaults} == defaults
