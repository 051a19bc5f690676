"""Which addresses the emulator will send webhooks and uploads to.

A stand-in runs on developers' and CI machines, where link-local addresses answer with cloud credentials.
Those are refused by default, by address: names are resolved first and the connection goes to the very
address that was judged, so a name that changes its mind in between gains nothing.
"""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

_METADATA = (
    ip_network("169.254.0.0/16"),  # link-local, where most clouds keep their metadata service
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::254/128"),  # AWS over IPv6
    ip_network("fd20:ce::254/128"),  # Google Cloud over IPv6
    ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ip_network("192.0.0.192/32"),  # Oracle Cloud
    ip_network("168.63.129.16/32"),  # Azure's wire server
)
#: IPv6 networks whose last 32 bits are an IPv4 address: the old compatible form, and two of NAT64.
_CARRIERS = (ip_network("::/96"), ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata", "instance-data"})


class ForbiddenTarget(Exception):
    """The emulator will not send anything to this address."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was judged, with what a request needs to reach exactly it."""

    url: str
    host: str
    server_name: str


def is_forbidden(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is link-local or a cloud's metadata service, also when written as IPv6."""
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    spellings = [one for one in (address, inner) if one is not None]
    return any(one.version == network.version and one in network for one in spellings for network in _METADATA)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, in any of the ways there are to write one."""
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def check_literal(url: str, *, allow_all: bool = False) -> None:
    """Refuse, without asking any name server, an URL that names a forbidden address outright.

    Raises ForbiddenTarget, also for URLs that are none: those are refused where all addresses are allowed, too.
    """
    host = _host(_parse(url)).rstrip(".").lower()
    if allow_all:
        return
    if host in _METADATA_NAMES:
        raise ForbiddenTarget(f"{host} is a cloud metadata service")
    address = _literal(host)
    if address is not None and is_forbidden(address):
        raise ForbiddenTarget(f"{host} is a link-local or metadata address")


async def resolve(url: str, *, allow_all: bool = False) -> Target:
    """The address to connect to for an URL; raises ForbiddenTarget, or OSError when the name is unknown."""
    parsed = _parse(url)
    if not allow_all:
        check_literal(url)
    host = _host(parsed)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not allow_all and any(is_forbidden(address) for address in addresses):
        raise ForbiddenTarget(f"{host} resolves to a link-local or metadata address")
    # IPv4 first: a receiver on "localhost" listens there more often than not.
    chosen = min(addresses, key=lambda address: address.version)
    literal = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    userinfo, at, named = parsed.netloc.rpartition("@")
    return Target(parsed._replace(netloc=f"{userinfo}{at}{literal}:{port}", fragment="").geturl(), named, host)


def _parse(url: str) -> SplitResult:
    try:
        parsed = urlsplit(url)
        valid = parsed.scheme in ("http", "https") and bool(parsed.hostname) and parsed.port != 0 and "\0" not in url
        # What no name server could be asked for: an empty or overlong label.
        (parsed.hostname or "").rstrip(".").encode("idna")
    except ValueError as reason:
        raise ForbiddenTarget(f"not a URL: {reason}") from reason
    if not valid:
        raise ForbiddenTarget("only http and https addresses can be called")
    return parsed


def _host(parsed: SplitResult) -> str:
    return parsed.hostname or ""


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # The old spellings a resolver also takes: 2852039166, 0xa9fea9fe, 169.254.43518.
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
