"""The registry of checks: each says why it is there and from where, is kept by what is right, and bites alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import TALKS, V1, A, B, C, Talk, result
from understudy_contracts.checks import CHECKS, Exchange, Webhook, judged, of, violations
from understudy_contracts.checks.check import Rules
from understudy_contracts.provider import contract
from understudy_contracts.shape import at, place, remove

PROVIDERS = list(TALKS)

GONE = object()
#: What is changed in a conversation that is right: of which exchange, where in it, and what stands there instead.
Edit = tuple[str, str, Any]

INVENTED = {"code": "anInventedCode", "message": "no", "taskUUID": C}
NAMELESS = {"code": "invalidWidth", "message": "no"}
TAKEN = {"taskType": "videoInference", "taskUUID": C}
RUNNING = {"taskType": "videoInference", "taskUUID": A, "status": "processing"}
NO_TYPE = {"server": "x"}
#: Where the finished record of GMI's conversation is, and where Segmind's metrics are.
RECORDS = (("ended", "body"), ("list", "body.requests.1"))
MOMENTS = tuple((name, "body") for name in ("submit", "queued", "running", "ended"))
METRICS = ("ended", "result", "again")
BEFORE_SUBMIT = "2025-12-31T23:59:59Z"


def begun(provider: str) -> Any:
    exchange = TALKS[provider]()["submit"]
    return exchange.body


def twice(members: list[Any]) -> list[Any]:
    return [*members, members[0]]


def adding(*more: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda members: [*members, *more]


def with_(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def on(places: Iterable[tuple[str, str]], name: str, value: Any) -> tuple[Edit, ...]:
    return tuple((exchange, f"{where}.{name}", value) for exchange, where in places)


def metrics(name: str, value: Any, exchanges: Iterable[str] = METRICS) -> tuple[Edit, ...]:
    return tuple((exchange, f"body.metrics.{name}", value) for exchange in exchanges)


#: The table of all checks of what was recorded, each with the least that breaks it, in a provider's conversation.
BREAKS: dict[str, dict[str, list[tuple[Edit, ...]]]] = {
    "declared": {
        "gmi": [
            (("unknown", "status", 418), ("unknown", "body.error", "I am a teapot")),
            (("ended", "status", 201),),
            (("ended", "headers", {"content-type": "application/problem+json"}),),
        ],
        "heygen": [(("refused", "status", 403),)],
        "runware": [
            (("running", "status", 202),),
            (("running", "headers", {"content-type": "application/x+json; charset=utf-8"}),),
        ],
        "segmind": [(("submit", "status", 202),), (("file", "headers.content-type", "video/x-matroska"),)],
    },
    "content-type": {
        "gmi": [(("ended", "body", None), ("ended", "content", b"{"))],
        "heygen": [(("voices", "headers", NO_TYPE),)],
        "runware": [(("running", "headers", NO_TYPE),)],
        "segmind": [(("running", "headers", NO_TYPE),)],
    },
    "body-as-declared": {
        "gmi": [
            (("model", "body", []),),
            (("model", "body", None), ("model", "content", b"null")),
        ],
        "heygen": [(("voices", "body", "x"),), (("avatars", "body", None),)],
        "runware": [(("details", "body", lambda body: body["data"]),), (("details", "body", None),)],
        "segmind": [(("row", "body", 5),), (("row", "body", None), ("row", "headers", NO_TYPE))],
    },
    "errors.form": {
        "gmi": [
            (("unknown", "body", {"message": "Request not found"}),),
            (("unknown", "body.error", {"text": "Request not found"}),),
        ],
        "heygen": [(("refused", "body.error.message", GONE),)],
        "runware": [(("refused", "body.errors", GONE),), (("refused", "body.errors.0.message", GONE),)],
        "segmind": [(("unknown", "body.error", GONE),)],
    },
    "errors.status": {
        "gmi": [(("unknown", "status", 401),)],
        "runware": [(("refused", "status", 500),)],
        "segmind": [(("unknown", "status", 401),)],
    },
    "errors.declared": {
        "gmi": [(("unknown", "body.error", "Model not found"),)],
        "runware": [(("refused", "body.errors.0", INVENTED),)],
        "segmind": [(("unknown", "body.error", "No credits found for the user"),)],
    },
    "heygen.schema": {
        "heygen": [(("voices", "body.data", []),), (("avatars", "body.data.avatars.0.avatar_id", 7),)],
    },
    "heygen.ids-unique": {
        "heygen": [(("avatars", "body.data.avatars", twice),), (("voices", "body.data.voices", twice),)],
    },
    "runware.schema": {
        "runware": [
            (("submit", "body.data.0.extra", 1),),
            (("running", "body.data.0.status", "paused"),),
            (("running", "body.data.0.progress", "half"),),
            (("success hook", "body.extra", 1),),
        ],
    },
    "runware.ids-echoed": {
        "runware": [
            (("running", "body.data.0.taskUUID", B),),
            (("submit", "body.errors", GONE),),
            (("submit", "body.data", twice),),
        ],
    },
    "runware.refused-is-refused": {
        "runware": [(("refused", "body.data", [TAKEN]),), (("submit", "body.data", adding(TAKEN)),)],
    },
    "runware.errors-scoped": {
        "runware": [(("submit", "body.errors", adding(NAMELESS)),)],
    },
    "runware.only-forward": {
        "runware": [
            (("again", "body.errors", GONE),),
            (("again", "body.data.0", RUNNING),),
            (("half", "body.data.0.seed", 1),),
        ],
    },
    "runware.one-end": {
        "runware": [(("other", "body.data", twice),), (("again", "body.errors", twice),)],
    },
    "runware.ids-unique": {
        "runware": [
            (("other", "body.data.0", result(B, V1)),),
            (
                ("submit", "request.1.taskUUID", C),
                ("submit", "body.data.1", TAKEN),
                ("submit", "body.errors", GONE),
                ("refused", "status", 200),
                ("refused", "body", {"data": [TAKEN]}),
            ),
        ],
    },
    "runware.money": {
        "runware": [
            (("other", "body.data.0.cost", GONE),),
            (("submit", "request.1.includeCost", False),),
            (("failure hook", "body.errors.0.cost", 2.8866),),
        ],
    },
    "runware.price": {
        "runware": [(("other", "body.data.0.cost", 0.2886),), (("other", "body.data.0.cost", 5.7732),)],
    },
    "runware.files": {
        "runware": [
            (("other", "body.data.0.videoURL", with_(".mp4", ".webm")),),
            (("submit", "request.1.outputFormat", "MOV"),),
            (("other", "body.data.0.videoUUID", C),),
        ],
    },
    "runware.details-agree": {
        "runware": [
            (("details", "body.data.0.request.0.includeCost", False),),
            (("details", "body.data.0.request.0.taskUUID", C),),
        ],
    },
    "runware.failures-marked": {
        "runware": [(("ended", "body.errors.0.status", GONE),)],
    },
    "runware.webhooks-agree": {
        "runware": [
            (("success hook", "body.data.0.seed", 7),),
            (("failure hook", "body.errors.0.message", "something else"),),
        ],
    },
    "gmi.schema": {
        "gmi": [
            (("submit", "body.extra", 1),),
            (("queued", "body.is_public", GONE),),
            (("running", "body.outcome", {}),),
            (("queued", "body.status", "completed"),),
        ],
    },
    "gmi.ids-echoed": {
        "gmi": [
            (("unknown", "status", 200), ("unknown", "body", TALKS["gmi"]()["ended"].body)),
            (("model", "path", with_("heygen-avatar-4", "Veo3")),),
            (("list", "path", with_("heygen-avatar-4", "Veo3")),),
        ],
    },
    "gmi.ids-unique": {
        "gmi": [(("refused", "status", 200), ("refused", "body", begun("gmi")))],
    },
    "gmi.only-forward": {
        "gmi": [
            (("queued", "body.status", "processing"), ("running", "body.status", "queued")),
            (("list", "body.requests.1.outcome.thumbnail_image_url", "https://a.invalid/other.jpg"),),
        ],
    },
    "gmi.timestamps": {
        "gmi": [
            (("running", "body.updated_at", 1762215581),),
            (("running", "body.queued_at", 1762215581),),
            (
                *on(MOMENTS, "created_at", 1762215580000),
                *on(MOMENTS, "queued_at", 1762215580000),
                *on(MOMENTS, "updated_at", 1762215580000),
                ("list", "path", with_("heygen-avatar-4", "Veo3")),
                ("list", "body", {"requests": [], "total": 0, "has_more": False}),
            ),
        ],
    },
    "gmi.lists": {
        "gmi": [
            (("list", "body.total", 3),),
            (("list", "body.has_more", True),),
            (("list", "body.requests", lambda listed: listed[::-1]),),
            (("list", "path", with_("limit=2", "limit=1")),),
        ],
    },
    "gmi.lists-whole": {
        "gmi": [(("list", "body.requests", lambda listed: listed[:1]), ("list", "body.total", 1))],
    },
    "gmi.payload-echoed": {
        "gmi": [
            (("queued", "body.payload.title", ""),),
            (("running", "body.payload.video_inputs.0.voice.duration", 12),),
        ],
    },
    "gmi.outcomes": {
        "gmi": [
            on(RECORDS, "outcome.media_urls.0.id", "1"),
            on(RECORDS, "outcome.thumbnail_image_url", GONE),
        ],
    },
    "gmi.length": {
        "gmi": [on(RECORDS, "outcome.duration", 12.54), on(RECORDS, "outcome.duration", 0)],
    },
    "gmi.failures-agree": {
        "gmi": [(("list", "body.requests.0.error", "something else"),)],
    },
    "gmi.rate-limit": {
        "gmi": [(("refused", "body.rate_limit.retry_after_ms", 29971),), (("refused", "body.rate_limit", GONE),)],
    },
    "segmind.schema": {
        "segmind": [
            (("submit", "body.eta", 1),),
            (("running", "body.status", "WAITING"),),
            (("hook", "body.event_id", GONE),),
        ],
    },
    "segmind.headers": {
        "segmind": [(("file", "headers.x-request-id", GONE),), (("file", "headers.content-type", "image/png"),)],
    },
    "segmind.ids-echoed": {
        "segmind": [
            (("submit", "body.status_url", with_("f3a1c2d4", "f3a1c2d5")),),
            (("running", "path", with_("f3a1c2d4", "f3a1c2d5")),),
        ],
    },
    "segmind.ids-unique": {
        "segmind": [(("other submit", "body", begun("segmind")),)],
    },
    "segmind.only-forward": {
        "segmind": [
            (("running", "at", 4.5),),
            (("again", "body.video.file_size", "7"),),
        ],
    },
    "segmind.failed-is-422": {
        "segmind": [(("failed", "status", 200),), (("ended", "status", 422),)],
    },
    "segmind.metrics": {
        "segmind": [metrics("inference_time", 36.3, ["ended"]), metrics("total_time", 36)],
    },
    "segmind.money": {
        "segmind": [(("row", "body.credits_deduction", 0.098),), (("failed row", "body.credits_deduction", 0.097),)],
    },
    "segmind.price": {
        "segmind": [
            (("file", "headers.x-cost", "0.97"),),
            (*metrics("cost", 0.97), ("row", "body.credits_deduction", 0.97)),
        ],
    },
    "segmind.timestamps": {
        "segmind": [
            (("row", "body.created_at", "yesterday"),),
            (("row", "body.updated_at", BEFORE_SUBMIT),),
            (("hook", "body.timestamp", "soon"),),
        ],
    },
    "segmind.webhooks-agree": {
        "segmind": [
            (("hook", "body.data.status", "FAILED"),),
            (("hook", "body.data.output", "https://a.invalid/other.mp4"),),
        ],
    },
}
#: What cannot be wrong alone: which form an answer has to have follows from its status.
ALSO = {"segmind.failed-is-422": {"segmind.schema"}}


def edited(provider: str, edits: Iterable[Edit] = ()) -> Talk:
    # Nothing in it is shared: what is changed in one place stays as it is in all others.
    talk = {name: unshared(one) for name, one in TALKS[provider]().items()}
    for name, where, value in edits:
        field, *path = (int(step) if step.isdecimal() else step for step in where.split("."))
        old = getattr(talk[name], str(field))
        new = value(at(old, tuple(path))) if callable(value) else value
        if not path:
            talk[name] = replace(talk[name], **{str(field): new})
        elif new is GONE:
            remove(old, tuple(path))
        else:
            place(old, tuple(path), new)
    return talk


def unshared(one: Any) -> Any:
    fields = {
        name: orjson.loads(orjson.dumps(getattr(one, name))) for name in ("body", "request") if hasattr(one, name)
    }
    return replace(one, **fields, headers=copy(dict(one.headers)))


def heard(talk: Mapping[Any, Any]) -> tuple[list[Exchange], list[Webhook]]:
    exchanges = [one for one in talk.values() if isinstance(one, Exchange)]
    return exchanges, [one for one in talk.values() if isinstance(one, Webhook)]


# What every check says of itself.


def test_every_check_has_a_promise_a_why_and_sources() -> None:
    for check in CHECKS.values():
        for text in (check.promise, check.why, *check.sources):
            assert text == text.strip()
            assert len(text) > 4
            assert "\n" not in text
        assert check.promise.endswith(".")
        assert check.why.endswith(".")
        assert check.sources


def test_a_check_is_named_after_its_provider() -> None:
    for name, check in CHECKS.items():
        first, _, rest = name.partition(".")
        assert check.name == name
        assert check.provider == (first if first in PROVIDERS else "")
        assert rest or not check.provider


def test_no_two_checks_have_one_name() -> None:
    rules: Rules[None] = Rules("gmi")
    rules.check("once", why="why", sources=("source",))(lambda record, notes: None)
    with pytest.raises(ValueError, match=r"gmi\.once"):
        rules.check("once", why="why", sources=("source",))


def test_every_check_is_in_the_table_of_what_breaks_it_or_is_a_probes() -> None:
    probes = {name for name, check in CHECKS.items() if check.scope == "probe"}
    assert {*BREAKS, *probes} == set(CHECKS)
    assert not probes & BREAKS.keys()
    assert all(of_provider for of_provider in BREAKS.values())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_held_to_its_own_checks_and_to_those_for_all(provider: str) -> None:
    assert {check.provider for check in of(provider)} == {"", provider}
    assert {check.name for check in of(provider) if check.scope != "probe"} == set(judged([], provider=provider))


# What every check does.


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_conversation_that_is_right_keeps_every_check_and_gives_each_something_to_see(provider: str) -> None:
    exchanges, webhooks = heard(edited(provider))
    found = judged(exchanges, webhooks)
    assert [finding for one in found.values() for finding in one.findings] == []
    assert [name for name, one in found.items() if one.count == 0 and name != "errors.status"] == []
    assert violations(exchanges[::-1], webhooks[::-1]) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_exchange_of_a_right_conversation_is_right_alone(provider: str) -> None:
    for exchange in heard(edited(provider))[0]:
        assert violations(exchange) == []


@pytest.mark.parametrize(
    ("name", "provider", "edits"),
    [
        pytest.param(name, provider, edits, id=f"{name} {provider} {index}")
        for name, providers in BREAKS.items()
        for provider, several in providers.items()
        for index, edits in enumerate(several)
    ],
)
def test_the_least_that_breaks_a_promise_is_found_by_its_check_alone(
    name: str, provider: str, edits: tuple[Edit, ...]
) -> None:
    found = violations(*heard(edited(provider, edits)))
    assert {finding.rule for finding in found} == {name} | ALSO.get(name, set()), found


def test_what_one_answer_can_show_is_found_in_it_alone() -> None:
    alone = {name for name, check in CHECKS.items() if check.scope == "exchange"}
    for name in sorted(alone & BREAKS.keys()):
        for provider, several in BREAKS[name].items():
            for edits in several:
                exchanges, webhooks = heard(edited(provider, edits))
                found = {finding.rule for exchange in exchanges for finding in violations(exchange)}
                found |= {finding.rule for webhook in webhooks for finding in violations([], [webhook])}
                assert name in found, (name, edits)


def test_a_check_that_saw_nothing_has_a_count_of_nothing() -> None:
    found = judged([], provider="gmi")
    assert {one.count for one in found.values()} == {0}
    assert judged([]).keys() == {name for name, check in CHECKS.items() if check.scope != "probe"}


def test_several_providers_may_take_part() -> None:
    everybody = {(provider, name): one for provider in PROVIDERS for name, one in edited(provider).items()}
    exchanges, webhooks = heard(everybody)
    assert violations(exchanges, webhooks) == []
    assert judged(exchanges, webhooks).keys() == judged([]).keys()
    broken = edited("gmi", [("unknown", "status", 418)])["unknown"]
    assert {id(finding.exchange) for finding in violations([*exchanges, broken], webhooks)} == {id(broken)}


def test_what_is_found_shows_what_was_given() -> None:
    given_ = replace(edited("gmi", [("unknown", "status", 418)])["unknown"], provider="", headers={"Content-Type": "x"})
    found = violations([given_], provider="gmi")
    assert found
    assert all(finding.exchange is given_ for finding in found)


def test_whose_part_was_spoken_has_to_be_told() -> None:
    exchange = replace(edited("gmi")["unknown"], provider="")
    with pytest.raises(ValueError, match="no provider is told"):
        violations(exchange)
    with pytest.raises(ValueError, match="there are no checks for 'acme'"):
        violations(exchange, provider="acme")
    with pytest.raises(ValueError, match="there are no checks for 'acme'"):
        of("acme")
    both = [*heard(edited("gmi"))[0], *heard(edited("heygen"))[0]]
    with pytest.raises(ValueError, match="of a webhook"):
        violations(both, [Webhook({}, 0)])
    assert violations(both) == []


def test_switches_are_those_of_whoever_has_them() -> None:
    both = [*heard(edited("gmi"))[0], *heard(edited("heygen"))[0]]
    assert violations(both, switches={"failed-top-level-error": "off"}) != []
    assert violations(both, switches={"gmi.failed_top_level_error": "off"}) != []
    assert violations(both, switches={"gmi.failed-top-level-error": "on"}) == []
    for wrong in ({"no-such": "on"}, {"gmi.no-such": "on"}, {"failed-top-level-error": "maybe"}):
        with pytest.raises(ValueError, match=r"has no switch|one of"):
            violations(both, switches=wrong)


# The rules of money, on what the providers themselves print.


def test_every_cost_that_the_page_prints_is_a_price_by_length() -> None:
    for number, example in enumerate(contract("runware").examples):
        uuid, told = example["request"]["taskUUID"], example["response"]
        task = {**example["request"], "includeCost": True}
        submit = Exchange([task], 200, {"data": [{"taskType": "videoInference", "taskUUID": uuid}]}, number)
        poll = [{"taskType": "getResponse", "taskUUID": uuid}]
        asked = Exchange(poll, 200, {"data": [{**told, "status": "success"}]}, number + 1)
        found = judged([submit, asked], provider="runware")
        assert found["runware.price"].count == 1
        assert found["runware.price"].findings == ()


def test_nobody_is_held_to_a_price_that_is_assumed_or_a_length_that_nobody_knows() -> None:
    task = {"taskType": "videoInference", "taskUUID": A, "includeCost": True}
    submit = {"data": [{"taskType": "videoInference", "taskUUID": A}]}
    poll = Exchange([{"taskType": "getResponse", "taskUUID": A}], 200, {"data": [{**result(A, V1), "cost": 99}]}, 1)
    speech = {"model": "heygen:avatar@4", "inputs": {"avatar": "a", "audio": "https://a.invalid/a.mp3"}}
    other = {"model": "heygen:avatar@4", "speech": {"text": "你好，世界"}}
    for more in ({"model": "heygen:video@1.0", "duration": 5}, speech, other, {"model": "acme:video@1"}):
        found = judged([Exchange([{**task, **more}], 200, submit, 0), poll], provider="runware")
        assert found["runware.price"].count == 0


def test_as_many_files_come_as_were_asked_for() -> None:
    record = {**TALKS["gmi"]()["ended"].body, "model": "gpt-image-2-generate", "payload": {"prompt": "x", "n": 2}}
    media = [{"id": "0", "url": "https://a.invalid/0.png"}, {"id": "1", "url": "https://a.invalid/1.png"}]
    path = f"/api/v1/ie/requestqueue/apikey/requests/{record['request_id']}"
    for count in (1, 2):
        told = {**record, "outcome": {"media_urls": media[:count]}}
        found = violations(Exchange(None, 200, told, 0, "GET", path), provider="gmi")
        assert [finding.rule for finding in found] == ["gmi.outcomes"] * (2 - count)


def test_a_submit_that_says_dispatched_is_queued_where_that_is_meant_and_goes_on_only_forward() -> None:
    dispatched: Edit = ("submit", "body.status", "dispatched")
    backward = (dispatched, ("queued", "body.status", "processing"), ("running", "body.status", "queued"))
    queued, back = (heard(edited("gmi", edits))[0] for edits in ([dispatched], backward))
    meant = {"submit-status": "dispatched"}
    assert violations(queued, switches=meant) == []
    assert "gmi.only-forward" in {finding.rule for finding in violations(queued)}
    assert [finding.rule for finding in violations(back, switches=meant)] == ["gmi.only-forward"]


def test_where_records_show_no_payload_as_many_files_come_as_were_submitted_for() -> None:
    talk, echo = TALKS["gmi"](), {"payload-echo": "empty"}
    asked = {"model": "gpt-image-2-generate", "payload": {"prompt": "x", "n": 2}}
    media = [{"id": "0", "url": "https://a.invalid/0.png"}, {"id": "1", "url": "https://a.invalid/1.png"}]
    for count in (1, 2):
        told = {**talk["ended"].body, "model": asked["model"], "payload": {}, "outcome": {"media_urls": media[:count]}}
        # Nobody who has not heard the submit can know.
        ended = replace(talk["ended"], body=told)
        assert violations(ended, switches=echo) == []
        found = violations([replace(talk["submit"], request=asked, body=told), ended], switches=echo)
        assert {finding.rule for finding in found} == ({"gmi.outcomes"} if count == 1 else set())


def test_what_a_dry_run_is_answered_accepts_nothing() -> None:
    task = {**TALKS["runware"]()["submit"].request[1]}
    price = {"data": [{"taskType": "videoInference", "taskUUID": B, "cost": 2.8866}]}
    asked = Exchange([task], 200, price, 0, sent={"x-runware-dry-run": "1"})
    later = Exchange([task], 200, {"data": [{"taskType": "videoInference", "taskUUID": B}]}, 1)
    assert violations([asked, later], provider="runware") == []
    assert [one.rule for one in violations(replace(asked, sent={}), provider="runware")] == ["runware.schema"]


def test_a_socket_is_asked_neither_for_statuses_nor_for_headers() -> None:
    busy = {"code": "rateLimitExceeded", "message": "slow down", "taskUUID": A}
    exchanges = [replace(one, transport="websocket", headers={}) for one in heard(edited("runware"))[0]]
    refused = replace(exchanges[2], at=9, body={"errors": [busy]})
    assert violations([*exchanges, refused]) == []
    found = judged(exchanges)
    assert found["declared"].count == found["content-type"].count == found["errors.form"].count == 0
    assert found["body-as-declared"].count == 0
    assert found["errors.declared"].count > 0


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({"headers": {}}, id="neither bodies nor headers were kept"),
        pytest.param({"headers": {"content-length": "9"}}, id="the body was not kept"),
        pytest.param({"method": "HEAD", "operation": "getModel"}, id="HEAD"),
        pytest.param({"status": 302}, id="a redirect"),
        pytest.param({"status": 204}, id="no content"),
        pytest.param({"status": 502}, id="a gateway's"),
        pytest.param({"method": "PUT", "path": "https://storage.invalid/a/file"}, id="a storage's"),
    ],
)
def test_an_answer_without_a_body_is_held_to_none_where_none_was_to_come_or_to_be_kept(kept: dict[str, Any]) -> None:
    told = replace(edited("gmi")["model"], body=None, **kept)
    assert judged([told])["body-as-declared"].count == 0


def test_a_file_is_held_to_no_form() -> None:
    told = edited("segmind")["file"]
    assert judged([told])["body-as-declared"].count == judged([replace(told, body=[])])["body-as-declared"].count == 0


def test_a_task_sent_again_over_a_resumed_socket_may_be_acknowledged_again() -> None:
    task = TALKS["runware"]()["submit"].request[1]
    first = Exchange([task], 200, {"data": [{"taskType": "videoInference", "taskUUID": B}]}, 0)
    again = replace(first, at=1, transport="websocket")
    assert violations([first, again], provider="runware") == []
    for wrong in (replace(again, transport="http"), replace(again, request=[{**task, "width": 640}])):
        assert [one.rule for one in violations([first, wrong], provider="runware")] == ["runware.ids-unique"]


# Whatever is recorded, a check tells what is wrong with it.


@given(data=st.data())
def test_no_rubbish_makes_a_check_fall_over(data: st.DataObject) -> None:
    rubbish = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=4,
    )
    provider = data.draw(st.sampled_from(PROVIDERS))
    talk = edited(provider)
    name = data.draw(st.sampled_from(sorted(talk)))
    kept = st.sampled_from(sorted(places(talk[name].body), key=str))
    spoilt = data.draw(rubbish)
    where = data.draw(kept)
    if where:
        place(talk[name].body, where, spoilt)
    else:
        talk[name] = replace(talk[name], body=spoilt)
    exchanges, webhooks = heard(talk)
    if data.draw(st.booleans()):
        exchanges = [replace(one, request=data.draw(rubbish)) if one.at == 0 else one for one in exchanges]
    assert all(finding.message for finding in violations(exchanges, webhooks))


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value[:2])
    return [path, *(inner for step, one in steps for inner in places(one, (*path, step)))]


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind"])
def test_a_conversation_is_judged_in_steps_that_grow_with_its_length_only(provider: str) -> None:
    counts = {length: calls(provider, length) for length in (250, 1000)}
    assert counts[1000] < 4.4 * counts[250]


def calls(provider: str, length: int) -> int:
    talk = edited(provider)
    exchanges, webhooks = heard(talk)
    last = {"runware": "again", "gmi": "ended", "segmind": "again"}[provider]
    again, hook = talk[last], webhooks[0] if webhooks else None
    exchanges += [replace(again, at=100.0 + number) for number in range(length)]
    webhooks += [replace(hook, at=100.0 + number) for number in range(length)] if hook is not None else []
    seen = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal seen
        seen += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        assert violations(exchanges, webhooks) == []
    finally:
        sys.setprofile(before)
    return seen
