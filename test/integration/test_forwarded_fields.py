"""What does the proxy tell the worker about the client?"""
import pytest

from harness import conf, tls
from harness.wire import make_request

pytestmark = pytest.mark.core


def asked(rig, fields=(), **more):
    assert rig.ask(fields=fields, **more).status == 200
    return rig.backend.requests[0]


def test_address_protocol_and_host_are_added(rig):
    request = asked(rig, host="comfy.test:8188")
    assert request.all("x-real-ip") == ["127.0.0.1"]
    assert request.all("x-forwarded-for") == ["127.0.0.1"]
    assert request.all("x-forwarded-proto") == ["http"]
    assert request.all("x-forwarded-host") == ["comfy.test:8188"]


def test_the_clients_own_address_is_told(rig):
    request = asked(rig, source="127.0.3.4")
    assert request.get("x-real-ip") == "127.0.3.4" and request.get("x-forwarded-for") == "127.0.3.4"


@pytest.mark.parametrize("sent, wanted", [
    ([("X-Forwarded-For", "1.2.3.4")], ["1.2.3.4", "127.0.0.1"]),
    ([("X-Forwarded-For", "1.2.3.4, 5.6.7.8")], ["1.2.3.4", "5.6.7.8", "127.0.0.1"]),
    ([("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8")], ["1.2.3.4", "5.6.7.8", "127.0.0.1"]),
    ([("x-forwarded-FOR", "unknown")], ["unknown", "127.0.0.1"]),
], ids=["one", "list", "two-lines", "any-case"])
def test_the_address_is_appended_to_what_was_there(rig, sent, wanted):
    request = asked(rig, sent)
    assert [part.strip() for value in request.all("x-forwarded-for") for part in value.split(",")] == wanted


def test_an_empty_list_of_addresses_becomes_one_address(rig):
    request = asked(rig, [("X-Forwarded-For", "")])
    assert [p.strip() for p in ",".join(request.all("x-forwarded-for")).split(",") if p.strip()] == ["127.0.0.1"]


@pytest.mark.parametrize("name, lie, truth", [
    ("X-Real-IP", "6.6.6.6", "127.0.0.1"), ("x-real-ip", "6.6.6.6", "127.0.0.1"), ("X-Forwarded-Proto", "https", "http")])
def test_a_client_cannot_lie_about_itself(rig, name, lie, truth):
    assert asked(rig, [(name, lie)]).all(name) == [truth]


def test_a_clients_forwarded_host_is_not_doubled(rig):
    assert len(asked(rig, [("X-Forwarded-Host", "evil.test")]).all("x-forwarded-host")) == 1


@pytest.mark.parametrize("host, origin", [
    ("127.0.0.1:8188", "http://127.0.0.1:8188"), ("comfy.test", "https://comfy.test"), ("comfy.test", "null")])
def test_host_and_origin_reach_the_worker_unchanged(rig, host, origin):
    request = asked(rig, [("Origin", origin)], host=host)
    assert request.all("host") == [host] and request.all("origin") == [origin]


def test_under_tls_the_protocol_is_https(start, backend):
    mux = start(conf.config([backend], servers=[
        {"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]))
    assert mux.ask(tls=tls.context(), name="comfy.test").status == 200
    assert backend.requests[0].all("x-forwarded-proto") == ["https"]


def test_every_request_of_a_connection_gets_its_own(rig):
    with rig.client() as client:
        client.send(make_request("/1", fields=[("X-Forwarded-For", "1.1.1.1")]) + make_request("/2"))
        client.response()
        client.response()
    first, second = rig.backend.requests
    assert "1.1.1.1" in first.get("x-forwarded-for") and second.get("x-forwarded-for") == "127.0.0.1"
