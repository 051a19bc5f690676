"""A journal as a document to play again: a line of JSON about the server, then one for each exchange.

Secrets are taken out, but the same one is called the same everywhere (`redacted-7`), so that who plays the document
again can put in others.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import orjson

from understudy import __version__
from understudy.accounts import identity
from understudy.config import ACCOUNT_ID, BadScenario
from understudy.engine import Engine

from .document import FORMAT
from .exchange import Exchange
from .media import content_type, is_media
from .record import Journal
from .redaction import Redacted, redacted

#: The provider of exchanges with the emulator itself.
OURSELVES = "understudy"


def lines(engine: Engine, journals: Iterable[Journal]) -> Iterator[bytes]:
    """The lines of the document, each with its line feed: everything in the journals, and what goes with it.

    What was asked of understudy without naming an account went for everybody, so it is in any document; so is how a
    connection began on which an account was named later.
    """
    chosen = list(journals)
    exchanges = [exchange for journal in chosen for exchange in journal]
    if engine.strangers not in chosen:
        connections = {exchange.connection for exchange in exchanges} - {None}
        exchanges += [
            exchange
            for exchange in engine.strangers
            if exchange.provider == OURSELVES or exchange.connection in connections
        ]
    exchanges.sort(key=lambda exchange: exchange.number)
    lost = sum(journal.lost for journal in {id(journal): journal for journal in (*chosen, engine.strangers)}.values())
    lost += _gone(engine, chosen, exchanges)
    names: dict[str, str] = {}
    # Who takes the lines one after the other gives others the time to forget an account.
    keys = {account.id: account.key for account in engine.accounts.all()}

    def name(secret: str) -> str:
        return names.setdefault(secret, f"redacted-{len(names) + 1}")

    yield orjson.dumps({**_header(engine, exchanges, lost), "unseen": _unseen(engine, chosen)}) + b"\n"
    for exchange in exchanges:
        key = keys.get(exchange.account or "")
        seen = redacted(exchange, () if key is None else (key,), name, media_sent=True)
        yield orjson.dumps(_line(exchange, seen)) + b"\n"


def _gone(engine: Engine, chosen: list[Journal], exchanges: list[Exchange]) -> int:
    """How many exchanges went with accounts that were reset or forgotten, and are needed to understand the others.

    Who sees an account begin anew needs nothing of what was before, but for what was under way by then.
    """
    kept = {id(journal) for journal in chosen}
    of = {account.id for account in engine.accounts.all() if id(account.journal) in kept}
    everybody = id(engine.strangers) in kept
    gone = sum(count for account, count in engine.lost.items() if everybody or account in of)
    anew = {
        exchange.account: exchange.number
        for exchange in exchanges
        if exchange.provider == OURSELVES and exchange.operation == "reset_all" and exchange.status == HTTPStatus.OK
    }
    gone += sum(count for account, count in engine.lost_to_reset.items() if account in of and account not in anew)
    return gone + sum(
        min(exchange.number, exchange.connection or exchange.number) < anew[exchange.account]
        for exchange in exchanges
        if exchange.account in anew
    )


def _unseen(engine: Engine, chosen: list[Journal]) -> bool:
    """Whether anybody asked anything that is not here, and may have used up rules that are everybody's."""
    kept = {id(journal) for journal in chosen}
    others = (account.journal for account in engine.accounts.all() if id(account.journal) not in kept)
    return (
        any((*engine.lost.values(), *engine.lost_to_reset.values()))
        or any(len(journal) or journal.lost for journal in others)
        or (id(engine.strangers) not in kept and any(exchange.provider != OURSELVES for exchange in engine.strangers))
    )


def _header(engine: Engine, exchanges: list[Exchange], lost: int) -> dict[str, Any]:
    settings = engine.settings
    return {
        "understudy": "journal",
        "format": FORMAT,
        "version": __version__,
        "seed": settings.seed,
        "clock": {
            "start": exchanges[0].server_time if exchanges else engine.clock.now(),
            "still": engine.clock.still,
        },
        "speed": {"rate": settings.speed.rate, "latency": settings.speed.latency},
        "balance": str(settings.balance),
        "switches": dict(settings.switches),
        "public_url": settings.public_url,
        "max_body": settings.max_body,
        "allow_link_local": settings.allow_link_local,
        "fault_header": settings.fault_header,
        "restricted": engine.accounts.restricted,
        "accounts": _opened(engine, exchanges),
        "scenario": _scenario(engine),
        "lost": lost,
        "exchanges": len(exchanges),
    }


