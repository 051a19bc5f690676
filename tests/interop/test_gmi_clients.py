"""GMI's own SDK and genblaze's connector, as they come from the package index, against a real server."""

import time
import uuid

import gmicloud._internal._client._iam_client as gmi_iam
import gmicloud._internal._client._video_client as gmi_video
import httpx
import pytest
from genblaze_core import Pipeline
from genblaze_core.exceptions import ProviderError
from genblaze_core.models import Modality, Step
from genblaze_gmicloud import GMICloudImageProvider, GMICloudVideoProvider
from gmicloud import Client
from gmicloud._internal._models import SubmitRequestRequest

from understudy.config import Speed
from understudy.media.inspect import inspect

pytestmark = pytest.mark.interop

PREFIX = "/api/v1/ie/requestqueue/apikey"
PAYLOAD = {
    "video_inputs": [
        {
            "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
            "voice": {
                "type": "text",
                "input_text": "Good evening, night owls.",
                "voice_id": "1bd001e7e50f421d891986aad5158bc8",
            },
        }
    ],
    "dimension": {"width": 1280, "height": 720},
}


@pytest.fixture
def quick(make_server):
    """A server whose answers name an https address, as the provider's do: genblaze takes no other."""
    return make_server(speed=Speed(1.0, 1 / 300), public_url="https://media.stand-in.example")


@pytest.fixture
def genblaze(quick, key, monkeypatch):
    monkeypatch.setenv("GMI_API_KEY", key)
    monkeypatch.setenv("GMI_BASE_URL", quick.url + PREFIX)
    provider = GMICloudVideoProvider(poll_interval=0.05)
    yield provider
    provider.close()


def step(model="heygen-avatar-4", **params):
    return Step(provider="gmicloud", model=model, modality=Modality.VIDEO, params=params or PAYLOAD)


def run(provider, step):
    """What `invoke` does, by the same methods, without its first wait of 24 seconds."""
    submitted = provider.submit(step)
    while not provider.poll(submitted.prediction_id):
        time.sleep(0.02)
    return provider.fetch_output(submitted.prediction_id, step)


@pytest.mark.slow  # it waits 24 seconds before its first look, whatever the server does
def test_genblaze_runs_a_pipeline_through_its_own_base_url_variable(genblaze, quick, tmp_path):
    genblaze.preflight_auth()
    pipeline = Pipeline("stand-in").step(genblaze, model="heygen-avatar-4", modality=Modality.VIDEO, **PAYLOAD)
    [asset] = pipeline.run(raise_on_failure=True).run.steps[0].assets
    assert asset.url.startswith("https://media.stand-in.example/gmi-video-assests-prod/")
    path = tmp_path / "video.mp4"
    path.write_bytes(httpx.get(asset.url.replace("https://media.stand-in.example", quick.url), trust_env=False).content)
    info = inspect(path)
    assert (info.width, info.height, info.video_codec) == (1280, 720, "h264")


def test_genblaze_may_add_a_prompt_of_its_own(genblaze):
    asked = Step(provider="gmicloud", model="heygen-avatar-4", modality=Modality.VIDEO, prompt="Hello", params=PAYLOAD)
    assert run(genblaze, asked).assets


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"video_inputs": []}, "invalid payload parameters"),
        ({**PAYLOAD, "title": "[[error:insufficientCredits]]"}, "Insufficient credits"),
        ({**PAYLOAD, "title": "[[error:downloadFailed]]"}, "Failed to download media"),
        ({**PAYLOAD, "dimension": {"width": 3840, "height": 2160}}, "you do not have access"),
    ],
)
def test_genblaze_shows_what_was_refused_and_why(genblaze, params, words):
    with pytest.raises(ProviderError, match=words):
        run(genblaze, step(**params))


def test_genblaze_knows_a_bad_key_before_it_submits(make_server, monkeypatch):
    guarded = make_server(api_keys=frozenset({"good"}))
    provider = GMICloudVideoProvider(api_key="bad", base_url=guarded.url + PREFIX)
    with pytest.raises(ProviderError, match="rejected GMI_API_KEY"):
        provider.preflight_auth()
    provider.close()


def test_genblaze_gets_a_picture_from_a_model_that_delivers_at_once(quick, key):
    provider = GMICloudImageProvider(api_key=key, base_url=quick.url + PREFIX, poll_interval=0.05)
    asked = Step(provider="gmicloud-image", model="seedream-5.0-lite", modality=Modality.IMAGE, prompt="A lighthouse")
    finished = run(provider, asked)
    assert finished.assets[0].url.startswith("https://")
    provider.close()


@pytest.fixture
def sdk(server, tmp_path, monkeypatch):
    """The official SDK, its base a constant in its modules, its tokens kept in a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for module in (gmi_iam, gmi_video):
        monkeypatch.setattr(module, "IAM_SERVICE_BASE_URL", f"{server.url}/api/v1")
    return Client(email=f"{uuid.uuid4()}@stand-in.example", password="anything")


def test_the_official_sdk_signs_in_lists_models_submits_polls_and_lists(sdk):
    videos = sdk.video_manager
    names = [model.model for model in videos.get_models()]
    assert "heygen-avatar-4" in names
    told = videos.get_model_detail("heygen-avatar-4")
    assert (told.price_info.price, told.price_info.unit) == (50_000, "second")

    created = videos.create_request(SubmitRequestRequest(model="heygen-avatar-4", payload=PAYLOAD))
    assert created.status.value == "queued"
    for _ in range(400):
        record = videos.get_request_detail(created.request_id)
        if record.status.value == "success":
            break
    assert record.outcome["media_urls"][0]["url"].endswith(".mp4")
    assert record.payload == PAYLOAD
    [listed] = videos.get_requests("heygen-avatar-4")
    assert listed.request_id == created.request_id


def test_the_official_sdk_meets_a_404_as_it_knows_it(sdk):
    answer = sdk.video_manager.get_request_detail(str(uuid.uuid4()))
    assert answer == {"code": " 404", "error": "Request not found"}


def test_the_official_sdk_signs_in_anew_from_the_token_it_kept(sdk, server):
    again = Client(email=sdk.iam_client._email, password="anything")
    assert again.iam_client.get_organization_id() == sdk.iam_client.get_organization_id()
    assert again.video_manager.get_models()


def test_the_official_sdk_makes_and_lists_api_keys(sdk, server):
    from gmicloud._internal._models import CreateAPIKeyRequest

    made = sdk.iam_client.create_org_api_key(CreateAPIKeyRequest(name="ci", scope="ie_model"))
    assert [entry.name for entry in sdk.iam_client.get_org_api_keys().keys] == ["ci"]
    answer = httpx.get(f"{server.url}{PREFIX}/requests", headers={"Authorization": f"Bearer {made}"}, trust_env=False)
    assert answer.status_code == 200
