"""What a path of GMI Cloud's API means: which form its answer has, and which request or model it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_QUEUE = re.compile(
    r"^(?:.*/ie/requestqueue)?(?P<key>/apikey)?/(?P<what>requests|models|upload-url)(?:/(?P<id>[^/]+))?/?$"
)
_FORMS = {
    ("POST", "requests", False): "submit-answer",
    ("GET", "requests", False): "list-answer",
    ("GET", "requests", True): "record",
    ("GET", "models", False): "models-answer",
    ("GET", "models", True): "model-detail",
    ("POST", "upload-url", False): "upload-url-answer",
}
_ACCOUNT = (
    ("POST", re.compile(r"/me/auth-tokens$"), "auth-tokens-answer"),
    ("POST", re.compile(r"/me/sessions$"), "sessions-answer"),
    ("PATCH", re.compile(r"/me/sessions$"), "sessions-answer"),
    ("GET", re.compile(r"/me/profile$"), "profile-answer"),
    ("GET", re.compile(r"/organizations/[^/]+/api-keys$"), "api-keys-answer"),
    ("POST", re.compile(r"/organizations/[^/]+/api-keys$"), "api-keys-create-answer"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request went."""

    #: The schema of the answer when all went well; None where no source tells.
    form: str | None
    #: The request or the model in the path.
    id: str | None = None
    #: Whether it belongs to the queue, whose errors have a form of their own.
    queue: bool = False
    #: What the query filters and pages by.
    model: str | None = None
    limit: int | None = None
    offset: int = 0


def place_of(method: str, path: str) -> Place:
    """Read a path, or a whole URL."""
    url = urlsplit(path)
    found = _QUEUE.match(url.path)
    if found is None:
        forms = (form for verb, pattern, form in _ACCOUNT if verb == method and pattern.search(url.path))
        return Place(next(forms, None))
    form = _FORMS.get((method, found["what"], found["id"] is not None))
    if form == "models-answer" and found["key"] is None:
        form = "twin-models-answer"
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    limit, offset = query.get("limit", ""), query.get("offset", "")
    return Place(
        form=form,
        id=None if found["id"] is None else unquote(found["id"]),
        queue=True,
        model=query.get("model_id"),
        limit=int(limit) if limit.isdecimal() else None,
        offset=int(offset) if offset.isdecimal() else 0,
    )
