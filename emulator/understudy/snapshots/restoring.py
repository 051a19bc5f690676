"""Opens an account that was written down: all of it is built beside the old one, and then takes its place."""

import asyncio
import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from understudy.accounts import Account
from understudy.deliveries import Delivery
from understudy.ledger import BadBooks, Ledger
from understudy.limits import BadLimits
from understudy.uploads import HandedIn

from .bounds import HASTE, LATEST, ORIGIN, TYPE
from .chance import wind_up
from .document import FORMAT, VERSION, BadSnapshot, FileRecord, Snapshot, read
from .post import revive

if TYPE_CHECKING:
    from understudy.engine import Engine


async def restore(engine: "Engine", account: "Account", document: Any) -> "Account":
    """Make an account what a snapshot tells, and return it; raises BadSnapshot, and then nothing has changed.

    It may be another account than the one the snapshot was taken of: everything in it keeps its id. Its time goes on
    from where it was. The journal stays, for it tells what happened here.
    """
    plan = await asyncio.to_thread(_plan, engine, account, document)
    for file in plan.files:
        await engine.hand_in(plan.account, file.name, file.content_type, file.content)
    return _move_in(engine, account, plan)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Plan:
    """What takes the place of an account."""

    account: Account
    now: float
    deliveries: list[Delivery]
    files: list[_File]


def _plan(engine: "Engine", old: Account, document: Any) -> _Plan:
    snapshot = _read(document)
    account = engine.accounts.blank(old.id, old.key)
    problems = [
        *_judge_moment(snapshot),
        *_settle_money(account, snapshot),
        *wind_up(account, snapshot),
        *_file_jobs(engine, account, snapshot),
    ]
    files: list[_File] = []
    deliveries: list[Delivery] = []
    problems += _unpack(engine, old, account, snapshot, files)
    if not problems:
        # What they are about must make sense before they can.
        problems += revive(engine, account, snapshot, deliveries)
    if problems:
        raise BadSnapshot(problems)
    return _Plan(account, snapshot.now, deliveries, files)


def _read(document: Any) -> Snapshot:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadSnapshot([f"this is no snapshot: its format is not {FORMAT!r}"])
    if document.get("version") != VERSION:
        raise BadSnapshot(
            [f"this is a snapshot of version {document.get('version')!r:.20}: only {VERSION} is understood"]
        )
    return read(Snapshot, document)


def _judge_moment(snapshot: Snapshot) -> Iterator[str]:
    if not 0 <= snapshot.now <= LATEST:
        yield "this is no moment @ snapshot.now"


def _settle_money(account: Account, snapshot: Snapshot) -> Iterator[str]:
    try:
        account.ledger = Ledger.opened(snapshot.ledger)
    except BadBooks as bad:
        yield from (f"{problem} @ snapshot.ledger" for problem in bad.problems)
    if snapshot.ledger.lines and snapshot.ledger.lines[-1].at > snapshot.now + HASTE:
        yield "it has lines of the future @ snapshot.ledger"
    try:
        account.limits.set(snapshot.limits)
    except BadLimits as bad:
        yield from (f"{problem} @ snapshot.limits" for problem in bad.problems)


