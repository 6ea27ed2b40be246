"""A YAML parser's complaints in our words, which never repeat the file's text: it may hold a secret."""

import yaml

from exporter.config.mistakes import Wrong

KNOWN = (
    (
        "could not find expected ':'",
        "a line that is no `key: value`",
        "put a colon and a blank after the key",
    ),
    (
        "mapping values are not allowed",
        "a second `: ` in a value",
        "quote the value, or mend the indentation",
    ),
    ("found character '\\t'", "a tab", "indent with blanks"),
    ("that cannot start any token", "a character that no plain value begins with", "quote the value"),
    ("expected <block end>", "the indentation does not fit the lines above", "align the keys of one mapping"),
    ("expected ',' or '}'", "a `{` that is not closed, or a comma that is missing", "write {a: 1, b: 2}"),
    ("expected ',' or ']'", "a `[` that is not closed, or a comma that is missing", "write [a, b]"),
    ("unexpected end of stream", "a quote that is not closed", "close it"),
    ("unknown escape character", "an escape that YAML does not know", "use single quotes where \\ is meant"),
    ("special characters are not allowed", "a control character", "save the file as UTF-8 text"),
    ("undefined tag handle", "a value that begins with !", "quote the value"),
    ("expected alphabetic or numeric character", "a value that begins with & or *", "quote the value"),
    (
        "block entries are not allowed",
        "a list entry where none can be",
        "begin the list on a line of its own",
    ),
)


class Unreadable(Wrong):
    """The file is no YAML that can be used; ``line`` and ``column`` count from 1."""

    def __init__(self, problem: str, cure: str, line: int, column: int) -> None:
        super().__init__(problem, cure)
        self.line = line
        self.column = column


def explain(error: Exception, text: str, line: int = 0, column: int = 0) -> Unreadable:
    """Return the error in our words; ``line`` and ``column`` (from 0) serve where it has none of its own."""
    if isinstance(error, Unreadable):
        return error
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "")
    known = (words for sign, *words in KNOWN if sign in said)
    problem, cure = next(
        known, ("the text is no YAML", "check the quotes, colons and brackets before this place")
    )
    line, column = _place(error, text, line, column)
    return Unreadable(problem, cure, line + 1, column + 1)


def _place(error: Exception, text: str, line: int, column: int) -> tuple[int, int]:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        return before.count("\n"), len(before) - before.rfind("\n") - 1
    mark = getattr(error, "problem_mark", None)
    return (mark.line, mark.column) if mark else (line, column)
