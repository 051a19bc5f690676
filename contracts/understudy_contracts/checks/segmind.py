"""What any recording of a conversation with Segmind must keep, whoever spoke the provider's part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from understudy_contracts.models import Model
from understudy_contracts.provider import contract

from .asked import declared_answer, misfits
from .check import Notes, Rules
from .exchange import Exchange, Webhook
from .moments import moment
from .segmind_paths import Place
from .segmind_record import POLLS, SUBMITS, Item, Record, mapping, model_of

RULES: Rules[Record] = Rules("segmind")

_ASYNC = "Segmind docs, async inference"
_HARVEST = "a dated harvest of Segmind's docs, api-evangelist/segmind, 2026-08"
_CLIENT = "a deployed client's records of 2026-08 (observed)"
_SDK = "segmind 1.3.0 (PyPI)"
_OWN = "webhooks: understudy's own form, for no source has the provider's (assumed)"

_RESET = "x-rate-limit-reset-at-utc"


@RULES.check(
    "schema",
    why="The official SDK raises where request_id or an address is missing, and decodes nothing else.",
    sources=(_ASYNC, _HARVEST, _SDK, _OWN),
    scope="exchange",
)
def schema(record: Record, notes: Notes) -> None:
    """Every answer and every webhook has the form the contract gives it."""
    for exchange, place in record.exchanges:
        forms = _forms(exchange, place, record.switches)
        if forms and isinstance(exchange.body, Mapping | list):
            notes.look()
            for violation in misfits("segmind", forms, exchange.body, record.switches):
                notes.find(violation.message, exchange)
    for webhook in record.webhooks:
        notes.look()
        for violation in misfits("segmind", ("webhook-event",), webhook.body, record.switches):
            notes.find(violation.message, webhook)


@RULES.check(
    "headers",
    why="Of a file, cost, balance and id are told in its headers alone; and only one header says when to come again.",
    sources=(_HARVEST, "segmind-py 0.2.2 raises without x-remaining-credits (observed)"),
    scope="exchange",
)
def headers(record: Record, notes: Notes) -> None:
    """A blocking call's answer tells cost, balance, id and time in its headers, and is of the model's own kind."""
    for exchange, place in record.exchanges:
        told = exchange.headers
        if exchange.status == 429 and told:
            notes.look()
            if _RESET not in told:
                notes.find(f"a refusal for being too quick lacks {_RESET}", exchange)
        if not place.blocking or exchange.status >= 300 or not told:
            continue
        notes.look()
        for violation in contract("segmind").judge("blocking-headers").violations(dict(told)):
            notes.find(violation.message, exchange)
        model, given = model_of(place), told.get("content-type", "")
        if model is not None and not given.startswith(_media_type(model, record.switches)):
            notes.find(f"{place.model} makes {model.output.kind}, but the answer is {given}", exchange)


@RULES.check(
    "ids-echoed",
    why="The SDK follows the addresses of an answer without looking: one that is another job's fetches its video.",
    sources=(_ASYNC, _SDK, f"webhooks: the tests of segmind-python, made up (assumed); {_CLIENT}"),
    scope="exchange",
)
def ids_echoed(record: Record, notes: Notes) -> None:
    """An answer speaks of what it was asked about, and its addresses do, too."""
    for exchange, place in record.exchanges:
        body = exchange.body
        if exchange.status >= 400 or not isinstance(body, Mapping):
            continue
        asked, told = place.id, body.get("request_id")
        if place.form in ("webhook-answer", "webhook-logs-answer"):
            sent = exchange.request if isinstance(exchange.request, Mapping) else {}
            asked, told = asked or sent.get("webhook_id"), body.get("webhook_id")
        if told is None:
            continue
        if asked is not None:
            notes.look()
            if _bare(told) != _bare(asked):
                notes.find(f"asked about {asked}, told of {told}", exchange)
        if place.form in (*SUBMITS, *POLLS):
            for name in ("poll_url", "status_url", "response_url"):
                if isinstance(address := body.get(name), str):
                    notes.look()
                    if _bare(told) not in _bare(address):
                        notes.find(f"{name} leads elsewhere than to {told}", exchange)


@RULES.check(
    "ids-unique",
    why="Every submit is a new job that is paid for: two that share an id share a video.",
    sources=(f"{_HARVEST}: no idempotency key, every submit makes a new job",),
)
def ids_unique(record: Record, notes: Notes) -> None:
    """Every submit makes a job of its own."""
    for uuid, job in record.jobs.items():
        submits = [heard for heard in job.heard if heard.place.form in SUBMITS]
        notes.look(min(len(submits), 1))
        for heard in submits[1:]:
            notes.find(f"two submits made one job, {uuid}", heard.exchange)


@RULES.check(
    "only-forward",
    why="Clients stop asking at the first end they see: what comes after it is never heard.",
    sources=(_ASYNC, f"workflows: {_SDK}"),
)
def only_forward(record: Record, notes: Notes) -> None:
    """A job only goes forward; one that has ended stays as it is until it is forgotten, and then stays forgotten."""
    for uuid, job in record.jobs.items():
        reached = 0
        gone: set[str] = set()
        ends: dict[str, Item] = {}
        for heard in job.heard:
            notes.look()
            path = heard.exchange.path
            if heard.exchange.status == 404:
                gone.add(path)
                continue
            if path in gone:
                notes.find(f"the job {uuid} was gone and is back", heard.exchange)
            now = reached if heard.step is None else heard.step
            if now < reached:
                notes.find(f"the job {uuid} went back to {heard.status}", heard.exchange)
            reached = max(reached, now)
            if heard.final and ends.setdefault(path, heard.body) != heard.body:
                notes.find(f"the job {uuid} changed after it had ended", heard.exchange)
        if len({heard.status for heard in job.ended}) > 1:
            notes.find(f"the job {uuid} both completed and failed", job.heard[-1].exchange)


@RULES.check(
    "failed-is-422",
    why="The SDK takes 422 for a failure, and everything else that is no success for something to raise.",
    sources=(_HARVEST, _SDK, _CLIENT),
    scope="exchange",
)
def failed_is_422(record: Record, notes: Notes) -> None:
    """A poll of the queue answers HTTP 422 exactly when the job has failed."""
    for uuid, job in record.jobs.items():
        for heard in job.heard:
            if not heard.place.poll or heard.exchange.status == 404:
                continue
            notes.look()
            if (heard.status == "FAILED") != (heard.exchange.status == 422):
                notes.find(f"{uuid} is {heard.status}, told with HTTP {heard.exchange.status}", heard.exchange)


@RULES.check(
    "timestamps",
    why="Histories are sorted, filtered and billed by their moments.",
    sources=(f"that histories and fine-tunings have moments: {_SDK}", "their names and ISO 8601: understudy (assumed)"),
    scope="exchange",
)
def timestamps(record: Record, notes: Notes) -> None:
    """A moment can be read, and nothing was changed before it was made."""
    for shown, item in _dated(record):
        told = {name: moment(item[name]) for name in _MOMENTS if item.get(name) not in (None, "")}
        if not told:
            continue
        notes.look()
        for name, read in told.items():
            if read is None:
                notes.find(f"{name} is no moment: {item[name]!r}", shown)
        for before, after in (("created_at", "updated_at"), ("created_ts", "updated_ts")):
            first, last = told.get(before), told.get(after)
            if first is not None and last is not None and last < first:
                notes.find(f"{after} is before {before}", shown)


@RULES.check(
    "webhooks-agree",
    why="Whoever waits for webhooks and whoever polls must come to the same video.",
    sources=(_OWN,),
)
def webhooks_agree(record: Record, notes: Notes) -> None:
    """A webhook tells the end that polls tell, and the same output, and is not sent before the end."""
    states = {uuid: {heard.status for heard in job.ended} for uuid, job in record.jobs.items()}
    outputs = {
        uuid: {str(heard.body["output"]) for heard in job.ended if heard.body.get("output")}
        for uuid, job in record.jobs.items()
    }
    open_until = {uuid: job.open_until for uuid, job in record.jobs.items()}
    for webhook in record.webhooks:
        told = mapping(mapping(webhook.body).get("data"))
        uuid = str(told.get("request_id"))
        if not states.get(uuid):
            continue
        notes.look()
        if open_until[uuid] > webhook.at:
            notes.find(f"the end of {uuid} is told, and later polls tell that it goes on", webhook)
        if states[uuid] != {str(told.get("status"))}:
            notes.find(f"polls tell another end of {uuid}", webhook)
        elif outputs[uuid] and told.get("status") == "COMPLETED" and outputs[uuid] != {str(told.get("output"))}:
            notes.find(f"polls tell another output of {uuid}", webhook)


_MOMENTS = ("created_at", "updated_at", "created_ts", "updated_ts", "timestamp")


def _dated(record: Record) -> Iterator[tuple[Exchange | Webhook, Item]]:
    """Whatever may tell when it was."""
    for exchange, _ in record.exchanges:
        if exchange.status < 400:
            body = exchange.body
            lists = [body] if isinstance(body, list) else list(mapping(body).values())
            members = [member for one in lists if isinstance(one, list) for member in one]
            inner = [mapping(body), mapping(mapping(body).get("finetune"))]
            yield from ((exchange, item) for item in (*inner, *members) if isinstance(item, Mapping) and item)
    yield from ((webhook, mapping(webhook.body)) for webhook in record.webhooks)


def _forms(exchange: Exchange, place: Place, switches: Mapping[str, str]) -> tuple[str, ...]:
    """The schemas an answer may satisfy; none where there is nothing to hold it to."""
    if exchange.status < 400 and place.known:
        if not place.blocking or not isinstance(exchange.body, Mapping):
            return () if place.form is None else (place.form,)
        model = model_of(place)
        if model is not None and model.output.kind == "text":
            return ("chat-answer",)
        return ("result",) if switches["v1-answer"] == "json" else ()
    said = declared_answer(exchange, switches)
    return said.schemas if said is not None else ()


def _bare(uuid: object) -> str:
    # A UUID is the same with dashes and without them, in capitals or not.
    return str(uuid).replace("-", "").lower()


def _media_type(model: Model, switches: Mapping[str, str]) -> str:
    as_json = model.output.kind == "text" or switches["v1-answer"] == "json"
    return "application/json" if as_json else f"{model.output.kind}/"
