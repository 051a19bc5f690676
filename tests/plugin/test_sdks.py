"""Official SDKs, unmodified and told nothing, in a test that has `understudy_env`."""

import pytest
from genblaze_core.models import Modality, Step
from genblaze_gmicloud import GMICloudImageProvider
from gmicloud import Client
from gmicloud._internal._models import SubmitRequestRequest
from runware import Runware
from segmind import SegmindClient

from stage import video_task

pytestmark = pytest.mark.interop


def heard(understudy):
    return {(one["provider"], one["operation"]) for one in understudy.journal}


async def test_runware_s_sdk_on_its_socket(understudy_env):
    client = Runware()
    await client.connect()
    try:
        [video] = await client.run(video_task(includeCost=True))
    finally:
        await client.disconnect()
    assert video["cost"] == -sum(entry["amount"] for entry in understudy_env.ledger[1:])
    assert ("runware", "submit") in heard(understudy_env)


def test_segmind_s_sdk(understudy_env):
    client = SegmindClient()
    done = client.run("heygen-avatar-iv", image_url="https://faces.example/ada.png", video_title="Hi", script="Hello.")
    client._client.close()
    assert done["status"] == "COMPLETED"
    assert ("segmind", "submit") in heard(understudy_env)


def test_genblaze_s_connector(understudy_env):
    provider = GMICloudImageProvider(poll_interval=0.05)
    provider.preflight_auth()
    step = Step(provider="gmicloud-image", model="seedream-5.0-lite", modality=Modality.IMAGE, prompt="A lighthouse")
    submitted = provider.submit(step)
    while not provider.poll(submitted.prediction_id):
        pass
    provider.close()
    assert ("gmi", "submit") in heard(understudy_env)


def test_gmi_s_sdk_signs_in_to_the_same_account(understudy_env, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    videos = Client().video_manager
    character = {"type": "avatar", "avatar_id": "josh_lite3_20230714"}
    voice = {"type": "text", "input_text": "Hi", "voice_id": "1bd001e7e50f421d891986aad5158bc8"}
    payload = {"video_inputs": [{"character": character, "voice": voice}]}
    made = videos.create_request(SubmitRequestRequest(model="heygen-avatar-4", payload=payload))
    assert videos.get_request_detail(made.request_id).outcome["media_urls"]
    assert ("gmi", "submit") in heard(understudy_env)
