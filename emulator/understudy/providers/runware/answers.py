"""What goes back to a caller: results in each of their states, and the URLs they point to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from understudy.jobs import Job, Result

from .refusals import Refusals

if TYPE_CHECKING:
    from .video import Order

#: Under which name a job remembers which key leads to its captions.
_SIDECAR = "sidecar"

#: What most jobs have, so that they need not have one each.
_NO_EXTRAS: Mapping[str, Any] = {}


class Answers:
    """Makes the items of an answer, in the shapes the switches ask for."""

    def __init__(self, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._refusals = refusals
        self._with_status = stance["success-status-field"] == "on"
        self._failures_in_data = stance["failed-task"] in ("data", "both")
        self._failures_in_errors = stance["failed-task"] in ("errors", "both")
        self._tells_of_captions = stance["srt-field"] == "on"
        self._wrapped = stance["webhook-body"] == "wrapped"

    def extras(self, order: "Order") -> Mapping[str, Any]:
        """What each successful result of a task carries beside its ids."""
        sidecar = order.model.sidecar
        extras: dict[str, Any] = {}
        if order.task.get("includeCost"):
            extras["cost"] = order.cost / 1_000_000
        safety = order.task.get("safety") or {}
        if safety.get("mode", "fast" if safety.get("checkContent") else "none") != "none":
            extras["NSFWContent"] = False
        if sidecar is not None and self._tells_of_captions and self._has_words(order):
            extras[_SIDECAR] = sidecar.key
        return extras or _NO_EXTRAS

    def price(self, order: "Order") -> dict[str, Any]:
        """The answer to a dry run: the acknowledgement with what the whole task would cost. Its shape is assumed."""
        return {
            "taskType": "videoInference",
            "taskUUID": order.uuid,
            "cost": order.cost * order.count / 1_000_000,
        }

    def add_states(self, job: Job, now: float, data: list[dict[str, Any]], errors: list[dict[str, Any]]) -> None:
        """Append where each result of a job stands to an answer's data and errors."""
        for result in job.results:
            self.add_state(job, result, now, data, errors)

    def add_state(
        self, job: Job, result: Result, now: float, data: list[dict[str, Any]], errors: list[dict[str, Any]]
    ) -> None:
        """Append where one result stands."""
        match result.state(now):
            case "processing":
                data.append({"taskType": "videoInference", "taskUUID": job.id, "status": "processing"})
            case "success":
                data.append(self.success(job, result))
            case "error":
                if self._failures_in_data:
                    data.append(self._failure_item(job, result))
                if self._failures_in_errors:
                    errors.append(self._refusals.of_failure(job, result))

    def success(self, job: Job, result: Result) -> dict[str, Any]:
        """A finished result."""
        item: dict[str, Any] = {"taskType": "videoInference", "taskUUID": job.id}
        if self._with_status:
            item["status"] = "success"
        item["videoUUID"] = result.id
        item["videoURL"] = video_url(job, result)
        item["seed"] = result.seed
        item.update(job.extras)
        if _SIDECAR in item:
            item[item.pop(_SIDECAR)] = video_url(job, result, "srt")
        return item

    def webhook(self, job: Job, result: Result) -> dict[str, Any]:
        """The body of the webhook about one finished result, good or bad."""
        if result.error is not None:
            return {"errors": [self._refusals.of_failure(job, result)]}
        item = self.success(job, result)
        return {"data": [item]} if self._wrapped else item

    def _has_words(self, order: "Order") -> bool:
        """Whether captions are asked for, and there is something to read: of a recording nobody knows the words."""
        model, task = order.model, order.task
        return model.output.captioned(task) and bool(model.duration.spoken(task, order.given.lengths))

    def _failure_item(self, job: Job, result: Result) -> dict[str, Any]:
        error = self._refusals.of_failure(job, result)
        return {"taskType": "videoInference", "taskUUID": job.id, "status": "error", "error": error}


def video_url(job: Job, result: Result, suffix: str | None = None) -> str:
    """Where a result's file is, in the provider's own path form; the shard is derived from the id.

    Beside it are, with other endings, its poster and its captions: where those are with the provider no source says.
    """
    shard = f"a{int(result.id[:2], 16) % 30:02d}d{int(result.id[2:4], 16) % 30:02d}"
    return f"{job.origin}/video/os/{shard}/ws/5/vi/{result.id}.{suffix or job.container}"
