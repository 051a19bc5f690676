"""Signing in as the official SDK does: e-mail and password, a session of two tokens, a profile, API keys.

Any e-mail and password make an account of their own. On a server that accepts only certain API keys, the password
must be one of them, and its account is the one signed in to. What is said to a refused sign-in is assumed.
"""

import random
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.wire import BadJson, BodyTooLarge, bearer, header, parse_json, read_body

_ALGORITHM = "HS256"

#: Seconds that tokens last. Nobody documents the provider's own: assumed.
_LIFE = {"auth": 600, "access": 3600, "refresh": 30 * 24 * 3600}


@dataclass(slots=True)
class _User:
    account: Account
    email: str
    keys: list[dict[str, Any]] = field(default_factory=list)


class _SignInRefused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Identity:
    """The users who signed in, and the endpoints they sign in by."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        seed = engine.settings.seed
        self._secret = secrets.token_hex(32) if seed is None else random.Random(f"{seed}:tokens").randbytes(32).hex()
        self._users: dict[str, _User] = {}

    def account(self, access_token: str) -> Account | None:
        """The account behind an access token, or None when it is not good or no longer."""
        user = self._user(access_token, "access")
        return user.account if user is not None else None

    def forget(self, account: Account) -> None:
        """Let an account that is no more have no user."""
        self._users.pop(account.user, None)

    async def auth_tokens(self, request: Request) -> Response:
        """`POST /me/auth-tokens`: e-mail and password for a token that opens a session."""
        return await self._answered(request, self._sign_in)

    async def sessions(self, request: Request) -> Response:
        """`POST /me/sessions` opens a session, `PATCH` renews it."""
        return await self._answered(request, self._renew if request.method == "PATCH" else self._open)

    async def profile(self, request: Request) -> Response:
        """`GET /me/profile`: who is signed in."""
        user = self._user(bearer(header(request.scope, b"authorization")), "access")
        if user is None:
            return _message(401, "Unauthorized")
        return JSONResponse(
            {
                "user": {"id": user.account.user, "email": user.email, "firstName": "", "lastName": ""},
                "organization": {"id": user.account.organization, "role": "owner"},
            }
        )

    async def api_keys(self, request: Request) -> Response:
        """`/organizations/{id}/api-keys`: list the keys made here, or make one that opens the same account."""
        user = self._user(bearer(header(request.scope, b"authorization")), "access")
        if user is None:
            return _message(401, "Unauthorized")
        if request.path_params["organization"] != user.account.organization:
            return _message(404, "Organization not found")
        if request.method == "GET":
            return JSONResponse({"keys": user.keys})
        return await self._answered(request, lambda asked: self._make_key(user, asked))

    async def _answered(self, request: Request, work: Any) -> Response:
        try:
            asked = parse_json(await read_body(request.receive, self._engine.settings.max_body_bytes))
            if not isinstance(asked, dict):
                raise _SignInRefused(400, "the body must be a JSON object")
            return JSONResponse(work(asked))
        except BadJson as problem:
            return _message(400, f"the body cannot be read: {problem}")
        except BodyTooLarge:
            return _message(413, "the body is too large")
        except _SignInRefused as refusal:
            return _message(refusal.status, str(refusal))

    def _sign_in(self, asked: dict[str, Any]) -> dict[str, Any]:
        email, password = asked.get("email"), asked.get("password")
        if not isinstance(email, str) or not isinstance(password, str) or not email or not password:
            raise _SignInRefused(400, "email and password are required")
        accounts = self._engine.accounts
        account = accounts.of(password if accounts.restricted else email)
        if account is None:
            raise _SignInRefused(401, "email or password is wrong")
        user = self._users.setdefault(account.user, _User(account, email))
        return {"authToken": self._token(user, "auth"), "is2FARequired": False}

    def _open(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._session(asked.get("authToken"), "auth")

    def _renew(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._session(asked.get("refreshToken"), "refresh")

    def _session(self, token: object, kind: str) -> dict[str, Any]:
        user = self._user(token, kind) if isinstance(token, str) else None
        if user is None:
            raise _SignInRefused(401, "the token is not valid")
        return {"accessToken": self._token(user, "access"), "refreshToken": self._token(user, "refresh")}

    def _make_key(self, user: _User, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked.get("name")
        if not isinstance(name, str) or not name:
            raise _SignInRefused(400, "name is required")
        key = self._token(user, "key")
        now = user.account.clock.now()
        self._engine.accounts.add_key(key, user.account)
        user.keys.append(
            {
                "id": user.account.new_id(),
                "name": name,
                "type": "",
                "scope": str(asked.get("scope") or ""),
                "partialKey": f"{key[:6]}…{key[-4:]}",
                "expiresAt": asked.get("expiresAt") or 0,
                "createdAt": int(now),
            }
        )
        return {"key": key}

    def _token(self, user: _User, kind: str) -> str:
        # Late, here and below: it may bring a whole cryptography library along, and few ever sign in.
        import jwt

        account = user.account
        now = int(account.clock.now())
        claims = {"userId": account.user, "email": user.email, "kind": kind, "iat": now, "jti": account.new_id()}
        if kind in _LIFE:
            claims["exp"] = now + _LIFE[kind]
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def _user(self, token: str, kind: str) -> _User | None:
        import jwt

        try:
            # The machine's clock has no say in whether a token has run out: ours does, below.
            claims = jwt.decode(token, self._secret, [_ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        except jwt.InvalidTokenError:
            return None
        user = self._users.get(claims["userId"])
        if user is None or claims["kind"] != kind or claims["exp"] <= user.account.clock.now():
            return None
        return user


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)
