"""An answer on its way out, and what faults do to it there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from exporter.simulator.faults import Fault, Kind

JSON = "application/json;charset=utf-8"
CHUNK = 65_536
HUGE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and body. ``padding`` bytes are put into the body, a JSON object, while it is sent.

    ``cut_off`` says that half of the body is sent and no more.
    """

    status: int
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    padding: int = 0
    cut_off: bool = False

    def wire_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as ASGI has them; a padded body does not tell its length."""
        told = dict(self.headers)
        if self.content_type:
            told["content-type"] = self.content_type
        if not self.padding:
            told["content-length"] = str(len(self.body))
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body piece by piece."""
        if self.cut_off:
            yield self.body[: len(self.body) // 2]
            return
        if not self.padding:
            yield self.body
            return
        yield b'{"padding":"'
        left = self.padding
        while left > 0:
            yield b"x" * min(CHUNK, left)
            left -= CHUNK
        yield b'",' + self.body[1:]


def spoil(answer: Answer, faults: Mapping[Kind, Fault]) -> Answer:
    """Apply the faults that strike a true answer on its way."""
    if Kind.HUGE_BODY in faults:
        wanted = faults[Kind.HUGE_BODY].value
        answer = replace(answer, padding=HUGE if wanted is None else int(wanted))
    if Kind.MALFORMED_JSON in faults:
        answer = replace(answer, body=answer.body[: len(answer.body) // 2] + b"<<broken>>", padding=0)
    if Kind.CUT_OFF in faults:
        answer = replace(answer, cut_off=True, padding=0)
    return answer
