"""What Runware sends by itself when a result is done: the file to `uploadEndpoint`, then the webhook."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from understudy.accounts import Account
from understudy.deliveries import Delivery, Produce, RetryPolicy
from understudy.engine import Engine
from understudy.jobs import Job, Result
from understudy.media.clip import CONTENT_TYPES, Clip

from .answers import Answers

#: 250 ms doubling to 8 s with jitter, an answer within 5 s: Runware's agent skills. When it gives up is not documented.
WEBHOOK_RETRIES = RetryPolicy(first=0.25, cap=8.0, attempts=10, timeout=5.0)

#: Nothing is documented about retrying uploads: the webhook's delays, a file's patience.
UPLOAD_RETRIES = RetryPolicy(first=0.25, cap=8.0, attempts=5, timeout=60.0)


class Callbacks:
    """Plans the deliveries of a job."""

    def __init__(self, engine: Engine, answers: Answers, clip: Callable[[Job, Result], Clip]) -> None:
        self._engine = engine
        self._answers = answers
        self._clip = clip

    def plan(self, job: Job, task: Mapping[str, Any], account: Account) -> list[Delivery]:
        """Queue what each result of the job will send, at the moment it finishes."""
        queued = []
        for result in job.results:
            webhook = self._webhook(job, result, task.get("webhookURL"))
            upload = self._upload(job, result, task.get("uploadEndpoint"))
            if upload is not None:
                upload.then = webhook
            if (first := upload or webhook) is not None:
                self._engine.outbox.add(account, first)
                queued.append(first)
        return queued

    def revive(self, account: Account, delivery: Delivery) -> None:
        """Give a delivery that was written down its content again; raises LookupError when its job is not there."""
        job = account.jobs(delivery.provider)[delivery.job.lower()]
        result = next((result for result in job.results if result.id == delivery.result), None)
        if result is None:
            raise LookupError(delivery.result)
        if delivery.kind == "webhook":
            delivery.produce, delivery.policy = self._body(job, result), WEBHOOK_RETRIES
            delivery.text = job.request.decode
        else:
            delivery.produce, delivery.policy = self._file(job, result), UPLOAD_RETRIES

    def _body(self, job: Job, result: Result) -> Produce:
        async def body() -> bytes:
            return orjson.dumps(self._answers.webhook(job, result))

        return body

    def _file(self, job: Job, result: Result) -> Produce:
        async def file() -> Path:
            return await self._engine.studio.file(await asyncio.to_thread(self._clip, job, result))

        return file

    def _webhook(self, job: Job, result: Result, url: str | None) -> Delivery | None:
        if url is None:
            return None
        return Delivery(
            id=f"webhook-{result.id}",
            kind="webhook",
            provider=job.provider,
            model=job.model,
            job=job.id,
            result=result.id,
            url=url,
            due=result.finishes_at,
            method="POST",
            content_type="application/json",
            produce=self._body(job, result),
            policy=WEBHOOK_RETRIES,
            text=job.request.decode,
        )

    def _upload(self, job: Job, result: Result, url: str | None) -> Delivery | None:
        if url is None or result.error is not None:
            return None
        return Delivery(
            id=f"upload-{result.id}",
            kind="upload",
            provider=job.provider,
            model=job.model,
            job=job.id,
            result=result.id,
            url=url,
            due=result.finishes_at,
            method="PUT",
            content_type=CONTENT_TYPES[job.container],
            produce=self._file(job, result),
            policy=UPLOAD_RETRIES,
        )
