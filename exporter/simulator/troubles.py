"""Which troubles the simulated world has been in, and is in."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from exporter.simulator.world.trouble import Spell, Trouble, on_grid
from exporter.simulator.world.troubled import troubled
from exporter.simulator.world.world import World

REMEMBERED = 86_400.0
"""Seconds after which a trouble that is over has left no trace."""


class Troubles:
    """The troubles of a world. They may be changed while requests come in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spells: tuple[Spell, ...] = ()
        self._worlds: tuple[World, World] | None = None

    @property
    def spells(self) -> tuple[Spell, ...]:
        """Those that are, and those that left traces."""
        return self._spells

    @property
    def present(self) -> tuple[Trouble, ...]:
        """Those of which no end is known."""
        return tuple(spell.trouble for spell in self._spells if spell.end == float("inf"))

    def become(self, troubles: Sequence[Trouble], now: float) -> None:
        """Let just these be, from now on or, where they say so, from before.

        Those that are already go on, the others end now. What ended stays in the world's past.
        """
        now = on_grid(now, steps=1000)
        with self._lock:
            known = [spell for spell in self._spells if spell.end > now - REMEMBERED]
            ended = [
                spell if spell.end <= now or spell.trouble in troubles else replace(spell, end=now)
                for spell in known
            ]
            present = {spell.trouble for spell in ended if spell.end > now}
            new = [
                Spell(trouble=one, begin=now - one.ago)
                for one in dict.fromkeys(troubles)
                if one not in present
            ]
            self._spells = (*ended, *new)
            self._worlds = None

    def of(self, world: World) -> World:
        """Return ``world`` as it is with these troubles."""
        if not self._spells:
            return world
        with self._lock:
            if self._worlds is None or self._worlds[0] is not world:
                self._worlds = (world, troubled(world, self._spells))
            return self._worlds[1]
