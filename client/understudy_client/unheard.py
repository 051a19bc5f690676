"""The error for a request that nobody answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConnectionFailed
from .flow import Lost
from .jobs import Job
from .url import without_password
from .waiting import reason


def unheard(
    provider: str,
    url: str,
    lost: Lost,
    *,
    job: Job | None = None,
    request: Mapping[str, Any] | None = None,
    billed: bool | None = None,
    advice: str = "",
) -> ConnectionFailed:
    """Make the error; `advice` is what the caller should do before anything else."""
    error = ConnectionFailed(
        f"no answer from {without_password(url)}: {reason(lost.cause)}{advice}",
        provider=provider,
        job=job,
        request=request,
        retryable=lost.retryable,
        billed=billed,
    )
    error.__cause__ = lost.cause
    return error
