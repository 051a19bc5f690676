"""Which fields, headers and parameters hold what nobody else should see, told by what they are called or look like."""

import re
from functools import lru_cache

_LETTERS = re.compile(r"[^a-z0-9]+")

_ENDS = (
    "apikey", "accesskey", "secretkey", "privatekey", "signingkey", "accesskeyid", "token", "secret",
    "password", "passwd", "passphrase", "pwd", "authorization", "credential", "credentials", "signature", "cookie",
    "cookies", "partialkey", "accessid", "secretaccesskey", "sessionid",
)  # fmt: skip

#: Parameters of signed addresses, beside those whose name says it.
_SIGNING = frozenset({"sig", "sign", "policy", "keypairid", "hmac", "auth", "jwt", "sas", "key", "code"})

#: What is called a key and opens nothing.
_HARMLESS = frozenset({"idempotencykey", "secwebsocketkey", "xidempotencykey", "maxtokens", "nextpagetoken"})

_IN_HEADERS = re.compile(
    "auth|token|secret|passw|pwd|apikey|credential|signature|cookie|session|key$|secwebsocketprotocol"
)

#: Where plain words such as `key` are meant: signing in, making API keys, and driving the emulator.
_IDENTITY = re.compile(r"/(?:me|_understudy)/|/api-keys")

#: How a header of credentials begins, and the credentials.
SCHEME = re.compile(
    r"(\s*(?:bearer|basic|digest|token|apikey|api-key|key|negotiate)\s+)(.*)", re.IGNORECASE | re.DOTALL
)

#: Credentials in the middle of a text: their scheme, and they themselves.
CREDENTIALS = re.compile(r"\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)
JWT = re.compile(r"(?<![\w-])eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?")

#: A name and what is said to be its value in the middle of a text, such as `api_key=abc`.
NAMED = re.compile(
    r"((?:api[-_ ]?key|access[-_]?key|secret|token|passw(?:or)?d|signature|credential|authorization)"
    r"""(?:["'\s]*[=>]["'\s]*|["']\s*:\s*["']?)|(?:x-api-key|authorization|api[-_ ]?key)["']?\s*:\s*["']?)"""
    r"""((?:(?:bearer|basic)\s+)?[^\s"'&,;<>{}\[\]]+)""",
    re.IGNORECASE,
)

_OF_IDENTITY = frozenset({"key", "code", "otp", "pin", "account"})


def bare(name: str) -> str:
    """A name without its case and its hyphens."""
    return _LETTERS.sub("", name.lower())


@lru_cache(2_000)
def is_secret(name: str, identity: bool = False) -> bool:
    """Whether what a field of this name holds is a secret; at `identity`, plain words count, too."""
    plain = bare(name)
    if plain in _HARMLESS:
        return False
    return plain.endswith(_ENDS) or (identity and plain in _OF_IDENTITY)


@lru_cache(2_000)
def holds_secrets(name: str) -> bool:
    """Whether the texts in a list of this name are secrets, while objects in it speak for themselves."""
    return bare(name) in ("apikeys", "keys", "tokens", "secrets")


@lru_cache(2_000)
def is_secret_header(name: str) -> bool:
    """Whether a header of this name holds a secret."""
    plain = bare(name)
    return plain not in _HARMLESS and _IN_HEADERS.search(plain) is not None


@lru_cache(2_000)
def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of this name in an address holds a secret."""
    return bare(name) in _SIGNING or is_secret(name)


def is_identity(target: str) -> bool:
    """Whether an address is one where people and keys are told apart."""
    return _IDENTITY.search(target) is not None
