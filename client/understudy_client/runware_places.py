"""Where Runware is: hosts of their own for REST and for WebSocket at the provider, one for both anywhere else."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from .url import parse

#: Runware's own addresses (runware-sdk 1.8.0, types/sdk.py; its authentication page).
REST = "https://api.runware.ai/v1"
SOCKET = "wss://ws-api.runware.ai/v1"

_HTTP = {"ws": "http", "wss": "https"}
_WEBSOCKET = {"http": "ws", "https": "wss"}


def rest_url(base_url: str) -> str:
    """Write a base URL of either transport as REST needs it; what is neither is left for its reader to refuse."""
    return _moved(base_url, _HTTP, SOCKET, REST)


def socket_url(base_url: str, *, dry_run: bool = False) -> str:
    """Write a base URL of either transport as a WebSocket needs it.

    dry_run: for a socket whose tasks are priced and not performed, which is a socket's own property where REST has
    a header (sdk-js 1.3.2, Runware-server.ts).
    """
    url = _moved(base_url, _WEBSOCKET, REST, SOCKET)
    return str(parse(url).copy_merge_params({"dryRun": "1"})) if dry_run else url


def _moved(url: str, schemes: dict[str, str], source: str, target: str) -> str:
    scheme, colon, rest = url.partition("://")
    if not colon:
        return url
    moved = schemes.get(scheme.lower(), scheme) + colon + rest
    try:
        there = parse(moved)
    except httpx.InvalidURL:
        return url
    if there.host != parse(source).host:
        return moved
    return str(there.copy_with(host=parse(target).host))


def proxy_of(url: str) -> str | None:
    """Name the proxy that the environment has for a WebSocket: the one that REST takes for the same server.

    `HTTP_PROXY` serves `ws://`, `HTTPS_PROXY` serves `wss://`, `ALL_PROXY` both, and `NO_PROXY` takes hosts out.
    """
    there = parse(url)
    proxies = getproxies()
    proxy = proxies.get(_HTTP[there.scheme]) or proxies.get("all")
    if not proxy or proxy_bypass(f"{there.host}:{there.port}" if there.port else there.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
