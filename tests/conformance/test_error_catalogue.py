"""Every error of the catalogues, made to strike in each of three ways, on the wire and through the bundled client."""

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from client.meanings import EXPECTED
from gateway import AVATAR, call
from understudy.clock import ManualClock
from understudy.error_list import cases, shown
from understudy_client import (
    ConnectionFailed,
    GmiClient,
    NotFound,
    PermissionDenied,
    Poll,
    ProviderError,
    RunwareClient,
    SegmindClient,
    ServerError,
    TaskConflict,
    TaskNotFound,
    UnderstudyError,
    ValidationError,
)
from understudy_contracts.error_answers import answer_of
from understudy_contracts.errors import ErrorCase

#: Long enough for any job here to have finished, and not for its record to be gone.
LONG = 1_000
OPENING = 100_000
SAYING = "Good evening, night owls."
SOON = Poll(first=0.01, factor=1.0, cap=0.01)

#: What a submit is accepted with.
ACCEPTED = ("processing", "poll", "expiry")


@dataclass
class Caller(ABC):
    """One account, speaking a provider's language by hand and through the client."""

    http: httpx.Client
    url: str
    key: str

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.http.request(method, f"{self.url}/_understudy{path}", headers=self.headers(), json=body)
        assert response.is_success, response.text
        return response.json()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.http.request(method, f"{self.url}{path}", headers={**self.headers(), **headers}, json=body)

    @abstractmethod
    def submit(self, saying: str, **headers: str) -> httpx.Response: ...

    @abstractmethod
    def poll(self, submitted: httpx.Response) -> httpx.Response: ...

    @abstractmethod
    def is_processing(self, polled: httpx.Response) -> bool: ...

    @abstractmethod
    def words(self, case: ErrorCase, told: Any) -> dict[str, Any]:
        """The facts of the last request that an answer may tell; those that the server made up are looked up in it."""

    @abstractmethod
    def client(self) -> Any: ...

    @abstractmethod
    def handed_in(self, client: Any, saying: str) -> Any:
        """A job, submitted by the client."""


class Runware(Caller):
    uuid = ""

    def submit(self, saying, **headers):
        self.uuid = str(uuid.uuid4())
        task = {"taskType": "videoInference", "taskUUID": self.uuid, **self._task(saying)}
        return self.send("POST", "/v1", [task], **headers)

    def poll(self, submitted):
        return self.send("POST", "/v1", [{"taskType": "getResponse", "taskUUID": self.uuid}])

    def is_processing(self, polled):
        return [item["status"] for item in polled.json()["data"]] == ["processing"]

    def words(self, case, told):
        return {"taskUUID": self.uuid}

    def client(self):
        return RunwareClient(self.key, f"{self.url}/v1", max_retries=0, http=self.http)

    def handed_in(self, client, saying):
        return client.submit(self._task(saying))

    @staticmethod
    def _task(saying):
        return {"model": "heygen:avatar@4", "inputs": {"avatar": "a"}, "speech": {"text": saying}}


class Gmi(Caller):
    path = "/api/v1/ie/requestqueue/apikey/requests"
    model = "heygen-avatar-4"

    def submit(self, saying, **headers):
        self.payload = self._payload(saying)
        return self.send("POST", self.path, {"model": self.model, "payload": self.payload}, **headers)

    def poll(self, submitted):
        return self.send("GET", f"{self.path}/{submitted.json()['request_id']}")

    def is_processing(self, polled):
        return polled.json()["status"] in ("queued", "dispatched", "processing")

    def words(self, case, told):
        made_up = ("request_id", "org_id", "user_id", "created_at", "updated_at", "queued_at")
        return {name: told[name] for name in made_up if name in told} | {
            "model": self.model,
            "payload": self.payload,
            "avatar_id": "avatar-1",
        }

    def client(self):
        return GmiClient(self.key, self.url, max_retries=0, careful=False, http=self.http)

    def handed_in(self, client, saying):
        return client.submit(self.model, self._payload(saying))

    @staticmethod
    def _payload(saying):
        voice = {"type": "text", "input_text": saying, "voice_id": "voice-1"}
        segment = {"character": {"type": "avatar", "avatar_id": "avatar-1"}, "voice": voice}
        return {"video_inputs": [segment], "dimension": {"width": 1280, "height": 720}}


class Segmind(Caller):
    version = "v2"

    def headers(self):
        return {"x-api-key": self.key, **super().headers()}

    def submit(self, saying, **headers):
        return self.send("POST", f"/{self.version}/{AVATAR}", call(script=saying), **headers)

    def poll(self, submitted):
        self.id = submitted.json()["request_id"]
        return self.http.get(submitted.json()["status_url"], headers=self.headers())

    def is_processing(self, polled):
        return polled.json()["status"] in ("QUEUED", "PROCESSING")

    def words(self, case, told):
        words = dict(told.get("metrics", {}), model=AVATAR)
        if case.nested:
            words["task_id"] = re.search(r'"task_id":"([0-9a-f-]{36})"', told["error"])[1]
        if case.strikes == "poll":
            words["id"] = self.id
        return words

    def client(self):
        return SegmindClient(self.key, self.url, max_retries=0, careful=False, http=self.http)

    def handed_in(self, client, saying):
        return client.submit(AVATAR, call(script=saying))


