"""What any recording of a conversation with Runware must keep, whoever spoke the provider's part."""

from __future__ import annotations

from collections import Counter
from math import inf

from understudy_contracts.provider import contract

from .asked import declared, misfits, operations_of
from .check import Notes, Rules
from .exchange import Exchange
from .runware_record import VIDEO, Item, Record, by_task, is_dry_run, is_sync, items_of, tasks_of, uuid_of

RULES: Rules[Record] = Rules("runware")

_POLLING = "Runware docs, platform/task-polling"
_ERRORS = "Runware docs, platform/errors"
_WEBHOOKS = "Runware docs, platform/webhooks"
_PAGE = "Runware model page, HeyGen Avatar IV"
_CLIENTS = "deployed clients, 2026 (observed)"


@RULES.check(
    "schema",
    why="A field that is missing, new or of another type breaks whoever decodes the answer.",
    sources=(_POLLING, _ERRORS, "runware-sdk 1.8.0 (PyPI), types/task_map.py", f"webhooks: {_CLIENTS}"),
    scope="exchange",
)
def schema(record: Record, notes: Notes) -> None:
    """Every answer and every webhook has the form the contract gives it."""
    judges = contract("runware")
    for exchange in record.exchanges:
        if exchange.status >= 400 and tasks_of(exchange):
            continue
        if forms := _forms(exchange, record):
            notes.look()
            for violation in misfits("runware", forms, exchange.body, record.switches):
                notes.find(violation.message, exchange)
        if each := _each(exchange):
            for item in items_of(exchange.body, "data"):
                for violation in misfits("runware", each, item, record.switches):
                    notes.find(violation.message, exchange)
    for webhook in record.webhooks:
        notes.look()
        for violation in judges.judge("webhook", **record.switches).violations(webhook.body):
            notes.find(violation.message, webhook)


def _forms(exchange: Exchange, record: Record) -> tuple[str, ...]:
    kinds = {task.get("taskType") == "getResponse" for task in tasks_of(exchange)}
    if not kinds:
        asked = operations_of(exchange)
        if asked and asked[0].task is not None:
            return ("envelope",) if exchange.status < 400 else ()
        said = declared(asked, record.switches).get(exchange.status) if asked else None
        return said.schemas if said is not None else ()
    if len(kinds) > 1 or _each(exchange):
        return ("envelope",)
    return ("get-response-answer",) if True in kinds else ("submit-answer",)


def _each(exchange: Exchange) -> tuple[str, ...]:
    """The forms that each item may have, where that is not told by the form of the whole."""
    if is_dry_run(exchange):
        return ("price-answer",)
    tasks = tasks_of(exchange)
    waits = bool(tasks) and all(task.get("taskType") == VIDEO and is_sync(task) for task in tasks)
    return ("result", "acknowledgement") if waits else ()


@RULES.check(
    "ids-echoed",
    why="Clients sort what they hear by taskUUID: one that is missing or strange leaves a task waiting for ever.",
    sources=(_POLLING, f"{_PAGE}, taskUUID", "runware-sdk 1.8.0 (PyPI), transport/websocket.py"),
    scope="exchange",
)
def ids_echoed(record: Record, notes: Notes) -> None:
    """An answer speaks of the tasks it was asked about, and a submit of each of them exactly once."""
    for exchange in record.exchanges:
        asked = {uuid_of(task): task for task in tasks_of(exchange) if "taskUUID" in task}
        if not asked:
            continue
        notes.look()
        data, errors = (by_task(items_of(exchange.body, key)) for key in ("data", "errors"))
        for uuid in {**data, **errors}:
            if uuid not in asked:
                notes.find(f"nobody asked about the task {uuid}", exchange)
        for uuid, task in asked.items():
            if task.get("taskType") != VIDEO:
                continue
            told = uuid in data or uuid in errors
            if exchange.status < 300 and record.switches["acknowledgement"] == "item" and not told:
                notes.find(f"the task {uuid} was neither accepted nor refused", exchange)
            taken = [item for item in data.get(uuid, ()) if item.get("taskType") == VIDEO]
            if sum(not {"status", "videoUUID"} & item.keys() for item in taken) > 1:
                notes.find(f"the task {uuid} was accepted twice in one answer", exchange)


@RULES.check(
    "refused-is-refused",
    why="A client that takes an error's status as a refusal pays for a task that it does not know it has.",
    sources=("error samples of a deployed client, 2026-02: data is there and empty (observed)", _ERRORS),
    scope="exchange",
)
def refused_is_refused(record: Record, notes: Notes) -> None:
    """An answer with the status of an error accepts no task, and none is accepted and refused at once."""
    for exchange in record.exchanges:
        submitted = Counter(uuid_of(task) for task in tasks_of(exchange) if task.get("taskType") == VIDEO)
        errors = items_of(exchange.body, "errors")
        refused = by_task(error for error in errors if error.get("taskType", VIDEO) == VIDEO)
        for item in items_of(exchange.body, "data"):
            uuid = uuid_of(item)
            if uuid not in submitted or item.get("taskType") != VIDEO:
                continue
            notes.look()
            if exchange.status >= 400:
                notes.find(f"the task {uuid} was accepted with HTTP {exchange.status}", exchange)
            elif uuid in refused and submitted[uuid] == 1:
                notes.find(f"the task {uuid} was both accepted and refused", exchange)
        if exchange.status >= 400 and submitted:
            notes.look()


