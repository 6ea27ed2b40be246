"""Mistakes to make on purpose: which, for which API, how often."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random


class Api(StrEnum):
    """What can be called, by name."""

    PAI_DATASET_JOBS = "pai_dataset_jobs"
    PAI_DATASETS = "pai_datasets"
    PAI_WORKSPACES = "pai_workspaces"
    OCTOPUS_SYSTEM_JOBS = "octopus_system_jobs"
    OCTOPUS_QUEUING_JOBS = "octopus_queuing_jobs"
    DATAARTS_JOBS = "dataarts_jobs"
    DATAARTS_INSTANCES = "dataarts_instances"
    DATAARTS_WORKSPACES = "dataarts_workspaces"
    IAM_TOKENS = "iam_tokens"


class Kind(StrEnum):
    """What can go wrong. A value, where one is meant, follows as ``kind=value``."""

    HTTP_500 = "http-500"
    """The vendor's own error body."""
    HTTP_502_HTML = "http-502-html"
    """A proxy's page."""
    HTTP_503_EMPTY = "http-503-empty"
    """No body at all."""
    HTTP_401 = "http-401"
    """Who we are is not accepted."""
    HTTP_403 = "http-403"
    """What we may do does not suffice."""
    THROTTLE = "throttle"
    """Too many requests, in the vendor's form; value: milliseconds to wait, where the vendor tells them."""
    ERROR_SNAKE = "error-snake"
    """``error_code`` and ``error_msg``; value: the status, 500 if not given. The same for the next four."""
    ERROR_CAMEL = "error-camel"
    """``errorCode`` and ``errorMsg``."""
    ERROR_PLAIN = "error-plain"
    """``code`` and ``message``."""
    ERROR_NESTED = "error-nested"
    """``error`` with a numeric ``code`` inside."""
    ERROR_CAPITAL = "error-capital"
    """``Code`` and ``Message``."""
    MALFORMED_JSON = "malformed-json"
    """A whole answer that is not JSON."""
    CUT_OFF = "cut-off"
    """Half an answer; on a real socket the connection is closed before the promised length."""
    HUGE_BODY = "huge-body"
    """A true answer with much more in it; value: bytes, 32 MiB if not given."""
    SLOW = "slow"
    """A true answer, late; value: seconds, 3 if not given."""
    DROP_CONNECTION = "drop-connection"
    """No answer, the connection is closed; only on a real socket, ignored elsewhere."""
    EMPTY_PAGE = "empty-page"
    """No rows, though the total says otherwise."""
    WRONG_TOTAL = "wrong-total"
    """A total that is off; value: by how many, 1 if not given."""
    IGNORE_FILTERS = "ignore-filters"
    """Filters that narrow a list are overlooked; scope (dataset, workspace, queue type, job type) is kept."""
    IGNORE_SORT = "ignore-sort"
    """A wanted order is overlooked."""
    UNKNOWN_STATUS = "unknown-status"
    """The first row of a page has a status that no document knows (a queue's row: a type)."""


REPLACING = (
    Kind.HTTP_500,
    Kind.HTTP_502_HTML,
    Kind.HTTP_503_EMPTY,
    Kind.HTTP_401,
    Kind.HTTP_403,
    Kind.THROTTLE,
    Kind.ERROR_SNAKE,
    Kind.ERROR_CAMEL,
    Kind.ERROR_PLAIN,
    Kind.ERROR_NESTED,
    Kind.ERROR_CAPITAL,
)
"""Those that stand in the place of the true answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A mistake: for one API or all, in a share of ``rate`` of the requests.

    The first ``skip`` requests it could strike are spared, and after ``times`` strikes it is over: so a test
    can spoil the third page, once.
    """

    kind: Kind
    api: Api | None = None
    rate: float = 1.0
    value: float | None = None
    skip: int = 0
    times: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read ``[API:]KIND[=VALUE][:RATE]``.

        Raises ValueError: with the reason, for people.
        """
        api, _, rest = text.partition(":")
        if api not in set(Api):
            api, rest = "", text
        what, *rates = rest.split(":")
        word, _, value = what.partition("=")
        if word not in set(Kind):
            raise ValueError(f"{text!r}: no API or fault is called {word!r}; faults: {', '.join(Kind)}")
        if len(rates) > 1:
            raise ValueError(f"{text!r} is not [API:]KIND[=VALUE][:RATE]; APIs: {', '.join(Api)}")
        return cls(
            kind=Kind(word),
            api=Api(api) if api else None,
            rate=_rate(rates[0], text) if rates else 1.0,
            value=_number(value, text) if value else None,
        )

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        api, value = f"{self.api}:" if self.api else "", "" if self.value is None else f"={self.value:g}"
        return f"{api}{self.kind}{value}" + (f":{self.rate:g}" if self.rate < 1 else "")


class Faults:
    """The faults in force. They may be changed while requests come in; chance is drawn from ``seed``."""

    def __init__(self, faults: Iterable[Fault | str] = (), *, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - mistakes, not secrets
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.add(*faults)

    @property
    def present(self) -> tuple[Fault, ...]:
        """Those in force."""
        return tuple(self._faults)

    def add(self, *faults: Fault | str) -> None:
        """Put more in force; a string is read as the flag ``--fault`` is."""
        read = [Fault.parse(fault) if isinstance(fault, str) else fault for fault in faults]
        with self._lock:
            self._faults += read

    def clear(self) -> None:
        """Make no more mistakes."""
        with self._lock:
            self._faults.clear()

    def draw(self, api: Api) -> Mapping[Kind, Fault]:
        """Return what strikes one request, by kind."""
        struck: dict[Kind, Fault] = {}
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.api in (None, api) and fault.times != 0 and self._random.random() < fault.rate:
                    self._faults[index] = _used(fault)
                    if not fault.skip:
                        struck[fault.kind] = fault
        return struck


def _used(fault: Fault) -> Fault:
    """Return what is left of a fault after one request."""
    if fault.skip:
        return replace(fault, skip=fault.skip - 1)
    return fault if fault.times is None else replace(fault, times=fault.times - 1)


def _number(text: str, whole: str) -> float:
    """Return the number that ``text`` says."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{whole!r}: {text!r} is not a number") from None


def _rate(text: str, whole: str) -> float:
    """Return the share that ``text`` says."""
    rate = _number(text, whole)
    if not 0 <= rate <= 1:
        raise ValueError(f"{whole!r}: a rate is between 0 and 1")
    return rate
