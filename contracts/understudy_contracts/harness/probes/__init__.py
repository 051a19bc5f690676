"""What is tried on a target: one module a kind of probe, each with a function that lists its probes of a provider."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from understudy_contracts.harness.probe import Probe
from understudy_contracts.models import Model
from understudy_contracts.provider import contract

from .forced import forced
from .lifecycle import lifecycles
from .operations import answers, refusals, typical
from .requests import generated
from .socket import socket
from .webhooks import webhooks
from .wrong import ids, methods

#: How many requests are generated for each model, of those that are valid and of those that are not.
EXAMPLES = 10


def probes(provider: str, *, models: Collection[str] = (), examples: int = EXAMPLES) -> Iterator[Probe]:
    """List everything that can be tried on a target that speaks a provider's part.

    `models` are those that jobs are begun of, all of them without any; `examples` is how many requests are generated
    for each. Raises `ValueError` for a model that there is not, and where nothing would be generated.
    """
    known = contract(provider).models
    if unknown := [name for name in models if name not in known]:
        raise ValueError(f"{provider} has no model {unknown[0]!r}: there are {', '.join(known) or 'none'}")
    if examples < 1:
        raise ValueError(f"{examples} examples are none: what is not tried is not checked")
    return _probes(provider, tuple(known[name] for name in models) or tuple(known.values()), examples)


def _probes(provider: str, models: tuple[Model, ...], examples: int) -> Iterator[Probe]:
    yield from typical(provider)
    yield from refusals(provider)
    yield from answers(provider)
    yield from methods(provider)
    yield from ids(provider)
    yield from socket(provider)
    yield from forced(provider)
    yield from lifecycles(provider, models)
    yield from webhooks(provider, models)
    yield from generated(provider, models, examples)
