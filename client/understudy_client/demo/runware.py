"""Runware's own five requests, performed: sent, awaited, downloaded, measured, and compared with its page."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
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
from understudy_client.jobs import JobStatus, MediaResult
from understudy_client.receiver import WebhookReceiver
from understudy_client.runware import AsyncRunwareClient
from understudy_client.video import NotAVideo, Video, read_video
from understudy_contracts.models import Price
from understudy_contracts.provider import contract

from .stage import DIRECT, FRAMES, POLL, can_keep, measures, say_where, slug

#: How far a cost may lie from the page's: the duration rule is a fit to these five numbers, good to 6.7 %.
TOLERANCE_PERCENT = 7.0

_STEPS = 3


@dataclass(frozen=True, slots=True)
class Act:
    """One example, and what came of it."""

    title: str
    page_cost: Decimal
    price: Price
    result: MediaResult | None = None
    video: Video | None = None
    #: None when it was not asked to come by webhook too.
    webhook_agrees: bool | None = None
    trouble: str = ""

    @property
    def difference(self) -> float | None:
        """Per cent by which the cost lies above the page's."""
        if self.result is None or self.result.cost is None:
            return None
        return float((self.result.cost - self.page_cost) / self.page_cost * 100)

    @property
    def faults(self) -> list[str]:
        """Everything that is not as it should be, each in a few words."""
        if self.trouble or self.result is None or self.video is None:
            return [self.trouble or "it did not arrive"]
        if self.result.cost is None or self.difference is None:
            return ["it came without a cost"]
        found = []
        if abs(self.difference) > TOLERANCE_PERCENT:
            found.append(f"its cost is {self.difference:+.1f} % off the page's")
        slack = self.price.usd * Decimal(str(FRAMES))
        if abs(self.price.cost(self.video.seconds) - self.result.cost) > slack:
            found.append(f"its length, {self.video.seconds:.2f} s, is not what its cost pays for")
        if self.webhook_agrees is False:
            found.append("the webhook and the poll told different things")
        return found


def perform(base_url: str, api_key: str, out: Path, console: Console) -> bool:
    """Perform the five requests of Runware's page for HeyGen Avatar IV at a base URL, and say how it went.

    Puts five MP4 files into `out` and prints a table. True when all five arrived, every cost is within 7 % of the
    page's, every file is as long as its cost pays for, and a webhook told the same as the polls.
    Nothing is sent when the files could not be put there.
    """
    if not can_keep(out, console):
        return False
    return _show(anyio.run(_perform, base_url, api_key, out, console), out, console)


def _show(acts: Sequence[Act], out: Path, console: Console) -> bool:
    console.print(_table(acts))
    for act in acts:
        for fault in act.faults:
            console.print(f"[red]{escape(act.title)}:[/] {escape(fault)}", soft_wrap=True)
    if any(act.webhook_agrees for act in acts):
        console.print("The poll and the webhook of the first agree.")
    say_where([act.video for act in acts], out, console)
    return not any(act.faults for act in acts)


async def _perform(base_url: str, api_key: str, out: Path, console: Console) -> list[Act]:
    promises = contract("runware")
    acts: dict[int, Act] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
    with WebhookReceiver() as receiver, Progress(*columns, console=console) as progress:
        async with (
            httpx.AsyncClient(mounts=DIRECT) as http,
            AsyncRunwareClient(api_key, base_url, http=http) as client,
            anyio.create_task_group() as group,
        ):

            async def play(number: int, example: Mapping[str, Any], row: TaskID) -> None:
                price = promises.models[example["request"]["model"]].price
                hook = receiver if number == 0 else None
                acts[number] = await _play(client, example, price, out, hook, progress, row)

            for number, example in enumerate(promises.examples):
                row = progress.add_task(escape(example["title"]), total=_STEPS)
                group.start_soon(play, number, example, row)
    return [acts[number] for number in sorted(acts)]


async def _play(
    client: AsyncRunwareClient,
    example: Mapping[str, Any],
    price: Price,
    out: Path,
    receiver: WebhookReceiver | None,
    progress: Progress,
    row: TaskID,
) -> Act:
    title = example["title"]
    page_cost = Decimal(str(example["response"]["cost"]))
    request = copy.deepcopy(example["request"]) | {"taskUUID": str(uuid.uuid4()), "includeCost": True}
    if receiver is not None:
        request["webhookURL"] = receiver.url

    def show(status: JobStatus) -> None:
        progress.update(row, completed=2 if status.results else 1)

    try:
        [result] = await client.generate(request, poll=POLL, on_progress=show)
        agrees = await _agrees(receiver, result) if receiver is not None else None
        path = await client.download(result, out / f"{slug(title)}.mp4")
        video = await anyio.to_thread.run_sync(read_video, path)
    except (UnderstudyError, NotAVideo, OSError) as error:
        return Act(title, page_cost, price, trouble=str(error))
    progress.update(row, completed=_STEPS)
    return Act(title, page_cost, price, result, video, agrees)


async def _agrees(receiver: WebhookReceiver, result: MediaResult) -> bool:
    events = await anyio.to_thread.run_sync(receiver.wait, result.job)
    told = [(video.id, video.url, video.cost) for event in events for video in event.results]
    return told == [(result.id, result.url, result.cost)]


def _table(acts: Sequence[Act]) -> Table:
    # Eighty columns are what many terminals and every CI log have: a title gives way before a number does.
    table = Table(title="Runware's five requests, performed", box=SIMPLE, pad_edge=False, expand=True)
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for heading in ("Seconds", "Picture", "Bytes", "Cost", "Page", "Differs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for act in acts:
        cost = act.result.cost if act.result else None
        table.add_row(
            escape(act.title),
            *measures(act.video),
            f"${cost:.4f}" if cost is not None else "–",
            f"${act.page_cost:.4f}",
            f"{act.difference:+.1f} %" if act.difference is not None else "–",
            style="red" if act.faults else "",
        )
    return table
