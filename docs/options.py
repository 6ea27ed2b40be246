"""Tables of options, from the types that read the configuration file."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, inspect

from docs.markdown import code, page, table
from docs.schema import description
from exporter.apis import APIS
from exporter.config import Settings
from exporter.config.decoding import fields_of
from exporter.config.keys import FORMS, Form
from exporter.config.masking import shown
from exporter.config.model import Basics
from exporter.config.values import DURATION_CURE, UNITS

HEAD = ("option", "takes", "default", "what it is for")
REQUIRED = "required"
FORMED = {"duration": "a duration", "endpoint": "scheme, host and port"}


def configuration_page() -> str:
    """Return configuration.md."""
    return page(
        "configuration.md",
        settings=options(fields_of(Settings)),
        basics=options(fields_of(Basics)),
        apis="\n\n".join(of_api(name, "apis/") for name in APIS),
        credentials="\n\n".join(of_form(form) for form in FORMS),
        units=code(UNITS),
        durations=DURATION_CURE.partition(", as in ")[2],
    )


def of_api(name: str, folder: str) -> str:
    """Return the section of a list API's own options; its page is in ``folder``."""
    return f"### `{name}`\n\n{own_options(name)}\n\nMore of this API is on [its page]({folder}{name}.md)."


def own_options(name: str) -> str:
    """Return the table of what a source of one list API takes beside the common options."""
    return options(fields_of(APIS[name].options))


def of_form(form: Form) -> str:
    """Return the section of one way to give credentials."""
    rows = [["`cloud`", f"`{form.struct.cloud}`", REQUIRED, "The cloud that they are for."]]
    for name, required in form.secrets.items():
        about = description(fields_of(form.struct)[name].type)
        default = REQUIRED if required else ""
        rows.append([f"`{name}` or `{name}_file`", "a secret, or a path of its file", default, about])
    rows += [row(name, about) for name, about in fields_of(form.others).items()]
    return f"### {heading(form)}\n\n{table(HEAD, rows)}"


def heading(form: Form) -> str:
    """Return the first sentence of what a way to give credentials is."""
    return (form.struct.__doc__ or "").partition(".")[0].partition(";")[0].replace("``", "`")


def options(fields: Mapping[str, inspect.Field]) -> str:
    """Return the table of options."""
    return table(HEAD, [row(name, about) for name, about in fields.items()])


def row(name: str, about: inspect.Field) -> list[str]:
    """Return what is told of one option."""
    return [f"`{name}`", taken(about.type), default_of(about), description(about.type)]


def default_of(about: inspect.Field) -> str:
    """Return an option's default as it stands in the file."""
    if about.default is NODEFAULT:
        return REQUIRED
    return "" if about.default is None else f"`{written(shown(about.default, about.type))}`"


def written(value: Any) -> str:
    """Return a value as it stands in the file."""
    if isinstance(value, list):
        return f"[{', '.join(quoted(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """Return a text of a list; what YAML takes for a number is quoted."""
    return f'"{text}"' if text.isdecimal() else text


def taken(kind: inspect.Type) -> str:
    """Return what an option takes, in words."""
    return " or ".join(words(kind))


def words(kind: inspect.Type) -> Iterator[str]:
    """Yield what a type takes, in words."""
    extra: Mapping[str, Any] = {}
    if isinstance(kind, inspect.Metadata):
        extra, kind = kind.extra or {}, kind.type
    match kind:
        case inspect.UnionType():
            for member in kind.types:
                yield from words(member)
        case inspect.NoneType():
            return
        case inspect.VarTupleType():
            yield f"a list of {listed(kind.item_type)}"
        case inspect.LiteralType():
            yield code(in_order(kind))
        case inspect.CustomType() if kind.cls is Path:
            yield "a path"
        case _:
            form = FORMED.get(extra.get("form", ""), extra.get("wanted", "").partition(" (")[0])
            yield f"{form or plain(kind)}{limits(kind)}"


def in_order(kind: inspect.LiteralType) -> Sequence[str]:
    """Return choices in the order in which the code has them, which ``msgspec.inspect`` does not keep."""
    structs = [Basics, Settings, *(api.options for api in APIS.values()), *(form.others for form in FORMS)]
    hints = [hint for struct in structs for hint in get_type_hints(struct, include_extras=True).values()]
    orders = {frozenset(order): order for hint in hints for order in literals(hint)}
    return [str(value) for value in orders[frozenset(kind.values)]]


def literals(hint: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the choices of each ``Literal`` inside an annotation."""
    if get_origin(hint) is Literal:
        yield get_args(hint)
        return
    for inner in get_args(hint):
        yield from literals(inner)


def listed(kind: inspect.Type) -> str:
    """Return what the entries of a list are."""
    told = taken(kind)
    return "ids" if told == "an id" else told


def plain(kind: inspect.Type) -> str:
    """Return what a value without a form of its own is."""
    match kind:
        case inspect.IntType():
            return "a whole number"
        case inspect.FloatType():
            return "a number"
        case inspect.BoolType():
            return "`true` or `false`"
    return "a text"


def limits(kind: inspect.Type) -> str:
    """Return the limits of a number, as they follow on what it is."""
    if not isinstance(kind, inspect.IntType | inspect.FloatType):
        return ""
    least, most = kind.ge, kind.le
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if kind.gt is not None:
        return f" of more than {kind.gt}"
    return "" if least is None else f" of {least} or more"
