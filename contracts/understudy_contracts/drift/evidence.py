"""What one side was heard to answer, and where that is from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from understudy_contracts.checks.exchange import Exchange, Finding, Webhook
from understudy_contracts.errors import ErrorCase
from understudy_contracts.harness.plan import Plan
from understudy_contracts.harness.printed import examples
from understudy_contracts.harness.probe import Probe
from understudy_contracts.harness.recording import Recording
from understudy_contracts.harness.redaction import Redactor
from understudy_contracts.harness.run import Begun, Ended, Event, perform
from understudy_contracts.harness.session import Session
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

#: Who it is that was heard: only `live`, a `recording` of it and what is `printed` are evidence of the provider.
Provenance: TypeAlias = Literal["emulator", "stand-in", "server", "live", "recording", "printed"]

_NONE: Mapping[str, Any] = MappingProxyType({})

#: Of which operation each model's own word is had, and by which parameter of its path.
PUBLISHING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"runware": ("resolveModel", "air"), "gmi": ("getModel", "model_id")}
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer."""

    exchange: Exchange
    #: The probe that it is of; empty where it is of none.
    probe: str = ""
    #: What the probe wanted to be told, where that is an error.
    expected: ErrorCase | None = None
    #: Whether the probe wanted it to be what is answered when all goes well.
    accepted: bool = False
    #: Whether the probe has judged that it is just that.
    kept: bool = False
    #: What the probe found wrong.
    finding: str = ""
    #: Why it is known not to agree with the contract; empty where it is not.
    known: str = ""
    #: Where it is printed.
    source: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that one side was heard to say."""

    #: What it is called in a report: `emulator`, `target`, `recording` or `pages`.
    side: str
    #: Who answered, in words.
    source: str
    provenance: Provenance
    #: When, as ISO 8601; empty where nobody knows.
    date: str
    heard: tuple[Heard, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    #: How it reads what sources disagree on; empty for the defaults.
    switches: Mapping[str, str] = field(default_factory=lambda: _NONE)
    #: Why of some operations nothing was heard, by their names.
    silent: Mapping[str, str] = field(default_factory=lambda: _NONE)
    notices: tuple[str, ...] = ()

    @property
    def of_provider(self) -> bool:
        """Whether it says anything about the provider itself."""
        return self.provenance in ("live", "recording", "printed")


def gathered(
    session: Session,
    plan: Plan,
    *,
    side: str,
    provenance: Provenance,
    date: str,
    told: Callable[[Event], None] = lambda event: None,
) -> Evidence:
    """Perform every probe of a plan and keep what was answered; `told` hears of each, before and after.

    It is kept as a recording would have it: what is different is shown, and the key that was used must not be. Only
    the emulator of one's own has nothing to hide.
    """
    redactor = Redactor([session.key], session.provider)
    hides = provenance != "emulator"
    heard: list[Heard] = []
    silent = {left.probe.operation: left.reason for left in reversed(plan.left_out)}
    for number, probe in enumerate(plan.probes, 1):
        told(Begun(probe, number, len(plan.probes)))
        before = len(session.exchanges)
        result = perform(probe, session)
        told(Ended(result))
        if result.reason:
            silent[probe.operation] = redactor.text(result.reason)
        said = redactor.text(next((one.message for one in result.findings), ""))
        answered = session.exchanges[before:]
        heard += labelled(map(redactor.exchange, answered) if hides else answered, probe.name, result.state, said)
    return Evidence(
        side=side,
        source=redactor.text(session.target.name),
        provenance=provenance,
        date=date,
        heard=tuple(_usable(heard, silent, live=provenance == "live")),
        webhooks=tuple(map(redactor.webhook, session.webhooks)),
        switches=session.switches,
        silent=silent,
    )


def recorded(recording: Recording, *, side: str = "recording") -> Evidence:
    """Take a recording as evidence: of the provider where it was the provider who was recorded."""
    by_probe: dict[str, list[Exchange]] = {}
    for entry in recording.entries:
        if isinstance(entry.told, Exchange) and entry.partial != "request":
            told = replace(entry.told, provider=entry.told.provider or recording.manifest.provider)
            by_probe.setdefault(entry.probe, []).append(told)
    silent: dict[str, str] = {}
    states = {name: probed.state for name, probed in recording.probes.items()}
    found = [one for probe, given in by_probe.items() for one in labelled(given, probe, states.get(probe, ""))]
    live = recording.manifest.live
    return Evidence(
        side=side,
        source=f"a recording of {recording.manifest.target}",
        provenance="recording" if live else "stand-in",
        date=recording.manifest.date,
        heard=tuple(_usable(found, silent, live=live)),
        webhooks=recording.webhooks,
        silent=silent,
        notices=recording.notices,
    )


def printed(provider: str) -> Evidence:
    """Take what the provider prints on its pages as evidence."""
    recording = examples(provider)
    known = {id(one.told): one.why for one in recording.disagreements}
    heard = [
        Heard(entry.told, known=known.get(id(entry.told), ""), source=entry.source)
        for entry in recording.entries
        if isinstance(entry.told, Exchange) and entry.partial != "request"
    ]
    return Evidence("pages", recording.manifest.target, "printed", "", tuple(heard))


def publishing(provider: str) -> Iterator[Probe]:
    """Ask for what a provider itself says of each model; where one answer has all of them, the others ask already."""
    if provider not in PUBLISHING:
        return
    name, parameter = PUBLISHING[provider]
    operation = contract(provider).operations[name]
    for model in contract(provider).models:
        yield Probe(
            name=f"{provider}.{name}.published.{model}",
            provider=provider,
            operation=name,
            checks=(),
            tier="free",
            why=operation.why,
            perform=partial(_ask, operation=operation, change={"path": {parameter: model}}),
        )


def _ask(session: Session, operation: Operation, change: Mapping[str, Any]) -> Iterable[Finding]:
    session.ask(operation.name, change)
    return ()


def labelled(exchanges: Iterable[Exchange], probe: str, state: str = "", finding: str = "") -> list[Heard]:
    """Say of each answer what its probe wanted, which is told of the last one that is about its operation.

    A probe that did not end with a judgement does not know what it was to be told.
    """
    heard = [Heard(exchange, probe) for exchange in exchanges]
    mine = [index for index, one in enumerate(heard) if probe.split(".")[1:2] == [one.exchange.operation]]
    if mine and state in ("passed", "violated", ""):
        heard[mine[-1]] = replace(
            heard[mine[-1]],
            expected=wanted(probe),
            accepted=probe.rpartition(".")[2] == "typical",
            kept=state == "passed",
            finding=finding,
        )
    return heard


def wanted(probe: str) -> ErrorCase | None:
    """The error that a probe asks for, by its name; None for any other probe."""
    provider, _, rest = probe.partition(".")
    name, _, case = rest.partition(".")
    if not case:
        return None
    operation = contract(provider).operations.get(name)
    return next((one for one in operation.cases if one.id == case), None) if operation is not None else None


def _usable(heard: Iterable[Heard], silent: dict[str, str], *, live: bool) -> Iterator[Heard]:
    """What says how the provider answers, and not how it is today, or what the account may."""
    for one in heard:
        exchange, status = one.exchange, one.exchange.status
        operation = contract(exchange.provider).operations.get(exchange.operation) if exchange.provider else None
        if operation is not None and exchange.method != operation.method and one.expected is None:
            # Another method at its address is not the operation.
            continue
        hindered = status in (401, 402, 403, 408, 429) or status >= 500
        if live and hindered and (one.expected is None or one.expected.status != status):
            silent[exchange.operation] = f"HTTP {status}, which says nothing of the contract"
        elif exchange.transport == "http" and status:
            yield one
