"""Exchanges made by hand, and the places in one where a client can put a secret."""

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
from hypothesis import strategies as st

from understudy.journal import Exchange

_NUMBERS = itertools.count(1)


def exchange(
    body: bytes = b"",
    answer: bytes = b'{"ok":true}',
    *,
    method: str = "POST",
    target: str = "/v1",
    headers: dict[str, str] | None = None,
    answer_headers: dict[str, str] | None = None,
    status: int | None = 200,
    number: int | None = None,
    **facts: Any,
) -> Exchange:
    """One exchange over HTTP."""
    made = Exchange(
        number if number is not None else next(_NUMBERS),
        1_750_000_000.25,
        facts.pop("transport", "http"),
        method,
        target,
        _raw({"host": "127.0.0.1:8899", **(headers or {})}),
    )
    made.heard(body)
    made.status = status
    made.response_headers = _raw({"content-type": "application/json", **(answer_headers or {})})
    made.said(answer)
    if made.transport == "websocket" and answer:
        made.frames = answer.count(b"\n") + 1
    made.ended = "answered"
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


#: What a key, a token or a password can be, where a client has to write it as it is.
plain_secrets = st.text("ABCDEFGHKLMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz23456789_-", min_size=16, max_size=40).map(
    lambda text: f"sk{text}"
)

#: What one can be inside of JSON.
secrets = plain_secrets | st.builds(
    lambda one, odd, other: one + odd + other,
    st.text("bcdfghkmnp", min_size=8, max_size=12),
    st.sampled_from(['"', "\\", "/", "+", "=", " ", "é", "漢", "&", "<", "'", "\U0001f511", "%", "\t"]),
    st.text("qrstvwxz", min_size=8, max_size=12),
)


def _json(document: Any) -> bytes:
    return orjson.dumps(document)


#: Each makes an exchange that holds the secret given to it, which can be put there as it is.
PLAIN_PLACES: dict[str, Callable[[str], Exchange]] = {
    "bearer": lambda s: exchange(headers={"authorization": f"Bearer {s}"}),
    "bearer, oddly": lambda s: exchange(headers={"authorization": f"bEARER   {s}"}),
    "no scheme": lambda s: exchange(headers={"authorization": s}),
    "basic": lambda s: exchange(headers={"authorization": f"Basic {s}"}),
    "x-api-key": lambda s: exchange(headers={"x-api-key": s}),
    "cookie": lambda s: exchange(headers={"cookie": f"session={s}; a=b"}),
    "set-cookie": lambda s: exchange(answer_headers={"set-cookie": f"session={s}; HttpOnly"}),
    "control token": lambda s: exchange(headers={"x-understudy-token": s}),
    "websocket protocol": lambda s: exchange(headers={"sec-websocket-protocol": f"bearer, {s}"}),
    "signed target": lambda s: exchange(target=f"/bucket/x.png?X-Goog-Date=2&X-Goog-Signature={s}", method="PUT"),
    "amazon target": lambda s: exchange(target=f"/x?X-Amz-Credential={s}&X-Amz-Date=1"),
    "key in the target": lambda s: exchange(target=f"/v1?key={s}"),
    "token in the target": lambda s: exchange(target=f"/v1?a=1;token={s}"),
    "encoded name": lambda s: exchange(target=f"/v1?api%4Bey={s}"),
    "URL in the target": lambda s: exchange(target="/v1?url=" + quote(f"https://h.example/a?sig={s}", safe="")),
    "location": lambda s: exchange(answer_headers={"location": f"https://h.example/a?Signature={s}"}, status=302),
    "referer": lambda s: exchange(headers={"referer": f"https://h.example/a?whatever={s}#x"}),
    "fragment": lambda s: exchange(headers={"referer": f"https://h.example/a#access_token={s}"}),
    "user": lambda s: exchange(_json([{"webhookURL": f"https://user:{s}@h.example/hook"}])),
    "query of a webhook": lambda s: exchange(_json([{"webhookURL": f"https://h.example/hook?secret={s}"}])),
    "query in the answer": lambda s: exchange(answer=_json({"upload_url": f"https://h.example/x?a=1&sign={s}"})),
    "broken JSON": lambda s: exchange(b'[{"taskType":"authentication","apiKey":"' + s.encode() + b'"'),
    "JSON cut short": lambda s: exchange(b'[{"taskType":"authentication","apiKey":"' + s.encode()),
    "JSON of a kind": lambda s: exchange(b"{apiKey: " + s.encode() + b", 'b': 1}"),
    "JavaScript": lambda s: exchange(b"{'apiKey': '" + s.encode() + b"', 'b': 1}"),
    "escaped name": lambda s: exchange(b'{"api\\u004bey": "' + s.encode() + b'"}'),
    "twice the same name": lambda s: exchange(b'{"apiKey": "' + s.encode() + b'", "apiKey": "x"}'),
    "a form": lambda s: exchange(b"a=1&apiKey=" + s.encode() + b"&b=2"),
    "a form's part": lambda s: exchange(
        b'--x\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n' + s.encode() + b"\r\n--x--\r\n"
    ),
    "a text": lambda s: exchange(b"please use x-api-key: " + s.encode()),
    "another header": lambda s: exchange(headers={"x-api-key": s, "x-note": f"<{s}>"}),
    "echoed path": lambda s: exchange(target=f"/v1/{s}", headers={"x-api-key": s}),
    "echoed as text": lambda s: exchange(headers={"x-api-key": s}, answer=f"who is {s}?".encode()),
    "echoed model": lambda s: exchange(_json([{"model": s}]), headers={"x-api-key": s}, model=s, job=s),
    "echoed why": lambda s: exchange(headers={"x-api-key": s}, considered=(("rule-1", f"the text is {s}"),)),
    "Latin-1": lambda s: exchange(b"\xff apiKey=" + s.encode()),
}

