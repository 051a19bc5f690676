"""Judging a conversation, whosever parts were spoken in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from understudy_contracts.provider import contract

from . import answers, gmi, gmi_outcomes, heygen, probes, runware, runware_results, segmind, segmind_money
from .check import Check, Judged, Rules
from .exchange import Exchange, Finding, Webhook
from .gmi_record import Record as GmiRecord
from .runware_record import Record as RunwareRecord
from .segmind_record import Record as SegmindRecord

#: How a provider's conversation is sorted, and what then judges it.
_PROVIDERS: Mapping[str, tuple[Callable[..., Any], tuple[Rules[Any], ...]]] = {
    "runware": (RunwareRecord, (runware.RULES, runware_results.RULES)),
    "gmi": (lambda exchanges, webhooks, switches: GmiRecord(exchanges, switches), (gmi.RULES, gmi_outcomes.RULES)),
    "segmind": (SegmindRecord, (segmind.RULES, segmind_money.RULES)),
    "heygen": (lambda exchanges, webhooks, switches: heygen.Record(exchanges, switches), (heygen.RULES,)),
}


def _all() -> Mapping[str, Check]:
    sets = [answers.RULES, *(rules for _, several in _PROVIDERS.values() for rules in several)]
    checks = [*(check for rules in sets for check in rules.checks.values()), *probes.CHECKS]
    named = {check.name: check for check in checks}
    if len(named) < len(checks):
        raise ValueError("two checks have the same name")
    return MappingProxyType(named)


#: Every check there is, by name.
CHECKS: Mapping[str, Check] = _all()


def of(provider: str) -> tuple[Check, ...]:
    """List the checks that a provider is held to: its own, and those for every provider.

    Raises `ValueError` for a provider that there are none for.
    """
    _known(provider)
    return tuple(check for check in CHECKS.values() if check.provider in ("", provider))


def violations(
    seen: Exchange | Iterable[Exchange],
    webhooks: Iterable[Webhook] = (),
    switches: Mapping[str, str] | None = None,
    provider: str | None = None,
) -> list[Finding]:
    """List every promise that one exchange, or a whole conversation, breaks; nothing when it keeps them all.

    `judged` tells what each argument means, and raises what this raises.
    """
    exchanges = [seen] if isinstance(seen, Exchange) else seen
    found = judged(exchanges, webhooks, switches, provider)
    return [finding for one in found.values() for finding in one.findings]


def judged(
    exchanges: Iterable[Exchange],
    webhooks: Iterable[Webhook] = (),
    switches: Mapping[str, str] | None = None,
    provider: str | None = None,
) -> Mapping[str, Judged]:
    """Let every check of the providers that took part look at a conversation of one account, in any order.

    `provider` is whose part was spoken where an exchange or a webhook does not tell. `switches` say which readings
    of the contract are meant where sources disagree: by name, such as `failed-task`, or where several providers
    took part by `runware.failed-task`; the others have their defaults. Checks of scope `probe` are not here.

    Raises `ValueError` when no provider is told, and for a switch or a value that none of them has.
    """
    given = list(exchanges)
    told = [_told(exchange, provider) for exchange in given]
    named = list(dict.fromkeys([*([provider] if provider else []), *(exchange.provider for exchange in told)]))
    sent = list(webhooks)
    heard = [_heard(webhook, named) for webhook in sent]
    # With nothing to see and nobody named, every check has seen nothing.
    present = list(dict.fromkeys([*named, *(webhook.provider for webhook in heard)])) or list(_PROVIDERS)
    values = _values(present, switches or {})
    found = dict(answers.RULES.judged(answers.answers(told, values)))
    for name in present:
        sort, sets = _PROVIDERS[name]
        mine = [exchange for exchange in told if exchange.provider == name]
        record = sort(mine, [webhook for webhook in heard if webhook.provider == name], values[name])
        for rules in sets:
            found.update(rules.judged(record))
    # What is found shows what was given.
    originals: dict[int, Exchange | Webhook] = {id(made): one for made, one in zip(told, given, strict=True)}
    originals |= {id(made): one for made, one in zip(heard, sent, strict=True)}
    return MappingProxyType({name: _shown(one, originals) for name, one in found.items()})


def _shown(judged: Judged, originals: Mapping[int, Exchange | Webhook]) -> Judged:
    if not judged.findings:
        return judged
    shown = (replace(finding, exchange=originals[id(finding.exchange)]) for finding in judged.findings)
    return replace(judged, findings=tuple(shown))


def _told(exchange: Exchange, provider: str | None) -> Exchange:
    name = exchange.provider or provider
    if not name:
        raise ValueError(
            "no provider is told: make the exchange with provider=…, or say violations(…, provider=…);"
            f" there are {', '.join(_PROVIDERS)}"
        )
    _known(name)
    if any(header != header.lower() for header in exchange.headers):
        headers = {header.lower(): value for header, value in exchange.headers.items()}
        return replace(exchange, provider=name, headers=headers)
    return exchange if exchange.provider else replace(exchange, provider=name)


def _heard(webhook: Webhook, named: Sequence[str]) -> Webhook:
    if not webhook.provider and len(named) != 1:
        raise ValueError(
            f"no provider is told of a webhook: make it with provider=…; there are {', '.join(_PROVIDERS)}"
        )
    _known(webhook.provider or named[0])
    return webhook if webhook.provider else replace(webhook, provider=named[0])


def _known(provider: str) -> None:
    if provider not in _PROVIDERS:
        raise ValueError(f"there are no checks for {provider!r}: there are {', '.join(_PROVIDERS)}")


def _values(present: Sequence[str], switches: Mapping[str, str]) -> dict[str, dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {name: {} for name in present}
    for written, value in switches.items():
        owner, _, name = written.rpartition(".")
        having = [one for one in present if (not owner or one == owner) and _plain(name) in contract(one).switches]
        # A name that nobody has is refused by whoever is asked for it.
        for one in having or ([owner] if owner in chosen else list(present)):
            chosen[one][name] = value
    return {name: contract(name).switch_values(given) for name, given in chosen.items()}


def _plain(name: str) -> str:
    return name.replace("_", "-")
