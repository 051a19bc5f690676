"""What a path of Segmind's API means: which form its answer has, and which request, model or webhook it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

#: By verb and path, the first that fits: the name of the schema of an answer that went well, or None where it is
#: a file, plain text or nothing at all.
_FORMS: tuple[tuple[str, re.Pattern[str], str | None], ...] = tuple(
    (verb, re.compile(f"^{pattern}/?$"), form)
    for verb, pattern, form in (
        ("GET", "/v1/get-user-credits", "credits-answer"),
        ("GET", "/v1/requests/(?P<id>[^/]+)", "result-answer"),
        ("GET", "/v2/requests/(?P<id>[^/]+)/status", "status-answer"),
        ("GET", "/v2/requests/(?P<id>[^/]+)", "result-answer"),
        ("POST", "/v1/(?P<slug>[^/]+)", None),
        ("POST", "/v2/(?P<slug>[^/]+)", "submit-answer"),
        ("POST", "/workflows/v2/[^/]+", "submit-answer"),
        ("GET", "/workflows/request/(?P<id>[^/]+)", "workflow-answer"),
        ("POST", "/workflows/[^/]+", "workflow-submit-answer"),
        ("POST", "/upload-asset", "upload-answer"),
        ("GET", "/inference-model-information/list", "models-answer"),
        ("GET", "/inference-request/generations", "generations-answer"),
        ("GET", "/inference-request/recent-generations", "recent-generations-answer"),
        ("GET", "/inference-request/request-history", "history-answer"),
        ("GET", "/inference-request/request-history/(?P<id>[^/]+)", "history-row"),
        ("GET", "/api/auth/authenticate", "account-answer"),
        ("GET", "/webhook/get", "webhooks-answer"),
        ("POST", "/webhook/(?:add|update)", "webhook-answer"),
        ("GET", "/webhook/inactive", "webhook-answer"),
        ("GET", "/webhook/dispatch-logs", "webhook-logs-answer"),
        ("POST", "/finetune/request/submit", "finetune-submit-answer"),
        ("GET", "/finetune/request/details", "finetune-answer"),
        ("GET", "/finetune/request/list", "finetunes-answer"),
        ("GET", "/finetune/request/upload/pre-signed-url", "finetune-upload-answer"),
        ("PUT", "/finetune/request/access-update", None),
        ("GET", "/finetune/request/file/download", None),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request went."""

    #: The schema of the answer when all went well; None where it has none.
    form: str | None
    #: Whether the path is the provider's at all.
    known: bool = False
    #: The request in the path, or the webhook in the query.
    id: str | None = None
    #: The model that a blocking call, or a submit to the queue, was made to.
    model: str | None = None
    #: Whether the call waits until the model is done.
    blocking: bool = False
    #: Whether it asks the queue about a job, where a failure is HTTP 422.
    poll: bool = False


def place_of(method: str, path: str) -> Place:
    """Read a path, or a whole URL."""
    url = urlsplit(path)
    for verb, pattern, form in _FORMS:
        if verb == method and (found := pattern.match(url.path)):
            named = {name: unquote(value) for name, value in found.groupdict().items()}
            asked = parse_qs(url.query).get("webhook_id", [None])[-1]
            return Place(
                form=form,
                known=True,
                id=named.get("id", asked),
                model=named.get("slug"),
                blocking=form is None and "slug" in named,
                poll=form in ("status-answer", "result-answer"),
            )
    return Place(None)
