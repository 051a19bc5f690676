"""When a provider error strikes. *What* it can answer is in the error catalogue of the contract.

A magic value anywhere in a prompt, a script or the API key names an error by its id: `[[error:timeoutProvider]]`.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from understudy_contracts.errors import ErrorCase

from .problems import UnknownFault

_MAGIC = re.compile(r"\[\[error:([^\[\]]*)\]\]")


def called_for(texts: Iterable[str], catalogue: Mapping[str, ErrorCase]) -> ErrorCase | None:
    """The error that a magic value in one of the texts asks for; raises UnknownFault for a name nobody knows."""
    for text in texts:
        if "[[error:" in text and (found := _MAGIC.search(text)):
            name = found[1].strip()
            if name in catalogue:
                return catalogue[name]
            near = get_close_matches(name, catalogue, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else "; `understudy errors` lists them"
            raise UnknownFault(f"no error is called {name!r}{hint}")
    return None
