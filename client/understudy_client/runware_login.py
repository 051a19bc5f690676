"""The first words on a socket: who we are, and which session we go on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from . import runware_codec as codec
from .errors import InvalidAnswer
from .flow import Answer
from .json_body import encode
from .runware_calls import status_of

_TASK = "authentication"


class LoginRefused(Exception):
    """The provider did not let us in; `answer` is what REST would have answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the provider refused the login")
        self.answer = answer


@dataclass(slots=True)
class Login:
    """A key, and the session it was last given: with it, what was not delivered before a cut is delivered after."""

    key: str
    session: str | None = None

    def words(self) -> str:
        """What to send first on a new connection."""
        resumed = {} if self.session is None else {"connectionSessionUUID": self.session}
        return codec.encode({"taskType": _TASK, "apiKey": self.key, **resumed}).decode()

    def hear(self, text: str | bytes) -> bool:
        """Read a frame that came before we were let in; True when now we are.

        Raises LoginRefused for a refusal in any of the provider's forms, and for an answer that is not its own.
        """
        raw = text.encode() if isinstance(text, str) else text
        try:
            said = codec.envelope(_plural(orjson.loads(raw)))
        except (orjson.JSONDecodeError, InvalidAnswer) as error:
            raise LoginRefused(Answer(200, {}, raw)) from error
        for item in said.data:
            if item.get("taskType") == _TASK:
                session = item.get("connectionSessionUUID")
                self.session = session if isinstance(session, str) else None
                return True
        if said.problems:
            raise LoginRefused(Answer(status_of(p.raw for p in said.problems), {}, encode(said.raw)))
        return False


def _plural(body: Any) -> Any:
    """Read the oldest form of a refusal, `"error": true` with its message beside it, as one of today."""
    if isinstance(body, Mapping) and body.get("error") is True:
        return {"errors": [{"code": "invalidApiKey", "message": body.get("errorMessage")}]}
    return body
