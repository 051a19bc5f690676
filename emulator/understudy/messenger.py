"""Makes the attempts to deliver: asks what is to be said and where, and has a sender put it on the wire."""

import asyncio
import logging
import time
from importlib import import_module
from typing import TYPE_CHECKING

from .deliveries import Attempt, Delivery
from .media.errors import MediaError
from .targets import ForbiddenTarget

if TYPE_CHECKING:
    from .sender import Sender

log = logging.getLogger("understudy.outbox")


class Messenger:
    """Tries deliveries, one attempt at a time; `sender` can be somebody else, who then puts them on the wire."""

    def __init__(self, *, allow_all_targets: bool) -> None:
        self._allow_all_targets = allow_all_targets
        self._making = asyncio.Lock()
        self.sender: Sender | None = None

    async def attempt(self, delivery: Delivery, attempt: Attempt) -> bool:
        """Make an attempt and fill in how it went; False when nobody wants the delivery any more."""
        started = time.monotonic()
        try:
            content = await delivery.produce()
            if delivery.where is not None:
                url = delivery.where()
                if url is None:
                    delivery.state = "withdrawn"
                    return False
                delivery.url = url
            sender = await self._transport()
            started = time.monotonic()
            await sender.send(delivery, content, attempt)
        except ForbiddenTarget as refusal:
            attempt.problem, delivery.state = str(refusal), "refused"
        except (OSError, MediaError) as failure:
            attempt.problem = str(failure) or type(failure).__name__
        except Exception as mistake:  # a mistake of ours must not leave a delivery waiting for ever
            log.exception("the %s of %s met a mistake of understudy's", delivery.kind, delivery.job)
            attempt.problem, delivery.state = f"a mistake of understudy's: {mistake!r}", "given up"
        attempt.seconds = time.monotonic() - started
        return True

    async def close(self) -> None:
        """Close the connections."""
        if self.sender is not None:
            await self.sender.close()

    async def _transport(self) -> "Sender":
        if self.sender is None:
            # The HTTP client takes as long to import as the rest of the server, and its TLS to set up: only who sends
            # pays for it, and nobody waits meanwhile.
            async with self._making:
                if self.sender is None:
                    self.sender = await asyncio.to_thread(self._make_sender)
        return self.sender

    def _make_sender(self) -> "Sender":
        sender: Sender = import_module("understudy.sender").Sender(allow_all_targets=self._allow_all_targets)
        return sender
