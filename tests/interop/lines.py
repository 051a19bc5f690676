"""The moments at which a line is lost, and what was billed whatever happened to it."""

from collections.abc import Callable

import httpx

from chopper import Cut, says
from understudy.server import Server

#: What both the submit, its acknowledgement and every result say, and neither authentication nor a heartbeat does.
_TASK = "videoInference"

#: Each is a place to cut one connection of a client that submits a video and waits for it.
MOMENTS: dict[str, Callable[[], Cut]] = {
    "before-submit": lambda: Cut.before("up", says(_TASK)),
    "before-acknowledgement": lambda: Cut.before("down", says(_TASK)),
    "after-acknowledgement": lambda: Cut.after("down", says(_TASK)),
    "before-result": lambda: Cut.before("down", says("success")),
}


def billed(server: Server, key: str) -> list[str]:
    """The task that each charge of an account is for."""
    ledger = httpx.get(
        f"{server.url}/_understudy/ledger", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ).json()
    return [entry["job"] for entry in ledger["entries"] if entry["kind"] == "charge"]
