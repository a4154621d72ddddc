"""Can the client see that an answer was cut short?"""
import ssl

import pytest

from harness import conf, tls
from harness.wire import Cut, chunked, make_request

pytestmark = pytest.mark.core

HALF_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"a" * 500
HALF_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"a" * 500, last=False)
IN_A_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n" + b"a" * 300
BEFORE_TRAILERS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"a" * 500, last=False) + b"0\r\n"
BY_CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"a" * 500


def cutting(raw, how):
    def script(conn):
        conn.request()
        conn.send_seen(raw)
        if how == "reset":
            conn.reset()
        else:
            conn.close()

    return script


def cut_of(client, version="1.1"):
    client.send(make_request(version=version))
    with pytest.raises(Cut) as cut:
        client.response()
    return cut.value


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("raw, had", [(HALF_LENGTH, 500), (HALF_CHUNKED, 500), (IN_A_CHUNK, 300), (BEFORE_TRAILERS, 500)],
                         ids=["length", "chunked", "in-a-chunk", "before-trailers"])
def test_a_cut_answer_is_cut_for_the_client(rig, raw, had, how):
    rig.mux.announce()
    rig.backend.script = cutting(raw, how)
    client = rig.client()
    cut = cut_of(client)
    assert cut.what != "a response head" and len(cut.body) <= had
    rig.serves()


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("raw", [HALF_LENGTH, HALF_CHUNKED], ids=["length", "chunked"])
def test_for_http_1_0_the_cut_is_a_reset_or_a_missing_length(rig, raw, how):
    """Without a length the only sign is RST in place of FIN."""
    rig.mux.announce()
    rig.backend.script = cutting(raw, how)
    client = rig.client()
    cut = cut_of(client, "1.0")
    if raw is HALF_CHUNKED:
        assert cut.how == "reset"
    rig.serves()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_reset_of_a_body_that_ends_by_close_is_no_clean_end(rig, version):
    rig.mux.announce()
    rig.backend.script = cutting(BY_CLOSE, "reset")
    cut = cut_of(rig.client(), version)
    if version == "1.0":
        assert cut.how == "reset"
    rig.serves()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_fin_of_a_body_that_ends_by_close_is_a_clean_end(rig, version):
    rig.backend.script = cutting(BY_CLOSE, "end")
    client = rig.client()
    client.send(make_request(version=version))
    assert client.response().body == b"a" * 500


def test_what_came_before_the_cut_is_delivered(rig):
    rig.mux.announce()
    rig.backend.script = cutting(HALF_LENGTH, "end")
    assert cut_of(rig.client()).body == b"a" * 500


def test_nothing_more_is_answered_on_a_cut_connection(rig):
    rig.mux.announce()
    rig.backend.script = cutting(HALF_LENGTH, "end")
    client = rig.client()
    client.send(make_request("/1") + make_request("/2"))
    with pytest.raises(Cut):
        client.response()
    assert b"HTTP/1.1" not in bytes(client.received)[17:]


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("raw, version", [(HALF_LENGTH, "1.1"), (HALF_CHUNKED, "1.1"), (BY_CLOSE, "1.1"), (HALF_CHUNKED, "1.0"),
                                          (BY_CLOSE, "1.0")], ids=["length", "chunked", "close", "chunked-1.0", "close-1.0"])
def test_under_tls_a_cut_is_seen_too(start, backend, raw, version, highest):
    """Where no length tells, there must be no close_notify."""
    backend.script = cutting(raw, "reset")
    mux = start(conf.config([backend], servers=[
        {"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}]))
    mux.announce()
    cut = cut_of(mux.client(tls=tls.context(maximum=highest), name="comfy.test"), version)
    if version == "1.0":
        assert cut.how in ("truncated", "reset")


def test_a_cut_is_in_the_access_log(start, backend):
    backend.script = cutting(HALF_LENGTH, "end")
    mux = start(conf.config([backend]))
    mux.announce()
    cut_of(mux.client())
    mux.settle()
    assert mux.metrics().value("comfymux_closed_total", reason="response_cut") == 1 or \
        any(v for v in mux.metrics().find("clos", reason="response_cut").values())
