"""What can go wrong with a source, in a closed list of words."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a request or a whole source failed; the label value of log and metric alike."""

    TIMEOUT = "timeout"
    """No answer before the deadline."""
    CONNECTION = "connection"
    """The host was not found, refused, or the connection was lost."""
    TLS = "tls"
    """The host's certificate was not accepted."""
    CREDENTIALS = "credentials"
    """The secrets could not be had: a file is missing, a login answered nonsense."""
    AUTHENTICATION = "authentication"
    """The cloud does not accept who we say we are."""
    PERMISSION = "permission"
    """The cloud knows us and says no."""
    NOT_FOUND = "not_found"
    """The thing that was asked for is not there."""
    BAD_REQUEST = "bad_request"
    """The cloud does not accept a parameter."""
    THROTTLED = "throttled"
    """Too many requests."""
    SERVER = "server_error"
    """The cloud failed (5xx)."""
    BAD_RESPONSE = "bad_response"
    """An answer that is not what the API's document says."""
    TOO_LARGE = "too_large"
    """An answer beyond the limit on sizes."""
    INTERNAL = "internal"
    """A bug of ours."""


class SourceError(Exception):
    """A request or a source failed.

    ``message`` names what was tried and what was found, never a secret. ``code`` is the cloud's own
    error code, if it gave one. ``retryable`` says that it may pass by itself; ``retry_after`` is then
    the cloud's own hint in seconds.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        code: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.counted = False
        """Whether the failure has been counted, so that it is counted once."""
