"""Sends every exchange of a journal again, each at its own time, and looks whether the same comes back."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from understudy.app import build_app

from .calls import Calls
from .scene import Differs, Recorded, Report, Scene
from .settings import CannotTell, engine_of
from .talks import Talks
from .timeline import move

_TOKEN = "x-understudy-token"  # noqa: S105


async def play(
    header: Mapping[str, Any], exchanges: Sequence[Recorded], tell: Callable[[int], object] = lambda count: None
) -> Report:
    """Play a journal until the first difference; `tell` hears how far it is. Raises CannotTell."""
    engine, silent = engine_of(header, _token(exchanges))
    app = build_app(engine)
    scene = Scene(
        engine, app, exchanges, still=bool(header["clock"]["still"]), unseen=bool(header.get("unseen", False))
    )
    opened = _begin(scene, header)
    async with engine.running():
        calls, talks = Calls(scene), Talks(scene)
        try:
            await _run(scene, calls, talks, opened, exchanges, tell)
        except Differs:
            pass
        finally:
            await calls.end()
            await talks.end()
    scene.report.deliveries = silent.taken
    return scene.report


def _begin(scene: Scene, header: Mapping[str, Any]) -> list[tuple[float, str]]:
    """Start with what the server started with; comes back with when which account is to be opened, the last first."""
    try:
        for rule in header["scenario"]["faults"]:
            scene.engine.faults.add(rule, scene.engine.clock.now())
        for one in header["scenario"]["accounts"]:
            scene.open(one["id"], balance=one["balance"], limits=one["limits"], faults=tuple(one["faults"]))
        scene.look_at_rules()
        return sorted(((float(moment), account) for account, moment in header["accounts"].items()), reverse=True)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise CannotTell(f"its first line does not say how the server started ({problem!r})") from problem


async def _run(
    scene: Scene,
    calls: Calls,
    talks: Talks,
    unopened: list[tuple[float, str]],
    exchanges: Sequence[Recorded],
    tell: Callable[[int], object],
) -> None:
    for count, recorded in enumerate(exchanges):
        tell(count)
        moment = recorded["server_time"]
        await calls.until(moment)
        while unopened and unopened[-1][0] <= moment:
            opened_at, account = unopened.pop()
            await move(scene.engine.clock, opened_at)
            scene.open(account)
        await move(scene.engine.clock, moment)
        await (talks if recorded["transport"] == "websocket" else calls).again(recorded)
    await calls.until(math.inf)
    talks.finish()
    tell(len(exchanges))


def _token(exchanges: Sequence[Recorded]) -> str | None:
    """What the journal calls the token of the control routes."""
    for recorded in exchanges:
        for name, value in recorded["request"]["headers"]:
            if name == _TOKEN and recorded["response"]["status"] not in (401, 403):
                token: str = value
                return token
    return None
