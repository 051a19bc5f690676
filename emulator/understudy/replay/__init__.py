"""Playing a journal again, on an engine made as the first one was, to prove that the same comes out."""

from .play import CannotTell, Report, play

__all__ = ["CannotTell", "Report", "play"]
