"""Models as things to be found, and to be handed in: modelSearch and modelUpload."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.faults import Strike, UnknownFault, called_for
from understudy.targets import ForbiddenTarget, check_literal
from understudy_contracts.errors import ErrorCase
from understudy_contracts.models import Model
from understudy_contracts.provider import Contract

from .platform import judged
from .refusals import Refusals
from .work import Answer, Caller, Later, Performer

#: The stages of an upload, with the provider's seconds since the submit at which each is reached: assumed.
_STAGES = (
    ("validated", 0.0, "The model's description is valid."),
    ("downloaded", 20.0, "The file has been downloaded."),
    ("optimized", 40.0, "The model has been optimized."),
    ("stored", 50.0, "The model has been stored."),
    ("ready", 52.0, "The model is ready to be used."),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an upload, and when it is reached."""

    status: str
    at: float
    message: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A model that was handed in, and its plan."""

    uuid: str
    air: str
    task: Mapping[str, Any]
    stages: tuple[Stage, ...]
    #: The error that tells of a failure, for clients that look nowhere else.
    error: Mapping[str, Any] | None = None

    def tell(self, answer: Answer, now: float) -> None:
        """Add every stage reached to an answer."""
        for stage in self.stages:
            if stage.at <= now:
                self.tell_stage(answer, stage)

    def tell_stage(self, answer: Answer, stage: Stage) -> None:
        """Add one stage."""
        answer.data.append(self.item(stage))
        if stage.status == "failed" and self.error is not None:
            answer.errors.append(dict(self.error))

    def item(self, stage: Stage) -> dict[str, Any]:
        """What is told of one stage."""
        told = {"taskType": "modelUpload", "taskUUID": self.uuid, "status": stage.status, "message": stage.message}
        return told if stage.status == "failed" else {**told, "air": self.air}

    def ready(self, now: float) -> bool:
        """Whether it can be found."""
        return self.stages[-1].status == "ready" and self.stages[-1].at <= now


@dataclass(slots=True)
class Uploads:
    """An account's uploads by the UUID of their task, in lower case."""

    by_uuid: dict[str, Upload] = field(default_factory=dict)


class Library:
    """Performs modelSearch and modelUpload."""

    def __init__(self, engine: Engine, contract: Contract, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._engine = engine
        self._contract = contract
        self._refusals = refusals
        self._tells_failures_as_errors = stance["failed-task"] != "data"
        self._search_limit = stance["model-search-limit"]

    @property
    def performers(self) -> dict[str, Performer]:
        """Who performs what, by task type."""
        return {"modelSearch": self._search, "modelUpload": self._upload}

    def upload(self, account: Account, uuid: object) -> Upload | None:
        """The upload of that task, to be polled."""
        return account.keep(Uploads).by_uuid.get(uuid.lower()) if isinstance(uuid, str) else None

    async def _search(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        bound = {"model_search_limit": self._search_limit}
        if refused := judged(self._contract, self._refusals, "model-search-request", task, **bound):
            answer.refuse(*refused)
            return
        now = caller.account.clock.now()
        own = [_own(upload) for upload in caller.account.keep(Uploads).by_uuid.values() if upload.ready(now)]
        found = [row for row in (*map(_listed, self._contract.models.values()), *own) if _fits(row, task)]
        order = task.get("sort", "")
        if order.removeprefix("-") == "name":
            found.sort(key=lambda row: str(row["name"]).lower(), reverse=order.startswith("-"))
        offset, limit = int(task.get("offset", 0)), int(task.get("limit", 20))
        answer.accept(
            {
                "taskType": "modelSearch",
                "taskUUID": task["taskUUID"],
                "results": found[offset : offset + limit],
                "totalResults": len(found),
            }
        )

    async def _upload(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "model-upload-request", task):
            answer.refuse(*refused)
            return
        account = caller.account
        uploads = account.keep(Uploads).by_uuid
        uuid = task["taskUUID"].lower()
        if uuid in uploads or uuid in account.jobs("runware"):
            answer.refuse(self._refusals.make("conflictTaskUUID", task))
            return
        air = task.get("air") or _air(account, task)
        if air in self._contract.models or any(upload.air == air for upload in uploads.values()):
            answer.refuse(self._refusals.make("modelAlreadyExists", task, value=air))
            return
        try:
            failure = self._failure(task)
        except UnknownFault as problem:
            answer.refuse(self._refusals.unknown_fault(problem, task))
            return
        now, pace = caller.account.clock.now(), self._engine.settings.speed.latency
        stages = tuple(Stage(status, now + pace * after, message) for status, after, message in _STAGES)
        error = None
        if failure is not None:
            error = {**self._refusals.by_name(failure, task).item, "status": "error"}
            stages = (stages[0], Stage("failed", stages[1].at, error["message"]))
        told = error if self._tells_failures_as_errors else None
        upload = uploads[uuid] = Upload(task["taskUUID"], air, task, stages, told)
        answer.accepted += 1
        upload.tell(answer, now)

        def holds() -> bool:
            return account.keep(Uploads).by_uuid.get(uuid) is upload

        answer.later += [Later(stage.at, _adder(upload, stage), holds) for stage in stages if stage.at > now]

    def _failure(self, task: dict[str, Any]) -> ErrorCase | None:
        """Why an upload fails after it was accepted: it was asked to, or its file is where nobody may look."""
        texts = [text for text in task.values() if isinstance(text, str)]
        fault = called_for(texts, self._contract.errors)
        if fault is not None:
            return fault
        try:
            check_literal(task["downloadURL"])
        except ForbiddenTarget:
            return self._contract.errors["mediaDownloadFailed"]
        return None


def _adder(upload: Upload, stage: Stage) -> Callable[[Answer, float], None]:
    def add(answer: Answer, now: float) -> None:
        upload.tell_stage(answer, stage)

    return add


def _air(account: Account, task: Mapping[str, Any]) -> str:
    """An identifier for a model that came without one: how the provider makes them is not known."""
    name = str(task.get("uniqueIdentifier") or task["name"])
    return f"user{account.user[:8]}:{crc32(name.encode()) % 1_000_000}@{task['version']}"


def _listed(model: Model) -> dict[str, Any]:
    version = model.id.rpartition("@")[2]
    return {
        "name": model.name,
        "air": model.id,
        "version": version,
        "category": "",
        "architecture": model.id.partition(":")[0],
        "type": "",
        "tags": [model.output.kind],
        "heroImage": "",
        "private": False,
        "comment": "",
        "source": "official",
    }


def _own(upload: Upload) -> dict[str, Any]:
    task = upload.task
    return {
        "name": task["name"],
        "air": upload.air,
        "version": task["version"],
        "category": task["category"],
        "architecture": task["architecture"],
        "type": task.get("type", ""),
        "tags": task.get("tags", []),
        "heroImage": task.get("heroImageURL", ""),
        "private": task.get("private", False),
        "comment": task.get("comment", ""),
        "source": "community",
    }


def _fits(row: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Whether a model is what a search asks for. What a capability is called no source tells: tags are compared."""
    words = f"{row['name']} {row['air']} {' '.join(row['tags'])}".lower()
    exact = all(task.get(name) in (None, row[name]) for name in ("source", "category", "architecture", "type"))
    wanted = {*task.get("capabilities", ()), *task.get("tags", ())}
    own = row["source"] == "community"
    visible = {
        "private": bool(row["private"]), "owned": own, "public": not row["private"], "favorite": False,
    }.get(task.get("visibility", ""), True)  # fmt: skip
    return str(task.get("search", "")).lower() in words and exact and wanted <= set(row["tags"]) and visible
