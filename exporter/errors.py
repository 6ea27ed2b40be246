"""What can go wrong with a source, in a closed list of words."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why a request or a whole source failed; the label value of log and metric alike.

    ``meaning`` says it in a sentence, ``cure`` says what its owner can do: the command line, the status page
    and the documentation show both.
    """

    _value_: str
    meaning: str
    cure: str

    def __new__(cls, word: str, meaning: str, cure: str) -> Self:
        """Make a member whose value is ``word``."""
        reason = str.__new__(cls, word)
        reason._value_ = word
        reason.meaning = meaning
        reason.cure = cure
        return reason

    TIMEOUT = (
        "timeout",
        "No answer before the deadline.",
        "Raise timeout and Prometheus' scrape_timeout, or concurrency and requests_per_second, or split the "
        "source.",
    )
    CONNECTION = (
        "connection",
        "The host was not found, refused, or the connection was lost.",
        "Check the region or endpoint of the source, and DNS, proxies and firewalls on the way to it.",
    )
    TLS = (
        "tls",
        "No TLS connection: the host's certificate was not accepted, or the host does not speak TLS.",
        "Check the endpoint's name; if the certificate is of a CA of your own, name it in ca_file.",
    )
    CREDENTIALS = (
        "credentials",
        "The secrets could not be had: a file is missing, a chain has no key, a login answered nonsense.",
        "Check the files and variables that the credentials name, and iam_endpoint if they log in.",
    )
    AUTHENTICATION = (
        "authentication",
        "The cloud does not accept who we say we are.",
        "Check that the key or user is right, enabled and not expired, and that the clock is right. They are "
        "tried ever less often until the cloud accepts them, so that it does not lock them.",
    )
    PERMISSION = (
        "permission",
        "The cloud knows us and says no.",
        "Grant the credentials the right to list these jobs in the project and workspace of the source.",
    )
    NOT_FOUND = (
        "not_found",
        "The thing that was asked for is not there.",
        "Check the ids of project, workspace and datasets, and that region or endpoint is where they are.",
    )
    BAD_REQUEST = (
        "bad_request",
        "The cloud does not accept a parameter.",
        "Check the options of the source; the message has the cloud's own words.",
    )
    THROTTLED = (
        "throttled",
        "Too many requests.",
        "Lower requests_per_second, set min_interval, or scrape less often.",
    )
    SERVER = (
        "server_error",
        "The cloud failed (5xx).",
        "Wait: it was tried again a few times. If it lasts, look at the cloud's own status page.",
    )
    BAD_RESPONSE = (
        "bad_response",
        "An answer that is not what the API's document says.",
        "Check that the endpoint is the API and no proxy's page; if it is, report a bug with the message.",
    )
    TOO_LARGE = (
        "too_large",
        "An answer beyond the limit on sizes.",
        "Check that the endpoint is the API: a page of jobs is far smaller.",
    )
    INTERNAL = (
        "internal",
        "A bug of ours.",
        "Report it with the traceback that is in the log.",
    )


class SourceError(Exception):
    """A request or a source failed.

    ``message`` names what was tried and what was found, never a secret. ``code`` is the cloud's own
    error code, if it gave one. ``retryable`` says that it may pass by itself; ``retry_after`` is then
    the cloud's own wish in seconds. Where the cloud's code or words tell what to do, ``hint`` is that,
    and ``fact`` is the message without it. Where it is known better than from the reason and the API what
    to do, as of a login, ``cures`` are that in sentences, and nothing else is to be said.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        code: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        fact: str | None = None,
        hint: str = "",
        cures: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.fact = message if fact is None else fact
        self.hint = hint
        self.cures = cures
        self.counted = False
        """Whether the failure has been counted, so that it is counted once."""
        self.walk = ""
        """The list that was being read, if it was one."""

    def copy(self) -> "SourceError":
        """Return it without what led to it: the frames of a traceback hold whole pages, and keys."""
        twin = SourceError(
            self.reason,
            self.message,
            code=self.code,
            retryable=self.retryable,
            retry_after=self.retry_after,
            fact=self.fact,
            hint=self.hint,
            cures=self.cures,
        )
        twin.counted, twin.walk = self.counted, self.walk
        return twin
