"""The configuration file as a JSON Schema for editors, from the types that read the file.

Draft 7, which every editor takes. A schema cannot know whether a file or a variable is there: those
mistakes are for ``datajobs-exporter check --offline``.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import NODEFAULT, inspect

from exporter.config import Settings
from exporter.config.decoding import fields_of
from exporter.config.keys import CLOUDS, FORMS, Form
from exporter.config.masking import shown
from exporter.config.model import ApiKind, Basics
from exporter.config.values import UNITS

Schema = dict[str, Any]

NAMES = r"^[A-Za-z0-9_.-]{1,64}$"
VARIABLE: Schema = {
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}",
    "description": "The value of an environment variable, as in ${NAME}.",
}
DURATION = f"(?=.)(?:0|{''.join(f'(?:[0-9]{{1,9}}{unit})?' for unit in UNITS)})$"
TEXT: Schema = {"type": "string", "minLength": 1}
NUMBER_AS_TEXT: Schema = {"type": "integer"}
"""What YAML takes for a number without quotes is read as the text that it was."""


def written(kinds: Mapping[str, ApiKind]) -> str:
    """Return the schema of a configuration file with these list APIs as it stands in its file."""
    return json.dumps(schema(kinds), indent=2, ensure_ascii=False) + "\n"


def schema(kinds: Mapping[str, ApiKind]) -> Schema:
    """Return the schema of a configuration file with these list APIs."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of datajobs-exporter",
        "description": "Written by `python docs/generate.py` from the code: change that instead.",
        "definitions": {
            "variable": VARIABLE,
            **{f"option {name}": option(about) for name, about in common().items()},
            **{f"source of {name}": source(kind) for name, kind in kinds.items()},
            **{f"credentials of {cloud}": credentials(cloud) for cloud in CLOUDS},
        },
        "type": "object",
        "additionalProperties": False,
        "required": ["sources"],
        "properties": {
            "defaults": {
                "description": "What holds for every source; a source may override each.",
                **closed(refer(fields_of(Settings)), empty=True),
            },
            "credentials": {
                "description": "Who we are to the clouds, by names of your own.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": NAMES},
                "additionalProperties": by_key("cloud", CLOUDS, "credentials of "),
            },
            "sources": {
                "description": "What to collect.",
                "type": "array",
                "minItems": 1,
                "items": by_key("api", kinds, "source of "),
            },
        },
    }


def common() -> Mapping[str, inspect.Field]:
    """Return the options of every source, whatever its API."""
    return {**fields_of(Basics), **fields_of(Settings)}


def refer(names: Mapping[str, object]) -> Schema:
    """Return the common options of these names."""
    return {name: {"$ref": f"#/definitions/option {name}"} for name in names}


