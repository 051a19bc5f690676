import asyncio

import pytest
from asking import submit


async def advanced(understudy):
    # A receiver of webhooks in the test's own loop answers while the test waits for what it is sent.
    heard = []

    async def receive(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1", 0) as receiver:
        port = receiver.sockets[0].getsockname()[1]
        await asyncio.to_thread(submit, understudy, webhookURL=f"http://127.0.0.1:{port}/")
        await asyncio.to_thread(understudy.advance, 3600)
    assert len(heard) == 1
    assert [one["state"] for one in understudy.webhooks] == ["delivered"]


@pytest.mark.asyncio
@pytest.mark.understudy(speed="real", clock="manual")
async def test_asyncio(understudy):
    await advanced(understudy)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.understudy(speed="real", clock="manual")
async def test_anyio(understudy, anyio_backend):
    # The server's event loop is its own: what a test runs on stays what it was.
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio")
    await advanced(understudy)
