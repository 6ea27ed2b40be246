"""What can go wrong with a cloud, and what becomes of it: data, for the tests and for docs/faults.md."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from exporter.errors import Reason

ALIBABA = ("pai_dataset_jobs",)
HUAWEI = ("octopus_system_jobs", "octopus_queuing_jobs", "dataarts_jobs")
EVERY = (*ALIBABA, *HUAWEI)
WITH_STATUS = ("pai_dataset_jobs", "octopus_system_jobs", "dataarts_jobs")


class Effect(StrEnum):
    """What a scrape shows of a source whose cloud goes wrong."""

    FAILED = "failed"
    """``datajobs_source_success`` 0; the last complete numbers until they are too old."""
    MARKED = "marked"
    """``datajobs_source_success`` 1 and ``datajobs_source_list_complete`` 0."""
    RIGHT = "right"
    """The numbers are right, and complete."""


class Kind(StrEnum):
    """What goes wrong: headings of the page."""

    CONNECTION = "Connections"
    REFUSAL = "Errors that the cloud tells"
    CONTENT = "Answers that are wrong in themselves"
    LIST = "Lists that are wrong from page to page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong, and the promise about it.

    ``effect`` is that of a fault that stays (``later`` where it is in the middle of a walk), with ``reason``
    where it fails; ``says`` stands in the log then. ``once`` is the effect of a fault that strikes one
    request only. ``retried`` tells whether such a request is sent again. ``held`` says that nothing is asked
    for a while after it, ``slow`` that a scrape takes until its deadline. ``also`` are reasons that may be
    counted beside, on the way to the last. ``silent`` are the APIs whose requests are sent once more on
    another connection without being counted: of a connection that was kept nobody can tell whether it was
    closed before.
    """

    name: str
    kind: Kind
    does: str
    effect: Effect = Effect.FAILED
    later: Effect | None = None
    reason: Reason | None = None
    says: str = ""
    retried: bool = False
    once: Effect = Effect.FAILED
    held: bool = False
    slow: bool = False
    also: frozenset[Reason] = frozenset()
    silent: Sequence[str] = ()
    apis: Sequence[str] = EVERY


CUT = frozenset({Reason.CONNECTION})
"""The requests that are under way when a host goes are lost, before the next one finds it gone."""


def passing(name: str, kind: Kind, does: str, reason: Reason, says: str, **more: object) -> Fault:
    """Return a fault that may pass by itself, so that the request is sent again."""
    known: dict[str, object] = {"retried": True, "once": Effect.RIGHT}
    return Fault(name=name, kind=kind, does=does, reason=reason, says=says, **(known | more))  # type: ignore[arg-type]


def lasting(name: str, kind: Kind, does: str, reason: Reason, says: str, **more: object) -> Fault:
    """Return a fault that would be the same the next moment: nothing is sent again."""
    return Fault(name=name, kind=kind, does=does, reason=reason, says=says, **more)  # type: ignore[arg-type]


def strange(name: str, kind: Kind, does: str, effect: Effect, once: Effect, **more: object) -> Fault:
    """Return a fault that an answer does not show by itself."""
    says = "collected, but not complete" if effect is Effect.MARKED else ""
    return Fault(name=name, kind=kind, does=does, effect=effect, once=once, says=says, **more)  # type: ignore[arg-type]


CONNECTIONS = (
    passing(
        "connection refused",
        Kind.CONNECTION,
        "The host takes no connection.",
        Reason.CONNECTION,
        "connection failed",
    ),
    passing(
        "reset before the answer",
        Kind.CONNECTION,
        "The connection is reset once the request is there.",
        Reason.CONNECTION,
        "connection failed",
        silent=HUAWEI,
    ),
    passing(
        "reset in the body",
        Kind.CONNECTION,
        "The connection is reset in the middle of the body.",
        Reason.CONNECTION,
        "",
    ),
    passing(
        "body cut off",
        Kind.CONNECTION,
        "The connection is closed before the promised length.",
        Reason.CONNECTION,
        "the answer was cut off",
    ),
    passing(
        "unknown host",
        Kind.CONNECTION,
        "The name of the host is not known any more (DNS).",
        Reason.CONNECTION,
        "not found",
    ),
    lasting(
        "certificate of another name",
        Kind.CONNECTION,
        "The certificate is for another host.",
        Reason.TLS,
        "certificate is not valid for '127.0.0.1",
        also=CUT,
    ),
    lasting(
        "expired certificate",
        Kind.CONNECTION,
        "The certificate has ended.",
        Reason.TLS,
        "certificate has expired",
        also=CUT,
    ),
    lasting(
        "unknown authority",
        Kind.CONNECTION,
        "The certificate is of an authority that nobody trusts.",
        Reason.TLS,
        "certificate verify failed",
        also=CUT,
    ),
    lasting(
        "no answer",
        Kind.CONNECTION,
        "The request is taken, and nothing comes.",
        Reason.TIMEOUT,
        "(its timeout)",
        slow=True,
    ),
    lasting(
        "head without body",
        Kind.CONNECTION,
        "The head of the answer comes and no body.",
        Reason.TIMEOUT,
        "(its timeout)",
        slow=True,
    ),
    lasting(
        "one byte a second",
        Kind.CONNECTION,
        "The answer comes, a byte a second.",
        Reason.TIMEOUT,
        "(its timeout)",
        slow=True,
    ),
    passing(
        "not HTTP",
        Kind.CONNECTION,
        "The other side does not speak HTTP.",
        Reason.CONNECTION,
        "the answer is not HTTP",
    ),
)

