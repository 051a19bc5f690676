"""Fixtures for tests that talk to AI-video providers: nothing to configure, nothing spent.

`understudy` is an account of the test's own at a stand-in that runs beside the tests; `understudy_env` also points the
environment at it, so that clients and SDKs find it by themselves and real API keys stay out of reach:

    def test_a_failed_video_is_not_paid_for(understudy_env):
        with understudy_env.fail("timeoutProvider"), pytest.raises(MyVideoError):
            make_a_video("Good evening.")
        assert understudy_env.balance == 100_000

Videos are done at once, unless the test, its class or its module is marked otherwise, as in
`@pytest.mark.understudy(clock="manual")`: time then passes by `advance` only, and a video takes as long as at the
provider. What is to hold for all tests is said in pytest's configuration file, as in `understudy_clock = manual`.
"""

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .account import Failure as Failure
    from .account import Understudy as Understudy
    from .servers import Servers

_MARKER = """understudy(clock="flowing", speed="instant", seed=None, balance=None, limits=None, switches=None, \
proxy=True): what the stand-in of the fixture `understudy` is like. clock: flowing, or manual, which moves only by \
advance(). speed: instant, brisk, real or a number; real with a manual clock. seed: answers are the same at every \
run. balance: US dollars to start with. limits: what may be spent and run at once. switches: how to read what the \
providers' sources disagree on, such as {"runware.webhook-body": "flat"}. proxy: whether understudy_env takes the \
providers' own https hosts to the stand-in."""

#: What the configuration file can say, each with its type there.
_INI = {
    "clock": ("string", "`flowing`, or `manual`: time moves by advance() only."),
    "speed": ("string", "How fast a video is made: `instant`, `brisk`, `real`, or a number."),
    "seed": ("string", "A whole number: each test gets the same ids, seeds and costs at every run."),
    "balance": ("string", "US dollars that each account starts with."),
    "switches": (
        "linelist",
        "How to read what the sources disagree on, such as `runware.webhook-body=flat`, a line each.",
    ),
    "proxy": ("string", "`false`: understudy_env leaves the providers' own https hosts alone."),
}

#: Nothing else is imported before a test asks for a fixture: whoever does not use this must not pay for it.
_ACCOUNT = pytest.StashKey["Understudy"]()


def __getattr__(name: str) -> Any:
    if name in ("Understudy", "Failure"):
        from . import account

        return getattr(account, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the configuration file say what stand-ins are like."""
    for name, (kind, what) in _INI.items():
        parser.addini(f"understudy_{name}", what, type=kind, default=[] if kind == "linelist" else "")  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def _understudy_servers(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Servers]":
    """The servers of this run: one for each kind of stand-in that tests ask for, started by the first."""
    from .servers import Servers

    with Servers(lambda: tmp_path_factory.mktemp("understudy")) as servers:
        yield servers


@pytest.fixture
def understudy(request: pytest.FixtureRequest, _understudy_servers: "Servers") -> "Iterator[Understudy]":
    """An account of this test's own at a local stand-in for Runware, GMI Cloud and Segmind."""
    from .account import opened
    from .options import options_of

    options = options_of(request.node, {name: request.config.getini(f"understudy_{name}") for name in _INI})
    with opened(_understudy_servers, options, request.node.nodeid) as account:
        request.node.stash[_ACCOUNT] = account
        yield account


@pytest.fixture
def understudy_env(
    understudy: "Understudy", _understudy_servers: "Servers", monkeypatch: pytest.MonkeyPatch
) -> "Understudy":
    """The fixture `understudy`, with the environment pointed at it and cleared of real keys.

    The bundled client and SDKs that read a base URL find the stand-in by it. The providers' own https hosts lead there
    too, through a proxy, for everything that heeds HTTPS_PROXY; no other https host can be reached meanwhile.
    """
    import os

    from .environment import changes

    proxy = _understudy_servers.proxy(understudy.options) if understudy.options.proxy else None
    for name, value in changes(os.environ, understudy, proxy.environment if proxy else {}).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    return understudy


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a failed test and the stand-in last said to each other."""
    report = yield
    account = item.stash.get(_ACCOUNT, None)
    if account is not None and report.failed and report.when != "teardown":
        from .report import section

        report.sections.append(("understudy: what was said last", section(account)))
    return report
