"""``${NAME}`` in a configuration file, replaced by the environment's value without touching the structure.

Before YAML reads the text, every ``${NAME}`` becomes a run of private-use characters of the same length:
plain text to YAML, also where braces would mean a mapping, and with all columns kept. After parsing, the
scalars get their values, so that no value can open a list, end a quote or start a comment.
"""

import re
from collections.abc import Mapping

from exporter.config.mistakes import Wrong

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WRITTEN = re.compile(r"\$(\$?)\{([ -z|~]*)\}")
HIDDEN = re.compile("\ue000(\ue001?)\ue002([\ue120-\ue17f]*)\ue003")
SHIFT = 0xE100


def hide(text: str) -> str:
    """Return the text with each ``${NAME}`` and ``$${NAME}`` as characters that mean nothing to YAML."""
    return WRITTEN.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    name = "".join(chr(SHIFT + ord(character)) for character in match[2])
    escape = "\ue001" if match[1] else ""
    return f"\ue000{escape}\ue002{name}\ue003"


def names_variables(text: str) -> bool:
    """Tell whether a scalar's text held a ``${NAME}``."""
    return any(not match[1] for match in HIDDEN.finditer(text))


def written(text: str) -> str:
    """Return the text as it stands in the file, for messages."""
    return HIDDEN.sub(lambda match: f"{'$$' if match[1] else '$'}{{{_name(match)}}}", text)


def resolved(text: str, environ: Mapping[str, str]) -> str:
    """Return the text with the environment's values; raise Wrong for a name that is not set or no name."""
    return HIDDEN.sub(lambda match: _value(match, environ), text)


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    name = _name(match)
    if match[1]:
        return f"${{{name}}}"
    if not NAME.fullmatch(name):
        # What stands in the braces is not shown: a secret may hold `${` by chance.
        raise Wrong(
            "${…} holds no name of an environment variable", "write ${NAME}, or $${…} for the text itself"
        )
    if name not in environ:
        raise Wrong(f"the environment variable {name} is not set", f"set {name} for the exporter's process")
    return environ[name]


def _name(match: re.Match[str]) -> str:
    return "".join(chr(ord(character) - SHIFT) for character in match[2])
