"""What is known of a provider's errors, as documents: `understudy errors` prints them, the control API answers them."""

from typing import Any

from understudy_contracts.error_answers import ErrorAnswer, answer_of
from understudy_contracts.errors import ErrorCase, catalogue, forms

#: The providers whose errors can be asked for.
LISTED = ("runware", "gmi", "segmind")

#: In which answer an error is found, by when it strikes.
FOUND = {
    "submit": "in the answer to the request",
    "upstream": "in the answer to the request, which leaves a failed job behind",
    "processing": "when the job is polled after it has failed",
    "poll": "whenever the job is polled",
    "expiry": "whenever the job is polled after it has finished",
    "transport": "instead of the answer to the request",
}


def cases(provider: str | None = None) -> list[ErrorCase]:
    """Every error of one provider, or of all."""
    return [case for name in ([provider] if provider else LISTED) for case in catalogue(name).values()]


def triggers(case: ErrorCase) -> dict[str, Any]:
    """The three ways to make an error strike: a magic value, a request header, a rule."""
    return {
        "magic": f"[[error:{case.id}]]",
        "header": f"X-Understudy-Fault: {case.id}",
        "rule": {"provider": case.provider, "error": case.id},
    }


def shown(case: ErrorCase) -> dict[str, Any]:
    """One error with everything known of it, its literal answer, and how to make it strike.

    `status` is the row's own, `answer` what the emulator sends where no switch is set; the answer's ids and facts are
    examples. `waiting`, where there is one, is told to a caller whose submit waits for the job.
    """
    document: dict[str, Any] = {
        "provider": case.provider,
        "id": case.id,
        "code": case.code,
        "kind": case.kind,
        "status": case.status,
        "message": case.message,
        "parameter": case.parameter,
        "strikes": case.strikes,
        "when": case.when,
        "retryable": case.retryable,
        "billed": case.billed,
        "confidence": case.confidence,
        "assumed": case.assumed,
        "sources": case.sources,
        "extra": dict(case.extra),
        "answer": {**_told(answer_of(case)), "found": FOUND[case.strikes]},
    }
    if case.strikes == "processing" and "waiting" in forms(case.provider):
        document["waiting"] = {**_told(answer_of(case, place="waiting")), "found": "by a submit that waits for the job"}
    return {**document, "triggers": triggers(case)}


def _told(answer: ErrorAnswer) -> dict[str, Any]:
    return {"status": answer.status, "media_type": answer.media_type, "body": answer.body}
