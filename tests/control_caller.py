"""A caller of the control API that holds every answer to what the OpenAPI document says of it."""

import re
from typing import Any

import httpx

from understudy.control.openapi import document
from understudy.server import Server
from understudy_contracts.schema import Judge

DESCRIBED = document("http://127.0.0.1:8899")
PLACES = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"): at for path, at in DESCRIBED["paths"].items()}


class Caller:
    """Asks one server for one account, and remembers what it asked for with success."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        self.server = server
        self.key = key
        self.succeeded: set[str] = set()
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(
            base_url=f"{server.url}/_understudy", headers=headers, trust_env=False, timeout=30, verify=False
        )

    def ask(self, method: str, path: str, **keywords: Any) -> httpx.Response:
        answer = self.http.request(method, path, **keywords)
        described = [at for place, at in PLACES.items() if place.match(path.partition("?")[0])]
        if described and (operation := described[0].get(method.lower())) is not None:
            self.hold(operation, answer)
            if answer.is_success:
                self.succeeded.add(operation["operationId"])
        return answer

    def hold(self, operation: dict[str, Any], answer: httpx.Response) -> None:
        """Fail unless the answer is one that the operation is said to have."""
        responses = operation["responses"]
        if answer.is_success:
            assert str(answer.status_code) in responses, (operation["operationId"], answer.status_code)
        said = responses.get(str(answer.status_code), responses["default"])["content"]
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in said, (operation["operationId"], media_type)
        if media_type == "application/json":
            schema = {**said[media_type]["schema"], "components": DESCRIBED["components"]}
            violations = Judge(schema).violations(answer.json())
            assert not violations, (operation["operationId"], [one.message for one in violations], answer.text[:2000])

    def ok(self, method: str, path: str, **keywords: Any) -> Any:
        answer = self.ask(method, path, **keywords)
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json()

    def refused(self, status: int, method: str, path: str, **keywords: Any) -> dict[str, Any]:
        answer = self.ask(method, path, **keywords)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()
