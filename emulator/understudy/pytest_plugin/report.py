"""What is shown of an account when its test fails: what was said last, and which faults never struck."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from understudy.control.client import ControlError

if TYPE_CHECKING:
    from .account import Understudy

#: How many exchanges are shown, and how many characters of a body.
_EXCHANGES = 8
_LONGEST = 300


def section(account: Understudy) -> str:
    """The account's last exchanges, without secrets, and what else may explain a failure."""
    try:
        control = account.control
        last = [*islice(control.journal(order="newest"), _EXCHANGES + 1)]
        faults = control.faults()
    except ControlError as problem:
        return f"the stand-in does not tell: {problem}"
    lines = [] if len(last) <= _EXCHANGES else ["…"]
    for exchange in reversed(last[:_EXCHANGES]):
        lines += _told(exchange)
    if not last:
        lines.append(f"nothing was asked with this test's API key at {account.url}")
    for fault in faults:
        if not fault["struck"]:
            lines += [f"{fault['id']} never struck, {fault['why']}:", f"  {_brief(fault['rule'])}"]
    return "\n".join(lines)


def _told(exchange: dict[str, Any]) -> list[str]:
    request, response = exchange["request"], exchange.get("response") or {}
    who = " ".join(name for name in (exchange["provider"], exchange["operation"]) if name)
    struck = f", struck by {', '.join(exchange['faults'])}" if exchange["faults"] else ""
    ended = "" if exchange["ended"] == "answered" else f", {exchange['ended']}"
    lines = [
        f"{exchange['at']} {who}: {request['method']} {_cut(request['target'])} "
        f"-> {response.get('status', 'no answer')}{ended}{struck}"
    ]
    # What a test asks of the stand-in itself says enough; what is answered, the test has seen.
    parts = (("  > ", request), ("  < ", response))[: 1 if exchange["provider"] == "understudy" else 2]
    for mark, part in parts:
        if (body := part.get("body", part.get("frames"))) is not None:
            lines.append(mark + _brief(body))
        elif "media" in part:
            lines.append(f"{mark}{part['media']['type']}, {part['size']} bytes")
    return lines


def _brief(body: Any) -> str:
    return _cut(body if isinstance(body, str) else orjson.dumps(body).decode())


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
