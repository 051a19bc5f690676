"""`understudy listen`."""

import contextlib
import io
import json
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

import click

from understudy.config import SettingError
from understudy.logs import configure

if TYPE_CHECKING:
    from rich.text import Text

    from understudy.listener import Arrival

#: Lines of a body that a person gets to see.
_LINES = 24


@click.command()
@click.option(
    "--port",
    envvar="UNDERSTUDY_LISTEN_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=9000,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--host",
    envvar="UNDERSTUDY_LISTEN_HOST",
    show_envvar=True,
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--forward",
    metavar="URL",
    help="Pass everything on, unchanged, and answer what is answered there. A URL with a path is used as it is; to one "
    "without, the path of what comes is added.",
)
@click.option(
    "--status", type=click.IntRange(200, 599), help="Answer with this status; not with --forward.  [default: 200]"
)
@click.option(
    "--delay",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="Wait so many real seconds before each answer.",
)
@click.option(
    "--fail-first",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Answer the first N with 503, to see them sent again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line, once each is answered.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append the same JSON lines to this file, too.",
)
@click.option(
    "--port-file", type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port number to this file once it listens.",
)  # fmt: skip
def listen(
    port: int, host: str, forward: str | None, status: int | None, delay: float, fail_first: int, as_json: bool,
    output: Path | None, port_file: Path | None,
) -> None:  # fmt: skip
    """Receive webhooks on this machine and print each as it arrives, until Ctrl-C.

    Takes any method and path, so that it does for `webhookURL` and `uploadEndpoint` alike. Each delivery is shown with
    its time, method, path, the status it is answered with, and its body, cut to the terminal.

    Example: `understudy listen --port 9000 --forward http://localhost:3000/webhooks`
    """
    if forward is not None and status is not None:
        raise click.UsageError("--status and --forward exclude each other: what is forwarded is answered from there.")
    if forward is not None:
        _check(forward)

    import uvicorn

    from understudy.listener import Listener, Manner
    from understudy.port import KEEP_ALIVE, Uvicorn, address
    from understudy.port import listen as take
    from understudy.whole_files import replace

    configure("text", "warning")
    if port_file is not None and not port_file.parent.is_dir():
        raise click.ClickException(f"cannot write {port_file}: there is no folder {port_file.parent}")
    with contextlib.ExitStack() as stack:
        try:
            file = None if output is None else stack.enter_context(output.open("ab", buffering=0))
            socket = stack.enter_context(take(host, port))
        except OSError as problem:
            raise click.ClickException(f"cannot write {output}: {problem.strerror}") from problem
        except SettingError as problem:
            raise click.ClickException(str(problem)) from problem
        url = address(host, socket.getsockname()[1])
        if forward is not None and urlsplit(forward).netloc == urlsplit(url).netloc:
            raise click.UsageError("--forward leads back here.")
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What comes may hold anything, and not every output takes all of it.
            sys.stdout.reconfigure(errors="backslashreplace")
        show = _Lines(sys.stdout) if as_json else _Terminal()
        keep = None if file is None else _Kept(file)

        def answered(arrival: "Arrival") -> None:
            show.answered(arrival)
            if keep is not None:
                keep.answered(arrival)

        def announce() -> None:
            if not as_json:
                _say(f"Listening at {url}" + (f", forwarding to {forward}" if forward else "") + ". Ctrl-C stops it.")
            if port_file is not None:
                replace(port_file, f"{urlsplit(url).port}\n".encode())

        manner = Manner(status or 200, delay, fail_first, forward)
        listener = Listener(manner, show.arrived, answered)
        Uvicorn(
            uvicorn.Config(
                listener, access_log=False, log_config=None, ws="none", server_header=False, lifespan="on",
                timeout_keep_alive=KEEP_ALIVE, timeout_graceful_shutdown=1,
            ),
            announce,
        ).run(sockets=[socket])  # fmt: skip
    if not as_json:
        _say(f"{listener.count} {'delivery' if listener.count == 1 else 'deliveries'} received.")


