"""Requests and answers with bytes changed at random: is what comes out always well-formed?

Both scripted sides read strictly: whatever the proxy forwards must parse, or the test fails. TEST_MUTATIONS sets the
number of cases (300), TEST_SEED where they begin.
"""
import os
import random

import pytest

from harness import ws
from harness.wait import TooLate
from harness.wire import Cut, Malformed, chunked, make_request, make_response

pytestmark = [pytest.mark.core, pytest.mark.seconds(120)]
COUNT = int(os.environ.get("TEST_MUTATIONS", "300"))
SEED = int(os.environ.get("TEST_SEED", "1"))
RIG = {"timeouts": {"header": 0.15, "body": 0.15, "read": 0.15, "keepalive": 1}, "limits": {"buffer_body": 64},
       "health": {"interval": 0, "fall": 100}}

FIELDS = [("Accept", "*/*"), ("Connection", "keep-alive, X-A"), ("X-A", "1"), ("Cookie", "a=b")]
REQUESTS = [
    make_request("/a%2Fb?c=d", fields=FIELDS),
    make_request("/prompt", "POST", FIELDS, b'{"client_id":"x"}'),
    make_request("/upload/image", "POST", [*FIELDS, ("Transfer-Encoding", "chunked")]) + chunked(b"z" * 200, 50),
    make_request("/", "POST", [("Expect", "100-continue")], b"hello"),
    make_request("/1") + make_request("/2", "HEAD") + make_request("/3", "PUT", body=b"abc"),
    ws.upgrade_request("/ws?clientId=a", [("Sec-WebSocket-Extensions", "permessage-deflate")]),
]
ANSWERS = [
    make_response(b"hello world", fields=[("ETag", '"x"'), ("Connection", "X-B"), ("X-B", "1")]),
    make_response(b"hello world" * 10, framing="chunked"),
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + make_response(b"final"),
    make_response(b"until the end", framing="close"),
    b"HTTP/1.1 304 Not Modified\r\nETag: \"y\"\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
]
BITS = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"\x7f", b"\xff", b"0", b"9", b"-", b"/", b"#", b"%",
        b"chunked", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n\r\n", b"HTTP/1.1", b"Host: x\r\n"]


def mutate(dice, raw):
    data = bytearray(raw)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at = dice.randrange(len(data))
        what = dice.randrange(4)
        if what == 0:
            data[at] = dice.randrange(256)
        elif what == 1:
            del data[at:at + dice.choice((1, 1, 2, 8))]
        elif what == 2:
            data[at:at] = dice.choice(BITS)
        else:
            end = at + dice.choice((1, 4, 20))
            data[at:at] = data[at:end]
        if not data:
            data += b"x"
    return bytes(data)


def drain(client, sent):
    """Reads answers strictly until the proxy has no more, or ends the connection."""
    method = "HEAD" if sent.startswith(b"HEAD") else "GET"
    try:
        client.half_close()
    except OSError:
        return
    client.patience = 5
    try:
        while True:
            response = client.response_head()
            if response.status == 101:
                return
            length, is_chunked = client.framing(response)
            if response.status < 200 or response.status in (204, 304) or method == "HEAD":
                continue
            if length is None and not is_chunked:
                client.rest()
                return
            client.read_body(response, length, is_chunked)
    except (Cut, ConnectionError):
        return


@pytest.mark.parametrize("kind", range(len(REQUESTS)))
def test_what_is_made_of_a_changed_request_is_well_formed(rig, kind):
    rig.mux.announce()
    dice = random.Random(f"request {SEED} {kind}")
    seen = []

    def script(conn):
        """Reader is strict: Malformed in here fails the test."""
        while True:
            try:
                request = conn.request()
            except Cut:
                return  # the proxy gave up a body
            if request is None:
                return
            seen.append(request)
            conn.send(make_response(b"" if request.method == "HEAD" else b"ok"))

    rig.backend.script = script
    for number in range(COUNT // len(REQUESTS)):
        raw = mutate(dice, REQUESTS[kind])
        with rig.client() as client:
            client.send(raw)
            try:
                # A HEAD somewhere makes the bodies of answers ambiguous to us: then only the backend's side is judged.
                if b"HEAD" in raw:
                    client.half_close()
                    client.rest()
                else:
                    drain(client, raw)
            except (Malformed, TooLate) as err:
                raise AssertionError(f"case {number}, {raw!r}: {err}") from err
            except ConnectionError:
                pass
        rig.backend.check()
    for request in seen:
        assert request.get("x-real-ip") == "127.0.0.1" and "x-a" not in request.tokens("connection")
    rig.backend.forget()
    rig.serves()


@pytest.mark.parametrize("kind", range(len(ANSWERS)))
def test_what_is_made_of_a_changed_answer_is_well_formed(rig, kind):
    rig.mux.announce()
    dice = random.Random(f"answer {SEED} {kind}")
    current = [b""]

    def script(conn):
        while conn.request() is not None:
            conn.send(current[0])
            if b"close" in ANSWERS[kind]:
                return

    rig.backend.script = script
    for number in range(COUNT // len(ANSWERS)):
        current[0] = mutate(dice, ANSWERS[kind])
        with rig.client() as client:
            client.patience = 5
            client.send(make_request("/", "POST", [("Connection", "close")], b"x"))
            try:
                client.response()
                client.rest()
            except (Cut, ConnectionError):
                pass
            except (Malformed, TooLate) as err:
                raise AssertionError(f"case {number}, {current[0]!r}: {err}") from err
        if number % 20 == 19:
            rig.backend.forget()
            rig.serves()
            rig.backend.forget()
    rig.backend.forget()
    rig.serves()
