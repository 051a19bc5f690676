"""The other providers' SDKs, each in a process of its own that only its environment sends to the stand-in."""

import json
import os
import subprocess
import sys
import uuid

import pytest

pytestmark = pytest.mark.interop

GMICLOUD = """
import json
from gmicloud import Client
from gmicloud._internal._models import SubmitRequestRequest

videos = Client(email="reader@stand-in.example", password="anything").video_manager
payload = {
    "video_inputs": [{
        "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
        "voice": {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
    }],
    "dimension": {"width": 1280, "height": 720},
}
made = videos.create_request(SubmitRequestRequest(model="heygen-avatar-4", payload=payload))
print(json.dumps(videos.get_request_detail(made.request_id).outcome["media_urls"][0]["url"]))
"""

GENBLAZE = """
import json
from genblaze_core.models import Modality, Step
from genblaze_gmicloud import GMICloudImageProvider

provider = GMICloudImageProvider(poll_interval=0.05)
provider.preflight_auth()
step = Step(provider="gmicloud-image", model="seedream-5.0-lite", modality=Modality.IMAGE, prompt="A lighthouse", params={})
submitted = provider.submit(step)
while not provider.poll(submitted.prediction_id):
    pass
print(json.dumps(provider.fetch_output(submitted.prediction_id, step).assets[0].url))
provider.close()
"""

#: aiohttp reads no environment unless told to; the SDK has a place for a session that was.
RUNWARE = """
import asyncio, json, os
import aiohttp
from runware import Runware
from runware.types.sdk import RuntimeDependencies

task = {
    "taskType": "videoInference", "model": "heygen:avatar@4", "inputs": {"avatar": "man_casual_young_adult"},
    "speech": {"text": "Good evening."},
}

async def main():
    async with aiohttp.ClientSession(trust_env=True) as session:
        dependencies = RuntimeDependencies(session=session)
        async with Runware(api_key=os.environ["RUNWARE_API_KEY"], transport="rest", dependencies=dependencies) as client:
            [video] = await client.run(task)
            print(json.dumps(video["videoURL"]))

asyncio.run(main())
"""


def output(program, proxy, home):
    """What a program prints, run where nothing but the proxy leads anywhere."""
    key = f"proxied-{uuid.uuid4()}"
    variables = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    variables |= {"HOME": str(home), "GMI_API_KEY": key, "RUNWARE_API_KEY": key, **proxy.environment}
    variables["REQUESTS_CA_BUNDLE"] = variables["SSL_CERT_FILE"]
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("program", "where"),
    [
        pytest.param(GMICLOUD, "https://console.gmicloud.ai/", id="gmicloud"),
        pytest.param(GENBLAZE, "https://console.gmicloud.ai/", id="genblaze"),
        pytest.param(RUNWARE, "https://vm.runware.ai/", id="runware-sdk"),
    ],
)
def test_an_sdk_reaches_the_stand_in_by_the_provider_s_own_hosts(proxy, tmp_path, program, where):
    assert output(program, proxy, tmp_path).startswith(where)
