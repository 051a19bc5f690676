"""Write down what is said as it is said, without what nobody else should see."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from understudy_contracts.checks.exchange import Exchange, Webhook
from understudy_contracts.edition import edition

from .entries import FORMAT, Media, RecordingError, exchange_line, webhook_line, written
from .redaction import Redactor

#: The largest file that is kept, and how much of all files, in bytes.
LARGEST = 16 * 1024 * 1024
MOST = 256 * 1024 * 1024

_ENDINGS = {
    "video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov", "audio/mpeg": ".mp3", "audio/wav": ".wav",
    "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif", "text/html": ".html",
    "text/plain": ".txt", "application/json": ".json",
}  # fmt: skip


class Recorder:
    """Writes a recording into a new directory: `manifest.json`, `exchanges.jsonl` line by line, and `media/`.

    Each line is on the disk before the call returns, so that a run that is killed loses no more than the last.
    `date` is when this is, as ISO 8601 in UTC; `version` that of understudy; `run` says in JSON what is run; `keys` are
    the API keys in use, of which nothing may ever be written. Raises `RecordingError` for a directory that has
    something in it or that another run is recorded in, and `Leak` rather than writing a key.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        provider: str,
        target: str,
        seed: int,
        version: str,
        date: str,
        live: bool = False,
        run: Mapping[str, Any] | None = None,
        keys: Iterable[str] = (),
        largest: int = LARGEST,
        most: int = MOST,
    ) -> None:
        path = Path(directory)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RecordingError(f"{path} is not empty: a recording needs a directory of its own")
        redactor = Redactor(keys, provider)
        manifest = {
            "format": FORMAT,
            "provider": provider,
            "target": redactor.text(target),
            "live": live,
            "date": date,
            "seed": seed,
            "understudy": version,
            "contract": edition(provider),
            "run": redactor.value(dict(run or {})),
        }
        content = json.dumps(manifest, indent=2).encode() + b"\n"
        redactor.sweep(content, "manifest.json")
        path.mkdir(parents=True, exist_ok=True)
        _write(path / "manifest.json", content)
        self._open(path, redactor, largest, most)
        self._line({"kind": "run", "date": date, "understudy": version})

    @classmethod
    def resume(
        cls,
        directory: str | Path,
        *,
        date: str,
        version: str,
        planned: int | None = None,
        keys: Iterable[str] = (),
        largest: int = LARGEST,
        most: int = MOST,
    ) -> Self:
        """Go on with a recording that was broken off; half a line at its end is cut off. Raises `RecordingError`.

        `planned` is how many probes there are to be now.
        """
        from .recording import Recording

        path = Path(directory)
        provider = Recording.open(path).manifest.provider
        made = cls.__new__(cls)
        made._open(path, Redactor(keys, provider), largest, most)
        try:
            # Only now can nobody add to it any more.
            made._file.truncate(Recording.open(path).whole)
        except BaseException:
            made.close()
            raise
        made._line({"kind": "run", "date": date, "understudy": version, "planned": planned})
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; everything is in it already."""
        self._file.close()

    def note(self, exchange: Exchange, label: Mapping[str, Any] | None = None) -> None:
        """Write down an exchange. `label`: its `probe`, what was `expected`, its `cost`, or anything that JSON can say.

        Raises `Leak`.
        """
        shown = self.shown(exchange)
        self._line(exchange_line(shown, self._redactor.value(dict(label or {})), self._media(shown)))

    def webhook(self, webhook: Webhook, label: Mapping[str, Any] | None = None) -> None:
        """Write down a webhook. Raises `Leak`."""
        self._line(webhook_line(self.shown_webhook(webhook), self._redactor.value(dict(label or {}))))

    def shown(self, exchange: Exchange) -> Exchange:
        """Tell an exchange as it stands on record."""
        return self._redactor.exchange(exchange)

    def shown_webhook(self, webhook: Webhook) -> Webhook:
        """Tell a webhook as it stands on record."""
        return self._redactor.webhook(webhook)

    def begin(self, probe: str) -> None:
        """Write down that a probe begins."""
        self._line({"kind": "begun", "probe": probe})

    def hold(self, name: str, bound: Decimal, *, probe: str = "", ids: Iterable[str] = ()) -> None:
        """Write down, before a request is sent, what it can cost and which jobs it may begin, where we name them."""
        self._line({"kind": "held", "name": name, "bound": str(bound), "probe": probe, "ids": list(ids)})

    def settle(self, name: str, cost: Decimal, *, ids: Iterable[str] = ()) -> None:
        """Write down what came of it: what it did cost, and the jobs it began, where the provider names them."""
        self._line({"kind": "settled", "name": name, "cost": str(cost), "ids": list(ids)})

    def done(self, probe: str, state: str, reason: str = "", **more: Any) -> None:
        """Write down that a probe has ended, and how: it need not be performed again."""
        self._line({"kind": "done", "probe": probe, "state": state, "reason": reason, "more": more})

    def _open(self, path: Path, redactor: Redactor, largest: int, most: int) -> None:
        self.directory = path
        self._redactor = redactor
        self._largest = largest
        self._left = most - sum(file.stat().st_size for file in path.glob("media/*"))
        self._file = _held(path / "exchanges.jsonl")

    def _line(self, line: Mapping[str, Any]) -> None:
        if line["kind"] not in ("exchange", "webhook"):
            line = self._redactor.value(line)
        content = written(line)
        self._redactor.sweep(content, f"This {line['kind']}")
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _media(self, exchange: Exchange) -> Media | None:
        content = exchange.content
        if not content:
            return None
        kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        digest = hashlib.sha256(content).hexdigest()
        name = digest + _ENDINGS.get(kind, ".bin")
        path = self.directory / "media" / name
        if not path.exists():
            if len(content) > self._largest:
                return Media(digest, len(content), kind, left_out=f"larger than {self._largest} bytes")
            if len(content) > self._left:
                return Media(digest, len(content), kind, left_out="the recording has as many files as it may")
            self._redactor.sweep(content, "A file that was answered")
            path.parent.mkdir(exist_ok=True)
            _write(path, content)
            self._left -= len(content)
        return Media(digest, len(content), kind, file=name)


def _held(path: Path) -> BinaryIO:
    """Open a file to add to it, which nobody else may do meanwhile: two runs would each spend up to the limit."""
    file = path.open("ab")
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise RecordingError(f"another run is being recorded in {path.parent}") from None
    return file


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there either whole or not at all."""
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
