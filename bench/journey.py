"""The bench for QA: what rules cost whoever they do not strike, and the whole life of a thousand jobs."""

import time
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import orjson

from . import servers, tasks
from .duel import Duel
from .effort import Effort
from .load import ask, request, send
from .measure import Measure, Say

#: Rules that each look at every poll and never strike one: the last thing a rule looks at is what it wants to hear.
_RULES = 10

#: Of every so many jobs of the journey one file is downloaded: drawing them all would be all there is to see.
_DOWNLOADED = 50

_POLLS = 5


def rules(effort: Effort, say: Say) -> list[Measure]:
    """How fast a running job is polled with rules that do not strike, against the same without any."""
    duel = Duel(baseline="no rules")
    with servers.emulator("--speed", "real") as ruled, servers.emulator("--speed", "real") as free:
        for number in range(_RULES):
            rule = {"provider": "runware", "operation": "poll", "text": f"never said {number}", "gateway": 502}
            _control(ruled.port, "faults", rule)
        running = tasks.example()
        for server in (ruled, free):
            ask(server.port, running)
        for turn in range(effort.rounds):
            say(f"rules: round {turn + 1} of {effort.rounds}")
            for server, side in ((ruled, duel.ours), (free, duel.theirs)):
                load = [request(server.port, tasks.poll(running))] * effort.polls
                side.run(server, load, effort.connections)
    return duel.measures("rules", None)


def journey(effort: Effort, say: Say) -> list[Measure]:
    """Submits, five polls of each job, a webhook of each, and some downloads, under a clock that stands still."""
    seconds = []
    for turn in range(effort.memory_rounds):
        say(f"journey: round {turn + 1} of {effort.memory_rounds}")
        with servers.emulator("--clock", "manual", "--speed", "real") as emulator, servers.bare([{}]) as receiver:
            url = f"http://127.0.0.1:{receiver.port}/v1"
            wanted = [{**tasks.example(), "webhookURL": url} for _ in range(effort.journeys)]
            began = time.perf_counter()
            send(emulator.port, [request(emulator.port, task) for task in wanted], effort.connections)
            told = 0
            for step in range(1, _POLLS + 1):
                send(emulator.port, [request(emulator.port, tasks.poll(task)) for task in wanted], effort.connections)
                leap = {"seconds": 10_000 if step == _POLLS else 1, "limit": 100_000}
                passed = _control(emulator.port, "clock/advance", leap)
                told += [one["kind"] for one in passed["happenings"]].count("webhook.delivered")
            if told != effort.journeys:
                raise RuntimeError(f"{effort.journeys} jobs ended and {told} webhooks told of it")
            for task in wanted[::_DOWNLOADED]:
                _download(ask(emulator.port, tasks.poll(task))["data"][0]["videoURL"])
            seconds.append(time.perf_counter() - began)
    downloads = -(-effort.journeys // _DOWNLOADED)
    what = f"{effort.journeys:,} jobs: submit, {_POLLS} polls, webhook; {downloads} downloads"
    return [Measure("journey", what, " s", tuple(seconds))]


def _control(port: int, path: str, document: object) -> dict[str, Any]:
    asked = Request(
        f"http://127.0.0.1:{port}/_understudy/{path}",
        orjson.dumps(document),
        {"Content-Type": "application/json", "Authorization": "Bearer bench"},
    )
    with build_opener(ProxyHandler({})).open(asked, timeout=120) as answer:
        told: dict[str, Any] = orjson.loads(answer.read())
        return told


def _download(url: str) -> None:
    with build_opener(ProxyHandler({})).open(url, timeout=60) as file:
        file.read()
