"""Writes an account down."""

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from understudy.deliveries import Delivery
from understudy.faults.keeping import state
from understudy.uploads import HandedIn

from .document import FORMAT, VERSION, DeliveryRecord, FileRecord, Snapshot, read, written
from .document import FaultsRecord as Faults

if TYPE_CHECKING:
    from understudy.accounts import Account
    from understudy.engine import Engine

#: How many bytes of files a snapshot holds; what is more is named, and left out.
MOST_BYTES = 8 * 1024 * 1024


async def snapshot(engine: "Engine", account: "Account") -> dict[str, Any]:
    """The account as one JSON document, as it is when this is called."""
    files = list(account.keep(HandedIn).files.items())
    deliveries = _deliveries(engine, account)
    taken = Snapshot(
        format=FORMAT,
        version=VERSION,
        account=account.id,
        now=account.clock.now(),
        random=state(account.random),
        limits=account.limits.shown(),
        ledger=account.ledger.books,
        faults=read(Faults, account.faults.saved(), "faults"),
        jobs={name: dict(account.jobs(name)) for name in account.providers if account.jobs(name)},
        kept=_kept(engine, account),
        deliveries=[_record(delivery) for delivery in deliveries],
        files=[],
        left_out=[],
    )
    document: dict[str, Any] = written(taken)
    room = MOST_BYTES
    for name, (content_type, size) in files:
        content = await _content(engine, name) if size <= room else None
        if content is None:
            document["left_out"].append(name)
        else:
            room -= size
        document["files"].append(written(FileRecord(name, content_type, size, content)))
    return document


def _kept(engine: "Engine", account: "Account") -> dict[str, dict[str, Any]]:
    """What providers keep, where it is anything."""
    kept = {
        provider: {
            name: account.kept[kind]
            for name, kind in keeper.kept.items()
            if kind in account.kept and account.kept[kind] != kind()
        }
        for provider, keeper in engine.keepers.items()
    }
    return {
        provider: {name: written(value) for name, value in kinds.items()} for provider, kinds in kept.items() if kinds
    }


def _deliveries(engine: "Engine", account: "Account") -> list[Delivery]:
    """All that are on record, oldest first; before them those that still wait and are not any more."""
    listed = dict.fromkeys(account.deliveries)
    found = dict.fromkeys(each for delivery in engine.outbox.pending(account) for each in delivery.chain())
    found.update(dict.fromkeys(each for delivery in listed for each in delivery.chain()))
    return [*(delivery for delivery in found if delivery not in listed), *listed]


def _record(delivery: Delivery) -> DeliveryRecord:
    return DeliveryRecord(
        id=delivery.id,
        kind=delivery.kind,
        provider=delivery.provider,
        model=delivery.model,
        job=delivery.job,
        result=delivery.result,
        method=delivery.method,
        url=delivery.url,
        content_type=delivery.content_type,
        about=delivery.about,
        due=delivery.due,
        state=delivery.state,
        tries=delivery.tries,
        begun=delivery.begun,
        then=None if delivery.then is None else delivery.then.id,
        strike=delivery.strike,
        faults=delivery.faults,
        considered=delivery.considered,
        attempts=delivery.attempts,
    )


async def _content(engine: "Engine", name: str) -> str | None:
    upload = engine.uploads.get(name)
    if upload is None:
        return None
    try:
        return base64.b64encode(await asyncio.to_thread(upload.path.read_bytes)).decode()
    except FileNotFoundError:
        # It had to make room just now.
        return None
