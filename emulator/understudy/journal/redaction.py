"""Taking the secrets out of an exchange: those in the places made for them, and wherever else the same ones occur."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, quote_plus, unquote_plus

import orjson

from understudy.config import ACCOUNT_ID
from understudy.wire import said_in
from understudy_contracts.secret_names import (
    CREDENTIALS,
    JWT,
    NAMED,
    SCHEME,
    is_identity,
    is_secret,
    is_secret_header,
    is_secret_parameter,
)

from .exchange import Exchange, Headers
from .json_text import rewrite
from .media import content_type, is_binary, is_media, with_legible

#: What stands where a secret was.
PLACEHOLDER = re.compile(r"redacted(?:-r?\d+)?(?:\[\[error:[\w.-]{1,64}\]\])*")

#: What is shorter than this is taken out of its place only: it would be found everywhere.
SHORTEST = 8

#: What is longer is no secret that anybody echoes, and slow to look for.
_LONGEST = 4096

#: How many forms of secrets are looked for everywhere; who sends more gets them taken out of their places only.
_MOST = 500

_MAGIC = re.compile(r"\[\[error:[\w.-]{1,64}\]\]")
_AUTHORITY = r'[^\s/?#"<>]*'
_URL = re.compile(rf'://({_AUTHORITY}@)?([^\s?#"<>]*)(\?[^\s#"<>]*)?(#[^\s"<>]*)?')
_PART = re.compile(
    r'(name="?([^"\r\n;]{1,200})"?[^\r\n]{0,1000}\r?\n(?:[^\r\n]{1,1000}\r?\n){0,9}\r?\n)(.*?)(?=\r?\n--|\Z)',
    re.DOTALL | re.IGNORECASE,
)
_FORM = re.compile(r"[\w%.+\[\]-]+=")
_BASE64 = re.compile(r"(?:data:[\w.+-]+/[\w.+-]+(?:;[^,;]{1,100})*;base64,)?[A-Za-z0-9+/_-]{512,}={0,2}")

#: Without any of this a body holds nothing to take out.
_SUSPECT = re.compile(
    rb"key|token|secret|passw|pwd|auth|cred|sign|cookie|session|access|://|eyJ|bearer|basic|\\u|%|code|otp|pin",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be seen of an exchange."""

    target: str
    request_headers: list[tuple[str, str]]
    request_body: bytes
    response_headers: list[tuple[str, str]]
    response_body: bytes
    #: Whether a text of the request says something else now: what was in no place for secrets had to be taken out.
    altered: bool
    #: Takes what was found out of any other text.
    clean: Callable[[str], str]


def redacted(
    exchange: Exchange,
    known: Iterable[str] = (),
    name: Callable[[str], str] | None = None,
    *,
    media_sent: bool = False,
) -> Redacted:
    """What may be seen of an exchange. `known` are secrets it need not hold itself; `name` says what to write instead.

    Without a `name` all secrets look the same. Media stay as they are, for no more than their digest is to be told;
    with `media_sent`, those of the request are to be told whole.
    """
    redactor = _Redactor(exchange.target, known, name or (lambda secret: "redacted"), media_sent=media_sent)
    while True:
        before = len(redactor.values)
        seen = redactor.pass_over(exchange)
        # What was found late may have been overlooked before.
        if len(redactor.values) == before:
            return seen


