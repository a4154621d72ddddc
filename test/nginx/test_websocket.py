"""Connections that change their protocol."""
import base64

import pytest

from harness import normal, wait
from harness.backends import Hang, Switch, ok
from harness.case import Case, cases, get, on, post

ASK = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
       "Sec-WebSocket-Protocol: comfy", "Origin: http://comfy.test")
YES = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Worker: one\r\nServer: worker\r\n\r\n")
ASK_FOO = ("Upgrade: foo/2", "Connection: Upgrade")
YES_FOO = b"HTTP/1.1 101 Foo\r\nDate: yesterday\r\nUpgrade: foo/2\r\nConnection: Upgrade\r\n\r\n"
SECRET = "Authorization: Basic " + base64.b64encode(b"plain:secret").decode()

CASES = [
    Case(get("/ws", *ASK), answers=[ok("no", status="400 Bad")], note="the worker refuses"),
    Case(get("/ws", *ASK), answers=[ok("plain")], note="the worker answers as usual"),
    Case(get("/guarded/ws", *ASK), note="no password"),
    Case(get("/ws", "Upgrade: h2c", "Connection: Upgrade"), note="another protocol"),
    Case(get("/ws", "Upgrade: websocket"), note="without Connection"),
    Case(get("/ws", "Connection: Upgrade"), note="without Upgrade"),
    Case(get("/literal/a"), get("/literal/b"), note="ordinary requests, kept"),
]


@cases("websocket", CASES)
def test_no_tunnel(both, case):
    both.compare(case)


def head(answer):
    return [line if not line.startswith((b"Server:", b"Date:")) else line.split(b":")[0] for line in answer.lines]


@pytest.mark.parametrize("path", ["/ws?clientId=1", "/literal/ws", "/ten/ws", "/guarded/ws", "/sub/ws"])
@on("websocket")
def test_a_tunnel_carries_both_ways(both, path):
    def tell(side):
        side.begin([Switch(YES, b"first words")])
        with side.connect() as client:
            answer = client.ask(get(path, *ASK, SECRET) + b"sent at once")
            told = [*head(answer), client.reader.exactly(len(b"first words"))]
            if answer.status == 101:
                told.append(client.reader.exactly(len(b"sent at once")))
                for size in (1, 1000, 200000):
                    client.send(b"x" * size)
                    told.append(len(client.reader.exactly(size)))
            client.sock.shutdown(1)
            told.append(client.reader.rest())
        return told + [request.head for _, request in side.script.seen]

    both.same(tell)


@on("websocket")
def test_an_idle_tunnel_ends(both):
    def tell(side):
        side.begin([Hang(YES)])
        with side.connect() as client:
            answer = client.ask(get("/idle/ws", *ASK))
            rest = client.reader.rest()
            return answer.status, rest, client.reader.late

    assert both.same(tell) == (101, b"", False)


@on("websocket")
def test_a_tunnel_is_in_the_access_log(both):
    def tell(side):
        at = len(side.server.accesses())
        side.begin([Switch(YES)])
        with side.connect() as client:
            client.ask(get("/ws", *ASK))
            client.send(b"12345")
            client.reader.exactly(5)
        wait.wait_until(lambda: side.server.accesses(at), "a line in the access log")
        return normal.access_line(side.server.accesses(at), side.server, [])

    assert " 101 bytes=5 " in both.same(tell)


@pytest.mark.parametrize("request_octets", [
    pytest.param(get("/ws", *ASK_FOO), id="get"),
    pytest.param(get("/sub/ws", "Upgrade: foo/2"), id="without Connection"),
    pytest.param(get("/ten/ws", *ASK_FOO), id="1.0 to the worker"),
    pytest.param(get("/ws", *ASK_FOO, version="1.0"), id="1.0 from the client"),
    pytest.param(post("/ws", "a body", *ASK_FOO), id="post"),
    pytest.param(get("/ws", *ASK, "Sec-WebSocket-Version: 8"), id="no valid handshake"),
])
@on("websocket")
def test_a_tunnel_for_any_protocol(both, request_octets):
    def tell(side):
        at = len(side.server.accesses())
        side.begin([Switch(YES_FOO, b"hello")])
        with side.connect() as client:
            answer = client.ask(request_octets)
            client.send(b"some octets")
            told = [*head(answer), answer.end, client.reader.exactly(16)]
        wait.wait_until(lambda: side.server.accesses(at), "a line in the access log")
        return [*told, normal.access_line(side.server.accesses(at), side.server, []),
                *[request.head for _, request in side.script.seen]]

    assert b"hellosome octets" in both.same(tell)


@on("websocket")
def test_the_end_of_an_idle_tunnel_is_logged(both):
    def tell(side):
        at = len(side.server.errors())
        side.begin([Hang(YES)])
        with side.connect() as client:
            client.ask(get("/idle/ws", *ASK, "Referer: http://comfy.test/"))
            client.reader.rest()
        def lines():
            told = [normal.error_line(line, side.server, ("info",)) for line in side.server.errors(at).splitlines()]
            return [line for line in told if line and "upgraded" in line]

        wait.wait_until(lines, "a line in the error log")
        return lines()

    assert "while proxying upgraded connection" in both.same(tell)[0]
