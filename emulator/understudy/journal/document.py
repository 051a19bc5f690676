"""Reading a journal's document again: whether it is whole, and every line of it an exchange."""

from types import NoneType
from typing import Any

from understudy.wire import BadJson, parse_json

#: Which way of writing the document this is.
FORMAT = 1

#: What a line must hold, and of which kinds; so must the two sides of the exchange.
_LINE: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "at": (int, float),
    "server_time": (int, float),
    "transport": (str,),
    "connection": (int, NoneType),
    "scheme": (str,),
    "provider": (str, NoneType),
    "operation": (str, NoneType),
    "model": (str, NoneType),
    "account": (str, NoneType),
    "job": (str, NoneType),
    "request": (dict,),
    "response": (dict,),
    "seconds": (int, float),
    "finished": (int, float, NoneType),
    "faults": (list,),
    "ended": (str,),
}
_REQUEST: dict[str, tuple[type, ...]] = {"method": (str,), "target": (str,), "headers": (list,)}
_RESPONSE: dict[str, tuple[type, ...]] = {"status": (int, NoneType), "headers": (list,)}


class BadDocument(ValueError):
    """A document is no journal that could be played again; `str()` says why."""


def read(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the exchanges of a document; raises BadDocument when it is none of ours."""
    header: dict[str, Any] | None = None
    exchanges: list[dict[str, Any]] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            parsed = parse_json(line)
        except BadJson as problem:
            raise BadDocument(f"line {number} cannot be read: {problem}") from None
        if header is None:
            header = parsed if isinstance(parsed, dict) else {}
            if header.get("understudy") != "journal":
                raise BadDocument("it is no journal: the first line does not say so")
            if header.get("format") != FORMAT:
                raise BadDocument(f"it is a journal of format {header.get('format')!r}, and only {FORMAT} is known")
        else:
            exchanges.append(_checked(parsed, number))
    if header is None:
        raise BadDocument("it is empty")
    if header.get("exchanges") != len(exchanges):
        raise BadDocument(f"it holds {len(exchanges)} exchanges, and should hold {header.get('exchanges')}")
    return header, exchanges


def _checked(line: Any, number: int) -> dict[str, Any]:
    """A line that is an exchange; raises BadDocument when it is none."""
    fits = _fits(line, _LINE) and _fits(line["request"], _REQUEST) and _fits(line["response"], _RESPONSE)
    counted = fits and all(isinstance(line["response"].get(name, 0), int) for name in ("frames", "whole_frames"))
    if not counted or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        for side in ("request", "response")
        for pair in line[side]["headers"]
    ):
        raise BadDocument(f"line {number} is no exchange")
    checked: dict[str, Any] = line
    return checked


def _fits(document: Any, kinds: dict[str, tuple[type, ...]]) -> bool:
    return isinstance(document, dict) and all(
        name in document and isinstance(document[name], kind) for name, kind in kinds.items()
    )
