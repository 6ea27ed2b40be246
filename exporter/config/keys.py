"""The section ``credentials`` of a configuration file."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from exporter.config import values
from exporter.config.decoding import Place, Reading, decode, fields_of, unknown_keys
from exporter.config.document import Node, Scalar, Table
from exporter.config.mistakes import Wrong, closest, listing, quoted
from exporter.config.values import Endpoint
from exporter.credentials import (
    LIBRARIES,
    AlibabaChain,
    AlibabaKeys,
    Credentials,
    FixedSecret,
    HuaweiChain,
    HuaweiKeys,
    HuaweiPassword,
    Secret,
    SecretFile,
    SecretText,
    UnfitError,
    access_key,
    usable,
)
from exporter.errors import SourceError

CLOUDS = ("alibaba", "huawei")
PATH_LIKE = re.compile(r"(?=.*[/.])[/.]{0,3}([A-Za-z0-9._-]{1,40}/)*[A-Za-z0-9._-]{1,40}")
"""A secret put where its file's name belongs must not be shown; what looks like a path may be."""
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,7}|[a-z]{1,40}")
"""Names that no cloud gives or takes as a secret: too short, or without a digit, a capital or a sign."""

NAMED = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Nothing(msgspec.Struct):
    """The parts of an access key that are not secret."""


class Login(msgspec.Struct):
    """The parts of a login that are not secret."""

    username: Annotated[
        str,
        Meta(description="The name of an IAM user with programmatic access; an account itself will not do."),
    ]
    domain: Annotated[str, Meta(description="The name of the account that the user belongs to.")]
    iam_endpoint: Annotated[
        Endpoint | None, Meta(description="Where to log in, if not at the IAM of the source's region.")
    ] = None


class Form(msgspec.Struct, frozen=True):
    """One way to give credentials: the secrets with whether they are required, and the other parts."""

    struct: type[Credentials]
    secrets: Mapping[str, bool]
    others: type[msgspec.Struct] = Nothing

    def words(self) -> list[str]:
        """Return every key that the form takes."""
        secrets = [word for name in self.secrets for word in (name, f"{name}_file")]
        return [*secrets, *fields_of(self.others)]


ALIBABA_KEYS = Form(AlibabaKeys, {"access_key_id": True, "access_key_secret": True, "security_token": False})
HUAWEI_KEYS = Form(HuaweiKeys, {"access_key": True, "secret_key": True, "security_token": False})
HUAWEI_PASSWORD = Form(HuaweiPassword, {"password": True}, Login)
CHAINS = {"alibaba": Form(AlibabaChain, {}, AlibabaChain), "huawei": Form(HuaweiChain, {}, HuaweiChain)}
FORMS = (ALIBABA_KEYS, HUAWEI_KEYS, HUAWEI_PASSWORD, *CHAINS.values())
"""Every way to give credentials; each struct says for which cloud it is."""
EVERY_WORD = list(dict.fromkeys(["cloud", *(word for form in FORMS for word in form.words())]))
USES = {"profile": ("default", "cli_profile", "profile"), "role_name": ("default", "metadata")}
"""Which chains look at an option."""


def read_all(reading: Reading, node: Node | None) -> dict[str, Credentials | None]:
    """Return the credentials by name; None stands for those whose mistakes are noted."""
    if node is None or (isinstance(node, Scalar) and node.taken_for == "null"):
        return {}
    section = reading.table(node, Place(path="credentials"))
    found: dict[str, Credentials | None] = {}
    for name, entry in section.entries.items() if section else ():
        fits = NAMED.fullmatch(name) is not None
        place = Place(path=f"credentials.{name}", name=name) if fits else Place(path="credentials")
        if not fits:
            cure = "use up to 64 letters, digits, '_', '.' and '-'"
            reading.note(place, entry, Wrong("a name (not shown) that credentials cannot have", cure))
        keys = _read(reading, entry, place)
        if fits:
            found[name] = keys
    return found


def _read(reading: Reading, node: Node, place: Place) -> Credentials | None:
    if not isinstance(node, Table):
        cure = "write NAME: {cloud: …, …} under credentials"
        reading.note(place, node, Wrong("is not a mapping of cloud and keys", cure))
        return None
    before = len(reading.mistakes)
    table = reading.table(node, place) or node
    form = _form(reading, table, place)
    if form is None:
        unknown_keys(reading, table, EVERY_WORD, place, secretive=True)
        return None
    unknown_keys(reading, table, ["cloud", *form.words()], place, secretive=True)
    parts = decode(reading, table, fields_of(form.others), place)
    for name, required in form.secrets.items():
        parts[name] = _secret(reading, table, name, place, required=required)
    return _built(reading, node, form, parts, place) if len(reading.mistakes) == before else None


def _built(
    reading: Reading, node: Node, form: Form, parts: dict[str, Any], place: Place
) -> Credentials | None:
    keys = form.struct(**parts)
    try:
        if isinstance(keys, AlibabaKeys | HuaweiKeys):
            access_key(keys)
        elif not isinstance(keys, HuaweiPassword):
            _check_chain(keys)
    except SourceError as error:
        reading.note(place, node, Wrong(error.message, "copy the key again"))
        return None
    except Wrong as wrong:
        reading.note(place.key("chain"), node, wrong)
        return None
    return keys


