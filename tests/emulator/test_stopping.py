"""A server that is asked to stop: what it still does, and what it leaves nobody waiting for."""

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from understudy.port import Uvicorn, address, listen


class Host:
    """A server of an application that answers when it is let go, and writes down what happened."""

    def __init__(self):
        self.said = []
        self.begun, self.go = threading.Event(), threading.Event()
        self._ready = threading.Event()
        self._socket = listen("127.0.0.1", 0)
        self.port = self._socket.getsockname()[1]
        self.url = address("127.0.0.1", self.port)
        self.server = Uvicorn(
            uvicorn.Config(
                self._app,
                interface="asgi3",
                access_log=False,
                log_config=None,
                ws="websockets-sansio",
                timeout_graceful_shutdown=20,
            ),
            self._ready.set,
        )
        self.thread = threading.Thread(target=self.server.run, args=([self._socket],), daemon=True)

    @contextlib.contextmanager
    def open(self):
        self.thread.start()
        assert self._ready.wait(20)
        try:
            yield self
        finally:
            self.go.set()
            self.server.stop()
            self.thread.join(20)
            assert not self.thread.is_alive()

    def knock_for(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            socket.create_connection(("127.0.0.1", self.port)).close()
            time.sleep(0.01)

    async def _app(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                self.said.append(step)
                await send({"type": f"lifespan.{step}.complete"})
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self.begun.set()
            self.said.append((await receive())["type"])
        else:
            self.begun.set()
            await asyncio.to_thread(self.go.wait, 20)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"whole"})
            self.said.append("answered")


@pytest.fixture
def host():
    with Host().open() as host:
        yield host


def test_an_answer_under_way_is_given_whole_before_all_ends(host):
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, host.url, trust_env=False, timeout=20)
        assert host.begun.wait(20)
        host.server.stop()
        host.thread.join(0.2)
        assert host.thread.is_alive()
        host.go.set()
        assert answer.result().text == "whole"
    host.thread.join(20)
    assert host.said == ["startup", "answered", "shutdown"]


def test_nobody_new_is_let_in_once_it_stops(host):
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, host.url, trust_env=False, timeout=20)
        assert host.begun.wait(20)
        host.server.stop()
        with pytest.raises(ConnectionRefusedError):
            host.knock_for(20)
        assert not answer.done()
        host.go.set()
        assert answer.result().is_success


def test_a_socket_is_closed_with_the_code_that_says_why(host):
    with connect(host.url.replace("http", "ws"), proxy=None) as line:
        assert host.begun.wait(20)
        host.server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            line.recv(timeout=20)
    assert closed.value.rcvd.code == 1012
    host.thread.join(20)
    assert host.said == ["startup", "websocket.disconnect", "shutdown"]


def test_who_keeps_a_connection_without_asking_anything_holds_nobody_up(host):
    host.go.set()
    with httpx.Client(trust_env=False) as kept:
        assert kept.get(host.url).is_success
        host.server.stop()
        host.thread.join(10)
        assert not host.thread.is_alive()


def test_asking_again_when_it_has_ended_does_nothing(host):
    host.server.stop()
    host.thread.join(20)
    host.server.stop()
    assert host.said == ["startup", "shutdown"]


def test_it_can_be_asked_before_it_has_begun():
    host = Host()
    host.server.stop()
    with host.open():
        host.thread.join(20)
    assert host.said == ["startup", "shutdown"]
