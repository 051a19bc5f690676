"""GMI's own request for HeyGen Avatar IV, performed, and one more with two segments and captions."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from understudy_client.errors import UnderstudyError
from understudy_client.gmi import AsyncGmiClient
from understudy_client.gmi_records import ModelDetail
from understudy_client.jobs import JobStatus, MediaResult
from understudy_client.video import NotAVideo, Video, read_video
from understudy_contracts.provider import contract

from .stage import DIRECT, FRAMES, POLL, can_keep, measures, say_where, slug

_STEPS = 3
_SECOND_SEGMENT = "And this is the second segment, with captions to read along."


@dataclass(frozen=True, slots=True)
class Act:
    """One request, and what came of it."""

    title: str
    payload: dict[str, Any]
    result: MediaResult | None = None
    video: Video | None = None
    #: US dollars: what the model's own price makes of the length that was announced.
    charged: Decimal | None = None
    trouble: str = ""

    @property
    def faults(self) -> list[str]:
        """Everything that is not as it should be, each in a few words."""
        if self.trouble or self.result is None or self.video is None:
            return [self.trouble or "it did not arrive"]
        found = []
        if self.result.duration is None or abs(self.result.duration - self.video.seconds) > FRAMES:
            found.append(f"its length, {self.video.seconds:.2f} s, is not the {self.result.duration} s announced")
        size = {"width": self.video.width, "height": self.video.height}
        if size != self.payload["dimension"]:
            found.append(f"its picture is {self.video.width}x{self.video.height}, not what was asked for")
        if self.result.thumbnail is None:
            found.append("it came without a thumbnail")
        if self.charged is None:
            found.append("its model has no price for a second")
        return found


def perform(base_url: str, api_key: str, out: Path, console: Console) -> bool:
    """Perform GMI's request for HeyGen Avatar IV and a longer one at a base URL, and say how it went.

    Puts two MP4 files into `out` and prints a table. True when both arrived, each in the size asked for, as long
    as announced, and with a thumbnail. Nothing is sent when they could not be put there.
    """
    if not can_keep(out, console):
        return False
    acts = anyio.run(_perform, base_url, api_key, out, console)
    console.print(_table(acts))
    for act in acts:
        for fault in act.faults:
            console.print(f"[red]{escape(act.title)}:[/] {escape(fault)}", soft_wrap=True)
    say_where([act.video for act in acts], out, console)
    return not any(act.faults for act in acts)


def programme() -> tuple[str, list[Act]]:
    """Choose a model and its acts: the page's request with known ids in the gaps, and the same with more in it."""
    example = next(example for example in contract("gmi").examples if example["request"])["request"]
    heygen = contract("heygen")
    payload = copy.deepcopy(example["payload"])
    for segment in payload["video_inputs"]:
        segment["character"]["avatar_id"] = heygen.document("avatars")["data"]["avatars"][0]["avatar_id"]
        segment["voice"]["voice_id"] = heygen.document("voices")["data"]["voices"][0]["voice_id"]
    longer = copy.deepcopy(payload) | {"caption": True, "dimension": {"width": 1280, "height": 720}}
    longer["video_inputs"].append(copy.deepcopy(longer["video_inputs"][0]))
    longer["video_inputs"][1]["voice"]["input_text"] = _SECOND_SEGMENT
    return example["model"], [Act("GMI welcome", payload), Act("GMI two segments, captions", longer)]


async def _perform(base_url: str, api_key: str, out: Path, console: Console) -> list[Act]:
    model, acts = programme()
    played: dict[int, Act] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        async with (
            httpx.AsyncClient(mounts=DIRECT) as http,
            AsyncGmiClient(api_key, base_url, http=http) as client,
            anyio.create_task_group() as group,
        ):

            async def play(number: int, act: Act, row: TaskID) -> None:
                try:
                    detail = await client.model(model)
                    played[number] = await _play(client, detail, act, out, progress, row)
                except (UnderstudyError, NotAVideo, OSError) as error:
                    played[number] = Act(act.title, act.payload, trouble=str(error))

            for number, act in enumerate(acts):
                group.start_soon(play, number, act, progress.add_task(escape(act.title), total=_STEPS))
    return [played[number] for number in sorted(played)]


async def _play(
    client: AsyncGmiClient, model: ModelDetail, act: Act, out: Path, progress: Progress, row: TaskID
) -> Act:
    def show(status: JobStatus) -> None:
        progress.update(row, completed=2 if status.results else 1)

    [result] = await client.generate(model.id, act.payload, poll=POLL, on_progress=show)
    path = await client.download(result, out / f"{slug(act.title)}.mp4")
    video = await anyio.to_thread.run_sync(read_video, path)
    progress.update(row, completed=_STEPS)
    return Act(act.title, act.payload, result, video, _charge(model, result))


def _charge(model: ModelDetail, result: MediaResult) -> Decimal | None:
    if model.price is None or model.unit != "second" or result.duration is None:
        return None
    return model.price * Decimal(str(result.duration))


def _table(acts: Sequence[Act]) -> Table:
    table = Table(title="GMI's request, performed", box=SIMPLE, pad_edge=False, expand=True)
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for heading in ("Seconds", "Picture", "Bytes", "Charged"):
        table.add_column(heading, justify="right", no_wrap=True)
    for act in acts:
        charged = f"${act.charged:.4f}" if act.charged is not None else "–"
        table.add_row(escape(act.title), *measures(act.video), charged, style="red" if act.faults else "")
    return table
