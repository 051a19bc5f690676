"""What is planted in Runware's part, on its socket."""

from __future__ import annotations

from typing import Any

from planted.planting import planted

_NOBODY = "00000000-0000-4000-8000-000000000000"


def _items(frame: Any, task_type: str, *, having: str = "taskUUID") -> list[Any]:
    """What a frame tells of tasks of one type."""
    return [one for one in frame.get("data", ()) if one.get("taskType") == task_type and having in one]


@planted("frame", found="declared", at="runware.accountManagement.account-management-answer.socket")
def extra_frame(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A task is answered by the same frame twice."""
    return [frame, frame] if _items(frame, "accountManagement") else [frame]


@planted("frame", found="declared", at="runware.videoInference.invalidModel.socket")
def frame_of_nothing(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A frame that is empty comes before each error."""
    return [{"data": []}, frame] if "errors" in frame else [frame]


@planted("frame", found="runware.ids-echoed", at="runware.videoInference.acknowledgement.socket")
def no_acknowledgement_in_a_frame(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A submit is answered by a frame that is empty."""
    return [{"data": []}] if _items(frame, "videoInference") else [frame]


@planted("frame", found="runware.ids-echoed", at="runware.videoInference.acknowledgement.socket")
def other_id_in_a_frame(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A frame acknowledges a task that nobody handed in."""
    for item in _items(frame, "videoInference"):
        item["taskUUID"] = _NOBODY
    return [frame]


@planted("frame", found="runware.schema", at="runware.videoInference.acknowledgement.socket")
def dropped_field_in_a_frame(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A frame does not say of which type the task is that it acknowledges."""
    for item in _items(frame, "videoInference"):
        del item["taskType"]
    return [frame]


@planted("frame", found="error-as-declared", at="runware.videoInference.invalidModel.socket")
def other_code_in_a_frame(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """A model that is no AIR is refused with another code."""
    for error in frame.get("errors", ()):
        error["code"] = "invalidParameter"
    return [frame]


@planted("frame", found="accepted", at="runware.modelSearch.two-at-once.socket")
def answers_swapped(frame: Any, memory: dict[str, Any]) -> list[Any]:
    """Of two tasks each is answered with the other's answer."""
    found = _items(frame, "modelSearch")
    if len(found) == 2:
        found[0]["taskUUID"], found[1]["taskUUID"] = found[1]["taskUUID"], found[0]["taskUUID"]
        return [frame]
    if len(found) == 1 and (before := memory.setdefault("before", frame)) is frame:
        return []
    if found:
        [first] = _items(before, "modelSearch")
        first["taskUUID"], found[0]["taskUUID"] = found[0]["taskUUID"], first["taskUUID"]
        return [before, frame]
    return [frame]
