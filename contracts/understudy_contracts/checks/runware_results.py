"""What any recording of a conversation with Runware must keep about results: their cost, files and failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from understudy_contracts.errors import kind_of
from understudy_contracts.provider import contract

from .check import Notes, Rules
from .exchange import Exchange, Webhook
from .prices import bill
from .runware_record import Item, Record, Task, items_of, tasks_of

RULES: Rules[Record] = Rules("runware")

_POLLING = "Runware docs, platform/task-polling"
_PAGE = "Runware model page, HeyGen Avatar IV"


@RULES.check(
    "money",
    why="Without its cost nobody can bill a video; with one where none was asked for, strict decoders break.",
    sources=(f"{_PAGE}, includeCost",),
)
def money(record: Record, notes: Notes) -> None:
    """A result says what it cost exactly when the task asked; a failure never does."""
    for uuid, task in record.tasks.items():
        asked = task.request.get("includeCost") is True
        for shown, item in task.results():
            notes.look()
            if ("cost" in item) != asked:
                notes.find(f"a result of {uuid} {'lacks its' if asked else 'has a'} cost", shown)
        for shown, item in _failures(task):
            notes.look()
            if "cost" in item:
                notes.find(f"a failed result of {uuid} has a cost", shown)


@RULES.check(
    "price",
    why="A bill that is not price times length is a wrong bill.",
    sources=(
        "runware/models/*.json, each price and rule of length with its own source and confidence",
        "five examples of the HeyGen Avatar IV page: the length of a script is told to within 7 % (inferred)",
    ),
)
def price(record: Record, notes: Notes) -> None:
    """A cost is the model's price times the length: where the request tells it exactly, or about that for a script.

    What is only assumed of a price is held against nobody, nor is the length of a recording nobody measured.
    """
    models = contract("runware").models
    for uuid, task in record.tasks.items():
        model = models.get(str(task.request.get("model")))
        expected = None if model is None else bill(model, task.request)
        if expected is None:
            continue
        for shown, item in task.results():
            if "cost" in item:
                notes.look()
                if not expected.allows(item["cost"]):
                    notes.find(f"a result of {uuid} cost {item['cost']}, and not {expected}", shown)


@RULES.check(
    "files",
    why="Who names downloads by their address stores one result as another.",
    sources=(f"{_PAGE}, five examples; for WEBM and MOV the ending is inferred",),
)
def files(record: Record, notes: Notes) -> None:
    """The address of a result ends in its own id and in the format that was asked for."""
    models = contract("runware").models
    for task in record.tasks.values():
        model = models.get(str(task.request.get("model")))
        for shown, item in task.results():
            address = item.get("videoURL")
            if not isinstance(address, str) or model is None:
                continue
            notes.look()
            name = address.partition("?")[0].rpartition("/")[2]
            if name != f"{item['videoUUID']}.{model.output.format_of(task.request)}":
                notes.find(f"the file of {item['videoUUID']} is called {name}", shown)


@RULES.check(
    "details-agree",
    why="Whoever looks up what was asked for, to ask for it again or to bill it, gets something else.",
    sources=(
        "runware-sdk 1.8.0 (PyPI), types/task_map.py: getTaskDetails tells the request",
        "that nothing of it is changed is inferred",
    ),
)
def details_agree(record: Record, notes: Notes) -> None:
    """The details of a task tell what was asked for, as it was."""
    for exchange in record.exchanges:
        for item in items_of(exchange.body, "data"):
            task = record.tasks.get(str(item.get("taskUUID")))
            told = item.get("request")
            if item.get("taskType") != "getTaskDetails" or task is None or not isinstance(told, list):
                continue
            notes.look()
            mine = next((one for one in told if isinstance(one, Mapping) and _is_of(one, item)), None)
            if mine is None:
                notes.find(f"the details of {item['taskUUID']} do not tell the task", exchange)
                continue
            others = [name for name, value in task.request.items() if name in mine and mine[name] != value]
            if others:
                notes.find(f"the details of {item['taskUUID']} tell another {others[0]}", exchange)


def _is_of(task: Item, item: Item) -> bool:
    return str(task.get("taskUUID")) == str(item.get("taskUUID"))


@RULES.check(
    "failures-marked",
    why="Clients tell a failed task from a failed poll by the state alone: without it they ask for ever.",
    sources=(f"{_POLLING}: a failed task has the status error",),
    scope="exchange",
)
def failures_marked(record: Record, notes: Notes) -> None:
    """A poll that went well marks the error of a task that failed with the state `error`."""
    for exchange in record.exchanges:
        polled = {str(task.get("taskUUID")) for task in tasks_of(exchange) if task.get("taskType") == "getResponse"}
        if not polled or exchange.status >= 300 or exchange.transport != "http":
            continue
        for error in items_of(exchange.body, "errors"):
            of_a_task = error.get("taskType", "getResponse") != "getResponse" and str(error.get("taskUUID")) in polled
            if of_a_task and kind_of("runware", str(error.get("code"))) != "not_found":
                notes.look()
                if error.get("status") != "error":
                    notes.find(
                        f"the task {error['taskUUID']} failed, and its status is {error.get('status')}", exchange
                    )


def _failures(task: Task) -> Iterator[tuple[Exchange | Webhook, Item]]:
    for poll in task.polls:
        inside = [item["error"] for item in poll.items if isinstance(item.get("error"), dict)]
        yield from ((poll.exchange, error) for error in (*inside, *poll.errors))
    yield from ((webhook, item) for webhook, item in task.webhooks if "code" in item)
