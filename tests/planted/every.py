"""Everything that is planted."""

from planted import gmi, heygen, media, money, runware, segmind, sockets, tricky, unseen, webhooks
from planted.planting import PLANTED

__all__ = [
    "PLANTED",
    "gmi",
    "heygen",
    "media",
    "money",
    "runware",
    "segmind",
    "sockets",
    "tricky",
    "unseen",
    "webhooks",
]
