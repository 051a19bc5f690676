"""What was uploaded, and whether it comes back as it was, whole or in part."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.checks import Exchange
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

_DATA = re.compile(r"data:[\w/+.-]*;base64,([A-Za-z0-9+/=]+)")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


def uploaded(operation: Operation) -> bytes | None:
    """The bytes that an operation has to answer, for they were uploaded before; None where nobody can say."""
    before = operation.typical.get("after") or (operation.address.operation if operation.address is not None else None)
    if operation.purpose != "download" or before is None:
        return None
    upload = contract(operation.provider).operations[str(before)]
    if upload.purpose != "upload":
        return None
    if "content" in upload.typical:
        return str(upload.typical["content"]).encode()
    return next((b64decode(one) for one in _inside(upload.typical.get("body"))), None)


def _inside(document: Any) -> Iterator[str]:
    """Every file that stands in a document itself."""
    if isinstance(document, str) and (found := _DATA.fullmatch(document)):
        yield found[1]
    elif isinstance(document, Mapping | list):
        for value in document.values() if isinstance(document, Mapping) else document:
            yield from _inside(value)


def partial_content(exchange: Exchange, content: bytes) -> str:
    """Say in what a part of a file is not the one that it says it is; empty where it is, or is no part."""
    if exchange.status != 206 or "content-range" not in exchange.headers:
        return ""
    told = _RANGE.fullmatch(exchange.headers["content-range"])
    if told is None:
        return f"{exchange.headers['content-range']!r} tells no range"
    wanted = int(told[2]) - int(told[1]) + 1
    return "" if len(content) == wanted else f"{wanted} bytes are told, and {len(content)} came"
