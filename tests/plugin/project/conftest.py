"""Tells at the end of each process what is left of what ran in it."""

import json
import os
import socket
import threading

import pytest

opened: dict[str, str] = {}


def pytest_runtest_teardown(item: pytest.Item) -> None:
    account = item.funcargs.get("understudy")
    if account is not None:
        opened[item.name] = account.url


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    answering = []
    for url in {*opened.values()}:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0:
                answering.append(url)
    threads = [thread.name for thread in threading.enumerate() if "understudy" in thread.name]
    told = {"opened": opened, "answering": answering, "threads": threads}
    name = os.environ.get("PYTEST_XDIST_WORKER", "controller")
    (session.config.rootpath / f"{name}.json").write_text(json.dumps(told))
