import httpx
import pytest


def test_health_needs_no_key(server):
    answer = httpx.get(f"{server.url}/_understudy/health", trust_env=False)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["ledger", "webhooks"])
def test_an_account_is_shown_to_its_key_only(server, path):
    for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer "[:-1]}):
        answer = httpx.get(f"{server.url}/_understudy/{path}", headers=headers, trust_env=False)
        assert (answer.status_code, "Authorization: Bearer" in answer.json()["error"]) == (401, True)


def test_a_new_account_has_its_opening_balance_and_nothing_else(server, key):
    headers = {"Authorization": f"Bearer {key}"}
    ledger = httpx.get(f"{server.url}/_understudy/ledger", headers=headers, trust_env=False).json()
    assert ledger["balance"] == ledger["available"] == 100_000
    assert [entry["kind"] for entry in ledger["entries"]] == ["opening"]
    webhooks = httpx.get(f"{server.url}/_understudy/webhooks", headers=headers, trust_env=False).json()
    assert webhooks == {"deliveries": []}
