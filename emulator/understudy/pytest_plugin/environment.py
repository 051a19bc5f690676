"""The environment of a test that cannot reach a provider: what leads to the stand-in, and dummies for real keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .account import Understudy

#: Whose variables are looked for; by the beginning of a word in a variable's name.
_PROVIDERS = ("RUNWARE", "GMI", "SEGMIND", "HEYGEN")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")

#: What the official SDKs, genblaze and the bundled client read, and the official SDK of GMI to sign in with.
KEYS = ("RUNWARE_API_KEY", "GMI_API_KEY", "SEGMIND_API_KEY", "HEYGEN_API_KEY", "GMI_CLOUD_EMAIL", "GMI_CLOUD_PASSWORD")
BASE_URLS = {"RUNWARE_BASE_URL": "runware", "GMI_BASE_URL": "gmi", "SEGMIND_BASE_URL": "segmind"}

#: A real account's id: the stand-in has no such organisation.
_FOREIGN = ("GMI_ORG_ID",)

#: Programs that do not read SSL_CERT_FILE have a variable of their own for the same.
_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_AT_HOME = "127.0.0.1,localhost,::1"

#: Anything shorter is no key, and would be found by accident in other values.
_SHORTEST = 8


def changes(
    environment: Mapping[str, str], understudy: Understudy, through: Mapping[str, str]
) -> dict[str, str | None]:
    """What to set in an environment, and with None what to remove.

    `through` are the variables of the proxy, if there is one: then whatever the environment says of proxies is gone.
    """
    changed: dict[str, str | None] = {}
    dummy = understudy.api_key
    secret = {name: value for name, value in environment.items() if _is_secret(name)}
    real = sorted({value for value in secret.values() if len(value) >= _SHORTEST}, key=len, reverse=True)
    for name, value in environment.items():
        # A key may be in other variables too, perhaps within a URL or a header.
        clean = value
        for key in real:
            clean = clean.replace(key, dummy)
        if clean != value:
            changed[name] = clean
    changed |= dict.fromkeys([*secret, *KEYS], dummy)
    changed |= {name: understudy.base_url(provider) for name, provider in BASE_URLS.items()}
    changed |= dict.fromkeys([name for name in environment if name.lower().endswith("_proxy")])
    changed |= dict.fromkeys([name for name in _FOREIGN if name in environment])
    changed |= {"NO_PROXY": _AT_HOME, "no_proxy": _AT_HOME}
    if through:
        changed |= {"HTTPS_PROXY": through["HTTPS_PROXY"], "https_proxy": through["HTTPS_PROXY"]}
        changed |= dict.fromkeys(_TRUST, through["SSL_CERT_FILE"])
    return changed


def _is_secret(name: str) -> bool:
    words = name.upper().split("_")
    return any(word.startswith(_PROVIDERS) for word in words) and _SECRET.search(name.upper()) is not None
