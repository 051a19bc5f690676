"""The fixture `understudy_env`: clients find the stand-in by themselves, and no real key is left to leak."""

import os
import string
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage import video_task
from understudy.pytest_plugin.environment import BASE_URLS, KEYS, changes
from understudy_client import GmiClient, RunwareClient, SegmindClient

DUMMY = SimpleNamespace(api_key="understudy-0123", base_url=lambda provider: f"http://127.0.0.1:9/{provider}")
THROUGH = {"HTTPS_PROXY": "http://127.0.0.1:8", "SSL_CERT_FILE": "ca.pem"}

keys = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40)
names = st.sampled_from(
    [
        *(name for name in KEYS if name != "GMI_CLOUD_EMAIL"),
        "MY_RUNWARE_KEY",
        "SEGMIND_TOKEN",
        "runware_api_key",
        "GMI_CLOUD_APIKEY",
        "HEYGEN_SECRET",
        "APP_GMI_PASSWORD",
    ]
)
copies = st.sampled_from(["AUTHORIZATION", "DATABASE_URL", "NOTES"])
around = st.sampled_from(["{}", "Bearer {}", "https://user:{}@api.segmind.com/v1", "a {} and again {}"])


def after(environment, through=THROUGH):
    changed = {**environment, **changes(environment, DUMMY, through)}
    return {name: value for name, value in changed.items() if value is not None}


@given(st.dictionaries(names, keys), st.dictionaries(copies, around), st.booleans())
def test_no_real_key_is_left_in_any_variable(real, elsewhere, proxied):
    environment = dict(real)
    for name, form in elsewhere.items():
        for key in real.values():
            environment[name] = environment.get(name, "") + form.replace("{}", key)
    left = after(environment, THROUGH if proxied else {})
    for key in real.values():
        assert not [name for name, value in left.items() if key in value]
    assert all(left[name] == DUMMY.api_key for name in real)


@given(st.dictionaries(st.sampled_from(["HOME", "LANG", "MONKEY_BARS", "AWS_SECRET_ACCESS_KEY", "LOGMIN_TOKEN"]), keys))
def test_what_is_no_provider_s_stays_as_it_is(environment):
    assert environment.items() <= after(environment).items()


@pytest.mark.parametrize("through", [THROUGH, {}])
def test_no_other_proxy_is_left_whatever_it_is_for(through):
    variables = ("HTTP_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "wss_proxy")
    environment = {
        **dict.fromkeys(variables, "http://corporate.example:3128"),
        "NO_PROXY": "*",
        "no_proxy": "api.runware.ai",
    }
    left = after(environment, through)
    assert not [name for name, value in left.items() if "corporate" in value]
    # What must go through the proxy must not be among what need not.
    assert left["NO_PROXY"] == left["no_proxy"] == "127.0.0.1,localhost,::1"
    assert (left.get("HTTPS_PROXY"), left.get("https_proxy")) == (
        through.get("HTTPS_PROXY"),
        through.get("HTTPS_PROXY"),
    )


def test_a_real_organisation_is_not_named(monkeypatch):
    assert "GMI_ORG_ID" not in after({"GMI_ORG_ID": "1b671a64-40d5-491e-99b0-da01ff1f3341"})


def test_every_key_and_base_url_is_there_even_where_nothing_was_set(understudy_env):
    assert {os.environ[name] for name in KEYS} == {understudy_env.api_key}
    assert {os.environ[name] for name in BASE_URLS} == {
        understudy_env.base_url(provider) for provider in BASE_URLS.values()
    }


def test_the_bundled_clients_need_no_argument(understudy_env):
    with RunwareClient() as runware, GmiClient() as gmi, SegmindClient() as segmind:
        assert runware.generate(model="heygen:avatar@4", inputs={"avatar": "a"}, speech={"text": "Hi"})
        character = {"type": "avatar", "avatar_id": "josh_lite3_20230714"}
        voice = {"type": "text", "input_text": "Hi", "voice_id": "1bd001e7e50f421d891986aad5158bc8"}
        assert gmi.generate(
            model="heygen-avatar-4", payload={"video_inputs": [{"character": character, "voice": voice}]}
        )
        face = {"image_url": "https://faces.example/ada.png", "video_title": "Hello"}
        assert segmind.generate("heygen-avatar-iv", **face, script="Hi")
    assert {one["provider"] for one in understudy_env.journal} == {"runware", "gmi", "segmind"}


def test_a_provider_s_own_host_leads_to_the_stand_in(understudy_env):
    answer = httpx.post(
        "https://api.runware.ai/v1",
        json=[video_task(deliveryMethod="async")],
        headers={"Authorization": f"Bearer {os.environ['RUNWARE_API_KEY']}"},
    )
    assert answer.status_code == 200
    [exchange] = understudy_env.journal
    assert (exchange["provider"], exchange["operation"]) == ("runware", "submit")


def test_no_other_https_host_can_be_reached(understudy_env):
    with pytest.raises(httpx.ProxyError, match="403"):
        httpx.get("https://elsewhere.example/")


@pytest.mark.understudy(proxy=False)
def test_other_hosts_are_left_alone_where_there_is_to_be_no_proxy(understudy_env):
    assert "HTTPS_PROXY" not in os.environ
    assert os.environ["GMI_API_KEY"] == understudy_env.api_key
