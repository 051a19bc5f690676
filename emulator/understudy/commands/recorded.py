"""Where a run is recorded, and whether it goes on with one that was broken off."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy import __version__

if TYPE_CHECKING:
    from understudy_contracts.harness.earlier import Earlier
    from understudy_contracts.harness.recording import Recorder, Recording

#: Where what is asked of a provider itself is recorded unless somebody says where: going on without paying again
#: needs it.
LIVE = Path("understudy-recordings") / "live"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The directory of one run, with a recording of each provider in it."""

    directory: Path
    #: What has to be the same in all parts of a run, such as its seed.
    run: Mapping[str, Any]
    recordings: Mapping[str, Recording] = field(default_factory=dict)

    def earlier(self, provider: str) -> Earlier:
        """What earlier parts of the run did."""
        from understudy_contracts.harness.earlier import Earlier

        found = self.recordings.get(provider)
        return Earlier() if found is None else Earlier.of(found)

    def run_id(self, provider: str) -> uuid.UUID:
        """What tells this run's jobs from others."""
        found = self.recordings.get(provider)
        return uuid.uuid4() if found is None else uuid.UUID(found.manifest.run["run"])

    def recorder(
        self, provider: str, *, run: uuid.UUID, planned: int, target: str, live: bool, date: str, keys: Sequence[str]
    ) -> Recorder:
        """Begin to write, or go on."""
        from understudy_contracts.harness.recording import Recorder

        place = self.directory / provider
        if provider in self.recordings:
            return Recorder.resume(place, date=date, version=__version__, planned=planned, keys=keys)
        return Recorder(
            place, provider=provider, target=target, seed=self.run["seed"], version=__version__, date=date, live=live,
            run={**self.run, "run": str(run), "planned": planned}, keys=keys,
        )  # fmt: skip


def placed(directory: Path | None, *, live: bool, fresh: bool) -> Path | None:
    """Where a run is recorded: with `fresh`, in a new place beside the one that is meant."""
    if directory is None and not live:
        return None
    if directory is not None and not fresh:
        return directory
    meant = directory or LIVE
    places = (meant if number == 1 else meant.with_name(f"{meant.name}-{number}") for number in itertools.count(1))
    last = None
    for place in places:
        if not (place.exists() and any(place.iterdir())):
            return last if last is not None and not fresh and _unfinished(last) else place
        last = place
    raise AssertionError("counting does not end")


def opened_at(directory: Path, providers: Sequence[str], run: Mapping[str, Any]) -> Recorded:
    """Take up what is recorded there of the same run.

    Raises `click.UsageError` where another run is, and `RecordingError` where nothing can be read.
    """
    from understudy_contracts.edition import edition

    found = recordings_at(directory)
    for name, recording in found.items():
        manifest = recording.manifest
        wrong = [f"{key} {manifest.run.get(key)}" for key in run if manifest.run.get(key) != run[key]]
        if manifest.contract != edition(name):
            wrong.append("another state of the contract")
        if "run" not in manifest.run or wrong:
            raise click.UsageError(
                f"{directory} has a run with {', '.join(wrong) or 'nothing to go on with'}. "
                "Ask for the same to go on with it, or begin anew with --fresh. Nothing was sent."
            )
    return Recorded(directory, run, {name: one for name, one in found.items() if name in providers})


def recordings_at(directory: Path) -> Mapping[str, Recording]:
    """The recordings in a directory, or the one that it is, by provider.

    Raises `RecordingError`, also for two of one provider: neither is meant more than the other.
    """
    from understudy_contracts.harness.recording import Recording, RecordingError

    alone = (directory / "manifest.json").exists()
    found: dict[str, tuple[Path, Recording]] = {}
    for place in [directory] if alone else sorted(path.parent for path in directory.glob("*/manifest.json")):
        recording = Recording.open(place)
        other, _ = found.setdefault(recording.manifest.provider, (place, recording))
        if other != place:
            raise RecordingError(f"{other} and {place} are both of {recording.manifest.provider}: name one of them")
    return {provider: recording for provider, (_, recording) in found.items()}


def _unfinished(directory: Path) -> bool:
    """Whether there is something to go on with; in doubt there is, for a run that begins anew pays anew.

    Raises `RecordingError`.
    """
    from understudy_contracts.harness.recording import RecordingError

    try:
        found = recordings_at(directory)
    except RecordingError as problem:
        raise RecordingError(f"{problem}. Whether that run has ended cannot be told; --fresh begins anew") from None
    asked = {name for recording in found.values() for name in recording.manifest.run.get("providers", ())}
    return bool(asked - set(found)) or any(recording.left != 0 for recording in found.values())


def seed_of(directory: Path | None) -> int | None:
    """The seed of the run that is recorded there, if one is."""
    if directory is None or not directory.is_dir():
        return None
    seeds = {recording.manifest.seed for recording in recordings_at(directory).values()}
    return seeds.pop() if len(seeds) == 1 else None
