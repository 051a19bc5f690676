"""What is written instead of a secret: the same for the same, and of a form that a contract accepts in its place."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
import secrets
from collections.abc import Iterable

from understudy_contracts.secret_names import JWT

#: What stands where something was.
PLACEHOLDER = re.compile(
    r"<(?:key(?:-\d+)?|[a-z]+-[0-9a-f]{8})>|00000000-0000-4000-8000-[0-9a-f]{12}|e30\.e30\.[0-9a-f]{12}"
)

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

#: Nobody's address now, and never to be one.
_NOBODY = int(ipaddress.IPv4Address("240.0.0.0"))


class StandIns:
    """Names secrets by a digest that nobody can try guesses on who does not know the API key.

    So the same secret is called the same by every part of a run, and nothing has to be kept for that.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        known = tuple(keys)
        self._keys = {key: "<key>" if index == 0 else f"<key-{index + 1}>" for index, key in enumerate(known)}
        self._salt = "\0".join(known).encode("utf-8", "surrogatepass") or secrets.token_bytes(16)

    def of(self, secret: str, holds: str) -> str:
        """Name a secret by what it is, such as `<email-0123abcd>`; a UUID stays a UUID, and a JWT a JWT."""
        if secret in self._keys:
            return self._keys[secret]
        digest = self._digest(secret)
        if _UUID.fullmatch(secret):
            return f"00000000-0000-4000-8000-{digest[:12]}"
        return f"e30.e30.{digest[:12]}" if JWT.fullmatch(secret) else f"<{holds}-{digest[:8]}>"

    def of_key(self, found: str) -> str:
        """Name a key, or a part of one."""
        return self._keys.get(found, "<key>")

    def of_number(self, number: float) -> int:
        """Take another number."""
        return int(self._digest(json.dumps(number))[:7], 16)

    def of_ip(self, text: str) -> str:
        """Take another IP address; what is none, is this machine, or stands for another, stays."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified:
            return text
        digest = self._digest(text)
        if isinstance(address, ipaddress.IPv4Address):
            return text if address.is_reserved else str(ipaddress.IPv4Address(_NOBODY + int(digest[:7], 16)))
        # With fewer parts it is rather a name of C++ or a time.
        is_one = len([part for part in text.split(":") if part]) > 2 and not text.lower().startswith("2001:db8:")
        return f"2001:db8::{digest[:4]}:{digest[4:8]}" if is_one else text

    def _digest(self, secret: str) -> str:
        return hmac.new(self._salt, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
