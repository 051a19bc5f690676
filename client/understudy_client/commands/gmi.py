"""`understudy generate gmi`: a payload from options, made and fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from understudy_client.errors import UnderstudyError
from understudy_client.gmi import GmiClient
from understudy_client.gmi_verbs import PROVIDER

from .fields import fill, script
from .performance import Performance, options


@click.command()
@click.option("--model", required=True, metavar="ID", help="The model, such as heygen-avatar-4; case matters.")
@click.option("--avatar", metavar="ID", help="The speaker of every segment, as one of HeyGen's avatars.")
@click.option("--voice", metavar="ID", help="The voice of every segment, as one of HeyGen's voices.")
@click.option("--script", metavar="TEXT|@FILE", help="What is said first; @FILE reads it from a file, @- from stdin.")
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="TEXT|@FILE",
    help="What is said next, as a segment of its own. Repeatable.",
)
@click.option("--prompt", metavar="TEXT", help="What to make, for models that take a prompt.")
@click.option("--width", type=int, metavar="PIXELS", help="Width; goes with --height.")
@click.option("--height", type=int, metavar="PIXELS", help="Height; goes with --width.")
@click.option("--caption", is_flag=True, help="Show what is said in the picture.")
@click.option("--title", metavar="TEXT", help="A label for the video.")
@click.option("--org", metavar="UUID", help="The organisation, for keys of several. [default: GMI_ORG_ID]")
@options(
    example="video_inputs[0].voice.speed=1.2",
    url_variable=PROVIDER.url_variable,
    key_variable=PROVIDER.key_variable,
)
def gmi(
    model: str,
    settings: Sequence[str],
    out: Path | None,
    base_url: str | None,
    api_key: str | None,
    org: str | None,
    timeout: float,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a video, a picture or a recording with GMI Cloud and wait for it.

    A real base URL costs real money, and GMI does not say how much in its answers; `GmiClient.model` tells a
    model's price. Ctrl-C stops the waiting, not the job.

    Exit codes: 0 the result is there; 1 the provider refused or failed, or nobody answered; 2 the command is
    wrong; 130 interrupted.
    """
    payload = payload_of(given, settings)
    try:
        client = GmiClient(api_key, base_url, organisation=org)
    except (UnderstudyError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    performance = Performance(out, as_json)
    performance.run(client, lambda show: client.generate(model, payload, deadline=timeout, on_progress=show))


def payload_of(given: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Make the payload that the options describe. Raises click.UsageError for options that do not fit together."""
    texts = [script(text) for text in (given.get("script"), *given.get("segments", ())) if text is not None]
    if not texts and (given.get("avatar") or given.get("voice")):
        raise click.UsageError("--avatar and --voice go with --script or --segment")
    fields: dict[str, Any] = {}
    for number, text in enumerate(texts):
        segment = f"video_inputs[{number}]"
        fields |= {
            f"{segment}.character.type": "avatar",
            f"{segment}.character.avatar_id": given.get("avatar"),
            f"{segment}.voice.type": "text",
            f"{segment}.voice.input_text": text,
            f"{segment}.voice.voice_id": given.get("voice"),
        }
    fields |= {
        "prompt": given.get("prompt"),
        "dimension.width": given.get("width"),
        "dimension.height": given.get("height"),
        "caption": given.get("caption") or None,
        "title": given.get("title"),
    }
    return fill({}, fields, settings)