def _opened(engine: Engine, exchanges: list[Exchange]) -> dict[str, float]:
    """When each account was opened, which need not have been by an exchange that is on the record."""
    opened: dict[str, float] = {}
    for exchange in exchanges:
        if exchange.account is not None and exchange.account not in opened:
            account = engine.accounts.by_id(exchange.account)
            # One that was reset since has a ledger that is younger.
            since = exchange.server_time if account is None else account.ledger.opened_at
            opened[exchange.account] = min(since, exchange.server_time)
    return opened


def _scenario(engine: Engine) -> dict[str, Any] | None:
    """What the server started with, its accounts by id; None when that cannot be told any more."""
    if engine.settings.scenario is None:
        return {"faults": [], "accounts": []}
    from understudy.scenario import Scenario

    try:
        scenario = Scenario.read(engine.settings.scenario)
    except BadScenario:
        return None
    ids = {opening.key: identity(opening.key) for opening in scenario.accounts}
    return {
        "faults": [_by_id(rule, ids) for rule in scenario.faults],
        "accounts": [
            {
                "id": ids[opening.key],
                "balance": opening.balance,
                "limits": dict(opening.limits),
                "faults": [dict(rule) for rule in opening.faults],
            }
            for opening in scenario.accounts
        ],
    }


def _by_id(rule: Any, ids: dict[str, str]) -> dict[str, Any]:
    """A rule with its account by id: whatever else is there must be a key."""
    named = rule.get("account")
    if not isinstance(named, str) or (named not in ids and re.fullmatch(ACCOUNT_ID, named)):
        return dict(rule)
    return {**rule, "account": identity(named)}


def _line(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "at": exchange.at,
        "server_time": exchange.server_time,
        "transport": exchange.transport,
        "connection": exchange.connection,
        "scheme": exchange.scheme,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "model": exchange.model and seen.clean(exchange.model),
        "account": exchange.account,
        "job": exchange.job and seen.clean(exchange.job),
        "request": {
            "method": exchange.method,
            "target": seen.target,
            "headers": seen.request_headers,
            "size": exchange.request_size,
            "altered": seen.altered,
            **_asked(exchange, seen.request_body),
        },
        "response": {
            "status": exchange.status,
            "headers": seen.response_headers,
            "size": exchange.response_size,
            "frames": exchange.frames,
            "whole_frames": exchange.whole_frames,
            **answered(exchange, seen),
        },
        "seconds": exchange.seconds,
        "finished": exchange.finished,
        "faults": [seen.clean(fault) for fault in exchange.faults],
        "ended": exchange.ended,
    }


def _asked(exchange: Exchange, body: bytes) -> dict[str, Any]:
    """A request's body as it has to be sent again, or why it is not here."""
    if exchange.request_digest is not None:
        return {"missing": "its body is longer than what the journal keeps"}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = None
    kind = content_type(exchange.request_headers)
    if text is not None and "\0" not in text:
        return {"body": text}
    if is_media(kind, b"") or kind == "multipart/form-data" or b"\0" not in body:
        return {"base64": base64.b64encode(body).decode()}
    # It may be text in an encoding in which nobody looked for secrets.
    return {"missing": "its body is neither text nor media"}


def answered(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    """An answer's body as it has to come again: its text, or the digest of bytes that hold no text."""
    body = seen.response_body
    if not exchange.response_size:
        return {"body": ""}
    whole = exchange.response_digest is None
    told: dict[str, Any] = {}
    if body == exchange.response_body:
        told["sha256"] = (exchange.response_digest or hashlib.sha256(body)).hexdigest()
    if is_media(content_type(exchange.response_headers), body):
        return told
    try:
        return {**told, "body": body.decode("utf-8", "strict" if whole else "ignore")}
    except UnicodeDecodeError:
        return told
