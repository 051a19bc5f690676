"""What tests of Segmind speak through: an account with its key in the provider's own header, and calls everyone accepts."""

from typing import Any, Self

import httpx

from understudy.clock import ManualClock
from understudy.server import Server

AVATAR = "heygen-avatar-iv"


def call(**fields: Any) -> dict[str, Any]:
    """Parameters everyone accepts, with some set or, given as None, left out."""
    given = {
        "image_url": "https://faces.example/portrait.png",
        "video_title": "Hello Avatar",
        "script": "Hello, this is an avatar demo.",
        **fields,
    }
    return {name: value for name, value in given.items() if value is not None}


class Gateway:
    """One caller of one server, under a clock that the test moves or one that flows."""

    def __init__(self, server: Server, key: str, clock: ManualClock | None = None) -> None:
        self.server = server
        self.key = key
        self.http = httpx.Client(
            base_url=server.url, headers={"x-api-key": key}, trust_env=False, verify=False, timeout=30
        )
        self._clock = clock

    @property
    def clock(self) -> ManualClock:
        assert self._clock is not None
        return self._clock

    def run(self, model: str = AVATAR, **fields: Any) -> httpx.Response:
        return self.http.post(f"/v1/{model}", json=call(**fields))

    def submit(self, model: str = AVATAR, **fields: Any) -> dict[str, Any]:
        response = self.http.post(f"/v2/{model}", json=call(**fields))
        assert response.status_code == 200, response.text
        return response.json()

    def finished(self, **fields: Any) -> dict[str, Any]:
        """The result of a submit whose time has passed."""
        submitted = self.submit(**fields)
        self.clock.advance(1_000)
        return self.http.get(submitted["response_url"]).json()

    def credits(self) -> float:
        return self.http.get("/v1/get-user-credits").json()["credits"]

    def ledger(self) -> dict[str, Any]:
        return self.http.get("/_understudy/ledger", headers={"Authorization": f"Bearer {self.key}"}).json()

    def history(self, **query: Any) -> list[dict[str, Any]]:
        response = self.http.get("/inference-request/request-history", params=query)
        assert response.status_code == 200, response.text
        return response.json()["requests"]

    def error(self, response: httpx.Response) -> tuple[int, str]:
        """Status and text of a refusal in the provider's only shape."""
        assert list(response.json()) == ["error"]
        return response.status_code, response.json()["error"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()
