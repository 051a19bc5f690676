"""What a client of the provider would ask, by no more than Python has."""

import json
import os
import urllib.request
import uuid
from urllib.error import HTTPError


def submit(account, url=None, by_the_environment=False, **fields):
    """Hand in a task, and return the status of the answer; by the environment means its key and its proxies, too."""
    task = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:avatar@4",
        "inputs": {"avatar": "man_casual_young_adult"},
        "speech": {"text": "Good evening."},
        "deliveryMethod": "async",
        **fields,
    }
    key = os.environ["RUNWARE_API_KEY"] if by_the_environment else account.api_key
    return post(url or account.base_url("runware"), task, by_the_environment, Authorization=f"Bearer {key}")


def post(url, task, by_the_environment=False, **headers):
    body = json.dumps([task]).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    proxies = [] if by_the_environment else [urllib.request.ProxyHandler({})]
    try:
        with urllib.request.build_opener(*proxies).open(request, timeout=30) as answer:
            return answer.status
    except HTTPError as refusal:
        with refusal:
            return refusal.code
