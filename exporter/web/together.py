"""One answer for those who ask for the same at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any


class Together:
    """Makes an answer once for all who ask for it before it is there."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, tuple[object, asyncio.Task[bytes]]] = {}

    async def answer(
        self, key: Hashable, shown: object, make: Callable[[], Coroutine[Any, Any, bytes]]
    ) -> bytes:
        """Return what ``make`` returns, or has begun to for the same key and equal things to show."""
        known = self._under_way.get(key)
        if known is None or known[0] != shown:
            # It begins with the next turn of the loop: who waited for the same collection is here by then.
            task = asyncio.create_task(make(), name="answer")
            known = self._under_way[key] = (shown, task)
            task.add_done_callback(lambda ended: self._forget(key, ended))
        return await asyncio.shield(known[1])

    def _forget(self, key: Hashable, ended: asyncio.Task[bytes]) -> None:
        if key in self._under_way and self._under_way[key][1] is ended:
            del self._under_way[key]
