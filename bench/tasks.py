"""The requests of the load: the first example of the provider's page, over and over under new ids."""

import uuid
from typing import Any

from understudy_contracts.provider import contract


def example() -> dict[str, Any]:
    """The task of the first example, under an id nobody used yet."""
    request: Any = contract("runware").examples[0]["request"]
    task: dict[str, Any] = request[0] if isinstance(request, list) else request
    return {**task, "taskUUID": str(uuid.uuid4())}


def with_script(script: str) -> dict[str, Any]:
    """The same, saying something else."""
    task = example()
    return {**task, "speech": {**task["speech"], "text": script}}


def poll(task: dict[str, Any]) -> dict[str, Any]:
    """The question how a task is doing."""
    return {"taskType": "getResponse", "taskUUID": task["taskUUID"]}
