"""What goes wrong with the tasks of a request: found out for all of them before the first is begun.

A fault that keeps a request from the provider keeps all of its tasks from it, whichever of them it is about.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from understudy.faults import Strike, UnknownFault

from .refusals import Refusal, Refusals
from .work import Caller

#: What a task is for, by its type.
OPERATIONS = {
    "videoInference": "submit",
    "getResponse": "poll",
    "accountManagement": "account",
    "getTaskDetails": "list",
    "modelSearch": "models",
    "modelUpload": "train",
    "mediaStorage": "upload",
    "imageUpload": "upload",
    "ping": "other",
}


class TransportFault(Exception):
    """The answer never comes from the provider: a gateway answers in its place, with a page."""

    def __init__(self, status: int, page: str) -> None:
        super().__init__(f"HTTP {status} from a gateway")
        self.status = status
        self.page = page


def meet(caller: Caller, task: dict[str, Any], refusals: Refusals) -> Strike | Refusal:
    """What goes wrong with a task, or its refusal where that is told at once.

    Raises TransportFault or Unreached where the whole request is kept from the provider.
    """
    operation = OPERATIONS[task["taskType"]]
    uuid, model = task.get("taskUUID"), task.get("model")
    magic: tuple[str, ...] = ()
    if operation == "submit":
        magic = (caller.account.key, *_texts(task))
    elif operation == "poll":
        job = caller.account.jobs("runware").get(uuid.lower()) if isinstance(uuid, str) else None
        model = None if job is None else job.model
    try:
        strike = caller.visit.meet(
            operation,
            model=model if isinstance(model, str) else None,
            job=uuid if isinstance(uuid, str) else None,
            text=lambda: orjson.dumps(task).decode(),
            magic=magic,
        )
    except UnknownFault as problem:
        return refusals.unknown_fault(problem, task)
    error = strike.error
    if error is None:
        return strike
    if error.strikes == "transport":
        status = error.status or 502
        if not caller.on_socket:
            raise TransportFault(status, error.message)
        return of_gateway(status, error.code, task)
    if error.strikes == "submit" or operation != "submit":
        return refusals.by_name(error, task)
    return strike


def of_gateway(status: int, code: str, task: Any) -> Refusal:
    """What a gateway's page comes to on a socket, where there are no pages: an error of the task."""
    named = task if isinstance(task, dict) else {}
    about = {name: named[name] for name in ("taskType", "taskUUID") if isinstance(named.get(name), str)}
    return Refusal(status, {"code": code, "message": f"HTTP {status} from a gateway", **about})


def _texts(task: dict[str, Any]) -> Iterator[str]:
    """Where a person can write a magic value: the prompt and the script."""
    speech = task.get("speech")
    for text in (task.get("positivePrompt"), speech.get("text") if isinstance(speech, dict) else None):
        if isinstance(text, str):
            yield text
