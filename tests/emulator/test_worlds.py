"""Accounts are worlds of their own: their files, their copies, how they began, and what was said to them."""

import json

import httpx
import pytest

from stage import video_task
from understudy.clock import ManualClock
from understudy.scenario import Opening

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Caller:
    def __init__(self, server, key):
        self.http = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False, timeout=60
        )

    def post(self, *tasks):
        return self.http.post("/v1", json=list(tasks)).json()

    def control(self, method, path, **more):
        answer = self.http.request(method, f"/_understudy/{path}", **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def server(make_server):
    return make_server(ManualClock())


@pytest.fixture
def pair(server, key):
    callers = Caller(server, key), Caller(server, f"{key}-copy")
    yield callers
    for caller in callers:
        caller.http.close()


def finished(caller):
    task = video_task()
    caller.post(task)
    caller.control("POST", "clock/advance", json={"seconds": 100})
    return caller.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})["data"][0]["videoURL"]


@pytest.mark.parametrize("undone", [("POST", "reset/jobs"), ("POST", "reset/all"), ("DELETE", None)])
def test_what_happens_to_a_copy_of_an_account_does_not_happen_to_it(pair, undone):
    one, copy = pair
    image = one.post({"taskType": "imageUpload", "taskUUID": video_task()["taskUUID"], "image": PIXEL})["data"][0]
    video = finished(one)
    copy.control("PUT", "snapshot", json=one.control("GET", "snapshot"))
    copy.control("POST", "faults", json={"operation": "download", "status": 403})
    assert one.http.get(video).status_code == 200
    method, path = undone
    copy.control(method, path or f"accounts/{copy.control('GET', 'account')['id']}")
    assert one.http.get(video).status_code == 200
    assert one.http.get(image["imageURL"]).status_code == 200


def test_a_copy_keeps_its_files_when_the_account_it_was_made_from_is_gone(pair):
    one, copy = pair
    video = finished(one)
    copy.control("PUT", "snapshot", json=one.control("GET", "snapshot"))
    one.control("POST", "reset/all")
    assert one.http.get(video).status_code == 200
    copy.control("POST", "reset/all")
    assert one.http.get(video).status_code == 404


@pytest.mark.parametrize("all_gone", [True, False])
def test_what_an_account_handed_in_goes_with_it(pair, all_gone):
    one, _ = pair
    image = one.post({"taskType": "imageUpload", "taskUUID": video_task()["taskUUID"], "image": PIXEL})["data"][0]
    if all_gone:
        one.control("DELETE", f"accounts/{one.control('GET', 'account')['id']}")
    else:
        one.control("POST", "reset/all")
    assert one.http.get(image["imageURL"]).status_code == 404


def test_an_account_is_set_back_to_how_it_was_opened(server, key):
    rule = {"operation": "submit", "delay": 1}
    Opening(key, 0.5, {"concurrency": 1}, (rule,)).open(server.engine)
    caller = Caller(server, key)
    for part in ("money", "all"):
        caller.control("PATCH", "limits", json={"concurrency": None})
        caller.control("POST", "ledger/credit", json={"amount": 7})
        caller.control("POST", f"reset/{part}")
        assert caller.control("GET", "ledger")["balance"] == 0.5
        assert caller.control("GET", "limits")["concurrency"] == 1
        assert [one["rule"] for one in caller.control("GET", "faults")["faults"]] == [rule]
    caller.http.close()


def test_whoever_has_all_of_an_answer_finds_it_in_the_journal(pair):
    one, _ = pair
    video = finished(one)
    for turn in range(1, 40):
        one.http.get(video)
        assert len(one.control("GET", "journal?operation=download")["exchanges"]) == turn


def missing(caller=None, server=None):
    """How many exchanges a journal that is written down says that it lacks: an account's, or the whole server's."""
    path = "/_understudy/journal/export"
    answer = httpx.get(f"{server.url}{path}", trust_env=False) if caller is None else caller.http.get(path)
    return json.loads(answer.text.splitlines()[0])["lost"]


def test_what_went_with_an_account_is_missed_in_its_record_and_in_everybodys_but_not_in_anothers(server, pair):
    one, other = pair
    for caller in pair:
        finished(caller)
    before = missing(one), missing(other)
    one.control("DELETE", f"accounts/{one.control('GET', 'account')['id']}")
    assert before == (0, 0)
    assert missing(other) == 0
    assert missing(one) == missing(server=server) > 0


def test_an_account_that_is_set_back_whole_begins_its_record_anew_and_nothing_is_missed_in_it(server, pair):
    one, other = pair
    for caller in pair:
        finished(caller)
    one.control("POST", "reset/all")
    finished(one)
    assert (missing(one), missing(other), missing(server=server)) == (0, 0, 0)
