"""Rules as somebody might write them, and requests that they might strike."""

from typing import Any

from hypothesis import strategies as st

from understudy.faults import OPERATIONS, Facts

ACCOUNTS = ("0123456789abcdef", "fedcba9876543210")
MODELS = {"runware": "heygen:avatar@4", "gmi": "heygen-avatar-4", "segmind": "heygen-avatar-iv"}

_seconds = st.integers(1, 100)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "delay": _seconds,
    "reset": st.sampled_from([True, "before", "after"]),
    "silent": st.sampled_from([True, "before", "after"]),
    "gateway": st.sampled_from([502, 503, 504]),
    "limit": st.sampled_from(["1/10", "2/4", "3/7.5"]),
    "truncate": st.integers(0, 1000),
    "content_type": st.sampled_from(["text/html", "x", "application/json; charset=utf-8, x"]),
    "trickle": st.integers(1, 10_000),
    "slow": st.sampled_from([0.5, 2, 10]),
    "status": st.sampled_from([403, 404, 410]),
    "expire": st.integers(0, 20),
    "duplicate": st.integers(1, 100),
    "storm": st.integers(2, 1000),
}

#: Effects that a rule can have together, by what is struck; `error` needs a provider.
TOGETHER: dict[str, list[tuple[str, ...]]] = {
    "call": [
        ("delay",),
        ("reset",),
        ("silent", "delay"),
        ("gateway",),
        ("limit",),
        ("limit", "delay"),
        ("truncate",),
        ("corrupt", "trickle", "content_type"),
        ("empty",),
    ],
    "submit": [
        ("stuck",),
        ("slow", "corrupt"),
        ("early",),
        ("stuck", "delay"),
        ("error",),
        ("error", "delay", "corrupt"),
    ],
    "download": [("status",), ("expire",), ("status", "delay"), ("expire", "corrupt")],
    "webhook": [("drop",), ("duplicate", "reorder"), ("storm", "corrupt"), ("reorder", "delay"), ("drop", "delay")],
}
_ERRORS = {
    "runware": ["timeoutProvider", "rateLimitExceeded", "gateway502"],
    "gmi": ["unauthorized", "generationFailed"],
    "segmind": ["rateLimited", "inferenceFailed"],
}


@st.composite
def documents(draw: st.DrawFn, chances: bool = False) -> dict[str, Any]:
    """Rules that are as they should be; with `chances`, some leave it to chance."""
    struck = draw(st.sampled_from(sorted(TOGETHER)))
    effects = draw(st.sampled_from(TOGETHER[struck]))
    # There are no webhooks of GMI Cloud.
    provider = draw(st.sampled_from(sorted(MODELS.keys() - ({"gmi"} if struck == "webhook" else set()))))
    rule: dict[str, Any] = {}
    if "error" in effects or draw(st.booleans()):
        rule["provider"] = provider
    if draw(st.integers(0, 3)) == 0:
        rule["model"] = draw(st.sampled_from(["heygen*", "*avatar*", MODELS[provider]]))
    if draw(st.integers(0, 3)) == 0:
        named = {"call": ["submit", "poll"], "submit": ["submit"], "download": ["download"], "webhook": ["webhook"]}
        rule["operation"] = draw(st.sampled_from(named[struck]))
    # Only Runware's polls are documents that say something.
    if draw(st.integers(0, 4)) == 0 and (rule.get("operation") != "poll" or provider == "runware"):
        rule["text"] = draw(st.sampled_from(["cat", 'a "cat", or\na dog']))
    for name, values in (("times", (1, 3)), ("after", (0, 2)), ("nth", (1, 3)), ("ttl", (1, 20))):
        if draw(st.integers(0, 3)) == 0:
            rule[name] = draw(st.integers(*values))
    if chances and draw(st.booleans()):
        rule["probability"] = draw(st.sampled_from([0.1, 0.5, 0.9, 1]))
    for name in effects:
        rule[name] = draw(st.sampled_from(_ERRORS[provider]) if name == "error" else _VALUES.get(name, st.just(True)))
    return rule


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Requests, mostly for what rules are about."""
    provider = draw(st.sampled_from([*MODELS, "heygen"]))
    operation = draw(st.sampled_from(["submit", "submit", "poll", "download", "webhook", *OPERATIONS]))
    model = draw(st.sampled_from([None, MODELS.get(provider), MODELS.get(provider), "other"]))
    text = draw(st.sampled_from(["", "a cat", 'a "cat", or\na dog']))
    age = draw(st.none() | st.integers(0, 20)) if operation == "download" else None
    return Facts(provider, operation, model, draw(st.sampled_from(ACCOUNTS)), lambda: text, age)
