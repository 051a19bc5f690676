"""How a run is shown while it goes on: a bar where somebody watches, lines where nobody does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from rich.progress import TaskID

    from understudy_contracts.harness import Event, Plan, Result

#: Into how many parts a run is divided where there is no bar.
_PARTS = 10

_SHORT = {"passed": "✓", "violated": "✗", "could-not-check": "?", "not-run": "–"}


class Progress:
    """Shows each provider's probes on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        console = Console(stderr=True)
        self._plain = not console.is_terminal
        self._quiet = quiet
        self._bars = Bars(
            TextColumn("{task.fields[provider]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[states]}"), TextColumn("{task.description}"),
            console=console, disable=self._plain or quiet,
        )  # fmt: skip
        self._bar: TaskID | None = None
        self._states: Counter[str] = Counter()
        self._provider = ""
        self._of = self._done = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, provider: str, plan: Plan) -> None:
        """Show that a provider's probes begin."""
        self._states.clear()
        self._provider, self._of, self._done = provider, len(plan.probes), 0
        if self._plain:
            self._say(f"{provider}: {self._of} probes")
        else:
            self._bar = self._bars.add_task("", total=self._of, provider=f"{provider:8}", states="")

    def told(self, event: Event) -> None:
        """Show what happened."""
        from understudy_contracts.harness import Begun

        if isinstance(event, Begun):
            if self._bar is not None:
                self._bars.update(self._bar, description=event.probe.name)
            return
        self._ended(event.result)

    def _ended(self, result: Result) -> None:
        self._states[result.state] += 1
        self._done += 1
        counts = " ".join(_counts(self._states))
        if self._bar is not None:
            self._bars.update(self._bar, advance=1, states=counts)
        elif result.state == "violated":
            said = " ".join(result.findings[0].message.split())
            self._say(f"{self._provider}: ✗ {result.probe.name}: {said[:200]}")
        elif self._done * _PARTS // self._of > (self._done - 1) * _PARTS // self._of:
            self._say(f"{self._provider}: {self._done}/{self._of} {counts}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text, err=True)


def _counts(states: Counter[str]) -> Iterable[str]:
    return (f"{mark}{states[state]}" for state, mark in _SHORT.items() if states[state])
