"""Does the client's side of the WebSocket keep to RFC 6455, and close who does not with the right code?"""
import os
import struct

import pytest

from harness import ws
from harness.client import RawClient
from harness.fleet import plain
from harness.wait import PATIENCE

FLEET = {"workers": 1, "page_message": 65536}
MASK = b"\x01\x02\x03\x04"


def masked(payload):
    return bytes(c ^ MASK[i % 4] for i, c in enumerate(payload))


def raw(first, payload=b"", second=None):
    """A frame by its first octet; masked unless `second` says otherwise."""
    second = 0x80 | len(payload) if second is None else second
    return bytes([first, second]) + (MASK + masked(payload) if second & 0x80 else payload)


@pytest.fixture
def sock(fleet):
    """A socket past the handshake and its first status, nothing else reads it."""
    client = fleet.mux.client(patience=PATIENCE * 2)
    ws.open_socket(client, "/ws?clientId=frames")
    opcode, _ = ws.read_frame(client)
    assert opcode == ws.TEXT
    return client


def close_code(client):
    """What it is closed with, and that the connection ends then."""
    while True:
        opcode, payload = ws.read_frame(client)
        if opcode == ws.CLOSE:
            break
    try:
        client.send(ws.frame(payload[:2], ws.CLOSE, mask=True))
    except OSError:
        pass
    assert client.rest() == b"", "frames behind a close"
    return struct.unpack("!H", payload[:2])[0] if payload else None


def still_serves(fleet, sock):
    sock.send(ws.frame(b"alive?", ws.PING, mask=True))
    while True:
        opcode, payload = ws.read_frame(sock)
        if opcode == ws.PONG:
            assert payload == b"alive?"
            return


BROKEN = {
    "not masked": (raw(0x81, b"{}", second=2), 1002),
    "RSV1": (raw(0xC1, b"{}"), 1002),
    "RSV2": (raw(0xA1, b"{}"), 1002),
    "RSV3": (raw(0x91, b"{}"), 1002),
    "opcode 3": (raw(0x83, b"{}"), 1002),
    "opcode 11": (raw(0x8B), 1002),
    "a piece without a beginning": (raw(0x80, b"{}"), 1002),
    "a beginning inside a message": (raw(0x01, b"{") + raw(0x81, b"}"), 1002),
    "a ping in pieces": (raw(0x09, b"a"), 1002),
    "a close in pieces": (raw(0x08, struct.pack("!H", 1000)), 1002),
    "a ping of 126": (bytes([0x89, 0xFE, 0, 126]) + MASK + masked(b"p" * 126), 1002),
    "a length of 64 bits with the top bit": (bytes([0x82, 0xFF]) + b"\x80" + bytes(7) + MASK, 1002),
    "bad UTF-8": (raw(0x81, b"\xff"), 1007),
    "UTF-8 surrogate": (raw(0x81, b"\xed\xa0\x80"), 1007),
    "UTF-8 overlong": (raw(0x81, b"\xc0\xaf"), 1007),
    "UTF-8 cut off": (raw(0x81, b"{\xe2\x82"), 1007),
    "UTF-8 above": (raw(0x81, b"\xf4\x90\x80\x80"), 1007),
    "bad UTF-8 in the second piece": (raw(0x01, b"a") + raw(0x80, b"\xff"), 1007),
    "too big": (bytes([0x82, 0xFF]) + struct.pack("!Q", 65537) + MASK, 1009),
    "too big in pieces": (bytes([0x02, 0xFE, 0x9C, 0x40]) + MASK + masked(bytes(40000)) +
                          bytes([0x80, 0xFE, 0x9C, 0x40]) + MASK + masked(bytes(40000)), 1009),
    "huge": (bytes([0x82, 0xFF]) + struct.pack("!Q", (1 << 63) - 1) + MASK, 1009),
    "close with one octet": (raw(0x88, b"\x03"), 1002),
    "close reason not UTF-8": (raw(0x88, struct.pack("!H", 1000) + b"\xff"), 1007),
    **{f"close {code}": (raw(0x88, struct.pack("!H", code)), 1002)
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)},
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_the_rules_is_closed(fleet, sock, what):
    data, code = BROKEN[what]
    sock.send(data)
    assert close_code(sock) == code
    fleet.page("frames").settle()


