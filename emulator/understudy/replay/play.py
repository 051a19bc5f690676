"""Sends every exchange of a journal again, each at its own time, and looks whether the same comes back."""

import asyncio
import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from understudy.app import build_app
from understudy.engine import Engine
from understudy.providers import PROVIDERS
from understudy.scenario import Opening

from .compare import first_difference, first_frame_difference
from .difference import Difference
from .lines import Call, Line
from .names import NAME, Names
from .settings import CannotTell, Silent, engine_of

Recorded = Mapping[str, Any]

#: Real seconds for which anything is waited for that should come by itself.
_PATIENCE = 30.0

#: Real seconds within which an answer comes that waits for no moment.
_PROMPT = 0.1

_CONTROL = "understudy"

_API_KEY = re.compile(r'"apiKey"\s*:\s*"([^"]+)"')
_KEY_HEADERS = ("authorization", "x-api-key")
_TOKEN_HEADER = "x-understudy-token"  # noqa: S105


@dataclass(slots=True)
class Report:
    """What came of a replay."""

    #: How many exchanges came out the same.
    same: int = 0
    #: How many were sent and not compared, by why.
    sent_only: Counter[str] = field(default_factory=Counter)
    #: Which could not be sent, by why.
    skipped: dict[str, list[int]] = field(default_factory=dict)
    difference: Difference | None = None
    #: Why the difference may come from what could not be sent as it was; empty when it cannot.
    doubt: str = ""
    #: How many webhooks and uploads would have gone out.
    deliveries: int = 0


async def play(
    header: Mapping[str, Any], exchanges: list[Recorded], tell: Callable[[int], object] = lambda count: None
) -> Report:
    """Play a journal until the first difference; `tell` hears of progress. Raises CannotTell."""
    engine, silent = engine_of(header, _token(exchanges))
    app = build_app(engine, [make(engine) for make in PROVIDERS.values()])
    async with engine.running():
        player = _Player(engine, app, header, exchanges)
        try:
            await player.run(tell)
        finally:
            await player.end()
    player.report.deliveries = silent.taken
    return player.report


@dataclass(slots=True)
class _Pending:
    """A request that waits for its moment."""

    recorded: Recorded
    call: Call
    #: When it should be over, on the server's clock, unless an account's advance comes first.
    due: float


class _Stop(Exception):
    """The first difference was found."""


