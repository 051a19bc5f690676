"""What a client of the provider would ask."""

import os
import uuid

import httpx


def submit(account, url=None, trust_env=False, **fields):
    task = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:avatar@4",
        "inputs": {"avatar": "man_casual_young_adult"},
        "speech": {"text": "Good evening."},
        "deliveryMethod": "async",
        **fields,
    }
    key = os.environ["RUNWARE_API_KEY"] if trust_env else account.api_key
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(url or account.base_url("runware"), json=[task], headers=headers, trust_env=trust_env)
