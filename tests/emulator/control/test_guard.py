"""Who may drive the stand-in: programs of this machine and whoever has the token, and never a web page."""

import http.client
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from understudy.config import Settings
from understudy.control.guard import Guard
from understudy.control.operations import Refusal

TOKEN = "a-token-of-sixteen"
OURS = ["127.0.0.1", "localhost", "[::1]", "127.8.9.10", "LOCALHOST"]


def verdict(settings=None, **headers):
    """The status with which a request with these headers is refused, None when it may go on."""
    scope = {
        "type": "http",
        "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    try:
        Guard(settings or Settings()).check(scope)
    except Refusal as refusal:
        return refusal.status
    return None


hosts = st.sampled_from(OURS).flatmap(lambda name: st.sampled_from([name, f"{name}:8899", f"{name}:1"]))
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
strangers = st.lists(labels, min_size=1, max_size=4).map(".".join).filter(
    lambda name: name != "localhost" and not name.startswith("127.") and not name.replace(".", "").isdigit()
) | st.sampled_from(
    ["localhost.", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example", "10.0.0.1", "[fe80::1]", "", "a b",
     "127.0.0.1@evil.example", "evil.example#127.0.0.1", "0x7f000001", "127.0.0.1:80:80", "[::1", "%3127.0.0.1", "2130706433"]
)  # fmt: skip
tokens = st.text("abcdefghijklmnopqrstuvwxyz-", max_size=20)


@given(host=hosts)
def test_a_program_on_this_machine_needs_nothing(host):
    assert verdict(host=host) is None


@given(host=strangers)
def test_a_name_that_is_not_ours_is_refused_so_that_nobody_can_point_one_here(host):
    assert verdict(host=host) == 403


@given(host=strangers, port=st.sampled_from(["", ":8899"]), ours=hosts, scheme=st.sampled_from(["http", "https"]))
def test_a_page_of_another_origin_is_refused_whatever_else_it_sends(host, port, ours, scheme):
    for settings in (Settings(), Settings(control_token=TOKEN)):
        assert verdict(settings, host=ours, origin=f"{scheme}://{host}{port}", x_understudy_token=TOKEN) == 403


@pytest.mark.parametrize("origin", ["null", "", "file://", "chrome-extension://abc", "http://localhost:3000", "https://localhost:8899", "http://127.0.0.1"])  # fmt: skip
def test_a_page_of_this_machine_is_foreign_too_unless_it_came_from_here(origin):
    assert verdict(host="localhost:8899", origin=origin) == 403


def test_a_page_that_came_from_here_may_ask():
    assert verdict(host="localhost:8899", origin="http://localhost:8899") is None
    assert verdict(host="127.0.0.1", origin="http://127.0.0.1:80", sec_fetch_site="same-origin") is None
    public = Settings(public_url="https://stand-in.example/under")
    assert verdict(public, host="stand-in.example", origin="https://stand-in.example") is None
    assert verdict(public, host="stand-in.example", origin="https://stand-in.example:444") == 403


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("Cross-Site", 403), ("", 403), ("none", None), ("same-origin", None)])  # fmt: skip
def test_what_a_browser_says_of_where_a_request_comes_from_is_believed(site, status):
    assert verdict(host="127.0.0.1", sec_fetch_site=site) == status


@pytest.mark.parametrize(("kind", "status"), [
    ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415), ("text/plain", 415), ("", 415),
    ("text/plain; application/json", 415), ("application/json", None), ("application/json; charset=utf-8", None),
    ("APPLICATION/JSON", None), ("application/merge-patch+json", None),
])  # fmt: skip
def test_what_a_form_can_send_is_refused(kind, status):
    assert verdict(host="127.0.0.1", content_type=kind) == status


@given(name=labels, host=hosts | strangers, token=st.none() | st.just(TOKEN) | tokens)
def test_off_loopback_only_the_token_opens_and_it_opens_by_any_name(name, host, token):
    assume(name != "localhost")
    for settings in (
        Settings(host=f"{name}.example", control_token=TOKEN),
        Settings(host="0.0.0.0", control_token=TOKEN),
        Settings(control_token=TOKEN),
    ):
        headers = {} if token is None else {"x_understudy_token": token}
        assert (verdict(settings, host=host, **headers) is None) == (token == TOKEN)


def test_a_server_that_has_no_token_where_it_needs_one_is_closed():
    for host in ("0.0.0.0", "::", "192.168.1.5", "stand-in.example"):
        assert verdict(Settings(host=host), host="127.0.0.1") == 401
        assert verdict(Settings(host=host), host="127.0.0.1", x_understudy_token="") == 401


def test_the_listening_address_and_the_public_name_are_names_of_the_server():
    settings = Settings(public_url="https://stand-in.example:8443/x")
    assert verdict(settings, host="Stand-In.example") is None
    assert verdict(settings, host="stand-in.example.org") == 403
    lan = Settings(host="192.168.1.5", control_token=TOKEN)
    assert verdict(lan, host="192.168.1.5:8899") == 401
    assert verdict(lan, host="192.168.1.6:8899") == 403


def test_two_hosts_or_none_are_nobodys():
    scope = {"type": "http", "scheme": "http", "headers": [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]}
    for headers in (scope["headers"], []):
        with pytest.raises(Refusal):
            Guard(Settings()).check({**scope, "headers": headers})


def test_every_operation_but_health_is_behind_the_guard(server):
    described = httpx.get(f"{server.url}/_understudy/openapi.json", trust_env=False).json()
    places = [(method.upper(), path) for path, at in described["paths"].items() for method in at]
    with httpx.Client(base_url=f"{server.url}/_understudy", trust_env=False, verify=False) as http:
        for method, path in [*places, ("GET", "/nothing"), ("TRACE", "/clock"), ("OPTIONS", "/faults")]:
            for headers in (
                {"Host": "evil.example"},
                {"Origin": "http://evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
            ):
                status = http.request(method, path.replace("{", "").replace("}", ""), headers=headers).status_code
                assert status == (200 if path == "/health" else 403), (method, path, headers)


def test_no_answer_lets_a_page_of_another_origin_read_it(server):
    asked = httpx.options(
        f"{server.url}/_understudy/faults",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"},
        trust_env=False,
    )
    assert asked.status_code == 403
    plain = httpx.get(f"{server.url}/_understudy/health", headers={"Origin": "http://evil.example"}, trust_env=False)
    assert not [name for answer in (asked, plain) for name in answer.headers if name.startswith("access-control-")]


def test_a_request_of_http_1_0_without_a_host_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"GET /_understudy/clock HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.recv(100)


def test_a_server_on_the_network_makes_a_token_and_wants_it(make_server):
    server = make_server(host="0.0.0.0")
    token = server.settings.control_token
    assert len(token) > 20
    address = urlsplit(server.url)
    for headers, status in (({}, 401), ({"X-Understudy-Token": token[:-1]}, 401), ({"x-understudy-token": token}, 200)):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.request("GET", "/_understudy/clock", headers=headers)
        assert connection.getresponse().status == status
        connection.close()
    assert make_server(host="0.0.0.0").settings.control_token != token
    assert httpx.get(f"{server.url}/_understudy/health", trust_env=False).status_code == 200
