"""Does a connection that begins with the PROXY protocol become its client's, and one without it nobody's?

What nginx's directives and variables make of it is compared with nginx itself in test/nginx; here are TLS, the libconfig file, and
what nginx 1.22 has not: headers in pieces, and TLVs.
"""
import signal
import socket

import pytest

from harness import conf, tls
from harness.client import RawClient
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until
from harness.wire import make_request

pytestmark = pytest.mark.core

LINE = b"PROXY TCP4 192.0.2.7 198.51.100.1 1234 80\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ADDRESSES = bytes((192, 0, 2, 7, 198, 51, 100, 1, 0x04, 0xd2, 0, 80))
PLAIN = {"listen": ["127.0.0.1:0"], "proxy_protocol": ["127.0.0.1"], "locations": [{"path": "/", "pool": "pool"}]}
REFUSED = "comfymux_closed_total"


def tlv(kind, value):
    return bytes((kind,)) + len(value).to_bytes(2, "big") + value


def version_2(more=b"", command=0x21, family=0x11, addresses=ADDRESSES):
    return SIGNATURE + bytes((command, family)) + len(addresses + more).to_bytes(2, "big") + addresses + more


SECURE = tlv(0x20, b"\x01\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"who.example"))
HEADERS = {"version 1": LINE, "version 2": version_2(), "with TLVs": version_2(tlv(2, b"a.example") + SECURE),
           "the longest": version_2(tlv(4, bytes(4096 - 28 - 3)))}


@pytest.fixture
def mux(start, backend):
    return start(conf.config([backend], servers=[PLAIN, {
        **PLAIN, "listen": ["127.0.0.2:0"], "tls": tls.settings("comfy.test"), "proxy_protocol": ["127.0.0.0/8"]}]))


def asked(backend):
    return backend.requests[-1].all("x-forwarded-for"), backend.requests[-1].all("x-real-ip")


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_worker_and_the_log_hear_of_the_client(mux, backend, header):
    with mux.client() as client:
        client.send(header)
        for _ in range(2):
            assert client.ask().status == 200
            assert asked(backend) == (["192.0.2.7"], ["192.0.2.7"])
    wait_until(lambda: len(mux.exchanges()) == 2, "two lines")
    assert {line["client"] for line in mux.exchanges()} == {"192.0.2.7"}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_tls_begins_behind_it(mux, backend, header):
    with socket.create_connection(mux.listening("127.0.0.2:0"), timeout=10) as sock:
        sock.sendall(header)
        with tls.context().wrap_socket(sock, server_hostname="comfy.test") as secure:
            secure.sendall(make_request("/", "GET", [("Connection", "close")]))
            said = secure.makefile("rb").read()
            assert said.startswith(b"HTTP/1.1 200")
            assert asked(backend)[1] == ["192.0.2.7"]


def test_header_and_handshake_in_one_piece(mux, backend):
    """The first flight of TLS comes along with the header, as it does over a balancer."""
    incoming, outgoing = tls.ssl.MemoryBIO(), tls.ssl.MemoryBIO()
    secure = tls.context().wrap_bio(incoming, outgoing, server_hostname="comfy.test")
    with RawClient(mux.listening("127.0.0.2:0")) as client:
        pending, said = LINE, b""
        while not said.startswith(b"HTTP/1.1 200"):
            try:
                if secure.version() is None:
                    secure.do_handshake()
                    secure.write(make_request())
                said += secure.read(12)
            except tls.ssl.SSLWantReadError:
                client.send(pending + outgoing.read())
                pending = b""
                incoming.write(client.some())
        assert asked(backend)[1] == ["192.0.2.7"]


@pytest.mark.parametrize("header", [b"", b"PROXY TCP4 nonsense\r\n", SIGNATURE + b"\x31\x11\0\x0c" + ADDRESSES,
                                    SIGNATURE + b"\x21\x11\xff\xff" + ADDRESSES, b"\x16\x03\x01"],
                         ids=["none", "a broken one", "version 3", "too large", "TLS"])
@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.0.0.2:0"])
def test_without_it_there_is_no_answer(mux, backend, header, address):
    mux.announce("bad_proxy_header")
    before = mux.metrics().value(REFUSED, reason="bad_proxy_header")
    client = mux.client(mux.listening(address))
    client.send(header + make_request("/", "GET", []))
    assert client.rest() == b""
    mux.wait_event("bad_proxy_header", client="127.0.0.1")
    assert mux.metrics().value(REFUSED, reason="bad_proxy_header") == before + 1
    assert not backend.requests


def test_a_stranger_is_not_believed(mux, backend):
    client = mux.client(source="127.0.0.9")
    client.send(LINE)
    assert client.ask().status == 200
    assert asked(backend)[1] == ["127.0.0.9"]


def test_quit_does_not_wait_for_a_header(mux):
    client = mux.client()
    client.send_seen(LINE[:20])
    mux.signal(signal.SIGQUIT)
    mux.ended_by_test = True
    assert mux.wait_exit() == 0, mux.log_tail()


def test_nginx_tells_in_its_own_words_and_has_the_tlvs(nginx_run):  # noqa: F811
    nginx_run.write(http=f"""server {{ listen unix:{nginx_run.folder}/p proxy_protocol; set_real_ip_from unix:; real_ip_header proxy_protocol;
        return 200 "$remote_addr:$remote_port $realip_remote_addr $proxy_protocol_server_port
$proxy_protocol_tlv_authority $proxy_protocol_tlv_ssl_version $proxy_protocol_tlv_ssl_verify $proxy_protocol_tlv_0x22.$proxy_protocol_tlv_foo"; }}""")
    nginx_run.start()
    with RawClient(f"{nginx_run.folder}/p") as client:
        client.send(version_2(tlv(2, b"a.example") + SECURE))
        assert client.ask().body == b"192.0.2.7:1234 unix: 80\na.example TLSv1.3 0 ."
    assert nginx_run.lines('unknown PROXY protocol TLV "foo"', level="error")
    with RawClient(f"{nginx_run.folder}/p") as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.rest() == b""
    line, = nginx_run.lines("broken header", level="error")
    assert line.endswith(f'broken header: "GET / HTTP/1.0\\x0D\\x0A\\x0D\\x0A" while reading PROXY protocol, client: unix:, '
                         f"server: unix:{nginx_run.folder}/p")
