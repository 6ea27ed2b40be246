"""How many requests may be in flight: of one source, and of all that share credentials."""

import asyncio
from collections import deque
from types import TracebackType


class Places:
    """Places for the requests of sources that share credentials: never more than ``most`` are taken together.

    Sources take turns. One that holds places already leaves some for those that hold none, a quarter at
    most: a source whose cloud does not answer must not stop the others.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._without = 0
        self._line: deque[Seats] = deque()

    def allow(self, most: int) -> None:
        """Change how many there are; those that are taken beyond them are not given out again."""
        self._most = most
        self._serve()

    def join(self, most: int) -> "Seats":
        """Return the share of one more source, which never takes more than ``most``."""
        self._without += 1
        return Seats(self, most)

    def leave(self, seats: "Seats") -> None:
        """Forget a source: nothing is kept for it any more."""
        seats.is_member = False
        if not seats.taken:
            self._without -= 1
        self._serve()

    def admits(self, seats: "Seats") -> bool:
        """Tell whether a source may take one more place."""
        if seats.taken >= seats.most:
            return False
        kept = min(self._without, max(1, self._most // 4)) if seats.taken else 0
        return self._taken + kept < self._most

    def take(self, seats: "Seats") -> None:
        """Give a place."""
        if seats.is_member and not seats.taken:
            self._without -= 1
        self._taken += 1
        seats.taken += 1

    def give_back(self, seats: "Seats") -> None:
        """Take a place back, and serve who waits."""
        self._taken -= 1
        seats.taken -= 1
        if seats.is_member and not seats.taken:
            self._without += 1
        self._serve()

    def stand_in_line(self, seats: "Seats") -> None:
        """Serve a source when its turn comes."""
        self._line.append(seats)

    def _serve(self) -> None:
        """Give places to sources in turn until there are none, or nobody may take one."""
        passed = 0
        while self._taken < self._most and passed < len(self._line):
            seats = self._line.popleft()
            if seats.is_waiting and self.admits(seats):
                seats.wake()
                passed = 0
            else:
                passed += 1
            if seats.is_waiting:
                self._line.append(seats)
            else:
                seats.is_in_line = False


class Seats:
    """What one source holds of them; each ``async with`` takes one place, first come, first served."""

    def __init__(self, places: Places, most: int) -> None:
        self.most = most
        self.taken = 0
        self.is_member = True
        self.is_in_line = False
        self._places = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether a request waits for a place."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()  # it was given up
        return bool(self._waiting)

    def wake(self) -> None:
        """Give a place to the request that has waited longest; there is one."""
        self._places.take(self)
        self._waiting.popleft().set_result(None)

    def leave(self) -> None:
        """Say that the source asks no more; what is in flight keeps its places."""
        self._places.leave(self)

    async def __aenter__(self) -> None:
        if not self.is_waiting and self._places.admits(self):
            self._places.take(self)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        if not self.is_in_line:
            self.is_in_line = True
            self._places.stand_in_line(self)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._places.give_back(self)  # it came at the last moment
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.give_back(self)
