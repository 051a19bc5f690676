"""`understudy serve`."""

import gc
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from understudy import __version__
from understudy.config import BadScenario, SettingError, Settings
from understudy.logs import configure
from understudy.media.errors import MediaError
from understudy.moments import iso
from understudy.whole_files import replace

from .options import with_settings

if TYPE_CHECKING:
    from understudy.server import Server


#: Files and connections that the server may have open at once, where the machine lets it.
_FILES = 10_240


@click.command()
@with_settings
def serve(settings: Settings) -> None:
    """Stand in for the providers until Ctrl-C.

    Prints where each provider's base URL is, then serves. A flag beats a variable, a variable beats the settings
    file, the file beats the default.
    """
    from understudy.server import Server

    configure(settings.log_format, settings.log_level)
    if settings.port_file is not None and not settings.port_file.parent.is_dir():
        raise click.ClickException(f"cannot write {settings.port_file}: there is no folder {settings.port_file.parent}")
    try:
        server = Server(settings)
    except BadScenario as problem:
        raise click.UsageError(str(problem)) from problem
    except (SettingError, MediaError) as problem:
        raise click.ClickException(str(problem)) from problem

    _allow_many_readers()

    def announce() -> None:
        _spare_the_collector()
        # Who started the server may not be reading, or no longer: that is no reason to stop.
        with suppress(BrokenPipeError):
            _greet(server, settings)
        if settings.port_file is not None:
            replace(settings.port_file, f"{server.port}\n".encode())

    server.run(announce)


def _allow_many_readers() -> None:
    """Let the process have as many connections and files open as it may: a download takes one of each."""
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows, which knows no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _greet(server: "Server", asked: Settings) -> None:
    origin = asked.public_url or server.url
    click.echo(f"understudy {__version__} stands in at {origin}")
    for name, base_url in server.base_urls(origin).items():
        click.echo(f"  {name:<10}{base_url}")
    clock = server.engine.clock
    if clock.still:
        click.echo(f"The clock stands still at {iso(clock.now())}; `understudy clock advance SECONDS` moves it.")
    else:
        click.echo(f"The clock runs at {asked.speed.rate:g} s a second.")
    if asked.api_keys:
        click.echo(f"Only these keys: {len(asked.api_keys)}; to any other the providers say no.")
    if asked.control_token is None and (token := server.settings.control_token) is not None:
        click.echo(f"Who can reach it may use /_understudy/ with the header X-Understudy-Token: {token}")
    click.echo("Ctrl-C stops it.")
    sys.stdout.flush()


def _spare_the_collector() -> None:
    """Let the garbage collector look at less, less often: jobs live long, and hold no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
