"""`understudy generate runware`: a task from options, made and fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from understudy_client import runware_codec as codec
from understudy_client.errors import UnderstudyError
from understudy_client.media_argument import media_field
from understudy_client.runware import PROVIDER, RunwareClient, Transport

from .fields import fill, script
from .performance import Performance, options


@click.command()
@click.option("--model", required=True, metavar="AIR", help="The model, such as heygen:avatar@4.")
@click.option("--script", metavar="TEXT|@FILE", help="What is said; @FILE reads it from a file, @- from stdin.")
@click.option("--image", metavar="URL|PATH|UUID", help="The face, as a picture. A file is sent within the request.")
@click.option("--avatar", metavar="ID", help="The face, as one of the provider's avatars.")
@click.option("--audio", metavar="URL|PATH|UUID", help="The voice, as a recording; instead of --script.")
@click.option("--background", metavar="URL|PATH|UUID", help="A picture behind the speaker.")
@click.option("--voice", metavar="ID", help="The voice that reads the script. The provider's default: auto.")
@click.option("--language", metavar="CODE", help="The language of the script, such as en-US.")
@click.option("--prompt", metavar="TEXT", help="What the video looks like (positivePrompt).")
@click.option("--width", type=int, metavar="PIXELS", help="Width; goes with --height.")
@click.option("--height", type=int, metavar="PIXELS", help="Height; goes with --width.")
@click.option("--resolution", metavar="NAME", help="A size by name, such as 720p; instead of width and height.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="How many variations (numberResults).")
@click.option("--webhook-url", metavar="URL", help="Where the provider posts each finished video, too.")
@click.option(
    "--transport",
    type=click.Choice(["rest", "websocket"]),
    default="rest",
    show_default=True,
    help="How the task travels. The base URL may be written for either.",
)
@options(example="speech.speed=1.2", url_variable=PROVIDER.url_variable, key_variable=PROVIDER.key_variable)
def runware(
    settings: Sequence[str],
    out: Path | None,
    base_url: str | None,
    api_key: str | None,
    timeout: float,
    as_json: bool,
    transport: Transport,
    **given: Any,
) -> None:
    """Make a video with Runware and wait for it.

    A real base URL costs real money; the cost is printed at the end. Ctrl-C stops the waiting, not the job:
    the provider has no way to stop one.

    Exit codes: 0 the video is there; 1 the provider refused or failed, or nobody answered; 2 the command is
    wrong; 130 interrupted.
    """
    task = codec.prepare(task_of(given, settings), {})
    try:
        client = RunwareClient(api_key, base_url, transport=transport)
    except (UnderstudyError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    performance = Performance(out, as_json, job=codec.job_of(task).id)
    performance.run(client, lambda show: client.generate(task, deadline=timeout, on_progress=show))


def task_of(given: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Make the task that the options describe. Raises click.UsageError for a setting that fits nowhere."""
    media = {name: media_field(given.get(name)) for name in ("image", "audio", "background")}
    fields = {
        "model": given.get("model"),
        "positivePrompt": given.get("prompt"),
        "inputs.avatar": given.get("avatar"),
        **{f"inputs.{name}": value for name, value in media.items()},
        "speech.text": script(given.get("script")),
        "speech.voice": given.get("voice"),
        "speech.language": given.get("language"),
        "width": given.get("width"),
        "height": given.get("height"),
        "resolution": given.get("resolution"),
        "numberResults": given.get("count"),
        "webhookURL": given.get("webhook_url"),
    }
    return fill({"includeCost": True}, fields, settings)
