"""What only a probe can judge, for it knows what it sent and what had to come of it: declared here, judged there."""

from __future__ import annotations

from .check import Check

_OPERATIONS = "<provider>/operations.json, each operation with its own sources and confidence"
_CATALOGUE = "<provider>/errors.json, each case with its own sources and confidence"
_MODELS = "<provider>/models/*.json, each model with its own sources and confidence"
_KEYS = "Runware docs, platform/authentication; Segmind docs; GMI: clients' branches on 401 and 403 (observed)"


def _probe(name: str, promise: str, why: str, *sources: str) -> Check:
    return Check(name, "", why, sources, "probe", promise)


CHECKS: tuple[Check, ...] = (
    _probe(
        "accepted",
        "A valid request is accepted.",
        "A client that does everything right is turned away.",
        _MODELS,
        _OPERATIONS,
    ),
    _probe(
        "refused",
        "A request that breaks one rule is refused, with the right status, and the error names the parameter.",
        "A mistake that is let through is paid for; one that is not named takes an afternoon to find.",
        _MODELS,
        _CATALOGUE,
    ),
    _probe(
        "error-as-declared",
        "An error that a request causes is answered as the catalogue has it: status, code and literal text.",
        "Whoever handles an error as the catalogue has it handles another one wrongly.",
        _CATALOGUE,
        _OPERATIONS,
    ),
    _probe(
        "unknown-id",
        "What nobody made is not found, in the provider's own form.",
        "A client asks for ever about a job that there is not.",
        "GMI: 404, Request not found (observed); Segmind docs: 404; Runware: an empty list (observed)",
        _OPERATIONS,
    ),
    _probe(
        "wrong-key",
        "No key and a wrong key are refused in the provider's own form.",
        "Somebody else reads, or pays for, one's videos.",
        _KEYS,
    ),
    _probe(
        "wrong-verb",
        "A method that an address does not have is refused, and begins nothing.",
        "A mistyped method starts a job that is paid for.",
        "Segmind docs: 405; GMI: 405 on another host (observed); everything else is assumed",
        "RFC 9110, section 15.5.6",
    ),
    _probe(
        "wrong-type",
        "A body of another content type is refused.",
        "A body that was misread is a job that nobody asked for.",
        f"Segmind docs: 406, Invalid content type; others: {_CATALOGUE}",
    ),
    _probe(
        "lifecycle.ends",
        "A job that was accepted comes to an end.",
        "A program waits for ever.",
        "Runware docs, platform/task-polling; GMI docs, video API reference; Segmind docs, async inference",
    ),
    _probe(
        "media.decodes",
        "A result is a file that a player opens.",
        "What was paid for cannot be seen.",
        _MODELS,
    ),
    _probe(
        "media.size",
        "A picture has the width and height that were asked for.",
        "A video that does not fit its frame is cut or stretched.",
        _MODELS,
    ),
    _probe(
        "media.length",
        "A video is as long as it is billed, to one frame.",
        "Seconds are paid for that are not there.",
        _MODELS,
    ),
    _probe(
        "media.type",
        "A result is of the kind and format that were asked for, and is called so.",
        "A browser does not play what is called something else.",
        _MODELS,
    ),
    _probe(
        "money.cost",
        "What a result says it cost is what the contract says it costs.",
        "The bill is wrong.",
        _MODELS,
        "Runware model page, includeCost; api-evangelist/segmind, 2026-08: x-cost and metrics.cost",
    ),
    _probe(
        "money.balance",
        "The balance falls by exactly what the results cost, and by nothing for what failed.",
        "Money is gone and nobody knows for what.",
        "Segmind docs, account and billing; Runware: refused submits are not billed; GMI: failures are not (observed)",
    ),
    _probe(
        "webhook.agrees",
        "A webhook arrives, one for each result, and tells what a poll tells.",
        "Whoever waits for webhooks never learns of a video, or learns of another.",
        "Runware docs, platform/webhooks; Segmind's form is understudy's own (assumed)",
    ),
    _probe(
        "webhook.once",
        "A webhook that was taken with a 2xx is not sent again.",
        "A receiver that counts arrivals counts too many.",
        "Runware docs, platform/webhooks: answered otherwise than 2xx, it is sent again; its skills: at least once",
    ),
    _probe(
        "idempotent.poll",
        "Asking twice changes nothing.",
        "Whoever looks more often pays more, or loses what was there.",
        "RFC 9110, section 9.2.2; api-evangelist/segmind, 2026-08: a GET is always safe to repeat",
        "Runware docs, platform/task-polling",
    ),
)
