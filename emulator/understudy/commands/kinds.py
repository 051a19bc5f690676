"""What the values of settings are: read from text, refused with what would do."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import click

from understudy.config import KEY, SettingError, Speed
from understudy_contracts.data import ContractError
from understudy_contracts.switches import switches


class SpeedType(click.ParamType[Speed]):
    """How fast a video is made."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Speed:
        """Read it."""
        try:
            return value if isinstance(value, Speed) else Speed.parse(str(value))
        except SettingError as problem:
            self.fail(str(problem), param, ctx)


class UrlType(click.ParamType[str]):
    """A URL of http or https."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        try:
            parsed = urlsplit(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        if parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.query or parsed.fragment:
            self.fail(f"{value!r} is not a URL such as https://stand-in.example", param, ctx)
        return str(value).rstrip("/")


class HostType(click.ParamType[str]):
    """An address to listen on."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        if not str(value).strip():
            self.fail("an address to listen on cannot be empty; 0.0.0.0 listens on all", param, ctx)
        return str(value).strip()


class KeyType(click.ParamType[str]):
    """An API key."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        if not re.fullmatch(KEY, str(value)):
            self.fail(
                "an API key is 1 to 500 visible ASCII characters without spaces, for headers carry it", param, ctx
            )
        return str(value)


class TokenType(click.ParamType[str]):
    """What goes into a header to show that one may."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        if not re.fullmatch(r"[!-~]{8,200}", str(value)):
            self.fail("a token is 8 to 200 characters of ASCII without spaces, for it goes into a header", param, ctx)
        return str(value)


class MoneyType(click.ParamType[Decimal]):
    """US dollars."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read it."""
        try:
            amount = Decimal("NaN" if "_" in str(value) else str(value))
        except InvalidOperation:
            amount = Decimal(-1)
        if not (amount.is_finite() and 0 <= amount <= 10**9):
            self.fail(f"{value!r} is not an amount in US dollars, from 0 to a billion", param, ctx)
        return amount


class SwitchType(click.ParamType[tuple[str, str]]):
    """A switch of a provider with its value."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        name, equals, chosen = str(value).partition("=")
        provider, dot, short = name.strip().partition(".")
        try:
            known = switches(provider) if dot else {}
        except ContractError:
            known = {}
        if not equals or short not in known:
            self.fail(f"{value!r} names no switch; `understudy switches` lists them", param, ctx)
        if chosen.strip() not in known[short].values:
            self.fail(f"{name.strip()} is one of {', '.join(known[short].values)}, not {chosen!r}", param, ctx)
        return name.strip(), chosen.strip()
