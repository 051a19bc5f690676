"""What somebody else has recorded: an HTTP Archive (HAR 1.2), as browsers, proxies and the journal write it."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.edition import edition
from understudy_contracts.requests import Request

from .entries import Entry, RecordingError
from .permission import taken_for
from .reading import parsed
from .recording import Manifest, Recording
from .redaction import Redactor


def from_har(file: str | Path, provider: str, *, keys: Iterable[str] = ()) -> Recording:
    """Take what an archive has of a provider, without its secrets; `notices` say what was left out.

    It is taken for the provider's by its paths, wherever it was sent. `keys` are API keys that may be in it. Raises
    `RecordingError` for what is no archive.
    """
    path = Path(file)
    try:
        rows = json.loads(path.read_bytes())["log"]["entries"]
        if not isinstance(rows, list):
            raise TypeError("log.entries is no list")
    except OSError as problem:
        raise RecordingError(f"{path} cannot be read: {problem.strerror}") from None
    except (ValueError, LookupError, TypeError) as problem:
        raise RecordingError(f"{path} is no HTTP Archive: {problem!r}") from None
    redactor = Redactor(keys, provider)
    entries: list[Entry] = []
    left: Counter[str] = Counter()
    for number, row in enumerate(rows):
        try:
            told = _exchange(row, provider)
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            raise RecordingError(f"{path}: entry {number} cannot be read: {problem!r}") from None
        if isinstance(told, str):
            left[told] += 1
        else:
            entries.append(Entry(redactor.exchange(told), source=path.name))
    notices = tuple(f"{count} left out: {why}" for why, count in left.items())
    date = str(rows[0].get("startedDateTime", "")) if rows else ""
    manifest = Manifest(provider, path.name, date, 0, "", edition(provider))
    return Recording(manifest, tuple(entries), notices if entries else (*notices, "it has no exchanges"))


def _exchange(row: Mapping[str, Any], provider: str) -> Exchange | str:
    """One entry, or why it is left out."""
    asked, answer = row["request"], row["response"]
    if row.get("_webSocketMessages") is not None or answer["status"] == 101:
        return "what a socket carried: nothing says which frame answers which"
    if not answer["status"]:
        return "no answer came"
    said = _content(asked.get("postData", {}))
    request = Request(asked["method"], asked["url"], _headers(asked), said)
    meant = [one for one in taken_for(provider, request) if one.method == request.method]
    if not meant:
        return f"no operation of {provider} has such a path"
    content = _content(answer["content"])
    # Where nobody knows how long it was it is told as -1.
    if content == b"" and answer["content"].get("size", 0) != 0:
        return "the answer's content was not recorded"
    body = parsed(content)
    seconds = max(0.0, float(row["time"]) / 1000)
    return Exchange(
        request=parsed(said),
        status=answer["status"],
        body=body,
        at=datetime.fromisoformat(row["startedDateTime"]).timestamp() + seconds,
        method=request.method,
        path=request.target,
        headers=_headers(answer),
        provider=provider,
        operation=meant[0].name,
        sent=dict(request.headers),
        content=b"" if body is not None else content,
        seconds=seconds,
    )


def _headers(part: Mapping[str, Any]) -> dict[str, str]:
    # HTTP/2 has further ones, which begin with a colon and say what the address says.
    return {one["name"].lower(): one["value"] for one in part["headers"] if not one["name"].startswith(":")}


def _content(part: Mapping[str, Any]) -> bytes:
    text = part.get("text", "")
    try:
        return base64.b64decode(text, validate=True) if part.get("encoding") == "base64" else text.encode()
    except binascii.Error as problem:
        raise ValueError(f"it is no base64: {problem}") from None
