"""The contracts as documents other tools read: JSON Schemas, OpenAPI 3.1 of each provider, AsyncAPI 3.0 of a socket.

`files()` writes them all, each by the path it has in a folder or below an address.
"""

from understudy_contracts import PROVIDERS

from .asyncapi import asyncapi
from .index import files, index
from .openapi import openapi
from .schemas import schema, schemas
from .site import Site

__all__ = ["PROVIDERS", "Site", "asyncapi", "files", "index", "openapi", "schema", "schemas"]
