"""`understudy proxy`."""

import logging
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from understudy.config import SettingError
from understudy.logs import configure
from understudy.providers import PROVIDERS

if TYPE_CHECKING:
    from understudy.proxy import Proxy


@click.command()
@click.option(
    "--port",
    envvar="UNDERSTUDY_PROXY_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=8898,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--host",
    envvar="UNDERSTUDY_PROXY_HOST",
    show_envvar=True,
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Anything but loopback needs --allow-remote.",
)
@click.option(
    "--allow-remote",
    envvar="UNDERSTUDY_PROXY_ALLOW_REMOTE",
    show_envvar=True,
    is_flag=True,
    help="Let other machines use the proxy.",
)
@click.option(
    "--to",
    envvar="UNDERSTUDY_PROXY_TO",
    show_envvar=True,
    metavar="URL",
    default="http://127.0.0.1:8899",
    show_default=True,
    help="Where `understudy serve` answers.",
)
@click.option(
    "--folder",
    envvar="UNDERSTUDY_PROXY_FOLDER",
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the certificate authority is kept, for your eyes only.  [default: in your data folder]",
)
@click.option(
    "--port-file",
    envvar="UNDERSTUDY_PROXY_PORT_FILE",
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port number to this file once the proxy answers.",
)
@click.option(
    "--log-format",
    envvar="UNDERSTUDY_LOG_FORMAT",
    show_envvar=True,
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How log lines are written to standard error.",
)
@click.option(
    "--log-level", envvar="UNDERSTUDY_LOG_LEVEL", show_envvar=True,
    type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True,
    help="How much is logged.",
)  # fmt: skip
def proxy(
    port: int, host: str, allow_remote: bool, to: str, folder: Path | None, port_file: Path | None,
    log_format: Literal["text", "json"], log_level: str,
) -> None:  # fmt: skip
    """Take clients with fixed hosts to the stand-in, until Ctrl-C.

    An HTTPS proxy for the providers' own hosts, and for no other. Beside `understudy serve`, run a program as it is,
    in an environment with the two variables that this prints. In it HTTPS_PROXY leads here, and SSL_CERT_FILE makes
    the program trust this machine's own certificate authority, and that alone: nothing else of the network is
    reachable by https, which keeps a test from spending money by accident.

    What does not read SSL_CERT_FILE has a variable of its own for the same file: REQUESTS_CA_BUNDLE for Python's
    requests, NODE_EXTRA_CA_CERTS for Node. Where CURL_CA_BUNDLE or SSL_CERT_DIR is set already, curl heeds those first.

    The authority is made on first use and kept. Its key is readable by you alone and never leaves its folder, and its
    certificate is good for the providers' hosts and no others. There is no need to install it anywhere.
    """
    from platformdirs import user_data_path

    from understudy.proxy import Proxy
    from understudy.whole_files import replace

    configure(log_format, log_level)
    # asyncio warns of itself when a client leaves just as its TLS is agreed on.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    if port_file is not None and not port_file.parent.is_dir():
        raise click.ClickException(f"cannot write {port_file}: there is no folder {port_file.parent}")
    try:
        made = Proxy(
            hosts={host for face in PROVIDERS.values() for host in face.hosts},
            folder=folder or user_data_path("understudy") / "proxy",
            to=to, host=host, port=port, allow_remote=allow_remote,
        )  # fmt: skip
    except SettingError as problem:
        raise click.ClickException(str(problem)) from problem

    def announce() -> None:
        # Who started the proxy may not be reading, or no longer: that is no reason to stop.
        with suppress(BrokenPipeError):
            _greet(made)
        if port_file is not None:
            replace(port_file, f"{made.port}\n".encode(), 0o644)

    made.run(announce)


def _greet(made: "Proxy") -> None:
    click.echo(f"{len(made.hosts)} hosts of providers lead to {made.to} for a program started with")
    for name, value in made.environment.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("Ctrl-C stops it.")
    sys.stdout.flush()
