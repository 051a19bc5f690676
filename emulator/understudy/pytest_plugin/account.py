"""What a test holds: an account of its own, and all that can be asked of it or done to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from understudy.control.client import Control, ControlError

if TYPE_CHECKING:
    from understudy.control.client import Fault

    from .options import Options
    from .servers import Servers

Document: TypeAlias = dict[str, Any]


class Understudy:
    """An account at a stand-in for the providers, with its own jobs, money, time, faults, webhooks and journal.

    Point a client at it and go on as with the provider:

        client = Runware(api_key=understudy.api_key, http_base_url=understudy.base_url("runware"), transport="rest")

    Everything here may be called from any thread. In an asynchronous test, call what waits for something, which is
    `advance` and `wait`, as in `await asyncio.to_thread(understudy.advance, 60)`, if your own event loop is what it
    waits for: a receiver of webhooks that runs in it, say.
    """

    def __init__(self, url: str, base_urls: Mapping[str, str], api_key: str, options: Options) -> None:
        self.url = url
        self.api_key = api_key
        #: What the test asked for.
        self.options = options
        self._base_urls = base_urls

    def __repr__(self) -> str:
        return f"<Understudy at {self.url}>"

    def base_url(self, provider: str, *, websocket: bool = False) -> str:
        """What to set as the base URL of a client for `runware`, `gmi`, `segmind` or `heygen`.

            understudy.base_url("runware")                  # http://127.0.0.1:41234/v1
            understudy.base_url("runware", websocket=True)  # ws://127.0.0.1:41234/v1

        Raises ValueError for a provider that is not stood in for.
        """
        if provider not in self._base_urls:
            raise ValueError(f"understudy stands in for {', '.join(self._base_urls)}, not {provider!r}")
        url = self._base_urls[provider]
        return f"ws{url.removeprefix('http')}" if websocket else url

    @cached_property
    def control(self) -> Control:
        """All that the control API offers for this account: limits, resets, snapshots, the journal as HAR and more."""
        return Control(self.url, account=self.api_key)

    def advance(self, seconds: float) -> list[Document]:
        """Let time pass for this account alone, and return what happened meanwhile, in order.

            [done] = [one for one in understudy.advance(120) if one["kind"] == "result.succeeded"]

        When it returns, webhooks that fell due are delivered or given up.
        """
        return self.control.advance(seconds)

    def fail(self, what: str | None = None, /, **rule: Any) -> Failure:
        """Let something go wrong, for this account alone: an error by its name, or anything a rule can say.

            understudy.fail("timeoutProvider")                      # `understudy errors` lists the names
            understudy.fail("insufficientCredits", provider="gmi", times=1)
            understudy.fail("gateway=503, times=2", operation="poll")
            understudy.fail(drop=True)                              # the webhook
            with understudy.fail("timeoutProvider") as failure:     # gone after the block
                ...
            assert failure.struck == 1

        Raises ControlError when there is no such rule or error, and ValueError when several providers have the error
        and none is named.
        """
        from understudy.faults import BadRule, parse_compact

        try:
            document = {**(parse_compact(what) if what is not None else {}), **rule}
        except BadRule as bad:
            raise ValueError(f"{what!r} is no failure: {'; '.join(bad.problems)}") from None
        if isinstance(error := document.get("error"), str) and "provider" not in document:
            document["provider"] = _provider_of(error)
        return Failure(self.control.add_fault(document))

    def wait(self, timeout: float = 30.0, *, jobs: bool = True, webhooks: bool = True) -> None:
        """Wait until every job is done and every webhook delivered or given up.

        Raises TimeoutError when that takes more real seconds than `timeout`, or only an advance of the clock helps.
        """
        if not self.control.wait(jobs=jobs, webhooks=webhooks, timeout=timeout):
            still = self.control.clock()["still"]
            hint = "its clock stands still until advance() is called" if still else f"not within {timeout:g} seconds"
            awaited = [*(["jobs done"] * jobs), *(["webhooks delivered"] * webhooks)]
            raise TimeoutError(f"not all {' and '.join(awaited)}: {hint}")

    @property
    def clock(self) -> Document:
        """What time it is for this account: `now` in unix seconds, `iso`, `rate`, `still` and `offset`."""
        return self.control.clock()

    @property
    def webhooks(self) -> list[Document]:
        """Every webhook that was sent or will be, oldest first, with each attempt: its status, duration and body."""
        return self.control.webhooks(kind="webhook")

    @property
    def journal(self) -> list[Document]:
        """What clients asked and were answered, oldest first, without secrets: what this object asks is not in it."""
        return [one for one in self.control.journal(order="oldest") if one["provider"] != "understudy"]

    @property
    def ledger(self) -> list[Document]:
        """Every entry of the account's ledger up to now, oldest first, in US dollars."""
        entries: list[Document] = self.control.ledger()["entries"]
        return entries

    @property
    def balance(self) -> float:
        """What the account has, in US dollars, with what is held."""
        return self.control.balance


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that goes wrong, until `remove` or the end of its block, or for as often as it was to."""

    fault: Fault
    #: How often it had happened when it was removed.
    _counted: list[int] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the journal calls it."""
        return self.fault.id

    @property
    def struck(self) -> int:
        """How often it happened, or had when it was removed."""
        return self._counted[0] if self._counted else int(self.fault.shown()["struck"])

    def remove(self) -> None:
        """Let it not happen any more; no matter if it is gone already."""
        try:
            if not self._counted:
                self._counted.append(self.struck)
            self.fault.remove()
        except ControlError as problem:
            if problem.status != 404:
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def _provider_of(error: str) -> str:
    from understudy.error_list import LISTED
    from understudy_contracts.errors import catalogue

    found = [provider for provider in LISTED if error in catalogue(provider)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{' and '.join(found)} have the error {error}: name one, as in provider={found[0]!r}")
    raise ValueError(f"no provider has an error {error!r}; `understudy errors` lists them")


@contextmanager
def opened(servers: Servers, options: Options, name: str) -> Iterator[Understudy]:
    """An account for as long as the block lasts, at a server that is as the test wants it.

    With a seed its key is made from the test's `name`: then everything is the same at every run.
    """
    from understudy.accounts import identity

    server, everyone = servers.of(options)
    seed = options.seed
    unique = uuid.uuid4() if seed is None else uuid.uuid5(uuid.NAMESPACE_URL, f"understudy:{seed}:{name}")
    key = f"understudy-{unique.hex}"
    opening: Document = {} if options.balance is None else {"balance": options.balance}
    if options.limits:
        opening["limits"] = dict(options.limits)
    if opening:
        everyone.make_account(key=key, **opening)
    account = Understudy(server.url, server.base_urls(server.url), key, options)
    try:
        yield account
    finally:
        if "control" in vars(account):
            account.control.close()
        try:
            everyone.delete_account(identity(key))
        except ControlError as problem:
            # A test need not have asked anything.
            if problem.status != 404:
                raise
