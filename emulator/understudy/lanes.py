"""Work that goes to many places: a bounded number at once, and nobody waits for a place that is slow."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Does everything that is handed in, first come first served in each lane, with a few workers a lane.

    What waits costs no task: a lane has workers only while it has work. When there are as many workers as there may
    be, a lane that has none yet comes first, so that no number of slow lanes with much to do keeps another waiting.
    """

    #: Workers in one lane, and in all of them; a lane's first may be one of as many again.
    AT_ONCE = 16
    OVERALL = 256

    def __init__(self, do: Callable[[T], Awaitable[None]]) -> None:
        self._do = do
        self._lanes: dict[str, _Lane[T]] = {}
        #: Lanes that have work and no worker, and those that could do with more of them.
        self._without: deque[_Lane[T]] = deque()
        self._wanting: deque[_Lane[T]] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    def add(self, name: str, work: T) -> None:
        """Do something in the lane of that name."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name)
            self._without.append(lane)
        lane.waiting.append(work)
        self._want(lane)
        self._staff()

    async def close(self) -> None:
        """Stop every worker where it is; what waits is not done."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._lanes.clear()
        self._without.clear()
        self._wanting.clear()

    def _want(self, lane: "_Lane[T]") -> None:
        if lane.workers and lane.waiting and lane.workers < self.AT_ONCE and not lane.wants:
            lane.wants = True
            self._wanting.append(lane)

    def _staff(self) -> None:
        while self._without and len(self._workers) < 2 * self.OVERALL:
            self._employ(self._without.popleft())
        while self._wanting and len(self._workers) < self.OVERALL:
            lane = self._wanting.popleft()
            lane.wants = False
            if lane.waiting:
                self._employ(lane)

    def _employ(self, lane: "_Lane[T]") -> None:
        lane.workers += 1
        worker = asyncio.create_task(self._work(lane))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)
        self._want(lane)

    async def _work(self, lane: "_Lane[T]") -> None:
        while lane.waiting:
            await self._do(lane.waiting.popleft())
        lane.workers -= 1
        if not lane.workers:
            del self._lanes[lane.name]
        # This one counts until it is done.
        asyncio.get_running_loop().call_soon(self._staff)


class _Lane(Generic[T]):
    __slots__ = ("name", "waiting", "wants", "workers")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: deque[T] = deque()
        self.workers = 0
        self.wants = False
