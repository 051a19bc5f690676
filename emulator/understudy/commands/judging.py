"""How a command ends that judges somebody, where it cannot come to a verdict.

Ctrl-C once ends a run and lets it say what it has found, twice ends it at once. A breakdown of its own is never told
as something that is wrong with whom it judges.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

#: Exit codes; 2 is for a mistake in the command line.
EXITS = {"clean": 0, "no-drift": 0, "violated": 1, "drift": 1, "could-not-check": 3}

#: The exit code of what was interrupted.
INTERRUPTED = 130


@dataclass(slots=True)
class Stop:
    """Whether somebody wants it to end, and whether what is done now may be broken off for that."""

    asked: bool = False
    held: bool = False

    def hold(self) -> None:
        """Let what is done from now on come to its end, whoever wants it to stop; only a second Ctrl-C ends it."""
        self.held = True

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Let the block be broken off, by what came before it, too, and hold on as soon as it is over."""
        self.held = False
        if self.asked:
            raise KeyboardInterrupt
        try:
            yield
        finally:
            self.hold()


@contextmanager
def judging(word: str) -> Iterator[Stop]:
    """End the command where the block comes to no verdict, saying why; `word` is what nothing could be: `checked`."""
    from understudy.media.errors import MediaError
    from understudy_contracts.harness import Unreachable
    from understudy_contracts.harness.recording import RecordingError

    try:
        with stoppable() as stop:
            yield stop
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except (Unreachable, RecordingError, MediaError) as problem:
        click.echo(f"Error: nothing could be {word}: {problem}", err=True)
        raise SystemExit(EXITS["could-not-check"]) from None
    except KeyboardInterrupt:
        click.echo(f"Interrupted before anything was {word}.", err=True)
        raise SystemExit(INTERRUPTED) from None
    except Exception:  # noqa: BLE001 - whatever is wrong is wrong here, and must not be taken for a verdict
        traceback.print_exc()
        click.echo(
            f"Error: understudy itself broke down, so nothing is said of what it {word}. What is above tells where: "
            "please report it.",
            err=True,
        )
        raise SystemExit(EXITS["could-not-check"]) from None


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Raise `KeyboardInterrupt` at the first Ctrl-C, or when the process is told to end, and exit at the second.

    What is held is not broken off: that it was asked to stop is only noted.
    """
    stop = Stop()

    def heard(number: int, frame: Any) -> None:
        if stop.asked:
            os._exit(INTERRUPTED)
        stop.asked = True
        if not stop.held:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        # Only there can signals be heard; elsewhere nobody sends one.
        yield stop
        return
    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
