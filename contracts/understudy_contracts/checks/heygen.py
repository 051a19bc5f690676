"""What any recording of HeyGen's listings must keep, whoever spoke HeyGen's part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy_contracts.provider import contract

from .asked import declared_answer, misfits
from .check import Notes, Rules
from .exchange import Exchange

_CLIENTS = "deployed clients of HeyGen, 2026 (observed)"
_VOICES = "docs.heygen.com, list voices v2"

#: What each list's members are known by.
_LISTS = {"avatars": "avatar_id", "talking_photos": "talking_photo_id", "voices": "voice_id"}


class Record:
    """A recorded conversation. `switches` tell which readings of the contract it is held to."""

    def __init__(self, exchanges: Iterable[Exchange], switches: Mapping[str, str] | None = None) -> None:
        self.exchanges = sorted((e for e in exchanges if isinstance(e.body, Mapping)), key=lambda e: e.at)
        self.switches = contract("heygen").switch_values(switches)


RULES: Rules[Record] = Rules("heygen")


@RULES.check(
    "schema",
    why="A list without its ids offers avatars and voices that nobody can ask for.",
    sources=(_VOICES, _CLIENTS),
    scope="exchange",
)
def schema(record: Record, notes: Notes) -> None:
    """Every list has the form the contract gives it."""
    for exchange in record.exchanges:
        said = declared_answer(exchange, record.switches)
        if said is not None:
            notes.look()
            for violation in misfits("heygen", said.schemas, exchange.body, record.switches):
                notes.find(violation.message, exchange)


@RULES.check(
    "ids-unique",
    why="Of two avatars with one id a user gets the one that they did not choose.",
    sources=(_VOICES, f"{_CLIENTS}; that an id is there once is inferred"),
    scope="exchange",
)
def ids_unique(record: Record, notes: Notes) -> None:
    """A list has each of its avatars, talking photos and voices once."""
    for exchange in record.exchanges:
        data = exchange.body.get("data")
        for key, name in _LISTS.items():
            members = data.get(key) if isinstance(data, Mapping) else None
            if not isinstance(members, list):
                continue
            notes.look()
            ids = [str(member.get(name)) for member in members if isinstance(member, Mapping)]
            if len(set(ids)) < len(ids):
                notes.find(f"the list of {key} has one of them twice", exchange)
