"""Where Segmind's services are: on hosts of their own at the provider, all on one anywhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from understudy_contracts.provider import contract

from .jobs import Job
from .url import parse

#: Segmind's own hosts (its documentation and official SDK, segmind 1.3.0).
PRODUCTION = "https://api.segmind.com"
_PLATFORM = "https://api.spotprod.segmind.com"
_STORAGE = "https://workflows-api.segmind.com"

_VERSION = re.compile(r"/v[12]$")


@dataclass(frozen=True, slots=True)
class Places:
    """The services as one client reaches them."""

    #: Models, requests and credits.
    api: str
    #: The history of requests and the list of models.
    platform: str
    #: Uploads.
    storage: str

    @classmethod
    def at(cls, base_url: str) -> Places:
        """Find them by a base URL, with `/v1` as the official SDK writes it or without."""
        root = _VERSION.sub("", base_url.rstrip("/"))
        if _is_production(root):
            return cls(root, _PLATFORM, _STORAGE)
        return cls(root, root, root)

    def of_job(self, job: Job, link: str, path: str) -> str:
        """Where to ask about a job: where the provider said, if the key may go there, or else at a path."""
        told = job.links.get(link, "")
        return told if told and self.trusts(told) else self.api + path

    def trusts(self, url: str) -> bool:
        """Whether a URL from an answer may be sent the key: one of the very origin, or of Segmind's own hosts
        for who talks to Segmind."""
        try:
            there, here = parse(url), parse(self.api)
        except httpx.InvalidURL:
            return False
        if there.userinfo != here.userinfo:
            return False
        if (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port):
            return True
        own = there.scheme == "https" and there.port is None and there.host in contract("segmind").hosts
        return own and _is_production(self.api)


def _is_production(root: str) -> bool:
    return parse(root).host == parse(PRODUCTION).host
