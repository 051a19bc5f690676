"""What the official SDKs are pointed at when nothing but their environment says where to go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.config import Settings, Speed
from understudy.proxy import Proxy
from understudy.server import Server
from understudy_contracts.provider import contract

PROVIDERS = ("runware", "gmi", "segmind", "heygen")


@pytest.fixture(scope="session")
def instant(cache: Path) -> Iterator[Server]:
    """A server on which everything is done at once: an SDK then never waits its second between polls."""
    with Server(Settings(port=0, speed=Speed(1.0, 0.0), cache_dir=cache)) as running:
        yield running


@pytest.fixture(scope="session")
def proxy(instant: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The proxy that takes every provider's hosts to `instant`."""
    hosts = {host for provider in PROVIDERS for host in contract(provider).hosts}
    with Proxy(hosts=hosts, folder=tmp_path_factory.mktemp("authority") / "proxy", to=instant.url) as running:
        yield running
