"""Polls and submits a second, against a bare route that reads and answers JSON of the same size."""

import time
from typing import Any
from urllib.request import ProxyHandler, build_opener

from . import servers, tasks
from .duel import Duel
from .effort import Effort
from .load import ask, request, send
from .measure import Aim, Measure, Say

#: A clock fast enough that a one-word video is done at once while one of five minutes runs through a round.
_SPEED = ("--speed", "20")

#: Seconds a one-word video may take at that speed.
_PATIENCE = 15.0

#: Requests that are built at a time.
_BATCH = 500


def polls(effort: Effort, say: Say) -> list[Measure]:
    """How fast a finished and a running job are polled in turn."""
    duel = Duel()
    with servers.emulator(*_SPEED) as emulator:
        finished = tasks.with_script("Hi.")
        ask(emulator.port, finished)
        shown = _until_finished(emulator.port, finished)
        # The first look at a finished result makes the emulator draw its file: have that behind us.
        with build_opener(ProxyHandler({})).open(shown["data"][0]["videoURL"], timeout=_PATIENCE) as file:
            file.read()
        running = _long_running(emulator.port)
        # Answers about other running jobs differ in nothing but the id.
        with servers.bare([shown, ask(emulator.port, tasks.poll(running))]) as bare:
            for turn in range(effort.rounds):
                say(f"polls: round {turn + 1} of {effort.rounds}")
                questions = (tasks.poll(finished), tasks.poll(running))
                for server, side in ((emulator, duel.ours), (bare, duel.theirs)):
                    pair = [request(server.port, question) for question in questions]
                    send(server.port, pair * 20, effort.connections)
                    side.run(server, pair * (effort.polls // 2), effort.connections)
                if ask(emulator.port, questions[1])["data"][0]["status"] != "processing":
                    raise RuntimeError("the job that should run through a round has finished: this machine is too slow")
                running = _long_running(emulator.port)
    return duel.measures("polls", Aim("at least", 0.6))


def submits(effort: Effort, say: Say) -> list[Measure]:
    """How fast new tasks are accepted."""
    duel = Duel()
    with servers.emulator() as emulator, servers.bare([ask(emulator.port, tasks.example())]) as bare:
        for turn in range(effort.rounds):
            say(f"submits: round {turn + 1} of {effort.rounds}")
            for server, side in ((emulator, duel.ours), (bare, duel.theirs)):
                load = [request(server.port, tasks.example()) for _ in range(effort.submits + 40)]
                send(server.port, load[:40], effort.connections)
                side.run(server, load[40:], effort.connections)
    return duel.measures("submits", Aim("at least", 0.35))


def memory(effort: Effort, say: Say) -> list[Measure]:
    """What ten thousand jobs that have not finished take."""
    megabytes = []
    for turn in range(effort.memory_rounds):
        say(f"memory: round {turn + 1} of {effort.memory_rounds}")
        with servers.emulator("--speed", "real") as emulator:
            _submit(emulator.port, effort.warm_up, effort.connections)
            before = emulator.resident_bytes()
            _submit(emulator.port, effort.jobs, effort.connections)
            grown = emulator.resident_bytes() - before
        megabytes.append(grown / effort.jobs * 10_000 / 1e6)
    return [Measure("memory", "10,000 live jobs", " MB", tuple(megabytes), Aim("below", 30))]


def _submit(port: int, count: int, connections: int) -> None:
    # In batches, so that this process never holds all the requests at once.
    for start in range(0, count, _BATCH):
        send(port, [request(port, tasks.example()) for _ in range(start, min(start + _BATCH, count))], connections)


def _long_running(port: int) -> dict[str, Any]:
    task = tasks.with_script("Good evening, night owls. " * 190)
    ask(port, task)
    return task


def _until_finished(port: int, task: dict[str, Any]) -> Any:
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        shown = ask(port, tasks.poll(task))
        if shown["data"][0]["status"] == "success":
            return shown
        time.sleep(0.02)
    raise RuntimeError(f"a one-word video was not finished after {_PATIENCE:.0f} s")
