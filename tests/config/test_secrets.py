"""Secrets never show: not in a mistake, not in a repr, not in the masked text; whatever is broken."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.config import Config, ConfigError, masked
from tests.config.fakes import read

PLANTED = "Pl4nted+Secret/Of=The.Test"

FORMS = {
    "alibaba": {
        "cloud": "alibaba",
        "access_key_id": "1",
        "access_key_secret": "2",
        "security_token": "3",
    },
    "huawei": {"cloud": "huawei", "access_key": "1", "secret_key": "2", "security_token": "3"},
    "login": {"cloud": "huawei", "username": "metrics", "password": "1", "domain": "acme"},
}
SECRETS = {
    "alibaba": ("access_key_id", "access_key_secret", "security_token"),
    "huawei": ("access_key", "secret_key", "security_token"),
    "login": ("password",),
}
BREAKS = [
    "KEY: [SECRET]",
    "KEY: {SECRET: SECRET}",
    "KEY:SECRET",
    "KEY SECRET",
    "KEY: SECRET: SECRET",
    'KEY: "SECRET',
    "KEY: 'SECRET''",
    "KEY: @SECRET",
    "KEY: *SECRET",
    "KEY: &SECRET",
    "KEY: !SECRET x",
    "KEY: !!SECRET x",
    "KEY: !a!SECRET x",
    "KEY: %SECRET",
    "\tKEY: SECRET",
    "   KEY: SECRET",
    " KEY: SECRET",
    "KEY: '  SECRET'",
    'KEY: "SECRET\\nSECRET"',
    'KEY: "SECRET\\q"',
    'KEY: "SECRET\\0"',
    "KEY: |\n      SECRET\n      SECRET",
    "KEY: ${SECRET}",
    "KEY: ${SECRET",
    "KEY: SECRET\n    KEY: SECRET",
    "KEY: SECRET\n    KEY_file: SECRET",
    "KEY_file: SECRET",
    "KEY_file: /SECRET/SECRET",
    "KEY_files: SECRET",
    "KEI: SECRET",
    "SECRET: KEY",
    "? SECRET\n    : KEY",
    "? [SECRET]\n    : KEY",
    "- SECRET",
    "KEY: SECRET\n    cloud: SECRET",
    "KEY: SECRET\n    cloud: ",
    "KEY: SECRET\n    chain: default",
    "KEY: SECRET\n    username: u\n    access_key: SECRET\n    access_key_id: SECRET",
    "<<: SECRET",
    "<<: [SECRET]",
    "KEY: ${ENV_EMPTY}${NOT_SET}SECRET",
    "KEY: ${ENV_LINES}",
    "KEY: \ufeffSECRET",
    "KEY: SECRET é\u0301",
]


def entry(form: str, name: str, broken: str) -> str:
    """Return a configuration whose every secret is planted, and one of them broken."""
    lines = [f"    {key}: {PLANTED if key in SECRETS[form] else value}" for key, value in FORMS[form].items()]
    lines = [line for line in lines if not line.startswith(f"    {name}:")]
    lines.append("    " + broken.replace("KEY", name).replace("SECRET", PLANTED))
    api = "vision_jobs, datasets: [d]" if form == "alibaba" else "factory_jobs, project_id: p"
    source = f"  - {{name: a, region: cn-north-4, credentials: keys, api: {api}}}"
    return "\n".join(["credentials:", "  keys:", *lines, "sources:", source, ""])


def everything_told(error: BaseException) -> Iterator[str]:
    """Yield each text that a log or a debugger could show of an error."""
    yield from traceback.format_exception(error)
    yield repr(error)
    if isinstance(error, ConfigError):
        yield from (f"{mistake!r} {mistake}" for mistake in error.mistakes)
    if error.__context__ is not None:
        yield from everything_told(error.__context__)


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize(
    ("form", "name"), [(form, name) for form, names in SECRETS.items() for name in names]
)
def test_a_broken_field_never_shows_a_secret(tmp_path: Path, form: str, name: str, broken: str) -> None:
    environ = {"ENV_EMPTY": "", "ENV_LINES": f"{PLANTED}\n{PLANTED}"}
    try:
        config = read(tmp_path, entry(form, name, broken), environ)
    except ConfigError as error:
        told = "\n".join(everything_told(error))
    else:
        told = f"{config!r}{masked(config)}"
    assert not [part for part in (PLANTED, *PLANTED.split("/")) if part in told]


def test_most_of_what_is_broken_is_a_mistake(tmp_path: Path) -> None:
    """The test above would hold for any reader that accepts everything."""
    accepted = []
    for broken in BREAKS:
        try:
            read(tmp_path, entry("login", "password", broken), {"ENV_LINES": "\n"})
        except ConfigError:
            continue
        accepted.append(broken)
    assert accepted == ["KEY: ${SECRET", "KEY: SECRET é\u0301"]


@pytest.mark.parametrize(
    "place",
    ["sources", "defaults", "credentials", "sources[0]", "sources[0].credentials", "sources[0].options"],
)
def test_secrets_that_ended_up_elsewhere_are_not_shown(tmp_path: Path, place: str) -> None:
    glued = f"{{secret_key:{PLANTED}, password: {PLANTED}}}"
    texts = {
        "sources": f"sources: {glued}",
        "defaults": f"defaults: {glued}",
        "credentials": f"credentials: {glued}",
        "sources[0]": f"sources: [{glued}]",
        "sources[0].credentials": f"sources: [{{name: a, credentials: {glued}}}]",
        "sources[0].options": f"sources: [{{name: a, api: factory_jobs, project_id: {glued}}}]",
    }
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, texts[place])
    assert PLANTED not in "\n".join(everything_told(caught.value))


def full(folder: Path) -> Config:
    (folder / "file").write_text(PLANTED)
    texts = [entry(form, "nothing", "") for form in SECRETS]
    entries = [text.split("sources:")[0].split("keys:")[1].replace("    nothing", "") for text in texts]
    files = entries[1].replace(f"key: {PLANTED}", "key_file: file")
    names = dict(zip([*SECRETS, "files"], [*entries, files], strict=True))
    sources = [
        f"  - {{name: {name}, region: r, credentials: {name}, api: "
        + ("vision_jobs, datasets: [d]}" if name == "alibaba" else "factory_jobs, project_id: p}")
        for name in names
    ]
    keys = [f"  {name}:{lines}" for name, lines in names.items()]
    return read(folder, "\n".join(["credentials:", *keys, "sources:", *sources, ""]))


def test_a_config_shows_no_secret_and_masks_each(tmp_path: Path) -> None:
    config = full(tmp_path)
    texts = (repr(config), str(config), masked(config))
    assert all(PLANTED not in text for text in texts)
    # The page shows the ends of the two that stand where ids of keys belong.
    assert [text.count("<secret>") for text in texts] == [3 + 3 + 1 + 1, 3 + 3 + 1 + 1, 2 + 2 + 1 + 1]
    assert masked(config).count("Pl4n…Test") == 2
    assert f"secret_key_file: {tmp_path / 'file'}" in masked(config)
