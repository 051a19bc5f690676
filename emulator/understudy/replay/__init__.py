"""Playing a journal again, on an engine made as the first one was, to prove that the same comes out."""

from .play import play
from .scene import Report
from .settings import CannotTell

__all__ = ["CannotTell", "Report", "play"]
