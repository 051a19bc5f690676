"""The wall of safety: what may begin a paid job is never sent as if it were free, whatever it was written as."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.checks import Exchange
from understudy_contracts.harness import NotFree, Plan, Probe, Session, probes
from understudy_contracts.harness.permission import argument, fits, not_live, taken_for
from understudy_contracts.harness.probe import CouldNotCheck
from understudy_contracts.operations import operations
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request, causing, typical

PROVIDERS = ("runware", "gmi", "segmind", "heygen")
INCOMING = [one for name in PROVIDERS for one in operations(name).values() if not one.outgoing]
PAID = [one for one in INCOMING if not one.free]
named = {"ids": lambda one: f"{one.provider}.{one.name}"}


def told(source):
    return "5893b754-1341-468b-a130-0c8c07d4e68f"


@pytest.mark.parametrize("operation", PAID, **named)
def test_a_request_that_begins_a_job_is_not_free(operation):
    with pytest.raises(NotFree):
        argument(operation, typical(operation, "key", told))


@pytest.mark.parametrize("operation", PAID, **named)
def test_it_is_not_free_either_where_it_was_written_as_something_else(operation):
    harmless = next(one for one in operations(operation.provider).values() if one.free and not one.outgoing)
    with pytest.raises(NotFree):
        argument(harmless, typical(operation, "key", told))


@pytest.mark.parametrize("operation", INCOMING, **named)
def test_a_refusal_is_free_by_its_own_argument(operation):
    for cause in operation.errors:
        if cause.free:
            assert argument(operation, causing(operation, cause, "key", told), cause).endswith(".")


@given(st.sampled_from(["imageInference", "videoInferences", "", "PING"]))
def test_a_task_that_the_contract_does_not_know_may_be_one_that_is_paid_for(kind):
    ping = operations("runware")["ping"]
    body = b'[{"taskType": "%s"}]' % kind.encode()
    with pytest.raises(NotFree, match="does not know"):
        argument(ping, Request("POST", "/v1", {}, body))


def test_a_task_among_harmless_ones_is_paid_for_as_if_it_were_alone():
    ping = operations("runware")["ping"]
    body = b'[{"taskType": "ping"}, {"taskType": "videoInference"}]'
    with pytest.raises(NotFree, match="videoInference"):
        argument(ping, Request("POST", "/v1", {}, body))


@pytest.mark.parametrize("path", ["/v2/requests/../heygen-avatar-iv", "/v2/requests/%2e%2e/x", "/v2/requests/./x"])
def test_a_path_that_leads_elsewhere_than_it_says_is_never_free(path):
    with pytest.raises(NotFree, match="elsewhere"):
        argument(operations("segmind")["getResult"], Request("GET", path, {}, None))


def test_an_address_of_a_stand_in_and_one_of_the_provider_are_the_same_operation():
    for path in ("/requests/1/status", "/v2/requests/1/status", "http://127.0.0.1:1/segmind/v2/requests/1/status"):
        assert fits(operations("segmind")["getStatus"], path) == ("/v2/" in path)


def test_a_method_that_nothing_has_counts_as_all_that_is_there():
    found = taken_for("gmi", Request("PUT", "/api/v1/ie/requestqueue/apikey/requests", {}, None))
    assert {one.name for one in found} == {"submitRequest", "listRequests"}


class Deaf:
    """A target that must not be asked."""

    name, live, switches = "nobody", True, {}

    def ask(self, operation, request):
        raise AssertionError(f"{request.method} {request.target} was sent")

    say = ask


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_that_leaves_something_behind_or_wants_a_password_is_sent_to_the_provider(provider):
    session = Session(provider, Deaf(), "key")
    for one in operations(provider).values():
        if not one.outgoing and not_live(one):
            with pytest.raises(CouldNotCheck):
                session.send(one, Request(one.method, str(one.path), {}, None))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_free_probe_that_would_pay_is_stopped_before_it_sends(provider):
    session = Session(provider, Deaf(), "key")
    for one in PAID:
        if one.provider == provider and not not_live(one):
            probe = Probe("free", provider, one.name, (), "free", "", lambda session: ())
            with session.performing(probe), pytest.raises(NotFree):
                session.send(one, typical(one, "key", told))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_live_plan_has_a_bound_for_all_that_is_in_it(provider):
    plan = Plan.of(probes(provider), means=frozenset({"inspector", "socket"}), live=True)
    assert all(probe.bound is not None and not probe.not_live for probe in plan.probes)
    assert all(result.reason for result in plan.left_out)
    for probe in plan.probes:
        if probe.tier == "free":
            assert probe.bound == 0
            assert probe.why.endswith(".")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_probe_has_a_name_of_its_own_and_checks_that_there_are(provider):
    from understudy_contracts.checks import CHECKS

    listed = list(probes(provider))
    assert max(Counter(one.name for one in listed).values()) == 1
    assert {name for one in listed for name in one.checks} <= CHECKS.keys()
    assert {one.operation for one in listed} <= contract(provider).operations.keys()


def test_examples_that_are_none_and_models_that_there_are_not_are_errors():
    with pytest.raises(ValueError, match="none"):
        probes("gmi", examples=0)
    with pytest.raises(ValueError, match="no model 'nobody'"):
        probes("gmi", models=["nobody"])


def test_only_the_beginning_of_a_large_file_stays_on_record():
    content = bytes(300_000)

    class Generous(Deaf):
        live = False

        def ask(self, operation, request):
            return Exchange(None, 200, None, 0.0, path="/file", content=content, provider="gmi", operation="getMedia")

    session = Session("gmi", Generous(), "key")
    place = "/gmi-video-assests-prod/user-assets/a/gmi-videogen/generated/b.mp4"
    kept = session.send(operations("gmi")["getMedia"], Request("GET", place, {}, None))
    assert len(kept.content) < 100_000
    assert session.file == content
    assert session.files["/file"][0] == len(content)
    assert session.budget.at_most == Decimal(0)
