"""Moving time in a replay."""

import asyncio

from understudy.clock import Clock

#: How many turns of the loop those get whose moment has come.
_TURNS = 5


async def move(clock: Clock, moment: float) -> None:
    """Let time pass until a moment, if it has not come yet, and whoever slept until then wake."""
    if moment > clock.now():
        clock.advance(moment - clock.now())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
