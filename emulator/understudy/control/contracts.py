"""The contracts as documents: what this server takes and answers as each provider, in its own switches and address."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .operations import PREFIX, Call, Operation, Parameter, Refusal
from .schemas import TEXT, shape

if TYPE_CHECKING:
    from understudy_contracts.documents import Site

_PROVIDER = Parameter("provider", TEXT, "The provider, such as gmi.", required=True)
_NAME = Parameter("name", TEXT, "The file's name, such as error.json.", required=True)
_DOCUMENT = shape({}, additionalProperties=True)
_MISSING = {404: "There is no such document."}


def _site(call: Call) -> "Site":
    """Here, with every host's paths where they are on this server."""
    from understudy.providers import PROVIDERS
    from understudy_contracts.documents import Site

    prefixes = {host: prefix for face in PROVIDERS.values() for host, prefix in face.hosts.items() if prefix}
    switches = {name: call.engine.settings.switches_of(name) for name in PROVIDERS}
    return Site(f"{call.origin}{PREFIX}/contracts", call.origin, prefixes, switches)


async def _written(call: Call, write: Callable[[str, "Site"], Any]) -> Any:
    """What is written of the path's provider; raises Refusal where there is nothing."""
    from understudy_contracts.documents import PROVIDERS

    provider = call.path["provider"]
    # It takes as long as many a request: others need not wait for it.
    found = await asyncio.to_thread(write, provider, _site(call)) if provider in PROVIDERS else None
    if found is None:
        raise Refusal(404, f"there is no such document; GET {PREFIX}/contracts/ lists those there are.")
    return found


async def _index(call: Call) -> Any:
    from understudy_contracts.documents import index

    listed = await asyncio.to_thread(index, _site(call))
    # Whoever tries how a wrong key is refused has to know whether there is one.
    return {**listed, "keys": "known" if call.engine.accounts.restricted else "any"}


async def _openapi(call: Call) -> Any:
    from understudy_contracts.documents import openapi

    return await _written(call, openapi)


async def _asyncapi(call: Call) -> Any:
    from understudy_contracts.documents import asyncapi

    return await _written(call, asyncapi)


async def _schema(call: Call) -> Any:
    return await _written_schema(call, call.path["name"])


async def _model_schema(call: Call) -> Any:
    return await _written_schema(call, f"models/{call.path['name']}")


async def _written_schema(call: Call, name: str) -> Any:
    from understudy_contracts.documents import schema

    return await _written(call, lambda provider, site: schema(provider, name, site))


OPERATIONS = (
    Operation(
        "GET", "/contracts/", "list_contracts", "Which documents there are of each provider", _index, _DOCUMENT,
        description="`understudy contracts export` writes the same to files, with the providers' own hosts.",
    ),
    Operation(
        "GET", "/contracts/{provider}/openapi.json", "provider_openapi", "A provider as an OpenAPI document", _openapi,
        _DOCUMENT, parameters=(_PROVIDER,), refusals=_MISSING,
    ),
    Operation(
        "GET", "/contracts/{provider}/asyncapi.json", "provider_asyncapi", "A provider's socket as AsyncAPI",
        _asyncapi, _DOCUMENT, parameters=(_PROVIDER,), refusals=_MISSING,
        description="Runware's, for no other has a socket.",
    ),
    Operation(
        "GET", "/contracts/{provider}/schemas/{name}", "provider_schema", "One of a provider's JSON Schemas", _schema,
        _DOCUMENT, parameters=(_PROVIDER, _NAME), refusals=_MISSING,
    ),
    Operation(
        "GET", "/contracts/{provider}/schemas/models/{name}", "model_schema", "The JSON Schema of a model's requests",
        _model_schema, _DOCUMENT, parameters=(_PROVIDER, _NAME), refusals=_MISSING,
    ),
)  # fmt: skip
