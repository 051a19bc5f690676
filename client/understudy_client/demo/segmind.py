"""The request of Segmind's page for HeyGen Avatar IV, performed: once by the queue, and once, upright, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from understudy_client.jobs import JobStatus
from understudy_client.segmind import AsyncSegmindClient
from understudy_client.video import NotAVideo, Video, read_video
from understudy_contracts.models import Price
from understudy_contracts.provider import contract

from .stage import DIRECT, FRAMES, POLL, can_keep, measures, say_where, slug

_STEPS = 3


@dataclass(frozen=True, slots=True)
class Act:
    """One request, and what came of it."""

    title: str
    model: str
    fields: dict[str, Any]
    #: Whether it is called by v1, which answers with the file.
    at_once: bool
    price: Price
    video: Video | None = None
    #: US dollars, as the answer says.
    charged: Decimal | None = None
    #: US dollars, as the history has it.
    recorded: Decimal | None = None
    trouble: str = ""

    @property
    def faults(self) -> list[str]:
        """Everything that is not as it should be, each in a few words."""
        if self.trouble or self.video is None:
            return [self.trouble or "it did not arrive"]
        found = []
        upright = self.fields.get("video_orientation") == "portrait"
        if (self.video.height > self.video.width) != upright:
            found.append(f"its picture is {self.video.width}x{self.video.height}, not what was asked for")
        if self.charged is None:
            return [*found, "it came without a cost"]
        slack = self.price.usd * Decimal(str(FRAMES))
        if abs(self.price.cost(self.video.seconds) - self.charged) > slack:
            found.append(f"its length, {self.video.seconds:.2f} s, is not what its cost pays for")
        if self.recorded != self.charged:
            found.append(f"the history has it at {self.recorded}, and its answer at {self.charged}")
        return found


def perform(base_url: str, api_key: str, out: Path, console: Console) -> bool:
    """Perform the request of Segmind's page at a base URL, by v2 and, in portrait, by v1, and say how it went.

    Puts two MP4 files into `out` and prints a table. True when both arrived, each the way up that was asked for, as
    long as its cost pays for, and in the history at that cost. Nothing is sent when they could not be put there.
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


def programme() -> list[Act]:
    """Choose the acts: the page's request as it is, and as a portrait."""
    promises = contract("segmind")
    example = next(example for example in promises.examples if example["request"])
    model, fields = example["model"], example["request"]
    title, price = fields["video_title"], promises.models[model].price
    portrait = fields | {"video_orientation": "portrait"}
    return [
        Act(f"Segmind {title}, queued", model, dict(fields), False, price),
        Act(f"Segmind {title}, portrait, at once", model, portrait, True, price),
    ]


async def _perform(base_url: str, api_key: str, out: Path, console: Console) -> list[Act]:
    played: dict[int, Act] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        async with (
            httpx.AsyncClient(mounts=DIRECT) as http,
            AsyncSegmindClient(api_key, base_url, http=http) as client,
            anyio.create_task_group() as group,
        ):

            async def play(number: int, act: Act, row: TaskID) -> None:
                try:
                    played[number] = await _play(client, act, out, progress, row)
                except (UnderstudyError, NotAVideo, OSError) as error:
                    played[number] = replace(act, trouble=str(error))

            for number, act in enumerate(programme()):
                group.start_soon(play, number, act, progress.add_task(escape(act.title), total=_STEPS))
    return [played[number] for number in sorted(played)]


async def _play(client: AsyncSegmindClient, act: Act, out: Path, progress: Progress, row: TaskID) -> Act:
    def show(status: JobStatus) -> None:
        progress.update(row, completed=2 if status.results else 1)

    path = out / f"{slug(act.title)}.mp4"
    if act.at_once:
        delivery = await client.generate_sync(act.model, act.fields, out=path)
        id_, charged = delivery.request_id, delivery.cost
    else:
        made = await client.generate(act.model, act.fields, poll=POLL, on_progress=show)
        id_, charged = made.job.id, made.cost
        await client.download(made, path)
    recorded = (await client.request(id_)).cost
    video = await anyio.to_thread.run_sync(read_video, path)
    progress.update(row, completed=_STEPS)
    return replace(act, video=video, charged=charged, recorded=recorded)


def _table(acts: Sequence[Act]) -> Table:
    table = Table(title="Segmind's request, performed", box=SIMPLE, pad_edge=False, expand=True)
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for heading in ("Seconds", "Picture", "Bytes", "Charged"):
        table.add_column(heading, justify="right", no_wrap=True)
    for act in acts:
        charged = f"${act.charged:.4f}" if act.charged is not None else "–"
        table.add_row(escape(act.title), *measures(act.video), charged, style="red" if act.faults else "")
    return table
