"""What can be asked under `/_understudy/`, as data: the routes and the OpenAPI document are both made from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from starlette.responses import Response
from starlette.types import Receive

from understudy.accounts import Account
from understudy.engine import Engine

Schema: TypeAlias = Mapping[str, Any]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

#: Everything is below this.
PREFIX = "/_understudy"


class Refusal(Exception):
    """The request ends here: a status, a sentence that says what to do, and every problem if there are several."""

    def __init__(
        self, status: int, message: str, problems: list[str] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.problems = problems
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and found to be in order."""

    engine: Engine
    #: Whose; None when no account was named.
    account: Account | None
    #: The values of the path's placeholders, by name.
    path: Mapping[str, str]
    #: The query's parameters with their types and defaults; those that are absent and have none are left out.
    query: Mapping[str, Any]
    #: The JSON document that came with it.
    body: Any
    #: Where the caller reached the server.
    origin: str
    #: Tells of the caller's hanging up.
    receive: Receive

    @property
    def one(self) -> Account:
        """The account, in operations that are always about one."""
        assert self.account is not None
        return self.account

    @property
    def now(self) -> float:
        """The time for whoever asks: the account's, or else the server's."""
        return (self.account or self.engine).clock.now()


#: What an operation answers: a JSON document, or a response where it is something else.
Handler: TypeAlias = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query or, with its name in braces in the path, of the path."""

    name: str
    schema: Schema
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    method: Method
    #: Below `/_understudy`, such as `/faults/{id}`.
    path: str
    #: Its name in the OpenAPI document and in the journal.
    id: str
    #: One line, as in "What time it is".
    summary: str
    handler: Handler
    #: The schema of what it answers, or None for `media_type` that is no JSON.
    answers: Schema | None
    description: str = ""
    #: Whether it is about an account: never, if one is named, always.
    account: Literal["none", "optional", "required"] = "none"
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    #: Whether there must be a body; where not, an absent one counts as `{}`.
    body_required: bool = True
    #: Whether the body is judged by its schema; else the handler explains what is wrong with it.
    judged: bool = True
    status: int = 200
    media_type: str = "application/json"
    #: What else can go wrong, beside what can with every request: status and when.
    refusals: Mapping[int, str] = field(default_factory=dict)
    #: Whether anybody may ask for it, from anywhere.
    open: bool = False

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"


def ref(name: str) -> Schema:
    """A reference to one of the named schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def response(content: bytes, media_type: str, filename: str) -> Response:
    """An answer that is worth a file."""
    return Response(content, media_type=media_type, headers={"content-disposition": f'inline; filename="{filename}"'})
