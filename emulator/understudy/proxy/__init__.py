"""A way in for clients whose hosts are fixed: an HTTPS proxy that takes each provider's host to the stand-in."""

from .proxy import Proxy

__all__ = ["Proxy"]