@RULES.check(
    "errors-scoped",
    why="Every SDK takes an error without a taskUUID for the failure of all that is under way.",
    sources=(_ERRORS, "runware-sdk 1.8.0 (PyPI), transport/websocket.py"),
    scope="exchange",
)
def errors_scoped(record: Record, notes: Notes) -> None:
    """Where only some of several tasks go wrong, each error names the task it is about."""
    for exchange in record.exchanges:
        tasks, errors = tasks_of(exchange), items_of(exchange.body, "errors")
        if not errors or not items_of(exchange.body, "data") or any("taskUUID" not in task for task in tasks):
            continue
        notes.look()
        if any("taskUUID" not in error for error in errors):
            notes.find("an error beside what went well does not say which task it is about", exchange)


@RULES.check(
    "only-forward",
    why="Whoever has shown or sold a video must not learn later that it is another one, or none.",
    sources=(f"{_POLLING}, partial results", "@runware/sdk 1.6.8, test/rest-polling.test.ts"),
)
def only_forward(record: Record, notes: Notes) -> None:
    """A finished result stays, as it was; so does a failed one."""
    for uuid, task in record.tasks.items():
        finished: dict[str, Item] = {}
        failed = 0
        for poll in task.polls:
            if poll.gone:
                continue
            notes.look()
            now = poll.finished()
            for video, item in finished.items():
                if video not in now:
                    notes.find(f"the result {video} of {uuid} is gone again", poll.exchange)
                elif now[video] != item:
                    notes.find(f"the finished result {video} of {uuid} changed", poll.exchange)
            failures = len(poll.failures())
            if failures < failed:
                notes.find(f"a failed result of {uuid} is gone again", poll.exchange)
            for video, item in now.items():
                finished.setdefault(video, item)
            failed = max(failures, failed)


@RULES.check(
    "one-end",
    why="A result too many is paid for by somebody; one listed twice is shown twice.",
    sources=(f"{_PAGE}, numberResults", _POLLING),
)
def one_end(record: Record, notes: Notes) -> None:
    """A task ends in as many results as it asked for, each finished or failed once."""
    for uuid, task in record.tasks.items():
        videos: set[str] = set()
        for poll in task.polls:
            notes.look()
            now = poll.finished()
            if len(now) < sum("videoUUID" in item for item in poll.items):
                notes.find(f"an answer lists a result of {uuid} twice", poll.exchange)
            videos |= now.keys()
            if len(videos) + len(poll.failures()) > task.expected:
                notes.find(f"the task {uuid} has more than {task.expected} ends", poll.exchange)


@RULES.check(
    "ids-unique",
    why="Two results of one id overwrite each other, and a task that is taken twice is paid twice.",
    sources=(f"{_PAGE}, taskUUID: unique per task", "deployed clients: conflictTaskUUID (observed)"),
)
def ids_unique(record: Record, notes: Notes) -> None:
    """A taskUUID is accepted once, and no two tasks have a result of the same id.

    The same task sent again over a socket, whose session may have been resumed, may be acknowledged again.
    """
    owners: dict[str, str] = {}
    for uuid, task in record.tasks.items():
        notes.look()
        for exchange in task.accepted[1:]:
            # After a socket was cut its client sends again what it got no answer to.
            if exchange.transport == "http" or task.request not in tasks_of(exchange):
                notes.find(f"the task {uuid} was accepted again", exchange)
        for shown, item in task.results():
            video = str(item["videoUUID"])
            if owners.setdefault(video, uuid) != uuid:
                notes.find(f"the result {video} of {uuid} is {owners[video]}'s too", shown)


@RULES.check(
    "webhooks-agree",
    why="Whoever waits for webhooks and whoever polls must come to the same videos and the same bill.",
    sources=(f"{_WEBHOOKS}: the body is the complete task response", f"the fields: {_CLIENTS}"),
)
def webhooks_agree(record: Record, notes: Notes) -> None:
    """Webhooks tell what polls tell, no earlier, and tell it the same way every time they are repeated."""
    for uuid, task in record.tasks.items():
        if not task.webhooks:
            continue
        finished = {video: _bare(item) for poll in task.polls for video, item in poll.finished().items()}
        failures = {failure for poll in task.polls for failure in poll.failures()}
        complete = any(len(poll.finished()) + len(poll.failures()) >= task.expected for poll in task.polls)
        first: dict[str, Item] = {}
        unknown = task.unknown_until({str(item["videoUUID"]) for _, item in task.webhooks if "videoUUID" in item})
        for webhook, item in task.webhooks:
            notes.look()
            if "videoUUID" in item:
                video, bare = str(item["videoUUID"]), _bare(item)
                if first.setdefault(video, bare) != bare:
                    notes.find(f"the result {video} of {uuid} was told in two ways", webhook)
                elif finished.get(video, bare) != bare or (complete and video not in finished):
                    notes.find(f"polls tell {video} of {uuid} otherwise", webhook)
                elif unknown.get(video, -inf) > webhook.at:
                    notes.find(f"the result {video} of {uuid} is told, and later polls do not know it", webhook)
            elif complete and (str(item.get("code")), str(item.get("message"))) not in failures:
                notes.find(f"polls know nothing of a failure of {uuid}", webhook)


def _bare(item: Item) -> Item:
    return {key: value for key, value in item.items() if key != "status"}
