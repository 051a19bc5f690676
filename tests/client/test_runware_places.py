from __future__ import annotations

import pytest

from understudy_client import RunwareClient
from understudy_client.runware_places import REST, SOCKET, proxy_of, rest_url, socket_url


@pytest.mark.parametrize(
    ("rest", "socket"),
    [
        (REST, SOCKET),
        ("https://api.runware.ai/v1", "wss://ws-api.runware.ai/v1"),
        ("http://127.0.0.1:8899/v1", "ws://127.0.0.1:8899/v1"),
        ("https://me:secret@proxy.example/deep/v1", "wss://me:secret@proxy.example/deep/v1"),
    ],
)
def test_a_base_url_of_either_transport_serves_both(rest, socket):
    assert rest_url(rest) == rest_url(socket) == rest
    assert socket_url(rest) == socket_url(socket) == socket


def test_a_socket_for_prices_says_so_in_its_query():
    assert socket_url("http://localhost:1/v1", dry_run=True) == "ws://localhost:1/v1?dryRun=1"


@pytest.mark.parametrize("url", ["localhost:8899", "ftp://localhost/v1", "http://[::1", "ws://[::1", "http://"])
@pytest.mark.parametrize("transport", ["rest", "websocket"])
def test_a_base_url_that_is_none_is_told_by_either_transport(url, transport):
    with pytest.raises(ValueError, match="base_url"):
        RunwareClient("key", url, transport=transport)


def test_a_transport_nobody_knows_is_told():
    with pytest.raises(ValueError, match="'rest' or 'websocket'"):
        RunwareClient("key", transport="pigeon")


def test_without_a_base_url_the_provider_itself_is_meant(monkeypatch, http):
    monkeypatch.delenv("RUNWARE_BASE_URL", raising=False)
    assert RunwareClient("key", http=http).base_url == REST
    assert RunwareClient("key", http=http, transport="websocket").base_url == SOCKET


def test_the_variable_may_be_written_for_either(monkeypatch, http):
    monkeypatch.setenv("RUNWARE_BASE_URL", "ws://127.0.0.1:8899/v1/")
    assert RunwareClient("key", http=http).base_url == "http://127.0.0.1:8899/v1"
    assert RunwareClient("key", http=http, transport="websocket").base_url == "ws://127.0.0.1:8899/v1"


@pytest.fixture
def environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy", "socks_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch.setenv


def test_a_socket_takes_the_proxy_that_rest_takes(environment):
    assert proxy_of("ws://a.example/v1") is None
    environment("HTTPS_PROXY", "http://secure:1")
    assert proxy_of("ws://a.example/v1") is None
    assert proxy_of("wss://a.example/v1") == "http://secure:1"
    environment("HTTP_PROXY", "plain:2")
    assert proxy_of("ws://a.example/v1") == "http://plain:2"
    environment("NO_PROXY", "a.example")
    assert proxy_of("ws://a.example:8899/v1") is None
    assert proxy_of("ws://b.example/v1") == "http://plain:2"


def test_a_proxy_for_all_serves_both(environment):
    environment("ALL_PROXY", "http://all:3")
    assert proxy_of("ws://a.example/v1") == proxy_of("wss://a.example/v1") == "http://all:3"
