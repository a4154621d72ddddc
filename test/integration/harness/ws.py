"""WebSocket (RFC 6455), just enough of it: the handshake and frames as bytes."""
import base64
import hashlib
import json
import os
import struct

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_of(key=KEY):
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def upgrade_request(target="/ws", fields=(), key=KEY, host="comfy.test", drop=(), method="GET", version="1.1",
                    **replace):
    """The opening handshake. `drop` leaves fields out; replace: connection=, upgrade=, sec_websocket_version=."""
    have = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13"}
    for name, value in replace.items():
        have["-".join(part.title() for part in name.split("_")).replace("Websocket", "WebSocket")] = value
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}"]
    lines += [f"{k}: {v}" for k, v in have.items() if k not in drop] + [f"{k}: {v}" for k, v in fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def switching(key=KEY, fields=(), accept=None, drop=()):
    """The 101 that confirms the handshake."""
    have = {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": accept or accept_of(key)}
    lines = ["HTTP/1.1 101 Switching Protocols"]
    lines += [f"{k}: {v}" for k, v in have.items() if k not in drop] + [f"{k}: {v}" for k, v in fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def frame(payload, opcode=TEXT, mask=False, fin=True):
    """One frame. A client masks."""
    if isinstance(payload, str):
        payload = payload.encode()
    first, bit = (0x80 if fin else 0) | opcode, 0x80 if mask else 0
    if len(payload) < 126:
        head = bytes([first, bit | len(payload)])
    elif len(payload) < 65536:
        head = bytes([first, bit | 126]) + struct.pack("!H", len(payload))
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", len(payload))
    if not mask:
        return head + payload
    key = os.urandom(4)
    whole = (key * (len(payload) // 4 + 1))[:len(payload)]
    return head + key + (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(
        len(payload), "big")


def read_frame(reader):
    """(opcode, payload) of the next frame off a Reader."""
    first, second = reader.exactly(2, "a frame")
    length = second & 127
    if length == 126:
        length = struct.unpack("!H", reader.exactly(2, "a frame"))[0]
    elif length == 127:
        length = struct.unpack("!Q", reader.exactly(8, "a frame"))[0]
    key = reader.exactly(4, "a frame") if second & 128 else None
    payload = reader.exactly(length, "a frame")
    if key:
        whole = (key * (length // 4 + 1))[:length]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(length, "big")
    return first & 15, payload


def open_socket(client, target="/ws", fields=(), **more):
    """Sends the handshake and checks the answer; the client is then in the tunnel."""
    client.send(upgrade_request(target, fields, **more))
    response = client.response()
    assert response.status == 101, (response.status, response.body)
    assert response.get("sec-websocket-accept") == accept_of(more.get("key", KEY))
    assert response.get("upgrade").lower() == "websocket"
    assert "upgrade" in response.tokens("connection")
    return response


def next_event(client):
    """The next text frame's JSON; binary frames (previews) are skipped, pings answered."""
    while True:
        opcode, payload = read_frame(client)
        if opcode == TEXT:
            return json.loads(payload)
        if opcode == PING:
            client.send(frame(payload, PONG, mask=True))
        assert opcode in (BINARY, PING), opcode


def echo_script(conn):
    """A backend that accepts every upgrade and echoes bytes."""
    request = conn.request()
    if request is None:
        return
    conn.send(switching(request.get("sec-websocket-key")))
    while data := conn.some():
        conn.send(data)
