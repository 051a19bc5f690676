"""Webhooks that are all due at the same instant, against a bare client that posts the same to the same receiver."""

import asyncio
import json
import time
from collections.abc import Iterator
from statistics import median
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import httpx

from . import servers, tasks
from .effort import Effort
from .load import loop_factory, request, send
from .measure import Aim, Measure, Say, ratios

#: Longer than any job of the load runs, in emulator seconds.
_LONG = 86_400

#: Real seconds that all of it may take.
_PATIENCE = 600.0

#: Requests that are built at a time.
_BATCH = 500


def deliveries(effort: Effort, say: Say) -> list[Measure]:
    """How fast they go out; a job's time comes by an advance, which returns once all of them were taken."""
    ours, theirs = [], []
    with servers.emulator("--clock", "manual") as emulator, servers.bare([{}]) as receiver:
        url = f"http://127.0.0.1:{receiver.port}/v1"
        for turn in range(effort.delivery_rounds):
            say(f"deliveries: round {turn + 1} of {effort.delivery_rounds}")
            for start in range(0, effort.deliveries, _BATCH):
                count = min(_BATCH, effort.deliveries - start)
                load = [request(emulator.port, {**tasks.example(), "webhookURL": url}) for _ in range(count)]
                send(emulator.port, load, effort.connections)
            began = time.perf_counter()
            _advance(emulator.port)
            ours.append(effort.deliveries / (time.perf_counter() - began))
            sizes = [attempt["request"]["size"] for attempt in _attempts(emulator.port)]
            theirs.append(
                _post(url, b'"%s"' % (b"x" * (int(median(sizes)) - 2)), effort.deliveries, effort.connections)
            )
    figures = {"ours": f"{median(ours):,.0f}/s", "baseline": f"{median(theirs):,.0f}/s"}
    what = f"{effort.deliveries:,} webhooks due at once / bare client"
    return [Measure("deliveries", what, "×", ratios(ours, theirs), Aim("at least", 0.9), figures)]


def _advance(port: int) -> None:
    _ask(port, "clock/advance", {"seconds": _LONG, "limit": 1})


def _attempts(port: int) -> list[dict[str, Any]]:
    """The attempts that were made last, each of which must have been the only one."""
    sent = _ask(port, "webhooks")["deliveries"]
    if any(delivery["state"] != "delivered" or len(delivery["attempts"]) != 1 for delivery in sent):
        raise RuntimeError("not every webhook was taken at once: this machine is too slow")
    return [delivery["attempts"][0] for delivery in sent]


def _ask(port: int, path: str, document: Any = None) -> Any:
    asked = Request(
        f"http://127.0.0.1:{port}/_understudy/{path}",
        None if document is None else json.dumps(document).encode(),
        {"Authorization": "Bearer bench", "Content-Type": "application/json"},
    )
    with build_opener(ProxyHandler({})).open(asked, timeout=_PATIENCE) as answer:
        return json.load(answer)


def _post(url: str, body: bytes, count: int, connections: int) -> float:
    """Post the same so many times, over as many connections as the stand-in has for one receiver; how many a second."""

    async def one(client: httpx.AsyncClient, turns: Iterator[int]) -> None:
        for _ in turns:
            (await client.post(url, content=body, headers={"Content-Type": "application/json"})).raise_for_status()

    async def all_of_them() -> float:
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
            turns = iter(range(count))
            began = time.perf_counter()
            await asyncio.gather(*(one(client, turns) for _ in range(connections)))
            return count / (time.perf_counter() - began)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(all_of_them())
