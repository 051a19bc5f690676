"""Two servers that all machines of a run share, and what else each example takes from it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stage import unhurried
from understudy.config import Settings, Speed
from understudy.server import Server


class StandIns:
    """Servers under clocks that stand still. Each example is an account of its own."""

    def __init__(self, cache: Path) -> None:
        settings = Settings(port=0, clock="manual", speed=Speed(1.0, 1.0), journal_size=100_000, cache_dir=cache)
        self._stack = ExitStack()
        self.names: dict[str, Any] = {
            "SETTINGS": settings,
            "server": unhurried(self._stack.enter_context(Server(settings))),
            "other": unhurried(self._stack.enter_context(Server(settings))),
        }

    def opened(self) -> ExitStack:
        """What closes at the end of an example."""
        return ExitStack()

    def __enter__(self) -> "StandIns":
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()