def closed(properties: Schema, *, required: Sequence[str] = (), empty: bool = False) -> Schema:
    """Return the schema of a mapping that takes these keys only."""
    return {
        "type": ["object", "null"] if empty else "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def by_key(key: str, choices: Mapping[str, object] | Sequence[str], prefix: str) -> Schema:
    """Return the schema of a mapping whose other keys depend on the value of one."""
    return {
        "type": "object",
        "required": [key],
        "properties": {key: {"anyOf": [{"enum": list(choices)}, variable()]}},
        "allOf": [
            {
                "if": {"properties": {key: {"const": choice}}, "required": [key]},
                "then": {"$ref": f"#/definitions/{prefix}{choice}"},
            }
            for choice in choices
        ],
    }


def source(kind: ApiKind) -> Schema:
    """Return the schema of a source of one list API."""
    own = fields_of(kind.options)
    properties = refer(common()) | {name: option(about) for name, about in own.items()}
    required = [name for name, about in {**fields_of(Basics), **own}.items() if about.required]
    return {
        **closed(properties, required=required),
        "anyOf": [{"required": ["region"]}, {"required": ["endpoint"]}],
    }


def credentials(cloud: str) -> Schema:
    """Return the schema of the credentials of one cloud, in any of their forms."""
    return {"anyOf": [form(way) for way in FORMS if way.struct.cloud == cloud]}


def form(way: Form) -> Schema:
    """Return the schema of one way to give credentials; each secret is a value or a file."""
    others = fields_of(way.others)
    properties: Schema = {"cloud": {"const": way.struct.cloud}}
    rules: list[Schema] = []
    for name, required in way.secrets.items():
        file = f"{name}_file"
        about = description(fields_of(way.struct)[name].type)
        properties[name] = secret(about, required=required)
        properties[file] = {
            "description": f"{about} In a file that holds it alone and is read again when it changes.",
            **one_of_these([TEXT]),
        }
        rules.append(
            {"oneOf": [{"required": [name]}, {"required": [file]}]}
            if required
            else {"not": {"required": [name, file]}}
        )
    properties |= {name: option(about) for name, about in others.items()}
    needed = ["cloud", *(name for name, about in others.items() if about.required)]
    rule: Schema = {"allOf": rules} if rules else {}
    return {"title": way.struct.__doc__, **closed(properties, required=needed), **rule}


def secret(about: str, *, required: bool) -> Schema:
    """Return the schema of a secret that stands in the file or in the environment."""
    kinds = [TEXT, NUMBER_AS_TEXT] if required else [TEXT, NUMBER_AS_TEXT, {"type": "null"}]
    return {"description": about, **one_of_these(kinds)}


def option(about: inspect.Field) -> Schema:
    """Return the schema of an option: its form, what it is for, its default."""
    told, default = description(about.type), about.default
    found: Schema = {"description": told} if told else {}
    if default not in (NODEFAULT, None):
        found["default"] = shown(default, about.type)
    return found | one_of_these([*forms(about.type)])


def description(kind: inspect.Type) -> str:
    """Return what an option is for."""
    told = kind.extra_json_schema or {} if isinstance(kind, inspect.Metadata) else {}
    return str(told.get("description", ""))


def one_of_these(kinds: Sequence[Schema]) -> Schema:
    """Return the schema of a value of one of these kinds, or of a variable that may hold one."""
    if any(kind.get("type") == "string" and "pattern" not in kind and "enum" not in kind for kind in kinds):
        return {"anyOf": list(kinds)} if len(kinds) > 1 else kinds[0]
    return {"anyOf": [*kinds, variable()]}


def variable() -> Schema:
    """Return the schema of ``${NAME}``."""
    return {"$ref": "#/definitions/variable"}


def forms(kind: inspect.Type) -> Iterator[Schema]:
    """Yield the schemas of the values that a type takes."""
    extra: Mapping[str, Any] = {}
    if isinstance(kind, inspect.Metadata):
        extra, kind = kind.extra or {}, kind.type
    match kind:
        case inspect.Metadata() | inspect.UnionType():
            members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
            for member in members:
                yield from forms(member)
        case inspect.VarTupleType():
            items = one_of_these([*forms(kind.item_type)])
            yield {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}
        case inspect.NoneType():
            yield {"type": "null"}
        case inspect.LiteralType():
            yield {"enum": list(kind.values)}
        case _ if "form" in extra:
            yield from SPECIAL[extra["form"]](kind)
        case _:
            yield from plain(kind)


def plain(kind: inspect.Type) -> Iterator[Schema]:
    """Yield the schemas of one value without a form of its own."""
    match kind:
        case inspect.StrType():
            limits = {"pattern": kind.pattern, "maxLength": kind.max_length}
            yield {**TEXT, **stated(limits)}
            yield NUMBER_AS_TEXT
        case inspect.IntType():
            yield {"type": "integer", **limits_of(kind)}
        case inspect.FloatType():
            yield {"type": "number", **limits_of(kind)}
        case inspect.BoolType():
            yield {"type": "boolean"}
        case inspect.CustomType():  # a path
            yield TEXT
        case _:
            raise TypeError(f"no schema for {kind}")


def limits_of(kind: inspect.IntType | inspect.FloatType) -> Schema:
    """Return the limits of a number."""
    limits = {
        "minimum": kind.ge,
        "exclusiveMinimum": kind.gt,
        "maximum": kind.le,
        "exclusiveMaximum": kind.lt,
    }
    return stated(limits)


def stated(limits: Mapping[str, object]) -> Schema:
    """Return the limits that there are."""
    return {name: limit for name, limit in limits.items() if limit is not None}


def duration(kind: inspect.FloatType) -> Iterator[Schema]:
    """Yield the schemas of a duration."""
    positive = kind.gt is not None
    yield {"type": "string", "pattern": f"^{'(?=.*[1-9])' if positive else ''}{DURATION}"}
    if not positive:
        yield {"const": 0}


def endpoint(_: inspect.Type) -> Iterator[Schema]:
    """Yield the schema of scheme, host and port."""
    yield {"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^/@?#\s]+$"}


SPECIAL: Mapping[str, Callable[[Any], Iterator[Schema]]] = {"duration": duration, "endpoint": endpoint}