class _Player:
    def __init__(self, engine: Engine, app: ASGIApp, header: Mapping[str, Any], exchanges: list[Recorded]) -> None:
        self.report = Report()
        self._engine = engine
        self._app = app
        self._header = header
        self._exchanges = exchanges
        self._names = Names()
        self._pending: list[_Pending] = []
        self._lines: dict[int, Line] = {}
        self._owners = _owners(exchanges)
        self._keys = {account: key for key, account in reversed(self._owners.items())}
        self._unopened = sorted(header["accounts"].items(), key=lambda item: item[1])
        #: Accounts of which something could not be sent as it was, and the number of that; None is everybody.
        self._doubtful: dict[str | None, int] = {}

    async def run(self, tell: Callable[[int], object]) -> None:
        self._begin()
        try:
            for count, recorded in enumerate(self._exchanges):
                tell(count)
                await self._until(recorded["server_time"])
                await self._again(recorded)
            for waiting in sorted(self._pending, key=lambda waiting: waiting.due):
                await self._settle(waiting)
            self._look_for_more()
        except _Stop:
            return
        tell(len(self._exchanges))

    async def end(self) -> None:
        tasks = [waiting.call.task for waiting in self._pending] + [line.task for line in self._lines.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self) -> None:
        scenario = self._header["scenario"]
        for rule in scenario["faults"]:
            self._engine.faults.add(rule, self._engine.clock.now())
        for one in scenario["accounts"]:
            key = self._keys.get(one["id"], f"key of {one['id']}")
            opening = Opening(key, one["balance"], one["limits"], tuple(one["faults"]))
            opening.open(self._engine, one["id"])

    async def _until(self, moment: float) -> None:
        """Let time pass until an exchange begins, and what waited be over by then."""
        for waiting in sorted(self._pending, key=lambda waiting: waiting.due):
            if waiting.due <= moment or self._is_over(waiting):
                await self._settle(waiting)
        while self._unopened and self._unopened[0][1] <= moment:
            account, opened_at = self._unopened.pop(0)
            await self._move(opened_at)
            if self._engine.accounts.by_id(account) is None:
                self._engine.accounts.open(account, self._keys.get(account, f"key of {account}"))
        await self._move(moment)

    async def _move(self, moment: float) -> None:
        clock = self._engine.clock
        if moment > clock.now():
            clock.advance(moment - clock.now())
            # Whoever slept until now gets a turn.
            for _ in range(5):
                await asyncio.sleep(0)

    def _is_over(self, waiting: _Pending) -> bool:
        """Whether its moment has come on its account's clock."""
        account = self._engine.accounts.by_id(waiting.recorded["account"] or "")
        finished = waiting.recorded["finished"]
        return finished is not None and finished <= (account or self._engine).clock.now()

    async def _again(self, recorded: Recorded) -> None:
        if recorded["transport"] == "websocket":
            await self._frame_again(recorded)
            return
        if recorded["operation"] == "make_account" and recorded["provider"] == _CONTROL:
            self._make_account(recorded)
            return
        body = self._body(recorded)
        target, unknown = self._names.target(recorded["request"]["target"])
        if body is None:
            self._skip(recorded, recorded["request"].get("missing", "its body is not in the journal"))
        elif any(name.lower().endswith(("signature", "sig", "sign")) for name in unknown):
            self._skip(recorded, "its address is signed, and no answer in the journal told how")
        elif recorded["ended"] in ("stopped", "failed"):
            self._skip(recorded, f"the server {recorded['ended']} while it was under way")
        else:
            await self._call(recorded, target, body)

    async def _call(self, recorded: Recorded, target: str, body: bytes) -> None:
        self._open(recorded)
        headers = [(name, self._names.filled(value)) for name, value in recorded["request"]["headers"]]
        if recorded["request"].get("altered"):
            self._doubtful.setdefault(recorded["account"], recorded["number"])
        request = recorded["request"]
        call = Call(self._app, recorded["scheme"], request["method"], target, headers, body)
        finished = recorded["finished"]
        lasts = 0.0 if finished is None else finished - recorded["at"]
        waits = finished is None or recorded["ended"] == "hung up" or (lasts > 0 and self._waited(recorded))
        waiting = _Pending(recorded, call, recorded["server_time"] + lasts)
        if recorded["provider"] == _CONTROL or not waits:
            await self._settle(waiting)
            return
        await asyncio.wait({call.task}, timeout=_PROMPT)
        self._pending.append(waiting)
        if call.task.done():
            await self._settle(waiting)

    def _waited(self, recorded: Recorded) -> bool:
        """Whether an exchange took time of its own: on a clock that flows, all take some."""
        return bool(self._header["clock"]["still"] or recorded["seconds"] > _PROMPT / 2)

    async def _settle(self, waiting: _Pending) -> None:
        """Let an exchange come to its end, and compare."""
        recorded, call = waiting.recorded, waiting.call
        if waiting in self._pending:
            self._pending.remove(waiting)
            if not call.task.done() and not self._is_over(waiting):
                await self._move(waiting.due)
        if recorded["ended"] in ("hung up", "silent", "reset"):
            await asyncio.wait({call.task}, timeout=_PROMPT)
            call.hang_up()
        done, _ = await asyncio.wait({call.task}, timeout=_PATIENCE)
        if not done:
            call.task.cancel()
            self._differs(recorded, "the answer", "there was one", "none came")
        if (mistake := call.task.exception()) is not None:
            self._differs(recorded, "the answer", "there was one", repr(mistake))
        replayed = call.exchange
        difference = first_difference(
            recorded, replayed, self._names, self._engine, still=self._header["clock"]["still"]
        )
        if difference is not None:
            self._differs(recorded, *difference)
        if recorded["ended"] == "hung up":
            self.report.sent_only["the caller hung up before the answer"] += 1
        elif recorded["provider"] == _CONTROL:
            self.report.sent_only["it asked understudy itself: only its status was compared"] += 1
        else:
            self.report.same += 1

    async def _frame_again(self, recorded: Recorded) -> None:
        number, request = recorded["connection"], recorded["request"]
        if request["method"] == "GET":
            headers = [(name, self._names.filled(value)) for name, value in request["headers"]]
            target, _ = self._names.target(request["target"])
            line = self._lines[number] = Line(self._app, recorded["scheme"], target, headers)
            if not await line.until(lambda: line.accepted and line.listening, _PATIENCE):
                self._differs(recorded, "the handshake", "it was accepted", "it was not")
            self.report.same += 1
            return
        line_of = self._lines.get(number)
        if line_of is None:
            self._skip(recorded, "the opening of its connection is not in the journal")
            return
        line = line_of
        match request["method"]:
            case "SEND":
                body = self._body(recorded)
                if body is None:
                    self._skip(recorded, request.get("missing", "its frame is not in the journal"))
                    return
                self._open(recorded)
                if request.get("altered"):
                    self._doubtful.setdefault(recorded["account"], recorded["number"])
                line.say(body.decode())
                await line.until(lambda: line.listening, _PATIENCE)
            case "CLOSE" if recorded["ended"] == "hung up":
                line.leave(recorded["response"]["status"])
                await asyncio.wait({line.task}, timeout=_PATIENCE)
            case "CLOSE":
                if not await line.until(lambda: line.closed, _PATIENCE):
                    self._differs(recorded, "the connection", "the server closed it", "it was left open")
                await asyncio.wait({line.task}, timeout=_PATIENCE)
        await self._hear(recorded, line)

    async def _hear(self, recorded: Recorded, line: Line) -> None:
        """Compare the frames that were said with those that come."""
        expected = recorded["response"].get("body", "")
        for frame in expected.split("\n") if expected else ():
            if not line.frames:
                await line.until(lambda: bool(line.frames), _PATIENCE)
            came = line.frames.pop(0) if line.frames else ""
            difference = first_frame_difference(frame, came, recorded, self._names)
            if difference is not None:
                self._differs(recorded, *difference)
        self.report.same += 1

    def _look_for_more(self) -> None:
        """Nothing may come that is not on the record."""
        for number, line in self._lines.items():
            if line.frames:
                last = next(one for one in reversed(self._exchanges) if one["connection"] == number)
                self._differs(last, "what follows it", "nothing more was said", line.frames[0])

    def _body(self, recorded: Recorded) -> bytes | None:
        """What a request said; None when the journal does not hold it."""
        request = recorded["request"]
        if "base64" in request:
            return base64.b64decode(request["base64"])
        body = request.get("body")
        return self._names.filled(body).encode() if isinstance(body, str) else None

    def _open(self, recorded: Recorded) -> None:
        """Let the keys of an exchange open its account, of which only the id is known."""
        if recorded["account"] is None:
            return
        for key in _keys_in(recorded):
            if key not in self._names.known and self._owners.get(key) == recorded["account"]:
                self._engine.accounts.open(recorded["account"], key)
                self._names.known[key] = key

    def _make_account(self, recorded: Recorded) -> None:
        """Make an account as it was made, under its id and with the name of its key for a key."""
        try:
            asked = _json(recorded["request"].get("body") or "{}")
            made = _json(recorded["response"]["body"])
        except ValueError:
            self._skip(recorded, "the account it made cannot be told")
            return
        if recorded["response"]["status"] == 201:
            key = made["key"]
            Opening(key, asked.get("balance"), asked.get("limits", {})).open(self._engine, made["id"])
            self._names.known[key] = key
        self.report.sent_only["it made an account: one was made here, with the same id"] += 1

    def _skip(self, recorded: Recorded, why: str) -> None:
        self.report.skipped.setdefault(why, []).append(recorded["number"])
        self._doubtful.setdefault(recorded["account"], recorded["number"])

    def _differs(self, recorded: Recorded, what: str, theirs: str, ours: str) -> None:
        request = recorded["request"]
        asked = f"{request['method']} {request['target']}"
        self.report.difference = Difference(recorded["number"], asked, what, theirs, ours)
        doubtful = [number for account, number in self._doubtful.items() if account in (None, recorded["account"])]
        if doubtful:
            self.report.doubt = f"exchange {min(doubtful)} could not be sent again as it was, and this may be why"
        elif not self._header["clock"]["still"]:
            self.report.doubt = (
                "the clock of the server flowed, so that moments are never quite the same: use --clock manual"
            )
        raise _Stop


def _json(text: str) -> Any:
    import orjson

    return orjson.loads(text)


def _keys_in(recorded: Recorded) -> list[str]:
    """What an exchange shows to be let in, as the journal calls it."""
    request = recorded["request"]
    shown = [value.rpartition(" ")[2] for name, value in request["headers"] if name in _KEY_HEADERS]
    shown += _API_KEY.findall(request.get("body") or "")
    return [key for key in shown if NAME.fullmatch(key)]


def _owners(exchanges: list[Recorded]) -> dict[str, str]:
    """Whose each key is."""
    owners: dict[str, str] = {}
    for recorded in exchanges:
        if recorded["account"] is not None:
            for key in _keys_in(recorded):
                owners.setdefault(key, recorded["account"])
    return owners


def _token(exchanges: list[Recorded]) -> str | None:
    """What the journal calls the token of the control routes."""
    for recorded in exchanges:
        for name, value in recorded["request"]["headers"]:
            if name == _TOKEN_HEADER and recorded["response"]["status"] not in (401, 403):
                token: str = value
                return token
    return None


__all__ = ["CannotTell", "Report", "Silent", "play"]
