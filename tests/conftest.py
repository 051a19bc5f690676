"""One real server for the whole run; every test gets an account of its own by its key."""

import gc
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from stage import Stage, unhurried
from understudy.clock import ManualClock
from understudy.config import Settings, Speed
from understudy.server import Server

settings.register_profile("quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
# What CI runs judges a change, not the luck of a search: it tries the same every time. `make search` tries what is new.
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=20, derandomize=True)
settings.register_profile("search", settings.get_profile("quick"), max_examples=100, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_finish() -> None:
    """What was loaded by now stays: no search for garbage need go through it again."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def nobody_to_trust(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One authority instead of the world's: nothing here speaks to the world, and reading all takes 40 ms a client."""
    one = tmp_path_factory.mktemp("trust") / "one.pem"
    first, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----")
    one.write_text(f"{first}{end}\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(one))
        # The same for the processes that tests start.
        patch.setenv("SSL_CERT_FILE", str(one))
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Whoever does not say how long a request may take waits a minute, not five seconds: a busy machine is no fault."""
    with pytest.MonkeyPatch.context() as patch:
        for part in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, part, 60.0)
        yield


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """A command that a test runs in this process says where log lines go: for the next test they go where they went."""
    loggers = [logging.getLogger(name) for name in ("understudy", "uvicorn")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagates in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagates


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def server(cache: Path) -> Iterator[Server]:
    """A real server on a real port whose videos take a fraction of a second; any key is its own account."""
    with Server(Settings(port=0, speed=Speed(1.0, 1 / 300), cache_dir=cache)) as running:
        yield unhurried(running)


@pytest.fixture
def key() -> str:
    """An API key nobody else uses."""
    return f"test-{uuid.uuid4()}"


@pytest.fixture
def make_server(cache: Path) -> Iterator[Callable[..., Server]]:
    """Start further servers with settings of their own; a ManualClock unless told otherwise."""
    running: list[Server] = []

    def start(clock: Any = None, **values: Any) -> Server:
        made = Server(Settings(**{"port": 0, "cache_dir": cache, **values}), clock)
        made.__enter__()
        running.append(made)
        return made

    yield start
    for server in running:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def patient_server(cache: Path) -> Iterator[tuple[Server, ManualClock]]:
    """A server under a clock that only tests move; they share it, for time only ever goes forward."""
    clock = ManualClock()
    with Server(Settings(port=0, cache_dir=cache), clock) as running:
        yield unhurried(running), clock


@pytest.fixture
def stage(patient_server: tuple[Server, ManualClock], key: str) -> Iterator[Stage]:
    """An account of one's own on a server under a clock that only the test moves."""
    made = Stage(*patient_server, key)
    yield made
    made.http.close()
