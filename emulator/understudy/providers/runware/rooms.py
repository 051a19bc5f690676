"""What the connections of one account share: its sessions, who watches them, and what they are to be told later."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.idle import IdleWatch

from .connections import Connection
from .sessions import Sessions

#: Seconds of silence after which the provider closes a connection: documented.
PATIENCE = 120.0

Silent = Callable[[Connection, float], object]


class Room:
    """The connections of one account."""

    def __init__(self, engine: Engine, account: Account, silent: Silent) -> None:
        self._engine = engine
        self.account = account
        self.sessions = Sessions(account.clock)
        self.idle: IdleWatch[Connection] = IdleWatch(account.clock, PATIENCE, silent)
        self._later: set[asyncio.Task[None]] = set()
        self._closed = False

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Tell something later, unless the account is emptied before."""
        if self._closed:
            work.close()
            return
        task = self._engine.background(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def tell_no_more(self) -> None:
        """What was to be told is not: what it is about is gone."""
        for task in self._later:
            task.cancel()

    def close(self) -> None:
        """End its connections: the account is no more."""
        self._closed = True
        self.tell_no_more()
        self.sessions.close("the account is gone")


class Rooms:
    """The rooms of all accounts that ever said on a connection who they are."""

    def __init__(self, engine: Engine, silent: Silent) -> None:
        self._engine = engine
        self._silent = silent
        self._rooms: dict[Account, Room] = {}

    def of(self, account: Account) -> Room:
        """The room of an account that there is, made now if need be."""
        room = self._rooms.get(account)
        if room is None:
            room = self._rooms[account] = Room(self._engine, account, self._silent)
        return room

    def emptied(self, account: Account) -> None:
        """All that the account has is about to go: its sockets are told nothing more of it."""
        if (room := self._rooms.get(account)) is not None:
            room.tell_no_more()

    def forgotten(self, account: Account) -> None:
        """There is no such account any more."""
        if (room := self._rooms.pop(account, None)) is not None:
            room.close()
