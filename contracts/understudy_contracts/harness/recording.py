"""What was said to a provider and by it, to be judged again for nothing: `Recording.open(directory).exchanges`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from understudy_contracts.checks.exchange import Exchange, Finding, Webhook
from understudy_contracts.data import folder

from .entries import FORMAT, Entry, Media, RecordingError, entry_of, read_line, sound
from .progress import Probed, progress
from .recorder import Recorder

__all__ = ["Disagreement", "Entry", "Manifest", "Media", "Probed", "Recorder", "Recording", "RecordingError"]

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a recording comes from."""

    provider: str
    target: str
    #: When it was begun, as ISO 8601 in UTC; empty for what is printed.
    date: str
    seed: int
    #: The versions: of understudy, and of the contract it was recorded by, as `edition` tells it.
    understudy: str
    contract: str
    #: Whether it was the provider itself who answered.
    live: bool = False
    #: What was run, in the words of whoever ran it.
    run: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where what is on record is known not to agree with the contract."""

    #: The name of the check that finds it, or would if it saw the rest.
    rule: str
    why: str
    told: Exchange | Webhook


@dataclass(frozen=True)
class Recording:
    """A conversation with one provider, in the order in which it was recorded."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    #: What a reader should know, such as that the last line was cut off.
    notices: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    #: The lines that are neither exchange nor webhook, each with the number of the run it is of.
    steps: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    #: How many bytes of its file are whole lines.
    whole: int = 0

    @classmethod
    def open(cls, directory: str | Path) -> Self:
        """Read a recording. Raises `RecordingError`, whose message says what is wrong with it."""
        path = Path(directory)
        manifest = _manifest(path)
        rows, whole, notices = _rows(path / "exchanges.jsonl")
        runs = _runs(rows)
        laid_by = _Media(path / "media")
        entries, steps = [], []
        last = float("-inf")
        for number, run in enumerate(runs):
            times = [row["at"] for _, row in run if isinstance(row.get("at"), int | float)]
            # Another run has another clock.
            later = max(0.0, last + 1.0 - min(times)) if number and times and last > float("-inf") else 0.0
            last = max([last, *(at + later for at in times)])
            for line, row in run:
                if row["kind"] not in ("exchange", "webhook"):
                    steps.append((number, row))
                    continue
                try:
                    entries.append(entry_of(row, later, laid_by.content))
                except ValueError as problem:
                    raise RecordingError(f"{path}: line {line} of exchanges.jsonl cannot be read: {problem}") from None
        said = [*notices, *laid_by.notices, *([] if entries else ["it has no exchanges"])]
        made = cls(manifest, tuple(entries), tuple(said), (), tuple(steps), whole)
        try:
            made.left  # noqa: B018
        except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
            raise RecordingError(f"{path}: a step of exchanges.jsonl makes no sense: {problem!r}") from None
        return made

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every exchange that has an answer, ready for `checks.violations`."""
        told = (entry.told for entry in self.entries if entry.partial != "request")
        return tuple(one for one in told if isinstance(one, Exchange))

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """Every webhook."""
        return tuple(entry.told for entry in self.entries if isinstance(entry.told, Webhook))

    @cached_property
    def probes(self) -> Mapping[str, Probed]:
        """What there is of each probe, by name, in the order in which they were begun."""
        return MappingProxyType(progress(self.entries, self.steps))

    @property
    def unfinished(self) -> tuple[Probed, ...]:
        """The probes that were begun and have not ended."""
        return tuple(probed for probed in self.probes.values() if not probed.complete)

    @cached_property
    def left(self) -> int | None:
        """How many probes of the largest plan have not ended; None where the last part does not say how many it plans.

        A later part of a run may plan more than an earlier one, or less of the same.
        """
        begun = [probed for name, probed in self.probes.items() if name]
        later = [row.get("planned") for _, row in self.steps if row["kind"] == "run"]
        known = [int(plan) for plan in (self.manifest.run.get("planned"), *later) if plan is not None]
        if not known or (len(later) > 1 and later[-1] is None):
            return None
        return max(*known, len(begun)) - sum(probed.complete for probed in begun)

    @property
    def spent(self) -> Decimal:
        """What was told to have been paid, in US dollars."""
        return sum((probed.spent for probed in self.probes.values()), Decimal(0))

    @property
    def at_most(self) -> Decimal:
        """What was paid at worst: what was told, and the bound of every request of which no cost is known."""
        return sum((probed.at_most for probed in self.probes.values()), Decimal(0))

    def unexpected(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those findings that are not known already: see `disagreements`."""
        known = [(one.rule, id(one.told)) for one in self.disagreements]
        return [one for one in findings if (one.rule, id(one.exchange)) not in known]


class _Media:
    """The files of a recording, each read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, bytes] = {}
        self.notices: list[str] = []

    def content(self, media: Media) -> bytes:
        """The bytes of a file; none where it was not kept or is gone. Raises `ValueError` for another file."""
        if not media.file:
            return b""
        if media.file not in self._read:
            if "/" in media.file or "\\" in media.file or media.file.startswith("."):
                raise ValueError(f"{media.file!r} is no name of a file in media")
            try:
                content = (self._path / media.file).read_bytes()
            except FileNotFoundError:
                content = b""
                self.notices.append(f"media/{media.file} is gone: what needs it cannot be checked")
            if content and hashlib.sha256(content).hexdigest() != media.sha256:
                raise ValueError(f"media/{media.file} is not the file that was recorded")
            self._read[media.file] = content
        return self._read[media.file]


def _manifest(path: Path) -> Manifest:
    if not path.is_dir():
        raise RecordingError(f"{path} is no directory" if path.exists() else f"there is no recording at {path}")
    try:
        row = json.loads((path / "manifest.json").read_bytes())
    except FileNotFoundError:
        empty = not any(path.iterdir())
        raise RecordingError(f"{path} is {'empty' if empty else 'no recording: it has no manifest.json'}") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise RecordingError(f"{path / 'manifest.json'} cannot be read: {problem}") from None
    number = row.get("format") if isinstance(row, dict) else None
    if number != FORMAT:
        raise RecordingError(f"{path} is a recording of format {number!r}: this version reads format {FORMAT}")
    try:
        sound(Manifest, row)
        made = Manifest(**row)
        folder(made.provider)
        return made
    except TypeError as problem:
        raise RecordingError(f"{path / 'manifest.json'} is incomplete: {problem}") from None
    except ValueError as problem:
        raise RecordingError(f"{path / 'manifest.json'} cannot be read: {problem}") from None


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, Any]]], int, tuple[str, ...]]:
    """The lines with their numbers, how many bytes are whole, and what is to be said about the rest."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise RecordingError(f"{path} cannot be read: {problem.strerror}") from None
    rows: list[tuple[int, dict[str, Any]]] = []
    whole = 0
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it was cut off")
            rows.append((number, read_line(line)))
        except ValueError as problem:
            if number < len(lines):
                raise RecordingError(f"{path}: line {number} cannot be read: {problem}") from None
            return rows, whole, (f"the last line, {number}, was cut off and is left out",)
        whole += len(line)
    return rows, whole, ()


def _runs(rows: Iterable[tuple[int, dict[str, Any]]]) -> list[list[tuple[int, dict[str, Any]]]]:
    runs: list[list[tuple[int, dict[str, Any]]]] = [[]]
    for number, row in rows:
        if row["kind"] == "run" and runs[-1]:
            runs.append([])
        runs[-1].append((number, row))
    return runs
