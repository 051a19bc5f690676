"""Every document there is, by the path it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from understudy_contracts import PROVIDERS
from understudy_contracts.provider import contract

from .asyncapi import asyncapi
from .openapi import openapi, title
from .schemas import schemas, sources
from .site import Site, version


def files(site: Site | None = None, providers: Iterable[str] = PROVIDERS) -> dict[str, dict[str, Any]]:
    """Write every document of some providers, by its path, such as `gmi/openapi.json` or `gmi/schemas/error.json`.

    Raises `ContractError` for a provider there is no contract for, and `ValueError` for a switch or a value that one
    does not have.
    """
    where, chosen = site or Site(), tuple(providers)
    written: dict[str, dict[str, Any]] = {"index.json": index(where, chosen)}
    for provider in chosen:
        written[f"{provider}/openapi.json"] = openapi(provider, where)
        if (socket := asyncapi(provider, where)) is not None:
            written[f"{provider}/asyncapi.json"] = socket
        written |= {f"{provider}/schemas/{name}": body for name, body in schemas(provider, where).items()}
    return written


def index(site: Site, providers: Iterable[str] = PROVIDERS) -> dict[str, Any]:
    """List the documents: the address of each, and what the providers' models, switches and hosts are."""
    listed = {}
    for provider in providers:
        owner = contract(provider)
        hosts = dict.fromkeys(one.host for one in owner.operations.values() if one.host is not None)
        has_socket = any("websocket" in one.transports for one in owner.operations.values())
        listed[provider] = {
            "title": title(provider),
            "openapi": site.place(f"{provider}/openapi.json"),
            **({"asyncapi": site.place(f"{provider}/asyncapi.json")} if has_socket else {}),
            "schemas": [site.place(f"{provider}/schemas/{name}") for name in sources(provider)],
            "models": list(owner.models),
            "switches": site.stance(provider),
            "hosts": {host: site.server(host) + site.path(host, "") for host in hosts},
        }
    return {"understudy": version(), "base": site.base, "providers": listed}