#: The same for secrets of any characters.
PLACES: dict[str, Callable[[str], Exchange]] = {
    "authentication": lambda s: exchange(_json([{"taskType": "authentication", "apiKey": s}])),
    "deep": lambda s: exchange(_json({"a": [{"b": {"apiKey": s}}]})),
    "a list": lambda s: exchange(_json([{"taskType": "accountManagement", "apiKeys": ["other-key", s]}])),
    "everything below": lambda s: exchange(_json({"credentials": {"user": [s, {"x": s}]}})),
    "session": lambda s: exchange(_json({"authToken": "x"}), _json({"accessToken": s}), target="/api/v1/me/sessions"),
    "refresh": lambda s: exchange(_json({"refreshToken": s}), target="/api/v1/me/sessions"),
    "password": lambda s: exchange(_json({"email": "a@b.example", "password": s}), target="/api/v1/me/auth-tokens"),
    "a new key": lambda s: exchange(answer=_json({"key": s}), target="/api/v1/organizations/x/api-keys"),
    "an account's key": lambda s: exchange(_json({"account": s}), target="/_understudy/faults"),
    "echoed in JSON": lambda s: exchange(
        _json([{"taskType": "authentication", "apiKey": s}]), _json({"errors": [{"message": f"who is {s}?"}]})
    ),
    "echoed name": lambda s: exchange(_json([{"apiKey": s}]), _json({s: 1})),
    "escapes": lambda s: exchange(
        b'{"apiKey":"'
        + "".join(f"\\u{unit:04x}" for unit in _units(s)).encode()
        + b'","prompt":"'
        + s[1:].encode("ascii", "ignore").replace(b"\\", b"").replace(b'"', b"").replace(b"\t", b"")[:3]
        + b'"}'
    ),
    "frame": lambda s: exchange(
        _json([{"taskType": "authentication", "apiKey": s}]), transport="websocket", method="SEND", connection=1
    ),
    "bearer and echo": lambda s: exchange(
        _json({"text": f"x {s} y"}),
        headers={"authorization": "Bearer " + quote(s)},
        target=f"/v1?password={quote_plus(s)}",
    ),
}


def _units(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2)]


def forms(secret: str) -> list[bytes]:
    """How a secret could be written where it must not be."""
    return [
        form.encode()
        for form in {
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            orjson.dumps(secret).decode()[1:-1],
            orjson.dumps(orjson.dumps(secret).decode()).decode()[3:-3],
        }
    ]


#: A place, a secret to put there, and the name of the place.
cases = st.one_of(
    st.tuples(st.sampled_from(sorted(PLAIN_PLACES)), plain_secrets).map(lambda x: (PLAIN_PLACES[x[0]], x[1], x[0])),
    st.tuples(st.sampled_from(sorted(PLACES)), secrets).map(lambda x: (PLACES[x[0]], x[1], x[0])),
)
