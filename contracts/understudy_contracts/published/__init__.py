"""What Runware publishes about its models beside the API itself, made from the files of its contract.

Three services without a key: the registry and the schemas of `schemas.runware.ai`, and the catalogue of
`content.runware.ai`. Everything here is a pure function of the contract; who serves it adds status and headers.
"""

from .catalogue import Document, content
from .registry import registry
from .resolve import resolved

__all__ = ["Document", "content", "registry", "resolved"]
