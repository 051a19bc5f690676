"""Lines to paste that make an error strike, in each of the three ways."""

import json
import shlex
import uuid
from typing import Any

from understudy.error_list import triggers
from understudy_contracts.errors import ErrorCase

#: Where a server listens unless told otherwise.
_HERE = "http://127.0.0.1:8899"

_SAYING = "Good evening, night owls."


def lines(case: ErrorCase, here: str = _HERE) -> dict[str, str]:
    """A command for each way: `magic`, `header` and `rule`."""
    ways = triggers(case)
    rule = f"curl -s {here}/_understudy/faults{_headers()} -d {_quoted(ways['rule'])}"
    return {
        "magic": _submit(case.provider, here, f"{_SAYING} {ways['magic']}"),
        "header": _submit(case.provider, here, _SAYING, ways["header"]),
        "rule": f"{rule}\n{_submit(case.provider, here, _SAYING)}",
    }


def _submit(provider: str, here: str, text: str, *headers: str) -> str:
    """A request that any account may make."""
    path, body = _REQUESTS[provider](text)
    return f"curl -s {here}{path}{_headers(*headers, segmind=provider == 'segmind')} -d {_quoted(body)}"


def _runware(text: str) -> tuple[str, Any]:
    task = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:avatar@4",
        "inputs": {"avatar": "man_casual_young_adult"},
        "speech": {"text": text},
    }
    return "/v1", [task]


def _gmi(text: str) -> tuple[str, Any]:
    segment = {
        "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
        "voice": {"type": "text", "input_text": text, "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
    }
    payload = {"video_inputs": [segment], "dimension": {"width": 1280, "height": 720}}
    return "/api/v1/ie/requestqueue/apikey/requests", {"model": "heygen-avatar-4", "payload": payload}


def _segmind(text: str) -> tuple[str, Any]:
    face = "https://faces.example/ada.png"
    return "/v2/heygen-avatar-iv", {"image_url": face, "video_title": "Hello", "script": text}


_REQUESTS = {"runware": _runware, "gmi": _gmi, "segmind": _segmind}


def _headers(*more: str, segmind: bool = False) -> str:
    key = "x-api-key: any-key" if segmind else "Authorization: Bearer any-key"
    return "".join(f" -H {shlex.quote(header)}" for header in (key, "Content-Type: application/json", *more))


def _quoted(document: Any) -> str:
    return shlex.quote(json.dumps(document))
