"""The proxy as clients meet it: real TLS, real sockets, and a stand-in or an echo behind it."""

import asyncio
import logging
import queue
import socket
import ssl
import threading
from contextlib import ExitStack, closing, contextmanager, suppress

import httpx
import pytest

from understudy.config import SettingError
from understudy.proxy import Proxy
from understudy.proxy.request import MAX_HEAD

HOSTS = frozenset({"api.segmind.com", "images.segmind.com", "api.runware.ai"})


class Echo:
    """Answers every connection with what it is sent, until it is sent nothing more; keeps count of those open."""

    def __init__(self):
        self.open = 0
        self.ended = threading.Event()
        self.first_bytes = b""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exc):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self):
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._answer, sock=self._listener, backlog=512)
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _answer(self, reader, writer):
        self.open += 1
        try:
            while data := await reader.read(65536):
                self.first_bytes = self.first_bytes or data
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" if data.startswith(b"GET /talk") else data)
                await writer.drain()
                if data.endswith(b"bye"):
                    break
        except OSError:
            pass
        finally:
            self.open -= 1
            self.ended.set()
            writer.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("authority") / "proxy"


@pytest.fixture(scope="module")
def echo():
    with Echo() as running:
        yield running


@pytest.fixture(scope="module")
def echoing(folder, echo):
    with Proxy(hosts=HOSTS, folder=folder, to=echo.url) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(folder, server):
    """The way to the real stand-in."""
    with Proxy(hosts=HOSTS, folder=folder, to=server.url) as running:
        yield running


