"""What a provider posts to your webhookURL, read.

The provider's integration guide shows the bare item, applications in production received it wrapped in `data`
(observed, 2026), and failures arrive as `errors`; all three are understood. Deliveries come at least once:
`WebhookEvent.key` is the same for the same news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import runware_codec as codec
from .errors import InvalidAnswer, Problem
from .jobs import MediaResult


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One delivery: usually one finished video or one failure."""

    results: tuple[MediaResult, ...] = ()
    errors: tuple[Problem, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def job(self) -> str | None:
        """The taskUUID of the job it is about."""
        named = [result.job for result in self.results] + [problem.task for problem in self.errors]
        return next((task for task in named if task), None)

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for two deliveries of the same news; remember it to act only once.

        Two siblings that fail alike give equal keys: the provider tells them apart by nothing.
        """
        videos = [result.id for result in self.results]
        return (self.job or "", *videos, *(problem.code for problem in self.errors))


def parse_webhook(body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
    """Read the body of a webhook: wrapped, flat, or a failure.

    Raises InvalidAnswer when it is none of them; answer such a delivery with a 400.
    """
    parsed = _parsed(body)
    flat = not {"data", "errors"} & parsed.keys() and ("videoURL" in parsed or "status" in parsed)
    if flat:
        said = codec.envelope({"data": [parsed]})
    elif "code" in parsed and "message" in parsed:
        said = codec.envelope({"errors": [parsed]})
    else:
        said = codec.envelope(parsed)
    return WebhookEvent(tuple(codec.videos(said.data)), codec.failures(said), parsed)


def _parsed(body: bytes | str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(body, Mapping):
        return body
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"a webhook that is not JSON: {error}", provider=codec.PROVIDER) from error
    if not isinstance(parsed, dict):
        raise InvalidAnswer("a webhook that is not a JSON object", provider=codec.PROVIDER)
    return parsed