REFUSALS = (
    passing(
        "429 without a hint",
        Kind.REFUSAL,
        "429, and no word on how long to wait.",
        Reason.THROTTLED,
        "429",
    ),
    passing(
        "429 with seconds",
        Kind.REFUSAL,
        "429 with `Retry-After: 1`.",
        Reason.THROTTLED,
        "429",
    ),
    passing(
        "429 with a date",
        Kind.REFUSAL,
        "429 with `Retry-After` a second after its `Date`.",
        Reason.THROTTLED,
        "429",
    ),
    passing(
        "429 with milliseconds",
        Kind.REFUSAL,
        "429 with `x-acs-retry-after: 1000`, the vendor's own header.",
        Reason.THROTTLED,
        "429",
        apis=ALIBABA,
    ),
    lasting(
        "429 for an hour",
        Kind.REFUSAL,
        "429 with `Retry-After: 3600`: longer than the collection may take.",
        Reason.THROTTLED,
        "429",
    ),
    passing(
        "429 with nonsense",
        Kind.REFUSAL,
        "429 with `Retry-After: -1e400`.",
        Reason.THROTTLED,
        "429",
    ),
    passing(
        "throttling as 400",
        Kind.REFUSAL,
        "400 with the code `Throttling.User`.",
        Reason.THROTTLED,
        "Throttling.User",
        apis=ALIBABA,
    ),
    passing("500", Kind.REFUSAL, "500 with the vendor's own body.", Reason.SERVER, "500"),
    passing("502 with HTML", Kind.REFUSAL, "502 with a proxy's page.", Reason.SERVER, "502 Bad Gateway"),
    passing(
        "503 with nothing", Kind.REFUSAL, "503 without a body.", Reason.SERVER, "503 Service Unavailable"
    ),
    lasting("401", Kind.REFUSAL, "401: a bad signature or key.", Reason.AUTHENTICATION, "401", held=True),
    lasting(
        "expired token",
        Kind.REFUSAL,
        "401: the security token has ended.",
        Reason.AUTHENTICATION,
        "InvalidSecurityToken.Expired",
        held=True,
        apis=ALIBABA,
    ),
    lasting(
        "expired login",
        Kind.REFUSAL,
        "401: the token of an IAM user has ended; a new one is fetched, and the request sent again.",
        Reason.AUTHENTICATION,
        "decrypt token fail",
        once=Effect.RIGHT,
        held=True,
        apis=HUAWEI,
    ),
    lasting("403", Kind.REFUSAL, "403 in the vendor's words.", Reason.PERMISSION, "403"),
    lasting(
        "400 with DLF.6888",
        Kind.REFUSAL,
        "400 with the code `DLF.6888`, by which permission is refused.",
        Reason.PERMISSION,
        "DLF.6888",
        apis=HUAWEI,
    ),
    lasting("400", Kind.REFUSAL, "400: a parameter is not accepted.", Reason.BAD_REQUEST, "400"),
    lasting("404 of the gateway", Kind.REFUSAL, "404: no such API here.", Reason.NOT_FOUND, "404"),
    lasting(
        "redirect",
        Kind.REFUSAL,
        "302 to another host. It is not followed, so nobody else sees a signature.",
        Reason.BAD_RESPONSE,
        "302 Found",
    ),
)

