"""Which upgrades become tunnels, and what becomes of the others?"""
import pytest

from harness import ws
from harness.wire import make_response

pytestmark = pytest.mark.core

ORDINARY = {
    "h2c": dict(upgrade="h2c", connection="Upgrade, HTTP2-Settings"),
    "h2c-beside-websocket": dict(upgrade="websocket, h2c"),
    "websocket-behind-h2c": dict(upgrade="h2c, websocket"),
    "another-protocol": dict(upgrade="TLS/1.0"),
    "websocket-with-a-version": dict(upgrade="websocket/2"),
    "no-upgrade-in-connection": dict(connection="keep-alive"),
    "no-connection": dict(drop=("Connection",)),
    "no-key": dict(drop=("Sec-WebSocket-Key",)),
    "no-version": dict(drop=("Sec-WebSocket-Version",)),
    "an-old-version": dict(sec_websocket_version="8"),
    "two-versions": dict(sec_websocket_version="13, 8"),
    "a-short-key": dict(key="c2hvcnQ="),
    "a-key-that-is-no-base64": dict(key="!!!!!!!!!!!!!!!!!!!!!!=="),
    "an-empty-key": dict(key=""),
    "a-post": dict(method="POST", fields=[("Content-Length", "0")]),
    "a-put": dict(method="PUT", fields=[("Content-Length", "0")]),
    "http-1.0": dict(version="1.0"),
    "two-upgrade-fields": dict(fields=[("Upgrade", "h2c")]),
    "two-keys": dict(fields=[("Sec-WebSocket-Key", ws.KEY)]),
}


@pytest.mark.parametrize("how", ORDINARY.values(), ids=ORDINARY)
def test_any_other_upgrade_goes_on_as_an_ordinary_request(rig, how):
    client = rig.client()
    client.send(ws.upgrade_request("/ws", **how))
    response = client.response()
    if response.status == 400 and how in (ORDINARY["two-keys"], ORDINARY["two-upgrade-fields"]):
        assert rig.backend.received() == b""
        return
    assert response.status == 200 and response.body == b"ok"
    request, = rig.backend.requests
    assert not request.has("upgrade") and "upgrade" not in request.tokens("connection")
    assert not request.has("http2-settings")


@pytest.mark.parametrize("how", [dict(upgrade="h2c"), dict(method="POST", fields=[("Content-Length", "0")]),
                                 dict(sec_websocket_version="8"), dict(version="1.0"), dict(drop=("Connection",))],
                         ids=["h2c", "post", "version", "1.0", "no-connection"])
def test_a_worker_that_switches_all_the_same_is_a_502_and_there_is_no_tunnel(rig, how):
    rig.mux.announce()
    seen = []

    def script(conn):
        conn.request()
        conn.send(ws.switching(fields=[("X-A", "1")]))
        seen.append(conn.wait_closed())

    rig.backend.script = script
    client = rig.client()
    client.send(ws.upgrade_request("/ws", **how) + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    response = client.response()
    assert response.status == 502
    if "close" not in response.tokens("connection"):
        assert client.response().status == 502, "what follows is an ordinary request, and switched likewise"
    rig.backend.wait_over()
    assert b"/smuggled" not in seen[0]


def test_an_upgrade_with_a_body_is_no_upgrade(rig):
    client = rig.client()
    client.send(ws.upgrade_request("/ws", fields=[("Content-Length", "3")]) + b"abc")
    response = client.response()
    assert response.status in (200, 400)
    if response.status == 200:
        request, = rig.backend.requests
        assert request.body == b"abc" and not request.has("upgrade")


@pytest.mark.parametrize("how", [
    {}, dict(upgrade="WebSocket"), dict(upgrade="WEBSOCKET"), dict(connection="upgrade"), dict(connection="keep-alive, Upgrade"),
    dict(fields=[("Connection", "keep-alive")]), dict(target="/api/ws?clientId=abc%20d")], ids=[
    "plain", "mixed-case", "upper-case", "lower-connection", "list", "two-connections", "target"])
def test_every_good_spelling_becomes_a_tunnel(rig, how):
    rig.backend.script = ws.echo_script
    client = rig.client()
    ws.open_socket(client, **how)
    client.send(b"ping")
    assert client.exactly(4) == b"ping"
    request, = rig.backend.requests
    assert request.get("upgrade").lower() == "websocket" and "upgrade" in request.tokens("connection")
    assert request.get("sec-websocket-key") == ws.KEY and request.get("sec-websocket-version") == "13"


WRONG = {
    "a-wrong-accept": ws.switching(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    "no-accept": ws.switching(drop=("Sec-WebSocket-Accept",)),
    "no-upgrade": ws.switching(drop=("Upgrade",)),
    "no-connection": ws.switching(drop=("Connection",)),
    "two-accepts": ws.switching(fields=[("Sec-WebSocket-Accept", ws.accept_of())]),
    "another-protocol": ws.switching().replace(b"websocket\r\n", b"h2c\r\n"),
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
def test_a_101_that_does_not_confirm_is_a_502(rig, raw):
    rig.mux.announce()
    rig.backend.script = lambda conn: (conn.request(), conn.send(raw), conn.wait_closed())
    client = rig.client()
    client.send(ws.upgrade_request())
    assert client.response().status == 502
    rig.backend.wait_over()
    rig.serves()


@pytest.mark.parametrize("status, reason", [(403, "Forbidden"), (404, "Not Found"), (200, "OK"), (426, "Upgrade Required"),
                                            (503, "Busy")])
def test_a_refused_upgrade_is_an_ordinary_answer(rig, status, reason):
    rig.backend.answer = make_response(b"no", status, reason, [("X-Why", "origin")])
    client = rig.client()
    client.send(ws.upgrade_request())
    response = client.response()
    assert (response.status, response.body, response.get("x-why")) == (status, b"no", "origin")
    assert client.ask("/after").status == status
    assert rig.backend.paths() == ["/ws", "/after"]


def test_what_follows_a_refused_upgrade_is_read_as_requests(rig):
    rig.backend.answer = make_response(b"no", 403, "Forbidden")
    client = rig.client()
    client.send(ws.upgrade_request() + b"GET /next HTTP/1.1\r\nHost: comfy.test\r\n\r\n")
    assert client.response().status == 403
    assert client.response().status == 403
    assert rig.backend.paths() == ["/ws", "/next"]
