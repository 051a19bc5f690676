"""Who may drive the stand-in: programs on this machine, and whoever has the token; never a web page.

A page in somebody's browser can send requests to this machine, and by a name that it lets point here (DNS rebinding)
it could even read the answers. Such a request is told by its Origin or its Host, or by what it claims to contain.
"""

import hmac
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

from understudy.config import Settings, is_loopback

from .operations import Refusal

#: The header that carries the token.
TOKEN = "X-Understudy-Token"  # noqa: S105

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


class Guard:
    """Judges a request by its headers, before anything else looks at it."""

    def __init__(self, settings: Settings) -> None:
        self._token = None if settings.control_token is None else settings.control_token.encode()
        self._token_needed = self._token is not None or not is_loopback(settings.host)
        self._names = {_bare(settings.host)}
        self._origins: set[tuple[str, str, int]] = set()
        if settings.public_url is not None:
            self._names.add(_bare(urlsplit(settings.public_url).hostname or ""))
            if (public := _origin(settings.public_url)) is not None:
                self._origins.add(public)

    def check(self, scope: Scope) -> None:
        """Raise Refusal unless the request may go on."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        for value in headers.get(b"origin", ()):
            self._check_origin(value, headers.get(b"host", []), scope["scheme"])
        for value in headers.get(b"sec-fetch-site", ()):
            if value.strip().lower() not in (b"none", b"same-origin"):
                raise Refusal(403, "a web page of another origin may not ask this.")
        for value in headers.get(b"content-type", ()):
            if not _JSON.fullmatch(value.decode("latin-1")):
                raise Refusal(415, "a body here is JSON: send it with `Content-Type: application/json`.")
        self._check_token(headers.get(TOKEN.lower().encode(), []), headers.get(b"host", []))

    def _check_origin(self, value: bytes, hosts: list[bytes], scheme: str) -> None:
        """An origin is ours when it is the very place that the request went to, by a name that is ours."""
        origin = _origin(value.decode("latin-1"))
        if origin is not None:
            if origin in self._origins:
                return
            if len(hosts) == 1 and self._is_ours(hosts[0]):
                reached = _origin(f"{scheme}://{hosts[0].decode('latin-1')}")
                if origin == reached:
                    return
        raise Refusal(403, "a web page of another origin may not ask this: the request has a foreign Origin.")

    def _check_token(self, shown: list[bytes], hosts: list[bytes]) -> None:
        if self._token is not None and len(shown) == 1 and hmac.compare_digest(shown[0], self._token):
            return
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise Refusal(
                403,
                "the request's Host is no name of this server: use a loopback address, the address it listens on or "
                f"its --public-url, or send its token as {TOKEN}.",
            )
        if self._token_needed:
            said = "its token was wrong" if shown else "it had none"
            raise Refusal(401, f"this server wants its token as {TOKEN}: {said}. It was said at the server's start.")

    def _is_ours(self, host: bytes) -> bool:
        found = _HOST.fullmatch(host.decode("latin-1"))
        return found is not None and (is_loopback(found["name"]) or _bare(found["name"]) in self._names)


def _bare(name: str) -> str:
    """A host in the one form in which two of them can be compared."""
    name = name.removeprefix("[").removesuffix("]").lower()
    try:
        return ip_address(name).compressed
    except ValueError:
        return name


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a URL; None for what is no web address, `null` above all."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, _bare(parts.hostname), port or _PORTS[parts.scheme]
