"""Whether a text gives away a key, or a part of one, however it is written down."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import unquote

#: A part of a key as long as this says too much.
PART = 12

#: Shorter keys are no secrets: they would be found in every text.
SHORTEST = 8

#: In how many ways one inside the other something may be written down and is still found.
_DEPTH = 4

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{16,}")
_LEGIBLE = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"\\/bfnrt]))")
_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPACE = re.compile(r"\s+")
_STANDARD = str.maketrans("-_", "+/")


class Leak(Exception):
    """Something was about to be written down that gives away a key; the message does not."""


class Keys:
    """The keys that must not be seen, and the parts of them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = tuple(dict.fromkeys(key for key in keys if key))
        long = [key for key in self.keys if len(key) >= SHORTEST]
        # A header may be read as Latin-1 whatever it was written in.
        said = dict.fromkeys(form for key in long for form in (key, key.encode().decode("latin-1")))
        #: Every part that is long enough to give a key away; of a shorter key, all of it.
        self.parts = tuple(dict.fromkeys(part for key in said for part in _parts(key)))
        self._shortest = min(map(len, self.parts), default=0)

    def leak(self, text: str) -> bool:
        """Whether a text gives one away, plainly or encoded: percent, base64, hexadecimal, JSON, HTML, also nested."""
        # Whatever it is encoded in, it is no shorter for that.
        if not self.parts or len(text) < self._shortest:
            return False
        return any(part in view for view in _views(text) for part in self.parts)

    def plain(self, text: str) -> list[tuple[int, int]]:
        """Where they stand in a text as they are: begin and end, each as long as it goes on."""
        spans: list[tuple[int, int]] = []
        for begin, end in sorted(span for part in self.parts for span in _places(text, part)):
            if spans and begin <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((begin, end))
        return spans

    def sweep(self, content: bytes, what: str) -> None:
        """Raise `Leak` for bytes that give a key away; `what` they are is said in the message."""
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = _legible(content)
        if self.leak(text):
            raise Leak(f"{what} would give away an API key, or a part of one, and is not written")


def _parts(key: str) -> list[str]:
    return [key[begin : begin + PART] for begin in range(max(1, len(key) - PART + 1))]


def _places(text: str, part: str) -> Iterator[tuple[int, int]]:
    begin = text.find(part)
    while begin >= 0:
        yield begin, begin + len(part)
        begin = text.find(part, begin + 1)


def _views(text: str) -> Iterator[str]:
    """A text as it stands, and everything that it may be another form of."""
    seen: set[str] = set()
    new = {text}
    for _ in range(_DEPTH + 1):
        yield from new
        seen |= new
        new = {view for known in new for view in _decoded(known)} - seen


def _decoded(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)
    if "\\" in text:
        yield _joined(_ESCAPED.sub(_character, text))
    if "&" in text:
        yield unescape(text)
    for skipped in range(2):
        # Nor does anybody say where a pair begins, such as behind a digit of something else.
        if read := _legible(b"\0".join(_pairs(run, skipped) for run in _HEX_RUN.findall(text))):
            yield read
    yield from _from_base64(text)
    # It is wrapped, where it is long.
    if _SPACE.search(text):
        yield from _from_base64(_SPACE.sub("", text))


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _CHARACTERS.get(found[2], found[2])


def _joined(text: str) -> str:
    """A text whose characters beyond the first 65,536 were written as two each."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _pairs(run: str, skipped: int) -> bytes:
    return bytes.fromhex(run[skipped : len(run) - (len(run) - skipped) % 2])


def _from_base64(text: str) -> Iterator[str]:
    runs = [run.translate(_STANDARD) for run in _BASE64.findall(text)]
    # Where in a run a group of four begins nobody says: a path may stand before it, or it may be cut.
    for skipped in range(4):
        decoded = _legible(b"\0".join(_group(run[skipped:]) for run in runs))
        if decoded:
            yield decoded


def _group(run: str) -> bytes:
    rest = len(run) % 4
    # A single character more is no byte.
    return base64.b64decode(run[:-1] if rest == 1 else run + "=" * (-rest % 4))


def _legible(content: bytes) -> str:
    """What could be read in bytes that are no text."""
    return "\n".join(found.decode() for found in _LEGIBLE.findall(content))
