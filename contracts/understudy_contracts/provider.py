"""One provider's promises in one place: schemas, models, errors, switches, hosts, examples."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from .data import folder, read, read_all
from .errors import ErrorCase, catalogue
from .hosts import hosts
from .models import Model, models
from .operations import Authentication, Operation, authentications, operations
from .schema import Judge, plain
from .switches import Switch, switches


class Contract:
    """Everything a provider promises, and judges for it that are compiled once."""

    def __init__(self, provider: str) -> None:
        self.name = provider
        self._folder: Traversable = folder(provider)
        self._judges: dict[tuple[str, tuple[tuple[str, str], ...]], Judge] = {}

    @cached_property
    def schemas(self) -> Mapping[str, dict[str, Any]]:
        """The annotated schemas by name, such as `task-array` or `webhook`."""
        return MappingProxyType(dict(read_all(self._folder.joinpath("schemas"))))

    @property
    def models(self) -> Mapping[str, Model]:
        """The models by id."""
        return models(self.name)

    @property
    def errors(self) -> Mapping[str, ErrorCase]:
        """The error cases by id."""
        return catalogue(self.name)

    @property
    def switches(self) -> Mapping[str, Switch]:
        """The switches by name."""
        return switches(self.name)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What can be asked of the provider, by name."""
        return operations(self.name)

    @property
    def authentications(self) -> Mapping[str, Authentication]:
        """The ways to say who asks, by the names that operations use."""
        return authentications(self.name)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The provider's own host names, such as `api.runware.ai`: never one that it shares with others."""
        return tuple(host.name for host in hosts(self.name))

    @cached_property
    def examples(self) -> tuple[dict[str, Any], ...]:
        """The exchanges the provider prints: dicts of title, source, model, request and response."""
        return tuple(example for _, example in read_all(self._folder.joinpath("examples"), "example"))

    def document(self, name: str) -> dict[str, Any]:
        """Read a document the provider publishes, such as HeyGen's `avatars` or `voices`. Raises `ContractError`."""
        return read(self._folder.joinpath(f"{name}.json"))

    def gated(self, model_id: str, payload: Mapping[str, Any], switch_values: Mapping[str, str] | None = None) -> bool:
        """Tell whether a request asks what only other accounts may ask, such as a size kept for enterprises.

        Raises `KeyError` for an unknown model and `ValueError` for an unknown switch or value.
        """
        entitlement = self.models[model_id].entitlement
        return entitlement is not None and entitlement.lacks(payload, self.switch_values(switch_values))

    def switch_values(self, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """Complete some switch values by the defaults of the others.

        Underscores stand for hyphens, so that names fit keyword arguments. Raises `ValueError` for a switch
        or a value the provider does not have.
        """
        values = {name: switch.default for name, switch in self.switches.items()}
        for written, value in (given or {}).items():
            name = written.replace("_", "-")
            if name not in values:
                raise ValueError(f"{self.name} has no switch {name!r}: there are {', '.join(values)}")
            if value not in self.switches[name].values:
                raise ValueError(f"{name} cannot be {value!r}: it is one of {', '.join(self.switches[name].values)}")
            values[name] = value
        return values

    def judge(self, name: str, **switch_values: str) -> Judge:
        """Take the judge of a schema, by its name in `schemas`.

        Raises `KeyError` for an unknown name and `ValueError` for an unknown switch or value.
        """
        return self._judge(name, self.schemas[name], switch_values)

    def model_judge(self, model_id: str, switch_values: Mapping[str, str] | None = None) -> Judge:
        """Take the judge of the requests a model takes, by the model's id.

        Raises `KeyError` for an unknown model and `ValueError` for an unknown switch or value.
        """
        return self._judge(model_id, self.models[model_id].request, switch_values or {})

    def _judge(self, name: str, schema: Mapping[str, Any], given: Mapping[str, str]) -> Judge:
        key = (name, tuple(sorted(given.items())))
        if key not in self._judges:
            values = self.switch_values(given)
            resources = {body["$id"]: plain(body, values) for body in self.schemas.values()}
            self._judges[key] = Judge(plain(schema, values), resources)
        return self._judges[key]


@cache
def contract(provider: str) -> Contract:
    """Open a provider's contract, such as `contract("runware")`.

    Raises `ContractError` when there is none.
    """
    return Contract(provider)