CONTENTS = (
    lasting(
        "HTML",
        Kind.CONTENT,
        "200 with a login page.",
        Reason.BAD_RESPONSE,
        "not the documented answer",
    ),
    lasting(
        "empty body", Kind.CONTENT, "200 with no body.", Reason.BAD_RESPONSE, "not the documented answer"
    ),
    lasting("half of the JSON", Kind.CONTENT, "JSON that ends too early.", Reason.BAD_RESPONSE, "truncated"),
    lasting(
        "gzip that lies",
        Kind.CONTENT,
        "`Content-Encoding: gzip` on what is none.",
        Reason.BAD_RESPONSE,
        "cannot be decompressed",
    ),
    lasting(
        "gzip without end",
        Kind.CONTENT,
        "A small body that unpacks to 256 MB.",
        Reason.TOO_LARGE,
        "larger than 16,777,216 bytes",
    ),
    lasting(
        "body of 1 GB",
        Kind.CONTENT,
        "A body of 1 GB.",
        Reason.TOO_LARGE,
        "larger than 16,777,216 bytes",
    ),
    lasting(
        "wrong shape",
        Kind.CONTENT,
        "A list in the place of the object.",
        Reason.BAD_RESPONSE,
        "Expected `object`, got `array`",
    ),
    lasting(
        "wrong types",
        Kind.CONTENT,
        "An object in the place of the rows.",
        Reason.BAD_RESPONSE,
        "got `object`",
    ),
    lasting(
        "number as a string",
        Kind.CONTENT,
        "The total as a string.",
        Reason.BAD_RESPONSE,
        "Expected `int`, got `str`",
    ),
    lasting(
        "number beyond 64 bits",
        Kind.CONTENT,
        "A total of thirty digits.",
        Reason.BAD_RESPONSE,
        "not the documented answer",
    ),
    lasting("NaN", Kind.CONTENT, "A total of NaN.", Reason.BAD_RESPONSE, "not the documented answer"),
    lasting(
        "negative total", Kind.CONTENT, "A total below zero.", Reason.BAD_RESPONSE, "Expected `int` >= 0"
    ),
    lasting(
        "deep nesting",
        Kind.CONTENT,
        "A million brackets, one inside the other.",
        Reason.BAD_RESPONSE,
        "not the documented answer",
    ),
    lasting(
        "invalid UTF-8",
        Kind.CONTENT,
        "A status (a job type in a queue) that is no UTF-8.",
        Reason.BAD_RESPONSE,
        "not the documented answer",
    ),
    strange(
        "duplicate keys",
        Kind.CONTENT,
        "The total twice in one object, the lie first: the last one counts.",
        Effect.RIGHT,
        Effect.RIGHT,
    ),
    strange(
        "words by the thousand",
        Kind.CONTENT,
        "Each row with a status (a job type in a queue) of its own. It is shown, with the phase unknown.",
        Effect.RIGHT,
        Effect.RIGHT,
    ),
)

LISTS = (
    strange(
        "total that lies",
        Kind.LIST,
        "A total that is one more than there are rows. That of the first page counts.",
        Effect.MARKED,
        Effect.RIGHT,
        later=Effect.RIGHT,
    ),
    strange(
        "total that moves",
        Kind.LIST,
        "A total that is another one in every answer. That of the first page counts.",
        Effect.MARKED,
        Effect.RIGHT,
        later=Effect.RIGHT,
    ),
    strange(
        "the same page for ever",
        Kind.LIST,
        "The rows of the first page, whichever is asked for.",
        Effect.MARKED,
        Effect.RIGHT,
    ),
    strange(
        "empty page before the end",
        Kind.LIST,
        "A page without rows, though there are more.",
        Effect.MARKED,
        Effect.RIGHT,
    ),
    strange(
        "ids that repeat",
        Kind.LIST,
        "The same id on all rows of a page.",
        Effect.MARKED,
        Effect.RIGHT,
    ),
)

FAULTS = (*CONNECTIONS, *REFUSALS, *CONTENTS, *LISTS)


def at_the_login(fault: Fault) -> Fault:
    """Return what is promised of a fault where an IAM user logs in: what is no token is no secret."""
    reason = Reason.CREDENTIALS if fault.kind is Kind.CONTENT else fault.reason
    return replace(fault, reason=reason, says="(its timeout)" if fault.slow else "/v3/auth/tokens")


LOGIN = tuple(
    at_the_login(fault)
    for fault in FAULTS
    if fault.name
    in {
        "connection refused",
        "reset before the answer",
        "reset in the body",
        "body cut off",
        "no answer",
        "head without body",
        "one byte a second",
        "not HTTP",
        "429 without a hint",
        "429 for an hour",
        "500",
        "502 with HTML",
        "503 with nothing",
        "401",
        "403",
        "400",
        "404 of the gateway",
        "redirect",
        "HTML",
        "empty body",
        "gzip that lies",
        "gzip without end",
        "body of 1 GB",
        "deep nesting",
    }
)
"""What can go wrong with a login as well."""
