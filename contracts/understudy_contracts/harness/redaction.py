"""Take out of an exchange what nobody else should see: keys, signatures, cookies, and who the account belongs to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, unquote, unquote_plus

from understudy_contracts.checks.exchange import Exchange, Webhook
from understudy_contracts.secret_names import (
    CREDENTIALS,
    JWT,
    NAMED,
    SCHEME,
    holds_secrets,
    is_identity,
    is_secret,
    is_secret_header,
    is_secret_parameter,
)

from .leaks import Keys, Leak
from .private import Privacy
from .stand_ins import PLACEHOLDER, StandIns

__all__ = ["Leak", "Redactor"]

T = TypeVar("T")

#: What is shorter is taken out of its own place only: it would be found in every text.
_SHORTEST = 8

#: How many secrets are looked for in every text; the others are taken out of their own places.
_MOST = 500

_URL = re.compile(r"""\b[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>\\]+""")
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@")
_SHOWN = re.compile(r"<(key(?:-\d+)?)>")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
#: Where a key may be hidden in an encoding: the smallest piece that does not give it away any more is left out.
_PIECES = (re.compile(r"[\w%~.\\-]+"), re.compile(r"[\w%~.\\+/=-]+"), re.compile(r"\S+"))


class Redactor:
    """Writes `<key>` and the like instead of what nobody else should see, the same for the same every time.

    `keys` are the API keys in use: not a part of one is left, in any encoding that `Keys.leak` names. What else is
    secret or says who somebody is, is known by its name, its form, or by `private.json` of the provider. Something that
    is only learnt from a later exchange, such as an organisation's id, is not found in earlier ones.
    """

    def __init__(self, keys: Iterable[str] = (), provider: str = "") -> None:
        self.keys = Keys(keys)
        self._privacy = Privacy.of(provider)
        self._stand_ins = StandIns(self.keys.keys)
        #: What was found, by every form it is looked for in, with what stands for it.
        self._learnt: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def exchange(self, exchange: Exchange) -> Exchange:
        """Redact an exchange; what checks look at stays as it is."""
        return self._until_known(lambda: self._exchange(exchange))

    def webhook(self, webhook: Webhook) -> Webhook:
        """Redact a webhook."""
        return self._until_known(
            lambda: replace(webhook, body=self.value(webhook.body), headers=self.headers(webhook.headers))
        )

    def value(self, value: Any, *, identity: bool = False) -> Any:
        """Redact anything that JSON can say; bytes in it are told by size and digest.

        `identity`: it is about people and keys, so that plain words such as `code` mean secrets.
        """
        return self._value(value, (), identity)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Redact headers."""
        return {self.text(name): self._header(name, value) for name, value in headers.items()}

    def text(self, text: str) -> str:
        """Redact a text of any kind: prose, an address, JSON in a string."""
        shown = self._json(text) if text.lstrip()[:1] in ("{", "[") else None
        if shown is None:
            pieces, end = [], 0
            for found in _URL.finditer(text):
                pieces += [self._prose(text[end : found.start()]), self.address(found[0])]
                end = found.end()
            shown = "".join([*pieces, self._prose(text[end:])])
        # One may stand partly in an address.
        return self._without_keys(shown)

    def address(self, address: str) -> str:
        """Redact a URL, or a path with its query: who signs in with it, what signs it, and whom it names."""
        known = _SHOWN.sub(r"%3C\1%3E", self._without_keys(_USER.sub(r"\1", address)))
        place, mark, rest = known.partition("?")
        query, sharp, fragment = rest.partition("#")
        for begin, end, holds in reversed(self._privacy.in_path(place)):
            place = place[:begin] + quote(self._hide(unquote(place[begin:end]), holds), safe="") + place[end:]
        place = "/".join(self._part(part, lambda said: self._forms(self._seen(said))) for part in place.split("/"))
        pieces = [self._parameter(piece) for piece in re.split("([&;])", query)]
        return place + mark + "".join(pieces) + sharp + self._part(fragment, self.text)

    def content(self, content: bytes) -> bytes:
        """Redact a file that is text; any other stays as it is."""
        try:
            return self.text(content.decode()).encode()
        except UnicodeError:
            return content

    def sweep(self, content: bytes, what: str) -> None:
        """Raise `Leak` for bytes that give a key away, or a part of one, in any encoding."""
        self.keys.sweep(content, what)

    def _until_known(self, perform: Callable[[], T]) -> T:
        while True:
            before = len(self._learnt)
            done = perform()
            # What was found late may have been overlooked before.
            if len(self._learnt) == before:
                return done

    def _exchange(self, exchange: Exchange) -> Exchange:
        identity = is_identity(exchange.path)
        return replace(
            exchange,
            request=self.value(exchange.request, identity=identity),
            body=self.value(exchange.body, identity=identity),
            method=self.text(exchange.method),
            path=self.address(exchange.path),
            headers=self.headers(exchange.headers),
            operation=self.text(exchange.operation),
            sent=self.headers(exchange.sent),
            content=self.content(exchange.content),
        )

    def _value(self, value: Any, names: tuple[str, ...], identity: bool) -> Any:
        match value:
            case str():
                return self.text(value)
            case bytes():
                return f"<{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}>"
            case Mapping():
                return self._object(value, names, identity)
            case list() | tuple():
                return [self._value(item, names, identity) for item in value]
            case int() | float() if not isinstance(value, bool) and self.keys.leak(json.dumps(value)):
                return "<key>"
            case _:
                return value

    def _object(self, value: Mapping[str, Any], names: tuple[str, ...], identity: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for name, item in value.items():
            path = (*names, str(name))
            holds = self._privacy.in_body(path) or ("secret" if is_secret(str(name), identity) else None)
            named = self.text(str(name))
            while named in shown:
                named += "'"
            if holds is not None:
                shown[named] = self._hidden(item, holds)
            elif holds_secrets(str(name)) and isinstance(item, list):
                shown[named] = [
                    self._hide(one, "secret") if isinstance(one, str) else self._value(one, path, identity)
                    for one in item
                ]
            else:
                shown[named] = self._value(item, path, identity)
        return shown

    def _hidden(self, value: Any, holds: str) -> Any:
        """A value without anything that could be read in it, of the form it had."""
        match value:
            case str():
                return self._hide(value, holds)
            case bool() | None:
                return value
            case int() | float():
                return self._stand_ins.of_number(value)
            case Mapping():
                return {self.text(str(name)): self._hidden(item, holds) for name, item in value.items()}
            case list() | tuple():
                return [self._hidden(item, holds) for item in value]
            case _:
                return self._hide(str(value), holds)

    def _header(self, name: str, value: str) -> str:
        if holds := self._privacy.in_header(name):
            return self._hide(value, holds)
        if "cookie" in name.lower():
            return self._hide(value, "cookie")
        return self._credentials(value) if is_secret_header(name) else self.text(value)

    def _credentials(self, value: str) -> str:
        found = SCHEME.fullmatch(value)
        return self._hide(value, "secret") if found is None else found[1] + self._hide(found[2], "secret")

    def _parameter(self, piece: str) -> str:
        name, equals, value = piece.partition("=")
        plain = unquote_plus(name)
        holds = self._privacy.in_query(plain)
        if holds is None and (is_secret_parameter(plain) or is_secret(plain) or plain.lower() == "expires"):
            holds = "secret" if plain.lower().endswith(("key", "token")) else "signed"
        name = self._part(name, self.text)
        return name + equals + self._part(value, self.text if holds is None else lambda said: self._hide(said, holds))

    def _part(self, part: str, change: Callable[[str], str]) -> str:
        """A part of an address, decoded for the change, and as it was where nothing changes."""
        said = unquote_plus(part)
        shown = change(said)
        return part if shown == said else quote(shown, safe=":[]@")

    def _json(self, text: str) -> str | None:
        """JSON with other values; None where it is none, or nothing in it changes."""
        try:
            said = json.loads(text)
            shown = self._value(said, (), False)
            return None if shown == said else json.dumps(shown, ensure_ascii=False)
        except (ValueError, RecursionError):
            return None

    def _prose(self, text: str) -> str:
        shown = CREDENTIALS.sub(lambda found: found[1] + self._hide(found[2], "secret"), self._seen(text))
        return self._forms(NAMED.sub(lambda found: found[1] + self._credentials(found[2]), shown))

    def _seen(self, text: str) -> str:
        """A text without the keys, and without what was found before."""
        shown = self._without_keys(text)
        return shown if self._pattern is None else self._pattern.sub(lambda found: self._learnt[found[0]], shown)

    def _without_keys(self, text: str) -> str:
        if not self.keys.leak(text):
            return text
        shown = text
        for begin, end in reversed(self.keys.plain(text)):
            shown = shown[:begin] + self._stand_ins.of_key(text[begin:end]) + shown[end:]
        for pieces in _PIECES:
            if self.keys.leak(shown):
                shown = pieces.sub(lambda found: "<key>" if self.keys.leak(found[0]) else found[0], shown)
        return "<key>" if self.keys.leak(shown) else shown

    def _forms(self, text: str) -> str:
        """A text without what is known by its form."""
        shown = text
        if "@" in shown:
            shown = _EMAIL.sub(lambda found: self._stand_ins.of(found[0], "email"), shown)
        if "." in shown:
            shown = JWT.sub(lambda found: self._hide(found[0], "secret"), shown)
            shown = _IPV4.sub(lambda found: self._stand_ins.of_ip(found[0]), shown)
        if ":" in shown:
            shown = _IPV6.sub(lambda found: self._stand_ins.of_ip(found[0]), shown)
        return shown

    def _hide(self, secret: str, holds: str) -> str:
        if not secret.strip() or PLACEHOLDER.fullmatch(secret):
            return secret
        shown = self._stand_ins.of(secret, holds)
        # A name may be any word.
        if holds != "name" and len(secret) >= _SHORTEST and len(self._learnt) < _MOST and secret not in self._learnt:
            for form in (secret, quote(secret, safe="")):
                self._learnt[form] = shown if form == secret else quote(shown, safe="")
            forms = sorted(self._learnt, key=len, reverse=True)
            self._pattern = re.compile("|".join(rf"(?<!\w){re.escape(form)}(?!\w)" for form in forms))
        return shown
