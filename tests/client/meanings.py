"""Which error stands for which kind of the catalogues."""

from __future__ import annotations

import understudy_client as client

EXPECTED = {
    "validation": client.ValidationError,
    "auth": client.AuthError,
    "quota": client.InsufficientCredits,
    "rate_limit": client.RateLimited,
    "safety": client.ContentRefused,
    "timeout": client.ProviderTimeout,
    "not_found": client.NotFound,
    "server": client.ServerError,
    "provider": client.ProviderFailed,
    "unknown": client.ProviderError,
}
