"""A local stand-in for AI-video providers: their contracts on the wire, with placeholder videos that play."""

__version__ = "0.1.0"