@pytest.fixture
def client(proxy, monkeypatch):
    """A client that knows nothing but its environment."""
    for name in ("ALL_PROXY", "NO_PROXY", "HTTP_PROXY", "all_proxy", "no_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in proxy.environment.items():
        monkeypatch.setenv(name, value)
    with httpx.Client(timeout=20) as made:
        yield made


class Log(logging.Handler):
    """What the proxy logs, wherever else that goes."""

    def __init__(self):
        super().__init__()
        self.messages = queue.Queue()

    def emit(self, record):
        self.messages.put(record.getMessage())


@pytest.fixture
def log():
    logger, kept = logging.getLogger("understudy.proxy"), Log()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept.messages
    logger.setLevel(level)
    logger.removeHandler(kept)


def line(log, start):
    """The next line that starts so: what an earlier test left behind may come first."""
    while not (said := log.get(timeout=20)).startswith(start):
        pass
    return said


def trust(proxy):
    context = ssl.create_default_context(cafile=proxy.environment["SSL_CERT_FILE"])
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


@contextmanager
def tunnel(proxy, host="api.segmind.com"):
    """TLS to a provider's host by hand."""
    plain = connect(proxy)
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
    assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
    with closing(trust(proxy).wrap_socket(plain, server_hostname=host)) as secure:
        yield secure


async def secured(proxy, host):
    """The same, many at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    await writer.start_tls(trust(proxy), server_hostname=host, ssl_handshake_timeout=60)
    return reader, writer


def exactly(connection, count):
    received = b""
    while len(received) < count and (more := connection.recv(65536)):
        received += more
    return received


def said(connection):
    """Everything until the proxy hangs up."""
    received = b""
    while more := connection.recv(65536):
        received += more
    return received.decode()


def asked(proxy, request):
    with connect(proxy) as connection:
        connection.sendall(request)
        return said(connection)


def test_a_client_reaches_the_stand_in_by_the_provider_s_own_url(client):
    task = {"taskType": "getResponse", "taskUUID": "7a1b6d5e-6f0e-4c4c-9d0a-3c4b8f3b9a55"}
    answer = client.post("https://api.runware.ai/v1", json=[task], headers={"Authorization": "Bearer proxied"})
    assert answer.status_code == 200
    assert answer.json() == {"data": []}


def test_one_connection_carries_many_requests(client):
    for _ in range(3):
        answer = client.post("https://api.runware.ai/v1", json=[], headers={"Authorization": "Bearer proxied"})
        assert answer.status_code == 400


def test_a_provider_is_recognised_however_its_name_is_written(echoing):
    for name in ("API.Segmind.COM", "api.segmind.com."):
        assert asked(echoing, f"CONNECT {name}:8443 HTTP/1.1\r\nhost: x\r\n\r\n".encode()).startswith(
            "HTTP/1.1 403 api.segmind.com is reached on port 443 only, not on 8443\r\n"
        )


def test_only_http_1_is_offered(echoing):
    with tunnel(echoing) as secure:
        assert secure.selected_alpn_protocol() == "http/1.1"


def test_whoever_trusts_other_authorities_only_gets_no_tls_and_the_log_says_why(echoing, log):
    with connect(echoing) as plain:
        plain.sendall(b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: x\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="api.segmind.com")
    said = line(log, "api.segmind.com: no TLS: does the client trust ")
    assert echoing.environment["SSL_CERT_FILE"] in said


def test_each_tunnel_is_a_line_in_the_log_and_each_refusal(echoing, log):
    with tunnel(echoing, "images.segmind.com"):
        assert line(log, "tunnel to images")
    asked(echoing, b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert line(log, "refused") == "refused: understudy does not stand in for example.com"


def test_bytes_pass_untouched_after_an_upgrade_too(echoing):
    with tunnel(echoing) as secure:
        secure.sendall(b"GET /talk HTTP/1.1\r\nupgrade: websocket\r\n\r\n")
        assert exactly(secure, 36) == b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
        for message in (b"\x81\x85\x00\xff\x00\xff hello", bytes(range(256)), b"\x00" * 70_000):
            secure.sendall(message)
            assert exactly(secure, len(message)) == message


async def test_as_much_as_a_video_goes_either_way_at_once(echoing):
    body = bytes(range(256)) * 64 * 1024
    reader, writer = await secured(echoing, "images.segmind.com")
    writer.write(body)
    heard, _ = await asyncio.gather(reader.readexactly(len(body)), writer.drain())
    assert heard == body
    writer.close()
    await writer.wait_closed()


def test_what_the_stand_in_said_before_it_hung_up_still_arrives(echoing):
    with tunnel(echoing) as secure:
        body = b"x" * 500_000 + b"bye"
        secure.sendall(body)
        assert exactly(secure, len(body)) == body
        assert secure.recv(1) == b""


def test_a_client_that_hangs_up_is_hung_up_on_the_other_side_with_all_it_sent(folder):
    with Echo() as echo, Proxy(hosts=HOSTS, folder=folder, to=echo.url) as proxy:
        with tunnel(proxy) as secure:
            secure.sendall(b"last words")
        assert echo.ended.wait(20)
        assert (echo.first_bytes, echo.open) == (b"last words", 0)


async def test_two_hundred_tunnels_at_once(echoing):
    async def one(number):
        reader, writer = await secured(echoing, "api.segmind.com")
        await everyone.wait()
        mine = str(number).encode() * 1000
        writer.write(mine)
        heard = await reader.readexactly(len(mine))
        writer.close()
        await writer.wait_closed()
        return heard == mine

    everyone = asyncio.Barrier(200)
    assert all(await asyncio.gather(*(one(number) for number in range(200))))


@pytest.mark.parametrize("host", ["example.com", "segmind.com", "api.segmind.com.evil.example", "127.0.0.1", "[::1]"])
def test_any_other_destination_is_refused_by_name(echoing, host):
    answer = asked(echoing, f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 403 understudy does not stand in for {host}\r\n")
    assert answer.endswith("only for api.runware.ai, api.segmind.com, images.segmind.com\n")


def test_a_refusal_reaches_the_person_behind_the_client(client):
    with pytest.raises(httpx.ProxyError, match=r"understudy does not stand in for example\.com"):
        client.get("https://example.com/")


@pytest.mark.parametrize(
    ("request_line", "status", "words"),
    [
        ("GET http://api.segmind.com/v1/x HTTP/1.1", 403, "ask for https://api.segmind.com"),
        ("POST http://example.com/ HTTP/1.1", 403, "does not stand in for example.com"),
        ("GET / HTTP/1.1", 400, "this is a proxy: set HTTPS_PROXY"),
        ("GET http://[/ HTTP/1.1", 400, "no URL"),
        ("OPTIONS * HTTP/1.1", 400, "this is a proxy"),
        ("CONNECT api.segmind.com HTTP/1.1", 400, "a host and a port"),
        ("CONNECT api.segmind.com:https HTTP/1.1", 400, "a host and a port"),
        ("CONNECT api.segmind.com:80 HTTP/1.1", 403, "on port 443 only, not on 80"),
        ("CONNECT :443 HTTP/1.1", 403, "does not stand in for"),
    ],
)
def test_what_is_no_tunnel_to_a_provider_is_refused_with_what_would_do(echoing, request_line, status, words):
    answer = asked(echoing, f"{request_line}\r\nhost: x\r\n\r\n".encode())
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert words in head.splitlines()[0]
    assert words in body


@pytest.mark.parametrize(
    ("rubbish", "status"),
    [
        (b"\x00\x01\x02\x03\r\n\r\n", 400),
        (b"EHLO mail.example\r\n\r\n", 400),
        (b"CONNECT api.segmind.com:443 HTTP/1.1\r\nno colon here\r\n\r\n", 400),
        (b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        (b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello", 400),
        (b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: x\r\n\r\n\x16\x03\x01", 400),
        (b"CONNECT api.segmind.com:443 HTTP/1.1\r\nx: " + b"y" * (MAX_HEAD + 1), 431),
        (b"POST http://api.segmind.com/ HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n" + b"y" * 500_000, 403),
    ],
)
def test_rubbish_gets_an_answer_and_nothing_else(echoing, rubbish, status):
    assert asked(echoing, rubbish).startswith(f"HTTP/1.1 {status} ")


def test_tls_to_the_proxy_itself_is_explained(echoing):
    answer = asked(echoing, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert "HTTPS_PROXY starts with http://" in answer


def test_a_caller_that_leaves_without_a_word_gets_none(echoing, log):
    with connect(echoing) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert said(connection) == ""
    assert not [said for said in log.queue if said.startswith("refused")]


@pytest.mark.parametrize("start", [b"", b"CONNECT api.segmind.com:443 HTT"])
def test_a_silent_client_is_not_waited_for(folder, echo, start):
    with Proxy(hosts=HOSTS, folder=folder, to=echo.url, patience=0.05) as proxy:
        assert asked(proxy, start).startswith("HTTP/1.1 408 no whole request came within 0.05 seconds")


def test_a_client_that_never_starts_tls_is_not_waited_for(folder, echo):
    with Proxy(hosts=HOSTS, folder=folder, to=echo.url, patience=0.05) as proxy, connect(proxy) as connection:
        connection.sendall(b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: x\r\n\r\n")
        with suppress(ConnectionResetError):
            assert "200" in said(connection)


def test_without_a_stand_in_the_refusal_says_how_to_start_it(folder):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with Proxy(hosts=HOSTS, folder=folder, to=nobody) as proxy:
        answer = asked(proxy, b"CONNECT api.segmind.com:443 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 502 nothing answers at {nobody}: start `understudy serve`\r\n")


def test_it_stops_while_tunnels_are_open_and_leaves_no_connection(folder):
    with Echo() as echo, ExitStack() as running, ExitStack() as connections:
        proxy = running.enter_context(Proxy(hosts=HOSTS, folder=folder, to=echo.url))
        secure = connections.enter_context(tunnel(proxy))
        silent = connections.enter_context(connect(proxy))
        secure.sendall(b"still here")
        assert exactly(secure, 10) == b"still here"
        running.close()
        for connection in (secure, silent):
            with suppress(ConnectionResetError, ssl.SSLEOFError):
                assert connection.recv(1) == b""
        assert echo.ended.wait(20)
        assert echo.open == 0
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)


def test_it_stops_though_the_stand_in_takes_nothing_more(folder, monkeypatch):
    monkeypatch.setattr("understudy.proxy.tunnel.LAST_WORDS", 600)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as deaf,
        ExitStack() as connections,
        Proxy(hosts=HOSTS, folder=folder, to=f"http://127.0.0.1:{deaf.getsockname()[1]}") as proxy,
    ):
        secure = connections.enter_context(tunnel(proxy))
        secure.settimeout(0.2)
        with pytest.raises(TimeoutError):  # noqa: PT012
            while True:
                secure.send(b"x" * 65536)


def test_it_stops_though_a_client_does_not_take_the_last_of_an_answer(folder, monkeypatch):
    monkeypatch.setattr("understudy.proxy.tunnel.LAST_WORDS", 600)
    with (
        Echo() as echo,
        ExitStack() as connections,
        Proxy(hosts=HOSTS, folder=folder, to=echo.url) as proxy,
    ):
        secure = connections.enter_context(tunnel(proxy))
        secure.sendall(b"x" * 10_000 + b"bye")
        assert echo.ended.wait(20)


def test_it_does_not_listen_where_others_can_reach_it_unless_told_to(folder, echo):
    with pytest.raises(SettingError, match="--allow-remote"):
        Proxy(hosts=HOSTS, folder=folder, to=echo.url, host="0.0.0.0")
    with Proxy(hosts=HOSTS, folder=folder, to=echo.url, host="0.0.0.0", allow_remote=True) as proxy:
        assert proxy.url == f"http://127.0.0.1:{proxy.port}"


@pytest.mark.parametrize(
    "to",
    ["https://127.0.0.1:8899", "127.0.0.1:8899", "http://", "http://x:y", "http://127.0.0.1/v1", "http://a@b", "http://[", ""],
)  # fmt: skip
def test_an_address_that_is_no_stand_in_s_is_explained(folder, to):
    with pytest.raises(SettingError, match=r"one such as http://127\.0\.0\.1:8899"):
        Proxy(hosts=HOSTS, folder=folder, to=to)


def test_a_port_that_is_taken_is_explained(folder, echoing):
    with pytest.raises(SettingError, match=f"cannot listen on 127.0.0.1:{echoing.port}"):
        Proxy(hosts=HOSTS, folder=folder, to="http://127.0.0.1:1", port=echoing.port)