@pytest.mark.parametrize("what", [w for w in BROKEN if len(BROKEN[w][0]) < 300])
def test_octet_by_octet_it_is_the_same(fleet, sock, what):
    data, code = BROKEN[what]
    for n in range(len(data)):
        try:
            sock.send_seen(data[n:n + 1])
        except OSError:
            break  # it has seen enough
    assert close_code(sock) == code


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_in_kind(sock, code):
    sock.send(ws.frame(struct.pack("!H", code) + b"bye", ws.CLOSE, mask=True))
    opcode, payload = ws.read_frame(sock)
    assert opcode == ws.CLOSE and struct.unpack("!H", payload[:2])[0] in (code, 1000)
    assert sock.rest() == b""


def test_a_close_without_a_code(sock):
    sock.send(ws.frame(b"", ws.CLOSE, mask=True))
    opcode, payload = ws.read_frame(sock)
    assert opcode == ws.CLOSE and payload in (b"", struct.pack("!H", 1000))
    assert sock.rest() == b""


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(125))])
def test_a_ping_is_answered_with_its_payload(sock, payload):
    sock.send(ws.frame(payload, ws.PING, mask=True))
    assert ws.read_frame(sock) == (ws.PONG, payload)


def test_a_ping_between_pieces_is_answered_and_the_message_is_whole(fleet, sock):
    parts = [b'{"type": "feature_', b'flags", "data": {"supports_', b'preview_metadata": true}}']
    sock.send(raw(0x01, parts[0]) + ws.frame(b"1", ws.PING, mask=True) + raw(0x00, parts[1]) +
              ws.frame(b"2", ws.PONG, mask=True) + raw(0x00, b"") + raw(0x80, parts[2]))
    told = [ws.read_frame(sock) for _ in range(2)]
    assert told[0] == (ws.PONG, b"1") and b"feature_flags" in told[1][1]


def test_a_message_split_at_every_octet(fleet):
    message = ws.frame('{"type": "feature_flags", "data": {"x": "\u00e4\u20ac\U0001f600"}}', mask=True)
    for at in range(1, len(message)):
        with RawClient(fleet.mux.address, patience=PATIENCE) as client:
            ws.open_socket(client, "/ws?clientId=split")
            ws.read_frame(client)
            client.send_seen(message[:at])
            client.send(message[at:])
            opcode, payload = ws.read_frame(client)
            assert opcode == ws.TEXT and b"feature_flags" in payload, at


def test_the_largest_message_that_is_allowed(fleet, sock):
    sock.send(ws.frame(os.urandom(65536), ws.BINARY, mask=True))
    still_serves(fleet, sock)


@pytest.mark.parametrize("text", ["", "x", "[]", "7", "null", '{"type": 7}', '{"type": "feature_flags"}',
                                  '{"type": "feature_flags", "data": 7}', '{"type": "feature_flags", "data": [[[[',
                                  '{"type":"feature_flags","data":' + '{"a":' * 500 + "1" + "}" * 500 + "}"])
def test_messages_that_mean_nothing_do_no_harm(fleet, sock, text):
    sock.send(ws.frame(text, mask=True))
    sock.send(ws.frame(os.urandom(100), ws.BINARY, mask=True))
    still_serves(fleet, sock)
    page = fleet.page("frames")
    page.wait_done(fleet.submit(plain(), client_id="frames").id)


@pytest.mark.parametrize("gone", ["in a frame's head", "in a payload", "between pieces"])
def test_a_client_that_leaves_in_the_middle(fleet, sock, gone):
    sock.send({"in a frame's head": b"\x81", "in a payload": raw(0x81, b"hello")[:-2], "between pieces": raw(0x01, b"a")}[gone])
    sock.close()
    fleet.page("frames").settle()


def test_the_handshake_is_the_servers(fleet):
    client = fleet.mux.client()
    response = ws.open_socket(client, "/ws", [("Sec-WebSocket-Extensions", "permessage-deflate")])
    assert not response.has("sec-websocket-extensions"), "compression is left out"


@pytest.mark.parametrize("request_of", [
    dict(sec_websocket_version="12"), dict(drop=("Sec-WebSocket-Key",)), dict(drop=("Upgrade",)), dict(key="short"),
    dict(method="POST")], ids=str)
def test_what_is_no_handshake_is_refused(fleet, request_of):
    client = fleet.mux.client()
    client.send(ws.upgrade_request("/ws", **request_of))
    assert 400 <= client.response().status < 500


def test_frames_right_behind_the_handshake_count(fleet):
    client = fleet.mux.client()
    client.send(ws.upgrade_request("/ws?clientId=early") + ws.frame(b"now", ws.PING, mask=True))
    assert client.response().status == 101
    told = [ws.read_frame(client) for _ in range(2)]
    assert (ws.PONG, b"now") in told and any(b"sid" in payload for _, payload in told)
