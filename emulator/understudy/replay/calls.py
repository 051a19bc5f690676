"""Requests over HTTP, played again: most are answered at once, and some wait for their moment."""

import asyncio
from dataclasses import dataclass

import orjson

from understudy.journal.export import OURSELVES
from understudy.scenario import Opening

from .compare import first_difference
from .lines import Call
from .scene import PATIENCE, Recorded, Scene
from .timeline import move

#: Real seconds within which an answer comes that waits for no moment.
_PROMPT = 0.1

#: How a caller's part can end without an answer.
_UNANSWERED = ("hung up", "silent", "reset")


@dataclass(slots=True)
class _Pending:
    """A request that waits for its moment."""

    recorded: Recorded
    call: Call
    #: When it should be over on the server's clock, unless an account's advance comes first.
    due: float


class Calls:
    """The requests of one replay."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pending: list[_Pending] = []

    async def again(self, recorded: Recorded) -> None:
        """Send a request again, and compare its answer once that is due."""
        scene = self._scene
        if recorded["provider"] == OURSELVES and recorded["operation"] == "make_account":
            self._make_account(recorded)
            return
        if recorded["ended"] in ("stopped", "failed"):
            scene.skip(recorded, f"the server {recorded['ended']} while it was under way")
            return
        target, unknown = scene.names.target(recorded["request"]["target"])
        if any(name.lower().endswith(("signature", "sig", "sign")) for name in unknown):
            scene.skip(recorded, "its address is signed, and no answer in the journal told how")
            return
        body = scene.body(recorded)
        if body is None:
            return
        scene.let_in(recorded)
        call = Call(scene.app, recorded["scheme"], recorded["request"]["method"], target, scene.headers(recorded), body)
        lasts = 0.0 if recorded["finished"] is None else recorded["finished"] - recorded["at"]
        waiting = _Pending(recorded, call, recorded["server_time"] + lasts)
        if recorded["provider"] == OURSELVES or not self._waits(recorded, lasts):
            await self._settle(waiting)
            return
        await asyncio.wait({call.task}, timeout=_PROMPT)
        self._pending.append(waiting)
        if call.task.done():
            await self._settle(waiting)

    async def until(self, moment: float) -> None:
        """Let whatever is over by a moment come to its end."""
        for waiting in sorted(self._pending, key=lambda waiting: waiting.due):
            if waiting.due <= moment or self._is_over(waiting):
                await self._settle(waiting)

    async def end(self) -> None:
        """Break off what still waits."""
        tasks = [waiting.call.task for waiting in self._pending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _waits(self, recorded: Recorded, lasts: float) -> bool:
        """Whether an exchange took time of its own: on a clock that flows, all take some."""
        if recorded["ended"] == "hung up":
            return True
        return lasts > 0 and (self._scene.still or float(recorded["seconds"]) > _PROMPT / 2)

    def _is_over(self, waiting: _Pending) -> bool:
        """Whether its moment has come on the clock that goes for it."""
        finished = waiting.recorded["finished"]
        return finished is not None and finished <= self._scene.clock(waiting.recorded).now()

    async def _settle(self, waiting: _Pending) -> None:
        recorded, call, scene = waiting.recorded, waiting.call, self._scene
        if waiting in self._pending:
            if not call.task.done() and not self._is_over(waiting):
                await move(scene.engine.clock, waiting.due)
            self._pending.remove(waiting)
        if recorded["ended"] in _UNANSWERED:
            await asyncio.wait({call.task}, timeout=_PROMPT)
            call.hang_up()
        done, _ = await asyncio.wait({call.task}, timeout=PATIENCE)
        if not done:
            call.task.cancel()
            raise scene.differs(recorded, "the answer", "it came", "it did not come")
        if (mistake := call.task.exception()) is not None:
            raise scene.differs(recorded, "the answer", "it came", repr(mistake))
        if (
            found := first_difference(recorded, call.exchange, scene.names, scene.engine, still=scene.still)
        ) is not None:
            raise scene.differs(recorded, *found)
        if recorded["provider"] == OURSELVES:
            scene.look_at_rules()
        if recorded["ended"] == "hung up":
            scene.report.sent_only["the caller hung up before the answer"] += 1
        elif recorded["provider"] == OURSELVES:
            scene.report.sent_only["they asked understudy itself, of whose answers only the status counts"] += 1
        else:
            scene.report.same += 1

    def _make_account(self, recorded: Recorded) -> None:
        """Make an account as it was made, under its id and with what the journal calls its key."""
        try:
            asked, made = (orjson.loads(recorded[side].get("body") or "{}") for side in ("request", "response"))
            if recorded["response"]["status"] == 201:
                opening = Opening(made["key"], asked.get("balance"), asked.get("limits", {}))
                opening.open(self._scene.engine, made["id"])
                self._scene.names.known[made["key"]] = made["key"]
        except (ValueError, KeyError, TypeError):
            self._scene.skip(recorded, "it made an account of which not enough is told")
            return
        self._scene.report.sent_only["they made accounts, which were made here with the same ids"] += 1
