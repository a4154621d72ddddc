"""Is TLS terminated as it should be?"""
import socket
import ssl
import struct
import subprocess

import pytest

from harness import conf, tls, ws
from harness.wire import Cut, make_request, make_response

OLD, NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def server(names=(), settings=None, listen=("127.0.0.1:0",)):
    made = {"listen": list(listen), "tls": settings or tls.settings("comfy.test"), "locations": [{"path": "/", "pool": "pool"}]}
    if names:
        made["names"] = list(names)
    return made


@pytest.fixture
def secure(start, backend):
    def make(*servers, **more):
        return start(conf.config([backend], servers=list(servers) or [server()], **more))

    return make


def connect(mux, name="comfy.test", session=None, **more):
    return mux.client(tls=tls.context(**more), name=name, tls_session=session)


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_both_versions_and_both_kinds_of_keys(secure, version, kind):
    mux = secure(server(settings=tls.settings("comfy.test", 3, kind)))
    client = connect(mux, minimum=version, maximum=version)
    assert client.ask().status == 200
    assert client.sock.version() == {OLD: "TLSv1.2", NEW: "TLSv1.3"}[version]
    cipher = client.sock.cipher()[0]
    assert version is NEW or cipher.startswith("ECDHE-"), cipher


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_older_is_spoken(secure):
    mux = secure()
    context = tls.context(ciphers="ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        mux.client(tls=context, name="comfy.test")


def test_min_version_1_3_refuses_1_2(secure):
    mux = secure(server(settings=tls.settings("comfy.test", min_version="1.3")))
    assert connect(mux).ask().status == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(mux, maximum=OLD)


def test_ciphers_can_be_chosen(secure):
    mux = secure(server(settings=tls.settings("comfy.test", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")))
    assert connect(mux, maximum=OLD).sock.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(mux, maximum=OLD, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")


def test_key_exchange_without_ecdhe_is_refused(secure):
    mux = secure(server(settings=tls.settings("comfy.test", 4, "rsa")))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(mux, maximum=OLD, ciphers="AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0")


@pytest.mark.parametrize("offer, chosen", [(["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (None, None)])
def test_alpn_is_http_1_1(secure, offer, chosen):
    client = connect(secure(), alpn=offer)
    assert client.sock.selected_alpn_protocol() == chosen
    assert client.ask().status == 200


def test_only_h2_on_offer_does_not_become_h2(secure):
    mux = secure()
    try:
        client = connect(mux, alpn=["h2"])
    except ssl.SSLError:
        return
    assert client.sock.selected_alpn_protocol() is None


@pytest.mark.parametrize("name, serial", [("a.test", 21), ("b.test", 22), ("also-b.test", 22), ("B.TEST", 22),
                                          ("unknown.test", 21), (None, 21)])
def test_the_name_picks_the_certificate(secure, name, serial):
    mux = secure(server(["a.test"], tls.settings("a.test", 21)), server(["b.test", "also-b.test"], tls.settings("b.test", 22)))
    client = connect(mux, name)
    assert tls.serial_of(client) == serial
    assert client.ask(host=name or "a.test").status == 200


def test_plain_and_tls_side_by_side(start, backend):
    plain = {"listen": ["127.0.0.2:0"], "locations": [{"path": "/", "pool": "pool"}]}
    mux = start(conf.config([backend], servers=[server(), plain]))
    assert mux.ask(address=mux.listening("127.0.0.1:0"), tls=tls.context(), name="comfy.test").status == 200
    assert mux.ask(address=mux.listening("127.0.0.2:0")).status == 200


def test_the_short_form_has_tls_too(start, backend):
    mux = start({"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"),
                 "nodes": {"mode": "sticky", "static_nodes": conf.nodes([backend]), "health_check": {"interval": 0},
                           "load_balancing": {"strategy": "round_robin"}}})
    assert mux.ask(tls=tls.context(), name="comfy.test").status == 200


@pytest.mark.parametrize("raw", [make_request(), b"GET / HTTP/1.0\r\n\r\n", b"POST /prompt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"])
def test_plain_http_on_a_tls_port_is_a_400_that_says_so(secure, backend, raw):
    client = secure().client()
    client.send(raw)
    response = client.response()
    assert response.status == 400 and b"https" in response.body.lower() + response.reason.lower().encode() \
        or b"tls" in response.body.lower()
    assert client.is_closed() == "eof"
    assert backend.received() == b""


@pytest.mark.parametrize("raw", [b"\x00" * 100, b"SSH-2.0-x\r\n", bytes(range(256)), b"\x80\x2e\x01\x00\x02"],
                         ids=["zeros", "ssh", "bytes", "sslv2"])
def test_rubbish_on_a_tls_port_is_let_go(secure, raw):
    mux = secure(timeouts={"header": 0.5})
    client = mux.client()
    client.send(raw)
    client.rest()
    assert mux.ask(tls=tls.context(), name="comfy.test").status == 200


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_session_is_resumed(secure, version):
    mux = secure()
    context = tls.context(minimum=version, maximum=version)
    first = mux.client(tls=context, name="comfy.test")
    first.ask()
    second = mux.client(tls=context, name="comfy.test", tls_session=first.sock.session)
    assert second.ask().status == 200
    assert second.sock.session_reused


def test_a_session_is_resumed_after_a_reload(secure):
    mux = secure()
    context = tls.context(maximum=OLD)
    first = mux.client(tls=context, name="comfy.test")
    first.ask()
    mux.reload_ok()
    second = mux.client(tls=context, name="comfy.test", tls_session=first.sock.session)
    assert second.ask().status == 200 and second.sock.session_reused


def test_a_session_of_one_name_does_not_open_another(secure):
    mux = secure(server(["a.test"], tls.settings("a.test", 21)), server(["b.test"], tls.settings("b.test", 22)))
    context = tls.context(maximum=OLD)
    first = mux.client(tls=context, name="a.test")
    first.ask(host="a.test")
    second = mux.client(tls=context, name="b.test", tls_session=first.sock.session)
    assert tls.serial_of(second) == 22 or not second.sock.session_reused


def test_it_ends_with_a_close_notify(secure):
    client = connect(secure())
    response = client.ask(fields=[("Connection", "close")])
    assert response.status == 200
    assert client.is_closed() == "eof"


def test_a_client_that_leaves_without_one_is_no_error(secure):
    mux = secure()
    client = connect(mux)
    client.ask()
    client.plain.close()
    client.sock.shutdown(socket.SHUT_RDWR)
    client.sock.close()
    assert connect(mux).ask().status == 200


def test_a_body_by_close_ends_cleanly_under_tls(secure, backend):
    backend.answer = make_response(b"z" * 100000, framing="close")
    client = connect(secure())
    client.send(make_request(version="1.0"))
    assert client.response().body == b"z" * 100000


def test_pipelining_and_keep_alive_under_tls(secure, backend):
    backend.answer = lambda request: make_response(request.target.encode())
    client = connect(secure())
    client.send(b"".join(make_request(f"/{i}") for i in range(50)))
    assert [client.response().body for _ in range(50)] == [f"/{i}".encode() for i in range(50)]


def test_a_request_in_many_records_is_one_request(secure, backend):
    client = connect(secure())
    raw = make_request("/prompt", "POST", body=b"hello world")
    for i in range(len(raw)):
        client.send(raw[i:i + 1])
    assert client.response().status == 200 and backend.requests[0].body == b"hello world"


def test_a_record_in_many_packets_is_one_record(secure):
    mux = secure()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = tls.context(maximum=OLD).wrap_bio(incoming, outgoing, server_hostname="comfy.test")
    client = mux.client()

    def pump(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    client.send_seen(bytes([byte]))
                incoming.write(client.some())

    pump(session.do_handshake)
    for byte in outgoing.read():
        client.send_seen(bytes([byte]))
    session.write(make_request())
    for byte in outgoing.read():
        client.send_seen(bytes([byte]))
    assert pump(lambda: session.read(1000)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("who", ["client", "worker"])
def test_a_websocket_over_tls_passes_bytes_and_ends(secure, backend, who):
    backend.script = ws.echo_script if who == "client" else (
        lambda conn: (conn.request(), conn.send(ws.switching() + b"hello"), conn.exactly(5)))
    client = connect(secure())
    client.send(ws.upgrade_request() + b"early")
    assert client.response().status == 101
    assert client.exactly(5) in (b"early", b"hello")
    if who == "client":
        client.close()
    else:
        client.rest()
    backend.wait_over(3)


def test_a_workers_last_words_in_a_tunnel_arrive_whole_before_close_notify(secure, backend):
    words = bytes(range(256)) * 8000
    backend.script = lambda conn: (conn.request(), conn.send(ws.switching() + words))
    client = connect(secure())
    client.send(ws.upgrade_request())
    assert client.response().status == 101
    assert client.rest() == words and client.ended == "eof"


def test_a_tunnel_of_a_client_that_reads_slowly_loses_nothing(secure, backend):
    words = bytes(range(256)) * 12000
    backend.script = lambda conn: (conn.request(), conn.send(ws.switching() + words), conn.rest())
    mux = secure()
    client = mux.client(tls=tls.context(), name="comfy.test", buffers=4096)
    client.send(ws.upgrade_request())
    assert client.response().status == 101
    assert client.exactly(len(words)) == words


def test_renegotiation_is_refused(secure):
    """A 1.2 client that asks for a new handshake in the middle gets none."""
    mux = secure()
    host, port = mux.address
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2", "-servername", "comfy.test"],
                          input=b"R\nGET / HTTP/1.1\r\nHost: comfy.test\r\n\r\n", capture_output=True, timeout=10, check=False)
    text = done.stdout + done.stderr
    assert b"no renegotiation" in text.lower() or b"HTTP/1.1 200" not in text, text[-500:]


def test_a_reset_in_the_handshake_is_no_harm(secure):
    mux = secure()
    for _ in range(20):
        client = mux.client()
        client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert connect(mux).ask().status == 200


def test_a_truncated_request_body_under_tls_never_completes(secure, backend):
    client = connect(secure(), maximum=OLD)
    client.send(make_request("/prompt", "POST", [("Content-Length", "100")]) + b"x" * 50)
    client.close()
    assert not backend.requests


def test_handshakes_are_counted(secure):
    mux = secure()
    connect(mux).ask()
    assert sum(mux.metrics().find("handshakes_total").values()) >= 1


def test_a_cut_of_the_client_in_an_answer_is_seen(secure, backend):
    backend.script = lambda conn: (conn.request(), conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
    mux = secure()
    mux.announce()
    client = connect(mux)
    client.send(make_request())
    with pytest.raises(Cut):
        client.response()
