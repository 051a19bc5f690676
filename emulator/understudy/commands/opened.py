"""Whom a command asks that holds somebody to a contract: a stand-in of its own, a server, or the provider itself."""

from __future__ import annotations

import os
import random
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from understudy_contracts.harness import Remote, Session
    from understudy_contracts.harness.session import Sink

#: The providers there are contracts of, and the variable that has the key of each.
KEYS = {
    "runware": "RUNWARE_API_KEY",
    "gmi": "GMI_API_KEY",
    "segmind": "SEGMIND_API_KEY",
    "heygen": "HEYGEN_API_KEY",
}

_RECORDING = "recording:"


@dataclass(frozen=True, slots=True)
class Opened:
    """A target that can be asked: `opened.session("gmi")`."""

    #: The API key of each provider.
    keys: Mapping[str, str]
    targets: Mapping[str, Remote]
    live: bool
    #: Whether what is asked of it may cost somebody money: so it is of everybody who is no stand-in.
    costs: bool
    seed: int
    _benches: Mapping[str, Any]
    _sinks: Mapping[str, Sink]

    def session(self, provider: str, *, run: uuid.UUID | None = None, **more: Any) -> Session:
        """Begin a conversation; `more` is what `Session` takes."""
        from understudy_contracts.harness import Session

        return Session(
            provider, self.targets[provider], self.keys[provider], seed=self.seed, run=run,
            bench=self._benches.get(provider), sink=self._sinks.get(provider), inspector=looked_into, **more,
        )  # fmt: skip


def recording_of(target: str) -> str | None:
    """The directory of a recording that is to be judged; None where somebody is to be asked."""
    return target.removeprefix(_RECORDING) if target.startswith(_RECORDING) else None


def live_keys(target: str, live: bool, providers: Sequence[str]) -> Mapping[str, str]:
    """The keys from the environment, where both switches are set; none for another target.

    Raises `click.UsageError` that says what is missing: nothing may be sent then.
    """
    if target != "live":
        if live:
            raise click.UsageError("--live is for --target live only. Nothing was sent.")
        return {}
    found = {provider: os.environ.get(KEYS[provider], "").strip() for provider in providers}
    missing = [] if live else ["the second switch, --live"]
    missing += [f"the key of {name} in the environment, {KEYS[name]}" for name, key in found.items() if not key]
    if missing:
        raise click.UsageError(
            f"asking a provider itself takes both --target live and --live, and its key. "
            f"Nothing was sent, for this is missing: {'; '.join(missing)}."
        )
    return found


@contextmanager
def opened(
    target: str,
    providers: Sequence[str],
    *,
    key: str | None = None,
    live: bool = False,
    seed: int = 0,
    rate: float | None = None,
    cache_dir: Path | None = None,
    sink: Callable[[], Any] | None = None,
) -> Iterator[Opened]:
    """Open `emulator`, a URL, or `live`; nothing is asked of a provider yet.

    Raises `click.UsageError` for what cannot be asked or must not be, and `Unreachable` where nobody is.
    """
    keys = live_keys(target, live, providers)
    if keys and key is not None:
        raise click.UsageError("--key is for a URL: the key of a provider is taken from the environment alone.")
    with ExitStack() as stack:
        stack.enter_context(_nothing_left_behind())
        if keys:
            yield _provider(stack, keys, seed, rate)
        elif target == "emulator":
            yield _emulator(stack, providers, seed, rate, cache_dir, sink)
        else:
            yield _server(stack, _checked(target), providers, key, seed, rate, sink)


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Let Hypothesis, who makes up requests, keep what it learns in a cache, and not where the user happens to be."""
    from platformdirs import user_cache_path

    name = "HYPOTHESIS_STORAGE_DIRECTORY"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(user_cache_path("understudy") / "hypothesis")
    try:
        yield
    finally:
        del os.environ[name]


def _provider(stack: ExitStack, keys: Mapping[str, str], seed: int, rate: float | None) -> Opened:
    from understudy_contracts.harness import Remote

    targets = {name: stack.enter_context(Remote.provider(name, rate=rate)) for name in keys}
    return Opened(keys, targets, live=True, costs=True, seed=seed, _benches={}, _sinks={})


def _emulator(
    stack: ExitStack, providers: Sequence[str], seed: int, rate: float | None, cache_dir: Path | None, sink: Any
) -> Opened:
    from understudy.clock import ManualClock
    from understudy.config import Settings, Speed
    from understudy.server import Server

    dice = random.Random(seed)
    # An account for each, so that the money of one provider is not that of another.
    keys = {name: f"SG_{dice.getrandbits(64):016x}" for name in providers}
    folder = cache_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="understudy-verify-")))
    settings = Settings(
        port=0, clock="manual", speed=Speed.parse("real"), seed=seed, cache_dir=folder,
        api_keys=frozenset(keys.values()),
    )  # fmt: skip
    server = stack.enter_context(Server(settings, ManualClock()))
    return _beside(stack, server.url, "emulator", keys, seed, rate, sink)


def _server(
    stack: ExitStack, url: str, providers: Sequence[str], key: str | None, seed: int, rate: float | None, sink: Any
) -> Opened:
    # Whoever takes any key gets an account that nobody else uses.
    keys = {name: key or f"SG_{uuid.uuid4().hex[:16]}" for name in providers}
    return _beside(stack, url, url, keys, seed, rate, sink)


def _beside(
    stack: ExitStack, url: str, name: str, keys: Mapping[str, str], seed: int, rate: float | None, sink: Any
) -> Opened:
    """A server, with its control API where it has one, and with somebody who takes its webhooks where it is near."""
    from understudy_contracts.harness import Bench, Remote
    from understudy_contracts.harness.target import without_user

    target = stack.enter_context(Remote.at(url, rate=rate))
    target.name = without_user(name)
    found = {provider: Bench.find(url, key) for provider, key in keys.items()}
    benches = {provider: stack.enter_context(bench) for provider, bench in found.items() if bench is not None}
    near = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    sinks = {provider: stack.enter_context(sink()) for provider in keys} if near and sink is not None else {}
    return Opened(
        keys, dict.fromkeys(keys, target), live=False, costs=not benches, seed=seed, _benches=benches, _sinks=sinks
    )


def _checked(target: str) -> str:
    """A URL that is not a provider's own. Raises `click.UsageError`."""
    from understudy_contracts.hosts import provider_at

    try:
        url = urlsplit(target)
        host = url.hostname or ""
        fine = url.scheme in ("http", "https") and bool(host) and url.port != 0
    except ValueError:
        fine, host = False, ""
    if not fine:
        raise click.UsageError(f"--target is emulator, live, recording:DIR or an http or https URL, not {target!r}.")
    if provider_at(host):
        raise click.UsageError(f"{host} is a provider's own: that is --target live --live. Nothing was sent.")
    return target


def looked_into(content: bytes) -> Mapping[str, Any]:
    """Say what a file that was made really is, by decoding all of it.

    Raises `ValueError` for one that is broken, and `CouldNotCheck` where nobody here can decode anything.
    """
    from understudy.media.errors import MediaError, NoFfmpeg
    from understudy.media.inspect import inspect
    from understudy_contracts.harness import CouldNotCheck

    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            info = inspect(path)
        except NoFfmpeg as problem:
            raise CouldNotCheck(str(problem)) from None
        except MediaError as problem:
            raise ValueError(str(problem)) from None
    return {
        "format": info.format, "seconds": info.duration, "width": info.width, "height": info.height,
        "frames": info.frames, "fps": info.fps, "audio": info.audio_codec is not None,
    }  # fmt: skip
