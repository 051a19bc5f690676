"""What was sent out: each webhook and upload, with every attempt."""

from typing import Any, get_args

from understudy.deliveries import Delivery, State

from .operations import PREFIX, Call, Operation, Parameter, Refusal, ref
from .schemas import TEXT, listed, shape
from .turns import encoded

_ID = Parameter("id", TEXT, "The delivery's id.", required=True)
_MISSING = {404: "There is no such delivery."}


def _unknown(call: Call) -> Refusal:
    return Refusal(
        404, f"this account has no delivery {call.path['id']!r}; GET {PREFIX}/webhooks lists those on record."
    )


def _delivery(call: Call) -> Delivery:
    for delivery in call.one.deliveries:
        if delivery.id == call.path["id"]:
            return delivery
    raise _unknown(call)


async def _list(call: Call) -> Any:
    from understudy.journal.outgoing import sent

    asked = call.query
    wanted = [
        delivery
        for delivery in call.one.deliveries
        if all(getattr(delivery, name) == asked[name] for name in ("kind", "job", "state") if name in asked)
    ]
    if "after" in asked:
        ids = [delivery.id for delivery in wanted]
        if asked["after"] not in ids:
            raise Refusal(404, f"there is no delivery {asked['after']!r} any more to go on after.")
        wanted = wanted[ids.index(asked["after"]) + 1 :]
    page = wanted[: asked["limit"]]
    answer: dict[str, Any] = {"deliveries": await encoded(sent(delivery) for delivery in page)}
    if len(page) < len(wanted):
        answer["next"] = page[-1].id
    return answer


async def _show(call: Call) -> Any:
    from understudy.journal.outgoing import sent

    return sent(_delivery(call))


async def _resend(call: Call) -> Any:
    from understudy.journal.outgoing import sent

    delivery = _delivery(call)
    call.engine.outbox.resend(call.one, delivery.id)
    await call.engine.outbox.settled(call.one)
    return sent(delivery)


OPERATIONS = (
    Operation(
        "GET", "/webhooks", "list_webhooks", "Every webhook and upload, oldest first", _list,
        shape(
            {"deliveries": listed(ref("Delivery"))},
            {"next": {**TEXT, "description": "What to ask for as `after`; absent when this was all."}},
        ),
        account="required",
        parameters=(
            Parameter("kind", {"enum": ["webhook", "upload"]}, "Only these."),
            Parameter("job", TEXT, "Only those about this job."),
            Parameter("state", {"enum": [*get_args(State)]}, "Only those in this state, such as `delivered`."),
            Parameter("after", TEXT, "Only those after the delivery of this id."),
            Parameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 1_000}, "At most so many."
            ),
        ),
        refusals={404: "There is no such delivery to go on after."},
    ),
    Operation(
        "GET", "/webhooks/{id}", "show_webhook", "One webhook or upload", _show, ref("Delivery"),
        account="required", parameters=(_ID,), refusals=_MISSING,
    ),
    Operation(
        "POST", "/webhooks/{id}/resend", "resend_webhook", "Send it again, now", _resend, ref("Delivery"),
        account="required", parameters=(_ID,), refusals=_MISSING,
        description="Answers when the attempt was made, which is on record like every other.",
    ),
)  # fmt: skip
