"""Fine-tuning: hand in a data set, have a model trained on it, and fetch what came of it.

The service is deprecated and still in the official SDK. Its calls and their fields are documented; how long a step
takes is assumed, nothing is charged because no price is known, and the trained model is an empty one.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from understudy.accounts import Account
from understudy.answers import Json
from understudy.engine import Engine
from understudy.faults import UnknownFault, called_for
from understudy.moments import iso
from understudy.uploads import UNTRUSTED, TooLarge
from understudy.wire import BodyTooLarge, ClientGone, kept_json, read_body
from understudy_contracts.provider import Contract

from .bodies import Bodies, magic_text
from .door import Caller
from .hooks import Data, Hooks, Webhooks
from .orders import canonical
from .refusals import Refusals

#: Data sets and models, where the provider uses a bucket of its own.
DATA_SETS, MODELS = "/finetune-data", "/finetune-models"

#: Seconds that an address to upload to is good for: assumed.
_EXPIRES = 3600.0

#: The steps by the names of their events, with the provider's seconds since the submit at which each begins: assumed.
_STEPS = (
    ("REQUESTED", 0.0),
    ("DATA_PROCESSING", 30.0),
    ("TRAINING_INITIATED", 120.0),
    ("TRAINING_COMPLETED", 1320.0),
    ("DEPLOYING", 1350.0),
    ("AVAILABLE", 1440.0),
)

#: The step at which what is wrong shows.
_FAILS_AFTER = "DATA_PROCESSING"


@dataclass(frozen=True, slots=True)
class FineTune:
    """One training: what was asked for, and its plan."""

    id: str
    finetune_id: str
    request: bytes
    submitted_at: float
    steps: tuple[tuple[str, float], ...]
    public: bool
    storage_url: str
    error: str | None = None

    def status(self, now: float) -> str:
        """The step it is at."""
        return next(name for name, begins in reversed(self.steps) if begins <= now)

    def updated_at(self, now: float) -> float:
        """When that step began."""
        return next(begins for _, begins in reversed(self.steps) if begins <= now)


@dataclass(slots=True)
class FineTunes:
    """An account's trainings by their id, and the addresses it may upload to with the moment each expires."""

    by_id: dict[str, FineTune] = field(default_factory=dict)
    addresses: dict[str, float] = field(default_factory=dict)