CALLERS = {"runware": Runware, "gmi": Gmi, "segmind": Segmind}


class Trigger:
    """One way to make an error strike the requests of an account."""

    def __init__(self, way: str, case: ErrorCase, caller: Caller) -> None:
        ways = shown(case)["triggers"]
        self.saying = f"{SAYING} {ways['magic']}" if way == "magic" else SAYING
        name, _, value = ways["header"].partition(": ")
        self.headers = {name: value} if way == "header" else {}
        if way == "rule":
            caller.control("POST", "/faults", ways["rule"])


@pytest.fixture(scope="module")
def line() -> Iterator[httpx.Client]:
    """One connection for all: making a client takes longer than what it says here."""
    with httpx.Client(trust_env=False, verify=False, timeout=30) as http:
        yield http


def as_promised(case: ErrorCase, caller: Caller, response: httpx.Response) -> bool:
    """Whether an answer is to the byte what `understudy errors` prints, but for the request's own facts."""
    promised = shown(case)["answer"]
    assert response.status_code == promised["status"]
    assert response.headers["content-type"].partition(";")[0] == promised["media_type"]
    if isinstance(promised["body"], str):
        return response.text == promised["body"]
    told = response.json()
    assert told == answer_of(case, caller.words(case, told)).body
    return told.keys() == promised["body"].keys()


#: What the client makes of an answer that is not in the provider's own words.
BY_STATUS = {400: ValidationError, 403: PermissionDenied, 404: NotFound, 405: ValidationError}


def is_open(case: ErrorCase) -> bool:
    """Whether the answer leaves open that there is a job now."""
    return case.strikes != "processing" and (case.status or 0) >= 500 and case.kind in ("server", "timeout")


def meaning(case: ErrorCase) -> type[UnderstudyError]:
    """What the client raises."""
    if case.id == "conflictTaskUUID":
        return TaskConflict
    if case.strikes in ("poll", "expiry"):
        return TaskNotFound
    if is_open(case) and case.provider != "runware":
        # Only Runware has ids by which a submit can safely be repeated.
        return ConnectionFailed
    if case.message.startswith("<"):
        return BY_STATUS.get(case.status, ServerError)
    if case.kind == "auth" and case.status in (403, 404):
        return PermissionDenied
    return EXPECTED[case.kind]


def is_billed(case: ErrorCase) -> bool | None:
    """What the client says of the bill: None where nobody knows."""
    page = case.message.startswith("<") and case.status != 405
    return None if is_open(case) or page or case.strikes in ("poll", "expiry") else case.billed


@pytest.mark.parametrize("way", ["magic", "header", "rule"])
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.provider}.{case.id}")
def test_every_error_strikes_when_and_as_the_catalogue_says(patient_server, line, case, way):
    server, clock = patient_server
    caller = CALLERS[case.provider](line, server.url, f"catalogue-{uuid.uuid4()}")
    trigger = Trigger(way, case, caller)

    told = caller.submit(trigger.saying, **trigger.headers)
    if case.strikes in ACCEPTED:
        assert told.status_code == 200, told.text
        submitted = told
        told = caller.poll(submitted)
        if case.strikes != "poll":
            assert caller.is_processing(told), "it strikes later, not at once"
            clock.advance(LONG)
            told = caller.poll(submitted)
    assert as_promised(case, caller, told)

    client = caller.client()
    with pytest.raises(UnderstudyError) as caught:
        through(client, caller, case, trigger, clock)
    error = caught.value
    assert type(error) is meaning(case)
    assert error.request is not None, "whoever catches it can see what was asked"
    if isinstance(error, ProviderError) and not case.message.startswith("<"):
        assert error.message.startswith(case.message.partition("{")[0].rstrip(" '"))
        assert error.code == promised_code(case)
    promised = shown(case)["answer"]["status"]
    assert error.status == (promised if promised >= 400 else None), "the status of a failure, not of its telling"
    # Whoever does not know whether there is a job must not ask for another.
    assert error.retryable == (case.retryable and not isinstance(error, ConnectionFailed))
    assert error.billed is is_billed(case)

    clock.advance(LONG)
    ledger = caller.control("GET", "/ledger")
    paid = OPENING - ledger["balance"]
    assert ledger["available"] == ledger["balance"], "nothing is held any more"
    if case.strikes in ("poll", "expiry"):
        assert paid > 0, "the job itself went on"
    else:
        assert (paid > 0) == case.billed


def through(client: Any, caller: Caller, case: ErrorCase, trigger: Trigger, clock: ManualClock) -> None:
    """Do with the client what the error strikes."""
    caller.http.headers.update(trigger.headers)
    try:
        job = caller.handed_in(client, trigger.saying)
    finally:
        for name in trigger.headers:
            del caller.http.headers[name]
    assert case.strikes in ACCEPTED, "a refused submit was taken for an accepted one"
    if case.strikes != "poll":
        assert not client.status(job).done
    clock.advance(LONG)
    client.wait(job, poll=SOON, deadline=5)


def promised_code(case: ErrorCase) -> str:
    """The code in the answer that `understudy errors` prints."""
    body = shown(case)["answer"]["body"]
    return body["errors"][0]["code"] if case.provider == "runware" and isinstance(body, dict) else ""