class _Redactor:
    def __init__(self, target: str, known: Iterable[str], name: Callable[[str], str], *, media_sent: bool) -> None:
        self._identity = is_identity(target)
        # Who drives the emulator may name an account by its id, which is no secret, or by its key.
        self._driving = "/_understudy/" in target
        self._name = name
        self._media_sent = media_sent
        self._altered = False
        #: What each form in which a secret can be written stands for.
        self.values: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        for secret in known:
            self._know(secret)

    def pass_over(self, exchange: Exchange) -> Redacted:
        forms = sorted(self.values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        request_headers = self._headers(exchange.request_headers)
        self._altered = False
        target = self._target(exchange.target)
        # Frames have no type, and are told as text whatever they hold.
        frames = exchange.transport == "websocket"
        request_body = self._body(exchange.request_body, exchange.request_headers, whole=frames or self._media_sent)
        altered = self._altered
        return Redacted(
            target=target,
            request_headers=request_headers,
            request_body=request_body,
            response_headers=self._headers(exchange.response_headers),
            response_body=self._body(exchange.response_body, exchange.response_headers, whole=frames),
            altered=altered,
            clean=self._text,
        )

    def _headers(self, headers: Headers | tuple[()]) -> list[tuple[str, str]]:
        shown = []
        for raw, value in headers:
            name, text = str(raw, "latin-1"), str(value, "latin-1")
            # The same key is called the same, whatever brought it.
            shown.append((name, self._credentials(said_in(value)) if is_secret_header(name) else self._text(text)))
        return shown

    def _credentials(self, value: str) -> str:
        found = SCHEME.fullmatch(value)
        return self._hide(value) if found is None else found[1] + self._hide(found[2])

    def _target(self, target: str) -> str:
        path, mark, query = target.partition("?")
        return self._text(path) + mark + self._query(query)

    def _query(self, query: str) -> str:
        return "".join(piece if piece in ("&", ";") else self._parameter(piece) for piece in re.split("([&;])", query))

    def _parameter(self, piece: str) -> str:
        name, equals, value = piece.partition("=")
        plain, said = unquote_plus(name), unquote_plus(value)
        if is_secret_parameter(plain) or is_secret(plain, self._identity):
            hidden = self._hide(said)
            return name + equals + (value if hidden == said else quote(hidden, safe="[]:"))
        shown = self._text(said)
        named = self._text(plain)
        name = name if named == plain else quote(named, safe="")
        return name + equals + (value if shown == said else quote(shown, safe=""))

    def _body(self, body: bytes, headers: Headers | tuple[()], *, whole: bool) -> bytes:
        if not body or (not whole and is_media(content_type(headers), body)):
            return body
        if not (self._identity or self.values or _SUSPECT.search(body)):
            return body
        encoding = "utf-8"
        try:
            text = body.decode()
        except UnicodeDecodeError:
            encoding = "latin-1"
            text = body.decode(encoding)
        if encoding == "latin-1" and is_binary(body):
            shown = with_legible(self._known(text), self._plain)
        elif text.lstrip()[:1] in ("{", "[", '"'):
            shown = self._rewritten(text)
            if not _is_json(body):
                shown = self._text(shown)
        elif _FORM.match(text) and "\n" not in text and " " not in text:
            shown = self._query(text)
        else:
            shown = self._plain(text)
        return body if shown == text else shown.encode(encoding, "replace")

    def _rewritten(self, text: str) -> str:
        return rewrite(text, identity=self._identity, hide=self._hide, plain=self._text)

    def _plain(self, text: str) -> str:
        shown = self._text(_PART.sub(self._part, text))
        return self._rewritten(shown) if "{" in shown else shown

    def _known(self, text: str) -> str:
        """A text without the secrets that were seen before."""
        shown = text if self._pattern is None else self._pattern.sub(self._value, text)
        self._altered |= shown != text
        return shown

    def _part(self, found: re.Match[str]) -> str:
        return found[1] + (self._hide(found[3]) if is_secret(found[2], self._identity) else found[3])

    def _text(self, text: str) -> str:
        """A text with what must not be seen taken out of it."""
        shown = self._known(text)
        if not _BASE64.fullmatch(shown):
            if "://" in shown:
                shown = _URL.sub(self._url, shown)
            if len(shown) >= SHORTEST:
                shown = CREDENTIALS.sub(lambda found: found[1] + self._hide(found[2]), shown)
                shown = NAMED.sub(self._named, shown)
                shown = JWT.sub(lambda found: self._hide(found[0]), shown)
        if shown != text:
            self._altered = True
        return shown

    def _value(self, found: re.Match[str]) -> str:
        return self._hide(self.values[found[0]])

    def _named(self, found: re.Match[str]) -> str:
        return found[1] + self._credentials(found[2])

    def _url(self, found: re.Match[str]) -> str:
        user, rest, query, fragment = found[1], found[2], found[3], found[4]
        shown = "://" + (self._hide(user[:-1]) + "@" if user else "") + rest
        if query:
            # An address that signs may do it by any name.
            for piece in re.split("[&;]", query[1:]):
                name, _, value = piece.partition("=")
                self._know(unquote_plus(value) if is_secret_parameter(unquote_plus(name)) else "")
            shown += "?" + self._hide(query[1:])
        return shown + ("#" + self._hide(fragment[1:]) if fragment else "")

    def _hide(self, secret: str) -> str:
        if not secret.strip() or PLACEHOLDER.fullmatch(secret) or (self._driving and re.fullmatch(ACCOUNT_ID, secret)):
            return secret
        self._know(secret)
        # The name of an error to strike is there to be seen.
        return self._name(secret) + "".join(_MAGIC.findall(secret))

    def _know(self, secret: str) -> None:
        if not SHORTEST <= len(secret) <= _LONGEST or secret in self.values or PLACEHOLDER.fullmatch(secret):
            return
        if len(self.values) >= _MOST:
            return
        forms = {
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            escape(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        }
        for codec, other in (("latin-1", "utf-8"), ("utf-8", "latin-1")):
            # What a header says may be read in either.
            try:
                forms.add(secret.encode(codec).decode(other))
            except UnicodeError:
                continue
        for form in forms:
            self.values.setdefault(form, secret)


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
