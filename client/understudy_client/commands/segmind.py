"""`understudy generate segmind`: a request from options, made and fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from understudy_client.errors import UnderstudyError
from understudy_client.jobs import JobStatus, MediaResult
from understudy_client.segmind import SegmindClient
from understudy_client.segmind_sync import result_of
from understudy_client.segmind_verbs import PROVIDER

from .fields import fill, script
from .performance import Performance, options


@click.command()
@click.option("--model", required=True, metavar="SLUG", help="The model, such as heygen-avatar-iv.")
@click.option("--image", metavar="URL|FILE", help="The face, as a picture (image_url). A file is uploaded first.")
@click.option("--title", metavar="TEXT", help="The title of the video (video_title).")
@click.option("--script", metavar="TEXT|@FILE", help="What is said; @FILE reads it from a file, @- from stdin.")
@click.option("--voice", metavar="ID", help="The voice that reads the script (voice_id).")
@click.option("--audio", metavar="URL|FILE", help="A recording to speak with (audio_url). A file is uploaded first.")
@click.option("--orientation", metavar="NAME", help="portrait or landscape (video_orientation).")
@click.option("--fit", metavar="NAME", help="How the picture fills the screen: cover or contain.")
@click.option("--motion", metavar="TEXT", help="How the speaker moves (custom_motion_prompt).")
@click.option("--prompt", metavar="TEXT", help="What to make, for models that take a prompt.")
@click.option(
    "--sync", is_flag=True, help="Call the blocking v1, which answers with the file itself; wants a file as --out."
)
@options(
    example="enhance_custom_motion_prompt=true",
    url_variable=PROVIDER.url_variable,
    key_variable=PROVIDER.key_variable,
)
def segmind(
    model: str,
    settings: Sequence[str],
    out: Path | None,
    base_url: str | None,
    api_key: str | None,
    timeout: float,
    as_json: bool,
    sync: bool,
    **given: Any,
) -> None:
    """Make a video, a picture or a sound with Segmind and wait for it.

    A real base URL costs real money; the cost is printed at the end. Ctrl-C stops the waiting, not the job: the
    provider has no way to stop one.

    Exit codes: 0 the result is there; 1 the provider refused or failed, or nobody answered; 2 the command is
    wrong; 130 interrupted.
    """
    fields, files = fields_of(given, settings)
    if sync and (out is None or out.is_dir()):
        raise click.UsageError("--sync wants the name of a file as --out")
    try:
        client = SegmindClient(api_key, base_url, sync_timeout=timeout)
    except (UnderstudyError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    performance = Performance(out, as_json)

    def make(show: Callable[[JobStatus], object]) -> list[MediaResult]:
        for name, path in files.items():
            [fields[name]] = client.upload(path)
        if not sync or out is None:
            made = client.generate(model, fields, deadline=timeout, on_progress=show)
            performance.text = "" if made.media else made.output
            return list(made.media) or [MediaResult("0", made.job.id, "", cost=made.cost)]
        delivery = client.generate_sync(model, fields, out=out)
        performance.files.append(delivery.path)
        return [result_of(delivery)]

    performance.run(client, make)


def fields_of(given: dict[str, Any], settings: Sequence[str]) -> tuple[dict[str, Any], dict[str, Path]]:
    """Make the fields that the options describe, and name the files to upload for some of them.

    Raises click.UsageError for a setting that fits nowhere and a file that is not there.
    """
    places = {"image_url": given.get("image"), "audio_url": given.get("audio")}
    files = {name: _file(told) for name, told in places.items() if told is not None and not _is_url(told)}
    fields = {
        **{name: told for name, told in places.items() if name not in files},
        "video_title": given.get("title"),
        "script": script(given.get("script")),
        "voice_id": given.get("voice"),
        "video_orientation": given.get("orientation"),
        "fit": given.get("fit"),
        "custom_motion_prompt": given.get("motion"),
        "prompt": given.get("prompt"),
    }
    return fill({}, fields, settings), files


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://", "data:"))


def _file(named: str) -> Path:
    path = Path(named).expanduser()
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise click.UsageError(f"{named!r} is no URL, and as a file: {error.strerror}") from error
