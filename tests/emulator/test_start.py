"""A start is quick because the providers come in beside it; nobody has to know."""

import subprocess
import sys

import httpx
import pytest

from understudy.app import build_app
from understudy.config import Settings
from understudy.engine import Engine
from understudy.providers import PROVIDERS
from understudy_contracts.provider import contract

HERE = "http://127.0.0.1"


def test_a_server_is_made_without_loading_a_provider():
    code = "import sys, understudy.server; print([name for name in sys.modules if 'providers.' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("path", ["/", "/v2/avatars", "/_understudy/clock"])
async def test_the_first_request_is_answered_whatever_it_is(cache, path):
    engine = Engine.build(Settings(cache_dir=cache))
    transport = httpx.ASGITransport(build_app(engine))
    headers = {"Authorization": "Bearer somebody"}
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers, verify=False) as http:
        assert (await http.get("/_understudy/health")).json()["status"] == "ok"
        assert not engine.keepers
        assert (await http.get(path)).status_code == 200
        assert engine.keepers


async def test_what_keeps_a_provider_from_coming_in_is_said(cache):
    engine = Engine.build(Settings(cache_dir=cache, switches={"gmi.no-such-switch": "on"}))
    transport = httpx.ASGITransport(build_app(engine), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, verify=False) as http:
        for _ in range(2):
            answer = await http.get("/v2/voices")
            assert answer.status_code == 500
            assert "no-such-switch" in answer.json()["error"]


def test_every_provider_is_reached_at_its_own_hosts():
    for name, face in PROVIDERS.items():
        assert tuple(face.hosts) == contract(name).hosts