def _check_chain(chain: AlibabaChain | HuaweiChain) -> None:
    """Raise Wrong where a chain cannot be asked, or an option of it would be ignored."""
    unused = [name for name, users in USES.items() if getattr(chain, name, None) and chain.chain not in users]
    if unused:
        raise Wrong(f"{chain.chain} does not look at {listing(unused)}", f"remove {listing(unused)}")
    if importlib.util.find_spec(LIBRARIES[chain.cloud]) is None:
        problem = f"a chain of {chain.cloud} needs the vendor's library, which is not installed"
        raise Wrong(problem, f"pip install 'datajobs-exporter[{chain.cloud}]', or remove these credentials")


def _form(reading: Reading, table: Table, place: Place) -> Form | None:
    """Return the form that the keys of the table are meant to have."""
    try:
        cloud = _cloud(table)
        if "chain" in table.entries:
            return _chain_form(table, cloud)
        return ALIBABA_KEYS if cloud == "alibaba" else _huawei_form(table)
    except Wrong as wrong:
        reading.note(place, table, wrong)
        return None


def _cloud(table: Table) -> str:
    node = table.entries.get("cloud")
    cure = f"write cloud: {' or cloud: '.join(CLOUDS)}"
    if not isinstance(node, Scalar):
        raise Wrong("cloud is missing", cure)
    if node.wrong:
        raise node.wrong
    if node.text not in CLOUDS:
        near = closest(node.text, CLOUDS)
        raise Wrong(f"cloud {quoted(node.written)} is not known", f"did you mean {near}?" if near else cure)
    return node.text


def _chain_form(table: Table, cloud: str) -> Form:
    form = CHAINS[cloud]
    others = {word for word in EVERY_WORD if word not in ("cloud", *form.words())}
    mixed = [word for word in table.entries if word in others]
    if mixed:
        raise Wrong(f"a chain is mixed with {listing(mixed)}", "keep the chain or the keys, not both")
    return form


def _huawei_form(table: Table) -> Form:
    keys = [word for word in table.entries if word in HUAWEI_KEYS.words()]
    login = [word for word in table.entries if word in HUAWEI_PASSWORD.words()]
    cure = "give access_key and secret_key, or username, password and domain"
    if keys and login:
        raise Wrong(f"an access key ({listing(keys)}) is mixed with a login ({listing(login)})", cure)
    if not keys and not login:
        raise Wrong("no keys are given", f"{cure}, or chain: default")
    return HUAWEI_KEYS if keys else HUAWEI_PASSWORD


def _secret(reading: Reading, table: Table, name: str, place: Place, *, required: bool) -> SecretText | None:
    """Return the secret of that name; None where it is left out or its mistake is noted."""
    node, file = table.entries.get(name), table.entries.get(f"{name}_file")
    try:
        if node and file:
            raise Wrong(f"{name} and {name}_file are both given", "keep one of them")  # noqa: TRY301 - noted below
        if file:
            place = place.key(f"{name}_file")
            return _from_file(file, reading.folder)
        place = place.key(name)
        if node and (required or not _left_out(node)):
            return _fixed(node)
        if required:
            raise Wrong("is missing", f"add {name}: ${{NAME}} or {name}_file: PATH")  # noqa: TRY301 - noted below
    except Wrong as wrong:
        reading.note(place, file or node or table, wrong)
    return None


def _left_out(node: Node) -> bool:
    return isinstance(node, Scalar) and node.taken_for == "null" and node.text != ""


def _checked(node: Node, cure: str) -> Scalar:
    """Return the node if it is one text; what is wrong is said without the text."""
    if not isinstance(node, Scalar):
        raise Wrong("is not one text", cure)
    if node.wrong:
        raise node.wrong
    if not node.text or node.taken_for == "null":
        raise Wrong(f"{node.written} is empty" if node.from_environment else "is empty", cure)
    if values.ambiguous(node):
        raise Wrong("is no text in YAML without quotes", "quote it")
    return node


def _fixed(node: Node) -> SecretText:
    scalar = _checked(node, "write the value, ${NAME}, or use the key with _file")
    try:
        return FixedSecret(Secret(usable(scalar.text)))
    except UnfitError as error:
        raise Wrong(str(error), "copy the value again") from None


def _from_file(node: Node, folder: Path) -> SecretText:
    scalar = _checked(node, "write the path of a file that holds the secret alone")
    secret = SecretFile(values.path(scalar, folder))
    try:
        secret.read()
    except SourceError as error:
        may_be_shown = any(form.fullmatch(scalar.written) for form in (PATH_LIKE, PLAIN_NAME))
        shown = scalar.written if may_be_shown else "the file (name not shown; write ./NAME to see it)"
        problem = error.message.removeprefix(f"{secret.path}: ")
        cure = "name a file that the exporter may read; it holds the secret alone"
        raise Wrong(f"{shown}: {problem}", cure) from None
    return secret
