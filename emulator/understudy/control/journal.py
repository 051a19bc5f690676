"""What was asked and answered, with its secrets taken out."""

from dataclasses import fields
from typing import Any

import orjson
from starlette.responses import Response

from understudy.journal import BadFilter, Filters, Journal, Page

from .operations import PREFIX, Call, Operation, Parameter, Refusal, ref, response
from .schemas import COUNT, TEXT, listed, shape
from .turns import encoded, in_turns

_FILTERS = (
    Parameter("provider", TEXT, "Only this provider's."),
    Parameter("operation", TEXT, "Only of this operation, such as `submit`."),
    Parameter("model", TEXT, "Only about this model."),
    Parameter("job", TEXT, "Only about this job."),
    Parameter("status", TEXT, "Only those answered so: `200`, `4xx`, or `none` for no answer."),
    Parameter("fault", TEXT, "Only what was struck by the fault of this name, by `any`, or by `none`."),
    Parameter("method", TEXT, "Only of this method."),
    Parameter("path", TEXT, "Only where this is a part of path and query."),
    Parameter("text", TEXT, "Only where this is a part of what is shown."),
    Parameter("since", COUNT, "Only those with a number above this."),
    Parameter("before", COUNT, "Only those with a number below this."),
)
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 100}
_ORDER = Parameter("order", {"enum": ["newest", "oldest"], "default": "newest"}, "Which come first.")
_WHOSE = "Those of the account, or without one those that belong to no account."


def _journal(call: Call) -> Journal:
    return call.engine.strangers if call.account is None else call.account.journal


def _secrets(call: Call) -> tuple[str, ...]:
    """What must not be seen in an exchange even where nothing says that it is a secret."""
    known = (call.account.key if call.account is not None else None, call.engine.settings.control_token)
    return tuple(secret for secret in known if secret)


async def _found(call: Call, limit: int, *, newest_first: bool) -> Page:
    names = {field.name for field in fields(Filters)}
    try:
        filters = Filters(**{name: value for name, value in call.query.items() if name in names})
    except BadFilter as bad:
        raise Refusal(422, "the query is not what the journal can look for.", bad.problems) from None
    journal = _journal(call)
    matching = [exchange async for exchange in in_turns(list(journal)) if filters.hold(exchange)]
    return journal.page(matching, limit=limit, newest_first=newest_first)


async def _list(call: Call) -> Any:
    from understudy.journal.shown import document

    known = _secrets(call)
    page = await _found(call, call.query["limit"], newest_first=call.query["order"] == "newest")
    answer: dict[str, Any] = {
        "exchanges": await encoded(document(exchange, known) for exchange in page.items),
        "matching": page.matching,
        "evicted": page.evicted,
    }
    if page.next is not None:
        answer["next"] = page.next
    return answer


async def _show(call: Call) -> Any:
    from understudy.journal.shown import document

    number = call.path["number"]
    exchange = _journal(call).get(int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
    if exchange is None:
        raise Refusal(404, f"there is no exchange {number}, or none any more; GET {PREFIX}/journal lists those kept.")
    return document(exchange, _secrets(call))


async def _har(call: Call) -> Response:
    from understudy.journal.har import Archive

    archive = Archive(_secrets(call))
    async for exchange in in_turns((await _found(call, 10**9, newest_first=False)).items):
        archive.add(exchange)
    content = archive.document(await encoded(archive.entries))
    return response(orjson.dumps(content), "application/json", "understudy.har")


async def _export(call: Call) -> Response:
    from understudy.journal.export import lines

    engine = call.engine
    journals = (
        [call.account.journal]
        if call.account is not None
        else [engine.strangers, *(account.journal for account in engine.accounts.all())]
    )
    content = b"".join([line async for line in in_turns(lines(engine, journals))])
    return Response(content, media_type="application/x-ndjson")


async def _clear(call: Call) -> Any:
    return {"removed": _journal(call).clear()}


OPERATIONS = (
    Operation(
        "GET", "/journal", "list_exchanges", "What was asked and answered", _list,
        shape(
            {
                "exchanges": listed(ref("Exchange")),
                "matching": {**COUNT, "description": "How many there are, those of this page and the next ones."},
                "evicted": {**COUNT, "description": "How many had to make room since the journal was last cleared."},
            },
            {"next": {**COUNT, "description": "What to ask for as `before`, or as `since` if the oldest come first; "
                      "absent when this was all."}},
        ),
        account="optional", description=_WHOSE,
        parameters=(*_FILTERS, _ORDER, Parameter("limit", _LIMIT, "At most so many.")),
    ),
    Operation(
        "DELETE", "/journal", "clear_journal", "Forget what was asked and answered", _clear,
        shape({"removed": COUNT}), account="optional", description=_WHOSE,
    ),
    Operation(
        "GET", "/journal.har", "export_har", "What was asked and answered, for a browser's tools", _har,
        shape({"log": {"type": "object"}}), account="optional", description=f"{_WHOSE} An HTTP Archive, version 1.2.",
        parameters=_FILTERS,
    ),
    Operation(
        "GET", "/journal/export", "export_journal", "The journal as a document to replay", _export, None,
        media_type="application/x-ndjson", account="optional",
        description="A line of JSON about the server, then one for each exchange. Of the account, or without one of "
        "all accounts. `understudy replay` plays it again.",
    ),
    Operation(
        "GET", "/journal/{number}", "show_exchange", "One exchange", _show, ref("Exchange"), account="optional",
        parameters=(Parameter("number", COUNT, "The exchange's number.", required=True),),
        refusals={404: "There is no such exchange, or none any more."},
    ),
)  # fmt: skip
