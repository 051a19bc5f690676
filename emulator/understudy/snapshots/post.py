"""The deliveries that a snapshot tells of, opened again: each says what its provider makes it say."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from understudy.accounts import Account
from understudy.deliveries import Content, Delivery, RetryPolicy
from understudy.targets import ForbiddenTarget, check_literal

from .bounds import TYPE
from .document import DeliveryRecord, Snapshot

if TYPE_CHECKING:
    from understudy.engine import Engine

#: Stands where the provider will put its own.
_NEVER = RetryPolicy(first=0.0, cap=0.0, attempts=1, timeout=0.0)


def revive(engine: "Engine", account: Account, snapshot: Snapshot, deliveries: list[Delivery]) -> Iterator[str]:
    """Make the deliveries again, in their order, and link each with what follows it; tells what is wrong with them."""
    made: dict[str, Delivery] = {}
    for record in snapshot.deliveries:
        place = f"snapshot.deliveries[{record.id!r:.100}]"
        delivery = made[record.id] = _delivery(record)
        if not TYPE.fullmatch(record.content_type):
            yield f"{record.content_type!r:.100} is no type of what is sent @ {place}"
        try:
            check_literal(record.url, allow_all=engine.settings.allow_link_local)
        except ForbiddenTarget as reason:
            yield f"it cannot be sent to {record.url!r:.100}: {reason} @ {place}"
        keeper = engine.keepers.get(record.provider)
        try:
            if keeper is None:
                raise LookupError(record.provider)
            keeper.revive(account, delivery)
        except LookupError:
            yield f"there is nothing that it could be about @ {place}"
        deliveries.append(delivery)
    if len(made) < len(snapshot.deliveries):
        yield "two deliveries have the same id @ snapshot.deliveries"
    led: set[str] = set()
    for record in snapshot.deliveries:
        if record.then is None:
            continue
        if record.then in led or record.then not in made:
            yield "what follows a delivery is not there, or follows another one @ snapshot.deliveries"
            return
        led.add(record.then)
        made[record.id].then = made[record.then]
    # Each follows one at most: whatever cannot be reached from one that follows none goes round in a circle.
    heads = [delivery for delivery in deliveries if delivery.id not in led]
    if sum(1 for head in heads for _ in head.chain()) < len(deliveries):
        yield "deliveries follow each other in a circle @ snapshot.deliveries"


def _delivery(record: DeliveryRecord) -> Delivery:
    return Delivery(
        id=record.id,
        kind=record.kind,
        provider=record.provider,
        model=record.model,
        job=record.job,
        result=record.result,
        method=record.method,
        url=record.url,
        content_type=record.content_type,
        about=record.about,
        due=record.due,
        state=record.state,
        tries=record.tries,
        begun=record.begun,
        strike=record.strike,
        faults=record.faults,
        considered=record.considered,
        attempts=list(record.attempts),
        produce=_nothing,
        policy=_NEVER,
    )


async def _nothing() -> Content:
    raise AssertionError("the provider did not say what it says")