class Training:
    """The endpoints of `/finetune/request/…`, and the bucket behind them."""

    def __init__(self, engine: Engine, contract: Contract, bodies: Bodies, hooks: Hooks, refusals: Refusals) -> None:
        self._engine = engine
        self._contract = contract
        self._bodies = bodies
        self._hooks = hooks
        self._refusals = refusals
        #: Whose the addresses are: those that were handed out to upload to, and those of models.
        self._owners: dict[str, Account] = {}

    async def submit(self, caller: Caller, request: Request) -> Response:
        """`POST /finetune/request/submit`."""
        fields = await self._bodies.json(request)
        if violations := self._contract.judge("finetune-submit-request").violations(fields):
            first = violations[0]
            parameter = ", ".join(first.parameters) or "body"
            raise self._refusals.make("invalidFinetune", parameter=parameter, reason=first.message)
        error = self._error(fields)
        account, now = caller.account, caller.account.clock.now()
        pace = self._engine.settings.speed.latency
        steps = tuple((name, now + pace * after) for name, after in _STEPS)
        if error is not None:
            failing = next(index for index, (name, _) in enumerate(steps) if name == _FAILS_AFTER)
            steps = (*steps[: failing + 1], ("FAILED", steps[failing + 1][1]))
        finetune_id = account.new_id()
        made = FineTune(
            id=account.new_id(),
            finetune_id=finetune_id,
            request=kept_json(fields),
            submitted_at=now,
            steps=steps,
            public=fields.get("segmind_public") is True,
            storage_url=f"{caller.content}{MODELS}/{account.user}/{finetune_id}.safetensors",
            error=error,
        )
        account.keep(FineTunes).by_id[canonical(finetune_id)] = made
        self._owners[urlsplit(made.storage_url).path] = account
        self._announce(account, made)
        return Json({"status": "REQUESTED", "finetune_id": finetune_id, "name": fields["name"]})

    async def details(self, caller: Caller, request: Request) -> Response:
        """`GET /finetune/request/details`, with the id in the body."""
        given = await self._bodies.json(request)
        return Json({"finetune": self._shown(caller.account, self._known(caller, given.get("request_id")))})

    async def listing(self, caller: Caller, _: Request) -> Response:
        """`GET /finetune/request/list`: a bare array."""
        return Json(
            [self._shown(caller.account, made) for made in reversed(caller.account.keep(FineTunes).by_id.values())]
        )

    async def presigned_url(self, caller: Caller, request: Request) -> Response:
        """`GET /finetune/request/upload/pre-signed-url`, with the file's name in the body."""
        name = (await self._bodies.json(request)).get("name")
        if not isinstance(name, str) or not name or not set(name) <= _IN_NAMES or name.strip(".") == "":
            reason = "it must be a file name of letters, digits, dots, hyphens and underscores"
            raise self._refusals.make("invalidFinetune", parameter="name", reason=reason)
        path = f"{DATA_SETS}/{caller.account.user}/{caller.account.new_id()}/{name}"
        caller.account.keep(FineTunes).addresses[path] = caller.account.clock.now() + _EXPIRES
        self._owners[path] = caller.account
        url = f"{caller.origin}{path}"
        return Json({"presigned_url": f"{url}?X-Amz-Expires={_EXPIRES:.0f}", "s3_url": url})

    async def access_update(self, caller: Caller, request: Request) -> Response:
        """`PUT /finetune/request/access-update`, a form: who may use the model. The answer is empty."""
        fields = await self._bodies.form(request)
        made = self._known(caller, fields.get("request_id"))
        public = fields.get("segmind_public", "").lower()
        if public not in ("true", "false"):
            raise self._refusals.make("invalidFinetune", parameter="segmind_public", reason="it must be True or False")
        changed = replace(made, public=public == "true")
        caller.account.keep(FineTunes).by_id[canonical(made.finetune_id)] = changed
        return Response()

    async def download(self, caller: Caller, request: Request) -> Response:
        """`GET /finetune/request/file/download`, a form in the body: where the trained model is, as text."""
        wanted = (await self._bodies.form(request)).get("cloud_storage_url")
        now = caller.account.clock.now()
        for made in caller.account.keep(FineTunes).by_id.values():
            if made.storage_url == wanted and made.status(now) == "AVAILABLE":
                return PlainTextResponse(made.storage_url)
        raise self._refusals.make("finetuneNotFound", id=wanted)

    async def data_set(self, request: Request) -> Response:
        """PUT to an address that was handed out, or GET what was put there."""
        path = request.url.path
        if request.method == "PUT":
            owner = self._owners.get(path)
            if owner is None or owner.clock.now() >= owner.keep(FineTunes).addresses.get(path, 0.0):
                return Json({"error": "this address was not handed out, or has expired"}, 403)
            try:
                content = await read_body(request.receive, self._engine.settings.max_body_bytes)
                kind = request.headers.get("content-type", "application/zip")
                await self._engine.hand_in(owner, path, kind, content)
            except (BodyTooLarge, TooLarge):
                return Json({"error": "the file is larger than this server keeps"}, 413)
            except ClientGone:
                return Response(status_code=400)
            return Response()
        upload = self._engine.uploads.get(path)
        if upload is None:
            return Json({"error": "nothing was uploaded here"}, 404)
        return FileResponse(upload.path, headers=UNTRUSTED, media_type=upload.content_type)

    async def model(self, request: Request) -> Response:
        """`GET` a trained model: a safetensors file that holds no weights and says why."""
        path = request.url.path
        owner = self._owners.get(path)
        known = () if owner is None else owner.keep(FineTunes).by_id.values()
        made = next((one for one in known if urlsplit(one.storage_url).path == path), None)
        if owner is None or made is None or made.status(owner.clock.now()) != "AVAILABLE":
            return Json({"error": "no such model, or not yet"}, 404)
        header = orjson.dumps({"__metadata__": {"made_by": "understudy", "finetune_id": made.finetune_id}})
        return Response(struct.pack("<Q", len(header)) + header, media_type="application/octet-stream")

    def _known(self, caller: Caller, finetune_id: object) -> FineTune:
        known = caller.account.keep(FineTunes).by_id
        made = known.get(canonical(finetune_id)) if isinstance(finetune_id, str) else None
        if made is None:
            made = next((one for one in known.values() if one.id == finetune_id), None)
        if made is None:
            raise self._refusals.make("finetuneNotFound", id=finetune_id)
        return made

    def _error(self, fields: dict[str, Any]) -> str | None:
        """Why a training will fail: it was asked to, or its data set was never uploaded."""
        try:
            fault = called_for((magic_text(fields),), self._refusals.catalogue)
        except UnknownFault as problem:
            raise self._refusals.unknown_fault(problem) from None
        if fault is not None and fault.strikes in ("submit", "transport"):
            raise self._refusals.by_name(fault)
        if fault is not None:
            return fault.text(fault.typical)
        source = fields["data_source_path"]
        if DATA_SETS in source and self._engine.uploads.file_at(source) is None:
            return "The data set could not be found at data_source_path."
        return None

    def _shown(self, account: Account, made: FineTune) -> dict[str, Any]:
        fields: Mapping[str, Any] = orjson.loads(made.request)
        now = account.clock.now()
        status = made.status(now)
        slug = "-".join(fields["name"].lower().split()) + f"-{made.finetune_id[:8]}"
        return {
            "id": made.id,
            "finetune_id": made.finetune_id,
            "name": fields["name"],
            "data_source_path": fields["data_source_path"],
            "instance_prompt": fields.get("instance_prompt"),
            "status": status,
            "source_type": "AWS_S3",
            "base_model": fields.get("base_model"),
            "slug": slug,
            "public_model": made.public,
            "error_message": made.error if status == "FAILED" else None,
            "cloud_storage_url": made.storage_url if status == "AVAILABLE" else None,
            "created_ts": iso(made.submitted_at),
            "updated_ts": iso(made.updated_at(now)),
        }

    def _announce(self, account: Account, made: FineTune) -> None:
        """Tell the webhooks of every step they asked to hear of."""
        for webhook in account.keep(Webhooks).by_id.values():
            for name, begins in made.steps[1:]:
                self._hooks.announce(
                    account, webhook, (name,), made.finetune_id, begins, self.news(account, made, name), made.request
                )

    def news(self, account: Account, made: FineTune, step: str) -> Data:
        """What is told of a training that is at a step."""

        async def data() -> dict[str, Any]:
            return {**self._shown(account, made), "status": step}

        return data

    def misfit(self, account: Account, made: FineTune) -> str | None:
        """Why a training can be none of Segmind's; None when it can."""
        try:
            self._shown(account, made)
            made.status(made.submitted_at)
        except (LookupError, TypeError, ValueError, AttributeError, StopIteration):
            return "cannot be shown: what it was asked for with, or a step of it, is none of a training"
        whole = [name for name, _ in _STEPS]
        failing = [*whole[: whole.index(_FAILS_AFTER) + 1], "FAILED"]
        if [name for name, _ in made.steps] not in (whole, failing):
            return "goes through steps out of order, or through others than a training"
        return None

    def moved(self, account: Account) -> None:
        """Let an account that took another's place own its addresses and models."""
        self._owners.update(dict.fromkeys(_paths(account), account))

    def emptied(self, account: Account) -> None:
        """Let the addresses and models of an account that is about to lose them lead nowhere."""
        for path in _paths(account):
            if self._owners.get(path) is account:
                del self._owners[path]


def _paths(account: Account) -> list[str]:
    known = account.keep(FineTunes)
    return [*known.addresses, *(urlsplit(made.storage_url).path for made in known.by_id.values())]


_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
