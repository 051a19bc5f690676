"""Who has been silent for too long: one watcher for any number of connections, and no work for any that is idle."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .clock import Clock, live_until

T = TypeVar("T", bound=Hashable)


class IdleWatch(Generic[T]):
    """Tells of whoever was not heard of for `patience` seconds of emulator time, and when these were over."""

    def __init__(self, clock: Clock, patience: float, expire: Callable[[T, float], object]) -> None:
        self._clock = clock
        self._patience = patience
        self._expire = expire
        # The longest silent one first: who is heard of moves to the end. Silence is lived through: to set the clock
        # back or ahead makes it no longer, and no shorter.
        self._heard: dict[T, float] = {}
        self._watching: asyncio.Task[None] | None = None

    def heard(self, one: T) -> None:
        """Somebody is there; a newcomer is watched from now on."""
        self._heard.pop(one, None)
        self._heard[one] = self._clock.lived()
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def forget(self, one: T) -> None:
        """Somebody left."""
        self._heard.pop(one, None)
        if not self._heard and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while self._heard:
            one, at = next(iter(self._heard.items()))
            over = self._clock.moment_of(at + self._patience)
            if self._clock.real_delay(over) == 0:
                del self._heard[one]
                self._expire(one, over)
            else:
                await live_until(self._clock, at + self._patience)
        self._watching = None
