"""Bytes both ways between two connections, untouched, until either ends."""

import asyncio
from contextlib import suppress

#: How much is taken from one side before it is offered to the other, in bytes.
CHUNK = 64 * 1024

#: How long the last bytes may take to leave once the other side has ended, in seconds.
LAST_WORDS = 30.0

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def join(client: Stream, upstream: Stream) -> tuple[int, int]:
    """Carry bytes both ways until one side ends, let the other have all it sent, and close both.

    Returns how many bytes went up and down. TLS has no half-closed connections here: who ends its own side has ended
    both.
    """
    up = asyncio.create_task(_carry(client[0], upstream[1]))
    down = asyncio.create_task(_carry(upstream[0], client[1]))
    try:
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (up, down):
            task.cancel()
        carried = await asyncio.gather(up, down)
    await asyncio.gather(_close(client[1]), _close(upstream[1]))
    return carried[0], carried[1]


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> int:
    carried = 0
    with suppress(OSError, asyncio.CancelledError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            carried += len(chunk)
            await target.drain()
    return carried


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close a connection once what was written has left, or without it when the other side does not take it."""
    with suppress(OSError):
        async with asyncio.timeout(LAST_WORDS):
            writer.close()
            await writer.wait_closed()
