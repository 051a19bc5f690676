"""What Segmind tells about a request while it is queued, at work, done or failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.jobs import Job, Result
from understudy.media.errors import MediaError
from understudy.placeholders import picture_size, placeholder
from understudy_contracts.models import Model
from understudy_contracts.outcome import fill

_MICRO = 1_000_000

#: Where the content network keeps what was made.
MEDIA_PREFIX = "/generations"


class Records:
    """Makes the answers about jobs."""

    def __init__(self, engine: Engine, models: Mapping[str, Model]) -> None:
        self._engine = engine
        self._models = models

    def status(self, job: Job, now: float) -> str:
        """One of QUEUED, PROCESSING, COMPLETED and FAILED."""
        if now < job.finishes_at:
            return job.step(now)
        return "COMPLETED" if job.results[0].error is None else "FAILED"

    def metrics(self, account: Account, job: Job) -> dict[str, Any]:
        """What a finished job took and cost; a failed one cost nothing and says nothing of it."""
        started_at = job.steps[-1][1]
        metrics: dict[str, Any] = {
            "inference_time": round(job.finishes_at - started_at, 6),
            "queue_time": round(started_at - job.submitted_at, 6),
            "total_time": round(job.finishes_at - job.submitted_at, 6),
        }
        if job.results[0].error is None:
            metrics = {"cost": job.cost / _MICRO, "remaining_credits": self.remaining(account, job), **metrics}
        return metrics

    def remaining(self, account: Account, job: Job) -> float:
        """The balance when the job had been paid for: what is decided by then does not change any more."""
        kept = account.keep(Balances).at_finish
        if job.id not in kept:
            kept[job.id] = account.ledger.balance(job.finishes_at)
        return kept[job.id] / _MICRO

    def standing(self, account: Account, job: Job, now: float, urls: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of `…/status`."""
        status = self.status(job, now)
        if status == "FAILED":
            return self._failed(account, job)
        if status == "COMPLETED":
            return 200, {"status": status, "request_id": job.id, "metrics": self.metrics(account, job)}
        self._foresee(job)
        return 200, {"status": status, "request_id": job.id, **urls, "metrics": {}}

    async def news(self, account: Account, job: Job) -> dict[str, Any]:
        """What is told of a finished job without being asked."""
        now = job.finishes_at
        output = None
        if self.status(job, now) == "COMPLETED":
            model = self._models[job.model]
            output = self.url(job, job.results[0])
            if model.output.kind == "text" or model.operation == "workflow":
                output = (await self.outcome(job, sized=False))["output"]
        return {
            "request_id": job.id,
            "model_name": job.model,
            "status": self.status(job, now),
            "output": output,
            "error": job.extras["failure"],
            "metrics": self.metrics(account, job),
        }

    async def result(
        self, account: Account, job: Job, now: float, urls: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the request itself; while it runs, those of its status (assumed)."""
        if self.status(job, now) != "COMPLETED":
            return self.standing(account, job, now, urls)
        return 200, {
            "status": "COMPLETED",
            "request_id": job.id,
            "error": None,
            **await self.outcome(job),
            "metrics": self.metrics(account, job),
        }

    async def outcome(self, job: Job, *, sized: bool = True) -> dict[str, Any]:
        """What a success came to, in the shape of its model; that of a workflow is JSON within a string.

        How large a file is can only be told of one that is there: `sized` waits for it to be made.
        """
        model = self._models[job.model]
        if model.output.kind == "text":
            return dict(fill(model.outcome, {"text": orjson.dumps(self.reply(job)).decode()}))
        width, height = picture_size(model, orjson.loads(job.request))
        values = {"width": width, "height": height, "seconds": job.seconds}
        made = fill(model.outcome, values, [await self._file(model, job, result, sized) for result in job.results])
        return {"output": orjson.dumps(made).decode()} if model.operation == "workflow" else dict(made)

    def reply(self, job: Job) -> Any:
        """What a language model answers, in the shape of whoever makes it."""
        model = self._models[job.model]
        said = _asked(orjson.loads(job.request))
        text = f"This is understudy standing in for {model.name}. You said: {said}"
        return fill(model.reply, {"text": text, "model": model.id})

    def url(self, job: Job, result: Result) -> str:
        """Where a file of a job is."""
        return f"{job.origin}{MEDIA_PREFIX}/{result.id}.{job.container}"

    def _failed(self, account: Account, job: Job) -> tuple[int, dict[str, Any]]:
        body = {"status": "FAILED", "error": job.extras["failure"], "metrics": self.metrics(account, job)}
        return 422, body

    def _foresee(self, job: Job) -> None:
        model, result, studio = self._models[job.model], job.results[0], self._engine.studio
        if studio.eager and result.error is None and model.output.kind != "text":
            studio.foresee(result.id, lambda: placeholder(model, job, result))

    async def _file(self, model: Model, job: Job, result: Result, sized: bool) -> dict[str, Any]:
        wanted = placeholder(model, job, result)
        url = self.url(job, result)
        told: dict[str, Any] = {"media": url, "content_type": wanted.content_type, "file_name": url.rpartition("/")[2]}
        if not sized:
            return told
        try:
            path = await self._engine.studio.file(wanted)
            told["file_size"] = str(path.stat().st_size)
        except MediaError:
            told["file_size"] = None
        return told


@dataclass(slots=True)
class Balances:
    """An account's balance at the moment each of its jobs was paid for, in micro-dollars."""

    at_finish: dict[str, int] = field(default_factory=dict)


def _asked(fields: Mapping[str, Any]) -> str:
    """What was said to a language model: its prompt, or the last of its messages."""
    prompt, messages = fields.get("prompt"), fields.get("messages")
    if isinstance(prompt, str):
        return prompt
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, Mapping) else None
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, Mapping))
        content = " ".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else "nothing"
