"""Changing values in JSON without touching anything else: not a space, and not the order; broken JSON too."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from understudy_contracts.secret_names import holds_secrets, is_secret

_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\],:]|\s+|[^\s"{}\[\],:]+', re.DOTALL)

_DECODER = json.JSONDecoder(strict=False)

#: What a value can be that keeps no secret.
_PLAIN = frozenset({"true", "false", "null"})


@dataclass(slots=True)
class _Level:
    """One object or array: whether all that is in it is secret, or just each text right in it."""

    secret: bool = False
    texts: bool = False


def rewrite(text: str, *, identity: bool, hide: Callable[[str], str], plain: Callable[[str], str]) -> str:
    """Pass every value through `hide` or `plain`, depending on the name of its field."""
    pieces = _PIECE.findall(text)
    followed = _names(pieces)
    levels = [_Level()]
    name: str | None = None
    for index, piece in enumerate(pieces):
        match piece[0]:
            case "{" | "[":
                secret = levels[-1].secret or (name is not None and is_secret(name, identity))
                levels.append(_Level(secret, piece == "[" and name is not None and holds_secrets(name)))
                name = None
            case "}" | "]":
                if len(levels) > 1:
                    levels.pop()
                name = None
            case ",":
                name = None
            case ":" | " " | "\n" | "\r" | "\t":
                pass
            case _ if followed[index]:
                name = _said(piece)
                pieces[index] = _changed(piece, name, plain)
            case _:
                told = _said(piece)
                level = levels[-1]
                secret = level.secret or (name is not None and is_secret(name, identity))
                secret = secret or (level.texts and piece[0] == '"')
                pieces[index] = _changed(piece, told, hide if secret and piece not in _PLAIN else plain)
    return "".join(pieces)


def _names(pieces: list[str]) -> list[bool]:
    """Which pieces are the name of a field: those before a colon."""
    before = [False] * len(pieces)
    after: str = ""
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        before[index] = after == ":"
        if not piece.isspace():
            after = piece
    return before


def _said(piece: str) -> str:
    """What a piece says: the text in its quotation marks, or itself."""
    if piece[0] != '"':
        return piece.strip("'")
    try:
        said: str = _DECODER.decode(piece if len(piece) > 1 and piece[-1] == '"' else piece + '"')
    except ValueError:
        said = piece.strip('"')
    return said


def _changed(piece: str, said: str, change: Callable[[str], str]) -> str:
    changed = change(said)
    if changed == said:
        return piece
    if piece[0] == '"':
        whole = json.dumps(changed, ensure_ascii=False)
        return whole if len(piece) > 1 and piece[-1] == '"' else whole[:-1]
    if _is_number(piece):
        # It stays a number, for whoever reads it expects one.
        return "0"
    return changed


def _is_number(piece: str) -> bool:
    try:
        float(piece)
    except ValueError:
        return False
    return True