def _check(forward: str) -> None:
    try:
        url = urlsplit(forward)
        fine = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise click.BadParameter(f"an http or https URL, not {forward!r}", param_hint="--forward")


def _say(text: str) -> None:
    # Who started it may not be reading, or no longer: that is no reason to stop.
    with contextlib.suppress(OSError):
        click.echo(text)
        sys.stdout.flush()


def _warn(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


class _Lines:
    """Writes each delivery as a line of JSON, once it is answered."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def arrived(self, arrival: "Arrival") -> None:
        """Nothing yet."""

    def answered(self, arrival: "Arrival") -> None:
        """Write the line."""
        with contextlib.suppress(OSError):
            self._file.write(json.dumps(arrival.shown()) + "\n")
            self._file.flush()


class _Kept:
    """Appends each delivery to a file as a line of JSON, and says when it cannot: what comes is answered all the same.

    A line of which a full disk took the beginning is left as it is; the next one that can be written is whole.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._torn = self._failing = False

    def answered(self, arrival: "Arrival") -> None:
        """Write the line."""
        rest = b"\n" * self._torn + json.dumps(arrival.shown()).encode() + b"\n"
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
                self._torn = bool(rest)
            self._failing = False
        except OSError as problem:
            if not self._failing:
                _warn(f"cannot write {self._file.name}: {problem.strerror}; from delivery {arrival.number} on it lacks "
                      "what comes until it can be written again.")  # fmt: skip
            self._failing = True


class _Terminal:
    """Shows each delivery to a person."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Console = Console(highlight=False)
        self._arrow = "->" if self._console.options.ascii_only else "→"

    def arrived(self, arrival: "Arrival") -> None:
        """Show what came, and the answer where it is known."""
        from rich.text import Text

        local = datetime.fromtimestamp(arrival.at, UTC).astimezone()
        line = Text.assemble(
            (f"{local:%H:%M:%S}", "dim"), "  ", (arrival.method, "bold"), " ", printable(arrival.target), "  ",
        )  # fmt: skip
        if not arrival.forwarded:
            line.append_text(_status(arrival))
            line.append("  ")
        line.append(f"{len(arrival.body):,} bytes", "dim")
        self._print(line)
        if arrival.problem is not None:
            self._print(Text(f"  {arrival.problem}", "red"))
        for shown in _body(arrival):
            self._print(Text(f"  {shown}"))

    def answered(self, arrival: "Arrival") -> None:
        """Show what somebody else answered."""
        if arrival.forwarded:
            from rich.text import Text

            line = Text.assemble(
                f"  {self._arrow} ", _status(arrival), (f"  in {(arrival.seconds or 0) * 1000:.0f} ms", "dim")
            )
            if arrival.problem is not None:
                line.append(f"  {printable(arrival.problem)}", "red")
            self._print(line)

    def _print(self, line: object) -> None:
        with contextlib.suppress(OSError):
            if self._console.is_terminal:
                self._console.print(line, no_wrap=True, overflow="ellipsis")
            else:
                self._console.print(line, soft_wrap=True)


def _status(arrival: "Arrival") -> "Text":
    from rich.text import Text

    return Text(str(arrival.status), "green" if arrival.status < 300 else "yellow" if arrival.status < 500 else "red")


def _body(arrival: "Arrival") -> list[str]:
    """A body as lines for a person: JSON laid out, text as it is, of anything else nothing."""
    shown = arrival.shown()
    if shown["encoding"] == "base64" or not arrival.body:
        return []
    text = json.dumps(shown["body"], indent=2, ensure_ascii=False) if shown["encoding"] == "json" else shown["body"]
    lines = text.splitlines()
    more = len(lines) - _LINES
    return [printable(line) for line in lines[:_LINES]] + ([f"… {more} more lines"] if more > 0 else [])


def printable(text: str) -> str:
    """A text without anything that would drive a terminal: what somebody sends decides on no colour and no title."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" else f"\\x{ord(character):02x}" for character in text
    )
