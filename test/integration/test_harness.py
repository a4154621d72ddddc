"""Does the harness itself see what it should? (Needs no comfymux.)"""
import threading

import pytest

from harness import conf, sockdiag, ws
from harness.backend import Backend, answering
from harness.client import RawClient
from harness.logs import Line
from harness.metrics import BadMetrics, Metrics
from harness.wire import Cut, Malformed, chunked, make_request, make_response, parse_request, parse_response


def talk(script):
    backend = Backend(script)
    return backend, RawClient(("127.0.0.1", backend.port))


def test_a_reader_takes_messages_apart_exactly(backend_of):
    replies = {"/len": make_response(b"abc"), "/chunk": make_response(b"x" * 100, framing="chunked"),
               "/none": b"HTTP/1.1 204 No Content\r\n\r\n"}
    backend = backend_of(answering(lambda request: replies[request.target]))
    with RawClient(("127.0.0.1", backend.port)) as client:
        client.send(make_request("/len") + make_request("/chunk", "POST", body=b"12345") + make_request("/none"))
        assert [client.response().body for _ in range(3)] == [b"abc", b"x" * 100, b""]
    assert backend.requests[1].body == b"12345"
    assert backend.received().startswith(b"GET /len HTTP/1.1\r\nHost: comfy.test\r\n\r\nPOST /chunk")


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\nA: b\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", b"HTTP/1.1 200 OK\r\n a\r\n\r\n", b"HTTP/1.1 200 OK\r\na\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"])
def test_a_malformed_response_head_is_seen(raw):
    with pytest.raises(Malformed):
        parse_response(raw)


@pytest.mark.parametrize("raw", [
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"])
def test_a_malformed_request_head_is_seen(raw):
    with pytest.raises(Malformed):
        parse_request(raw)


@pytest.mark.parametrize("raw, body", [
    (b"Content-Length: 5\r\n\r\nab", b"ab"),
    (b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"abcdef", 3, last=False) + b"4\r\nxy", b"abcdefxy")])
def test_a_cut_body_is_seen_with_what_had_come(raw, body):
    backend, client = talk(lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\n" + raw)))
    with client, pytest.raises(Cut) as cut:
        client.ask()
    backend.close()
    assert (cut.value.how, cut.value.body) == ("eof", body)


def test_a_reset_is_told_from_an_end():
    def script(conn):
        conn.request()
        conn.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf")
        conn.reset()

    backend, client = talk(script)
    with client, pytest.raises(Cut) as cut:
        client.ask()
    backend.close()
    assert cut.value.how == "reset"


def test_the_kernel_tells_when_bytes_were_read():
    go = threading.Event()

    def script(conn):
        go.wait(5)
        conn.request()

    backend, client = talk(script)
    with client:
        backend.wait_connections(1)
        client.send(make_request())
        mine, theirs = client.sock.getsockname(), client.sock.getpeername()
        assert sockdiag.unread_bytes(theirs, mine) == len(make_request())
        go.set()
        client.send_seen(b"")
    backend.close()


def test_a_script_that_fails_is_told():
    def script(conn):
        assert conn.request().target == "/other"

    backend, client = talk(script)
    with client:
        client.send(make_request())
        client.rest()
    with pytest.raises(AssertionError):
        backend.wait_over()
        backend.check()
    backend.failures.clear()
    backend.close()


def test_a_backend_refuses_and_listens_again_on_its_port(backend):
    backend.refuse()
    with pytest.raises(ConnectionRefusedError):
        RawClient(("127.0.0.1", backend.port))
    backend.listen()
    with RawClient(("127.0.0.1", backend.port)) as client:
        assert client.ask().body == b"ok"


def test_configurations_are_rendered_as_libconfig():
    text = conf.render({"a": True, "b": [1, "x\"y\\"], "c": [{"d": 0.5}], "e": {}, "f": [], "g": 1 << 40})
    assert text.replace("\n", "").replace("  ", "") == (
        'a = true;b = [1, "x\\"y\\\\"];c = ({d = 0.500000;} );e = {};f = [];g = 1099511627776L;')


def test_log_lines_are_read_with_quotes_and_escapes():
    line = Line('time=2026-11-21T20:07:14.123Z level=info event=x why="a \\"b\\" c=d\\n" n=1')
    assert line.is_logfmt and line.matches("x", why='a "b" c=d\n', n=1) and line.level == "info"
    assert not Line("time=now level=info event=x").is_logfmt
    assert not Line('level=info event="x').is_logfmt


@pytest.mark.parametrize("text", [
    "a 1\n", "# TYPE a gauge\n# HELP a x\na 1", "# TYPE a gauge\na 1\n", "# TYPE a gauge\n# HELP a x\na 1\na 1\n",
    '# TYPE a gauge\n# HELP a x\na{b=c} 1\n',
    '# TYPE h histogram\n# HELP h x\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'])
def test_bad_metrics_are_refused(text):
    with pytest.raises(BadMetrics):
        Metrics(text)


def test_metrics_are_read():
    metrics = Metrics('# HELP a x\n# TYPE a counter\na{w="1",p="q\\"r"} 1\na{w="2",p="q\\"r"} 2.5\n'
                      '# HELP h x\n# TYPE h histogram\nh_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n')
    assert metrics.value("a") == 3.5 and metrics.value("a", w="2") == 2.5 and metrics.value("h_count") == 2


def test_websocket_frames_are_made_and_read(backend_of):
    backend = backend_of(ws.echo_script)
    with RawClient(("127.0.0.1", backend.port)) as client:
        ws.open_socket(client)
        for size in (0, 125, 126, 70000):
            client.send(ws.frame(b"z" * size, ws.BINARY, mask=True))
            assert ws.read_frame(client) == (ws.BINARY, b"z" * size)
