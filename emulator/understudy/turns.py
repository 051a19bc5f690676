"""Whose turn it is: what is about one thing waits for that thing alone, what is about all waits for everything."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class _Turn:
    of: Hashable | None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """Lets in one at a time of those who must not be at work together, in the order in which they came."""

    def __init__(self) -> None:
        self._turns: list[_Turn] = []

    @property
    def taken(self) -> int:
        """How many have their turn, or wait for it."""
        return len(self._turns)

    @asynccontextmanager
    async def take(self, of: Hashable | None) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the block lasts; None is in the way of everybody, and all of it."""
        before = [turn for turn in self._turns if of is None or turn.of is None or turn.of == of]
        mine = _Turn(of)
        self._turns.append(mine)
        try:
            for turn in before:
                await turn.over.wait()
            yield
        finally:
            self._turns.remove(mine)
            mine.over.set()
