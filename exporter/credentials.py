"""Secrets, and where they come from: values, environment, files."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


class Secret:
    """A text that prints masked; ``reveal()`` is the one way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for signing and sending only."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key pair, permanent or temporary; ``expires_at`` in seconds since 1970, None if it never ends."""

    id: str
    secret: Secret
    security_token: Secret | None = None
    expires_at: float | None = None


KeySource = Callable[[], Awaitable[AccessKey]]
"""Gives the key to sign with now; raises SourceError(CREDENTIALS)."""
