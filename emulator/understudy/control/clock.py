"""What time it is, letting it pass, and waiting for what it brings."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.types import Receive

from understudy.clock import FlowingClock
from understudy.course import advance, until_done
from understudy.moments import iso
from understudy.wire import ClientGone

from .operations import Call, Operation, Parameter, Refusal, ref
from .schemas import COUNT, MOMENT, shape

T = TypeVar("T")

#: The last moment that a clock may be moved to, the year 9000: soon after it moments have no date any more.
_LAST = 221_845_392_000.0


def _shown(call: Call) -> dict[str, Any]:
    clock, account = call.engine.clock, call.account
    return {
        "now": call.now,
        "iso": iso(call.now),
        "rate": clock.rate if isinstance(clock, FlowingClock) else 0.0,
        "still": clock.still,
        "offset": account.clock.offset if account is not None else 0.0,
        "account": account.id if account is not None else None,
    }


def _moment(asked: float | str) -> float:
    """A moment as somebody wrote it."""
    if not isinstance(asked, str):
        return float(asked)
    try:
        parsed = datetime.fromisoformat(asked)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Refusal(422, f"{asked!r} is no moment: write unix seconds or 2030-01-31T12:00:00Z.") from None


def _step(call: Call, *, seconds: float | None = None, to: float | str | None = None) -> float:
    """How far to go; refuses to go backward, or to where no calendar leads."""
    now = call.now
    if seconds is None:
        assert to is not None
        seconds = _moment(to) - now
        if seconds < 0:
            raise Refusal(422, f"{to!r} is before {iso(now)}, and time does not go backward.")
    if now + seconds > _LAST:
        raise Refusal(422, f"that is too far: the clock goes to {iso(_LAST)}.")
    return seconds


async def _clock(call: Call) -> Any:
    return _shown(call)


async def _set(call: Call) -> Any:
    await _unless_gone(advance(call.engine, _step(call, to=call.body["now"]), call.account), call.receive)
    return _shown(call)


async def _change(call: Call) -> Any:
    clock = call.engine.clock
    if not isinstance(clock, FlowingClock):
        raise Refusal(409, "this clock stands still: move it with POST clock/advance, or start with --clock flowing.")
    clock.rate = call.body["rate"]
    return _shown(call)


async def _advance(call: Call) -> Any:
    body = call.body
    seconds = _step(call, seconds=body.get("seconds"), to=body.get("to"))
    course = await _unless_gone(
        advance(call.engine, seconds, call.account, limit=body.get("limit", 1_000)), call.receive
    )
    return {**_shown(call), "happenings": [one.shown() for one in course.happenings], "left_out": course.left_out}


async def _wait(call: Call) -> Any:
    asked = call.query
    everything = not {"jobs", "webhooks"} & asked.keys()
    done = await _unless_gone(
        until_done(
            call.engine,
            call.account,
            jobs=everything or "jobs" in asked,
            webhooks=everything or "webhooks" in asked,
            timeout=asked["timeout"],
        ),
        call.receive,
    )
    return {"done": done, "now": call.now}


async def _unless_gone(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """Do something for as long as the caller is there to hear of it."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hang_up(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


OPERATIONS = (
    Operation(
        "GET", "/clock", "show_clock", "What time it is", _clock, ref("Clock"), account="optional",
        description="The account's time if one is named, else the server's.",
    ),
    Operation(
        "POST", "/clock", "set_clock", "Let it be later", _set, ref("Clock"), account="optional",
        description="Moves the clock of the account, or without one that of the server and all accounts, to a moment "
        "that is still to come. Everything happens that happens until then.",
        body=shape({"now": MOMENT}),
    ),
    Operation(
        "PATCH", "/clock", "change_clock", "Let time pass faster or slower", _change, ref("Clock"),
        body=shape({"rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000}}),
        refusals={409: "The clock is a manual one."},
    ),
    Operation(
        "POST", "/clock/advance", "advance_clock", "Let time pass, and tell what happened", _advance, ref("Moved"),
        account="optional",
        description="Moves the clock of the account, or without one that of the server and all accounts. Answers when "
        "everything that fell due is done, webhooks included, and lists it in order. It stops when "
        "the caller hangs up.",
        body=shape(
            {},
            {
                "seconds": {"type": "number", "minimum": 0, "maximum": _LAST},
                "to": MOMENT,
                "limit": {**COUNT, "maximum": 100_000, "default": 1_000, "description": "How many happenings to list."},
            },
            oneOf=[{"required": ["seconds"]}, {"required": ["to"]}],
        ),
    ),
    Operation(
        "GET", "/wait", "wait", "Wait until jobs are done and webhooks delivered", _wait, ref("Waited"),
        account="optional",
        description="Answers as soon as it is so, or when it cannot be without an advance of the clock, if at all, or "
        "after the timeout. Without either parameter it waits for both.",
        parameters=(
            Parameter("jobs", {"const": "done"}, "Until every job is finished."),
            Parameter("webhooks", {"const": "delivered"}, "Until every webhook is delivered or given up."),
            Parameter(
                "timeout", {"type": "number", "minimum": 0, "maximum": 600, "default": 30}, "Real seconds to wait."
            ),
        ),
    ),
)  # fmt: skip
