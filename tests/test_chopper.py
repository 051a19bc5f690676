"""The tool that breaks lines breaks them where it says, and leaves the rest whole."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidHandshake

from chopper import Chopper, Cut, says
from frames import MessageReader


async def echo(socket: ServerConnection) -> None:
    """Answer each message twice; a line that breaks is the test's business."""
    try:
        async for message in socket:
            await socket.send(message)
            await socket.send(f"again: {message!r}")
    except ConnectionClosed:
        return


@pytest.fixture
async def port():
    async with serve(echo, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def reach(chopper: Chopper, **options) -> connect:
    return connect(f"ws://127.0.0.1:{chopper.port}/", proxy=None, **options)


async def heard(socket: ClientConnection) -> list[str | bytes]:
    """What still arrives until the line breaks."""
    messages = []
    with suppress(ConnectionClosedError):
        async for message in socket:
            messages.append(message)
    # The line ended without a word of goodbye.
    assert socket.close_code == 1006
    return messages


async def test_without_a_cut_everything_arrives_and_both_ends_close_cleanly(port):
    with Chopper(port) as chopper:
        async with reach(chopper) as socket:
            await socket.send("x" * 200_000)
            assert await socket.recv() == "x" * 200_000
        assert socket.close_code == 1000
        assert (chopper.connections, chopper.broken) == (1, 0)


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_a_message_is_told_by_what_it_says_compressed_or_not(port, compression):
    with Chopper(port, Cut.before("down", says("again", "two"))) as chopper:
        async with reach(chopper, compression=compression) as socket:
            for word in ("one", "two"):
                await socket.send(word)
            assert await heard(socket) == ["one", "again: 'one'", "two"]
        assert chopper.broken == 1


async def test_what_the_cut_spares_arrives(port):
    with Chopper(port, Cut.after("down", says("again"))) as chopper:
        async with reach(chopper) as socket:
            await socket.send("one")
            assert await heard(socket) == ["one", "again: 'one'"]


async def test_of_a_cut_on_the_way_up_the_server_never_hears(port):
    with Chopper(port, Cut.before("up", says("t", nth=2))) as chopper:
        async with reach(chopper) as socket:
            await socket.send("two")
            assert [await socket.recv(), await socket.recv()] == ["two", "again: 'two'"]
            await socket.send("three")
            assert await heard(socket) == []


async def test_a_message_in_fragments_is_one_message(port):
    with Chopper(port, Cut.before("up", says("fragment"))) as chopper:
        async with reach(chopper) as socket:
            await socket.send(["frag", "ment"])
            assert await heard(socket) == []


async def test_a_cut_is_for_one_connection_and_none_spares_it(port):
    with Chopper(port, None, Cut.at_byte("up", 10)) as chopper:
        async with reach(chopper) as socket:
            await socket.send("one")
            assert await socket.recv() == "one"
        with pytest.raises((InvalidHandshake, EOFError, OSError)):
            await reach(chopper)
        async with reach(chopper) as socket:
            await socket.send("three")
            assert await socket.recv() == "three"
        assert (chopper.connections, chopper.broken) == (3, 1)


@pytest.mark.parametrize("count", [1, 100, 1_000])
async def test_exactly_as_many_bytes_arrive_as_were_to(count):
    received = asyncio.Queue()

    async def swallow(reader, writer):
        received.put_nowait(await reader.read(-1))
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        with Chopper(server.sockets[0].getsockname()[1], Cut.at_byte("up", count)) as chopper:
            _, writer = await asyncio.open_connection("127.0.0.1", chopper.port)
            writer.write(b"x" * 5_000)
            assert await asyncio.wait_for(received.get(), 10) == b"x" * count
            writer.close()


@given(st.lists(st.binary(max_size=70_000), max_size=4), st.data())
def test_messages_are_read_alike_however_they_are_split_into_chunks(payloads, data):
    stream = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n" + b"".join(map(frame, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader = MessageReader()
    pieces = [
        piece
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for piece in reader.feed(stream[start:end])
    ]
    assert b"".join(raw for raw, _ in pieces) == stream
    assert [message.payload for _, message in pieces if message] == payloads


def frame(payload: bytes) -> bytes:
    """A masked binary frame."""
    length = len(payload)
    size = (
        bytes([0x80 | length])
        if length < 126
        else b"\xfe" + length.to_bytes(2)
        if length < 1 << 16
        else b"\xff" + length.to_bytes(8)
    )
    mask = b"\x01\x02\x03\x04"
    return b"\x82" + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