def _file_jobs(engine: "Engine", account: Account, snapshot: Snapshot) -> Iterator[str]:
    for provider in {**snapshot.jobs, **snapshot.kept}:
        if provider not in engine.keepers:
            yield f"there is no provider {provider!r:.50} that keeps anything"
    seen: set[str] = set()
    for provider, jobs in snapshot.jobs.items():
        account.jobs(provider).update(jobs)
        for name, job in jobs.items():
            place = f"snapshot.jobs[{provider!r:.50}][{name!r:.100}]"
            ids = {result.id for result in job.results}
            if not ids or len(ids) < len(job.results) or not ids.isdisjoint(seen):
                yield f"it has no results, or not its own @ {place}"
            if max(job.submitted_at, job.cancelled_at or 0.0) > snapshot.now + HASTE:
                yield f"it is of the future @ {place}"
            if min(job.cost, job.seconds) < 0:
                yield f"it costs or lasts less than nothing @ {place}"
            if not _in_order(job.steps):
                yield f"its steps are out of order @ {place}"
            if not ORIGIN.fullmatch(job.origin):
                yield f"{job.origin!r:.100} is no address at which it could have been asked for @ {place}.origin"
            if job.provider != provider:
                yield f"it is of another provider @ {place}"
            seen |= ids
    for provider, kinds in snapshot.kept.items():
        known = engine.keepers[provider].kept if provider in engine.keepers else {}
        for name, value in kinds.items():
            place = f"snapshot.kept[{provider!r:.50}][{name!r:.50}]"
            if name not in known:
                yield f"nothing is kept that is called so @ {place}"
                continue
            try:
                account.kept[known[name]] = read(known[name], value, place)
            except BadSnapshot as bad:
                yield from bad.problems
    if all(job.results for jobs in snapshot.jobs.values() for job in jobs.values()):
        for provider, keeper in engine.keepers.items():
            yield from (f"{misfit} @ {provider}" for misfit in keeper.misfits(account))
            for plan in keeper.plans(account):
                if not _in_order(plan.steps):
                    yield f"{plan.kind} {plan.id!r:.100} has its steps out of order @ {provider}"


def _in_order(steps: Iterable[tuple[str, float]]) -> bool:
    return all(begins <= after for (_, begins), (_, after) in pairwise(steps))


def _unpack(engine: "Engine", old: Account, account: Account, snapshot: Snapshot, files: list[_File]) -> Iterator[str]:
    """Find the files that must be put back; those that are here already stay as they are."""
    handed_in, own = account.keep(HandedIn).files, old.keep(HandedIn).files
    for record in snapshot.files:
        place = f"snapshot.files[{record.name!r:.200}]"
        handed_in[record.name] = (record.content_type, record.size)
        here = engine.uploads.get(record.name)
        content = _content(record)
        if not TYPE.fullmatch(record.content_type):
            yield f"{record.content_type!r:.100} is no type of a file @ {place}"
        if content is not None and len(content) != record.size:
            yield f"this is no base64 of {record.size} bytes @ {place}"
        elif content is None or (here is not None and here.path.read_bytes() == content):
            continue
        elif here is not None and record.name not in own:
            yield f"another account has another file of that name @ {place}"
        elif record.size > engine.settings.cache_bytes:
            yield f"it is larger than this server keeps @ {place}"
        else:
            files.append(_File(record.name, record.content_type, content))


def _content(record: FileRecord) -> bytes | None:
    if record.content is None:
        return None
    try:
        return base64.b64decode(record.content, validate=True)
    except (binascii.Error, ValueError):
        # No file is of a size below 0, nor of that of nothing at all.
        return b"" if record.size else b"?"


def _move_in(engine: "Engine", old: Account, plan: _Plan) -> Account:
    """Let the old one become the new one. From here on nothing waits, and nothing can go wrong."""
    for each in engine.keepers.values():
        each.emptied(old)
    engine.reset(old, "jobs")
    # Its time is what it was then, wherever the server's may be.
    plan.account.clock.set(plan.now - engine.clock.now())
    plan.account.journal = old.journal
    account, files = old, old.keep(HandedIn).files
    account.become(plan.account)
    for name in files.keys() - account.keep(HandedIn).files.keys():
        engine.throw_out(account, name)
    for keeper in engine.keepers:
        for job in account.jobs(keeper).values():
            if job.cancelled_at is None:
                engine.file(account, job)
    account.deliveries.extend(plan.deliveries)
    waiting = {delivery.then: delivery for delivery in plan.deliveries if delivery.then is not None}
    for delivery in plan.deliveries:
        # What it says is now told by the account that it is of.
        engine.keepers[delivery.provider].revive(account, delivery)
        before = waiting.get(delivery)
        # One that follows another is set off by that, unless it was already.
        if delivery.state == "waiting" and (before is None or before.state != "waiting" or delivery.begun):
            engine.outbox.resume(account, delivery)
    for each in engine.keepers.values():
        each.moved(account)
    return account
