"""`understudy inspect`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.config import is_loopback

if TYPE_CHECKING:
    from understudy.media.inspect import MediaInfo
    from understudy.media.streams import StreamInfo

#: Exit codes: what is there is no whole media file, or nothing is there.
_BROKEN, _ABSENT = 1, 3

#: A file behind a URL that is larger than this is not looked at, and a server that says nothing for so long is left.
_LARGEST = 4 << 30
_PATIENCE = 60.0

#: What an answer says of its file beside the file.
_TOLD = ("content-type", "etag", "accept-ranges", "x-understudy-placeholder", "x-understudy-fault")

#: So many silences and cues are shown to a person.
_SHOWN = 3


#: Tags that every MP4 has and that tell a person nothing.
_BRANDS = ("major_brand", "minor_version", "compatible_brands")


class _Absent(Exception):
    """Nothing is there to look at."""


@click.command()
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def inspect(source: str, form: str) -> None:
    """Say what a video, a sound or a picture really is, by decoding all of it.

    Its container, exact length, size, frames, codecs, transparency, loudness and silences, timed text, and the tags in
    it: of a placeholder these are its job, provider, model and the digest of its request. A file behind a URL is
    fetched first.

    Exit code 0: it is whole. 1: it is broken, or no media file. 3: there is nothing: no such file, an HTTP error,
    nobody there.

    Example: `understudy inspect avatar.mp4 --format json`
    """
    from understudy.media.errors import MediaError
    from understudy.media.inspect import inspect

    try:
        with _at_hand(source) as (path, told):
            document = {"source": source, **({"http": told} if told else {})}
            info = inspect(path)
    except _Absent as problem:
        click.echo(f"Error: {problem}", err=True)
        raise SystemExit(_ABSENT) from None
    except MediaError as problem:
        click.echo(f"Error: {source}: {_plain(str(problem))}", err=True)
        raise SystemExit(_BROKEN) from None
    if form == "json":
        click.echo(json.dumps({**document, **asdict(info), "tags": dict(info.tags)}, indent=2, ensure_ascii=False))
    else:
        _show(source, told, info)


@contextmanager
def _at_hand(source: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file itself, or a copy of the one behind a URL with what its server told of it."""
    if not source.lower().startswith(("http://", "https://")):
        if not source:
            raise _Absent("an empty name is that of no file")
        path = Path(source)
        if not path.is_file():
            raise _Absent(f"{source} is a directory" if path.is_dir() else f"there is no file {source}")
        yield path, {}
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        copy = Path(folder) / "file"
        yield copy, _fetch(source, copy)


def _fetch(url: str, path: Path) -> dict[str, Any]:
    import httpx

    try:
        # A connection to this machine goes through no proxy.
        loopback = is_loopback(httpx.URL(url).host)
        with (
            httpx.Client(
                follow_redirects=True,
                timeout=_PATIENCE,
                trust_env=not loopback,
                verify=url.lower().startswith("https:"),
            ) as client,
            client.stream("GET", url) as answer,
            path.open("wb") as file,
        ):
            if answer.status_code != httpx.codes.OK:
                raise _Absent(f"{url} answered {answer.status_code} {answer.reason_phrase}")
            size = 0
            for piece in answer.iter_bytes():
                size += file.write(piece)
                if size > _LARGEST:
                    raise _Absent(f"{url} is larger than {_LARGEST >> 30} GiB")
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise _Absent(f"cannot fetch {url}: {str(problem) or type(problem).__name__}") from problem
    named = {name.replace("-", "_"): answer.headers[name] for name in _TOLD if name in answer.headers}
    return {"status": answer.status_code, "url": str(answer.url), **named}


def _plain(problem: str) -> str:
    """The last line of what ffmpeg says is the reason."""
    lines = [line for line in problem.splitlines() if line.strip()]
    return lines[0] if len(lines) == 1 else f"{lines[0].partition(' and said:')[0]}: {lines[-1].strip()}"


def _show(source: str, told: dict[str, Any], info: "MediaInfo") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = list(_rows(told, info))
    console = Console(highlight=False)
    if not console.is_terminal:
        # A line each, however long: programs cut and search it.
        wide = max(len(name) for name, _ in rows)
        click.echo("\n".join([source, *(f"{name:{wide}}  {' '.join(value.split())}" for name, value in rows)]))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(escape(name), escape(value))
    console.print(f"[bold]{escape(source)}[/bold]")
    console.print(table)


def _rows(told: dict[str, Any], info: "MediaInfo") -> Iterator[tuple[str, str]]:
    yield "format", info.format + {True: ", fast start", False: ", not for a fast start", None: ""}[info.fast_start]
    if info.duration:
        yield "duration", f"{info.duration:.6f}".rstrip("0").rstrip(".") + " s"
    if info.size is not None:
        yield "bytes", f"{info.size:,}"
    if info.sha256 is not None:
        yield "sha256", info.sha256
    for stream in info.streams:
        yield stream.kind, _stream(stream, info)
    if info.loudness is not None:
        yield "loudness", f"mean {info.loudness.mean:g} dB, peak {info.loudness.peak:g} dB"
        silences = [f"{start:g} to {end:g} s" for start, end in info.loudness.silences]
        yield "silence", _some(silences) or "none"
    if info.timed_text:
        yield "cues", f"{len(info.timed_text)}: " + _some([f"{cue.start:g} s {cue.text!r}" for cue in info.timed_text])
    yield from ((name, value) for name, value in info.tags if name not in _BRANDS)
    for name, value in told.items():
        yield f"http {name.replace('_', '-')}", str(value)


def _stream(stream: "StreamInfo", info: "MediaInfo") -> str:
    words = [stream.codec]
    if stream.kind == "video":
        frames = "1 frame" if info.frames == 1 else f"{info.frames} frames"
        words += [f"{stream.width} x {stream.height}", frames]
        words += [f"{stream.fps:g} fps"] if info.fps is not None and stream.fps is not None else []
        words += [str(stream.pixel_format), "alpha" if stream.alpha else "no alpha"]
    elif stream.kind == "audio":
        words += [f"{stream.sample_rate} Hz", f"{stream.channels} channel{'' if stream.channels == 1 else 's'}"]
    else:
        words += [*([stream.title] if stream.title else [])]
        words += ["shown by default" if stream.default else "not shown by default"]
    return ", ".join(words)


def _some(parts: list[str]) -> str:
    """The first few of many."""
    rest = len(parts) - _SHOWN
    return ", ".join(parts[:_SHOWN]) + (f", and {rest} more" if rest > 0 else "")
