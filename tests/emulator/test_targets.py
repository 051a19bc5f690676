import asyncio
from ipaddress import ip_address

import pytest

from understudy.targets import ForbiddenTarget, check_literal, is_forbidden, resolve

METADATA = [
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.1.1:8080/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[::169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://169.254.43518/",
    "http://0251.0376.0251.0376/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA.google.internal./",
    "http://100.100.100.200/",
    "http://user:secret@169.254.169.254/",
]


@pytest.mark.parametrize("url", METADATA)
def test_a_metadata_address_is_refused_however_it_is_written(url):
    with pytest.raises(ForbiddenTarget, match="metadata"):
        check_literal(url)


@pytest.mark.parametrize("url", METADATA[:8])
async def test_it_is_refused_again_when_it_is_about_to_be_called(url):
    with pytest.raises(ForbiddenTarget):
        await resolve(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "http://",
        "http://host:99999/",
        "http://[::1",
        "http://host.example\0/",
        "nonsense",
        "http://h:0/",
        "http://a..b/",
        f"http://{'x' * 64}.example/",
    ],
)
def test_what_is_no_http_address_is_refused(url):
    with pytest.raises(ForbiddenTarget):
        check_literal(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://hooks.example.com/a?b=c", "http://10.1.2.3/", "http://[::1]:9/"]
)
def test_other_addresses_pass(url):
    check_literal(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "127.0.0.1", "::1", "2001:db8::1", "10.0.0.1"])
def test_ordinary_addresses_are_not_forbidden(address):
    assert not is_forbidden(ip_address(address))


async def test_the_connection_goes_to_the_very_address_that_was_judged():
    target = await resolve("http://user:pw@localhost:8080/hook?a=1#part")
    assert target.url in ("http://user:pw@127.0.0.1:8080/hook?a=1", "http://user:pw@[::1]:8080/hook?a=1")
    assert target.host == "localhost:8080"
    assert target.server_name == "localhost"


async def test_a_name_that_resolves_to_a_metadata_address_is_refused(monkeypatch):
    async def poisoned(*args, **kwargs):
        return [(2, 1, 6, "", ("127.0.0.1", 80)), (2, 1, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", poisoned, raising=False)
    with pytest.raises(ForbiddenTarget, match="resolves to"):
        await resolve("http://rebound.example.com/")


async def test_a_switch_lets_them_through():
    target = await resolve("http://169.254.169.254/x", allow_all=True)
    assert target.url == "http://169.254.169.254:80/x"
