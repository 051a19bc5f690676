"""What GMI Cloud tells about a request: six keys at submit, the whole record afterwards."""

from collections.abc import Mapping
from typing import Any

import orjson

from understudy.accounts import Account
from understudy.jobs import Job, Result
from understudy.placeholders import CHANNELS, SAMPLE_RATE, picture_size
from understudy_contracts.errors import Words
from understudy_contracts.models import Model
from understudy_contracts.outcome import fill

#: Where the provider keeps what it makes; the misspelling is its own.
MEDIA_PREFIX = "/gmi-video-assests-prod/user-assets"


class Records:
    """Makes records, in the shapes the switches ask for."""

    def __init__(self, models: Mapping[str, Model], stance: Mapping[str, str]) -> None:
        self._models = models
        self._first_status = stance["submit-status"]
        self._echo_payload = stance["payload-echo"] == "verbatim"
        self._failed_as_object = stance["failed-outcome"] == "object"
        self._failed_on_top = stance["failed-top-level-error"] == "on"

    def status(self, job: Job, now: float) -> str:
        """One of the provider's words for where a request stands."""
        if job.cancelled_at is not None and job.cancelled_at <= now:
            return "cancelled"
        if now < job.finishes_at:
            return job.step(now)
        return "failed" if job.results[0].error is not None else "success"

    def is_final(self, job: Job, now: float) -> bool:
        """Whether nothing about the request will change any more."""
        return self.status(job, now) in ("cancelled", "failed", "success")

    def receipt(self, job: Job, now: float) -> dict[str, Any]:
        """The six keys that answer a submit."""
        created = int(job.submitted_at)
        status = self.status(job, now)
        return {
            "request_id": job.id,
            "model": job.model,
            "status": status if self.is_final(job, now) else self._first_status,
            "created_at": created,
            "updated_at": self._updated_at(job, now),
            "queued_at": created,
        }

    def record(self, account: Account, job: Job, now: float) -> dict[str, Any]:
        """The whole record, as `GET /requests/{id}` and the list show it."""
        status = self.status(job, now)
        created = int(job.submitted_at)
        record: dict[str, Any] = {
            "request_id": job.id,
            "org_id": account.organization,
            "user_id": account.user,
            "model": job.model,
            "status": status,
            "is_public": False,
            "payload": orjson.loads(job.request) if self._echo_payload else {},
            "outcome": None,
            "created_at": created,
            "updated_at": self._updated_at(job, now),
            "queued_at": created,
        }
        if status == "success":
            record["outcome"] = self._outcome(account, job)
        elif status == "failed":
            message = self.failure_message(job)
            record["outcome"] = {"error": self._failure(job) if self._failed_as_object else message}
            if self._failed_on_top:
                record["error"] = message
        return record

    def failure_message(self, job: Job) -> str:
        """What is said about a request that failed."""
        error = job.results[0].error
        assert error is not None
        said = _named(orjson.loads(job.request))
        return error.message.format_map(Words({**error.typical, **said, "model": job.model}))

    def _failure(self, job: Job) -> dict[str, Any]:
        error = job.results[0].error
        assert error is not None
        return {"code": error.code, "message": self.failure_message(job), "status": error.extra.get("status", "FAILED")}

    def _updated_at(self, job: Job, now: float) -> int:
        if not self.is_final(job, now):
            return int(job.submitted_at)
        return int(job.finishes_at if job.cancelled_at is None else job.cancelled_at)

    def _outcome(self, account: Account, job: Job) -> Any:
        model = self._models[job.model]
        width, height = picture_size(model, orjson.loads(job.request))
        values = {
            "poster": media_url(account, job, job.results[0], "jpg"),
            "seconds": job.seconds,
            "milliseconds": round(job.seconds * 1000),
            "format": job.container,
            "width": width,
            "height": height,
            "sample_rate": SAMPLE_RATE,
            "channels": CHANNELS,
        }
        return fill(model.outcome, values, [{"media": media_url(account, job, result)} for result in job.results])


def media_url(account: Account, job: Job, result: Result, suffix: str | None = None) -> str:
    """Where a file of a request is, in the provider's own path form."""
    name = f"{result.id}.{suffix or job.container}"
    return f"{job.origin}{MEDIA_PREFIX}/{account.organization}/gmi-videogen/generated/{name}"


def _named(value: Any) -> dict[str, object]:
    """Every text of a payload by the name of its key, the first where there are several: for messages to speak of."""
    found: dict[str, object] = {}
    if isinstance(value, Mapping):
        found.update((key, inner) for key, inner in value.items() if isinstance(inner, str))
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for inner in inside:
        for key, text in _named(inner).items():
            found.setdefault(key, text)
    return found
