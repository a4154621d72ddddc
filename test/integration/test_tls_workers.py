"""Are workers behind TLS asked as they should be?"""
import hashlib
import signal
import ssl

import pytest

from harness import ws
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.tls_worker import Authority, TLSWorker
from harness.wait import wait_until

BOTH = "proxy_ssl_protocols TLSv1.2 TLSv1.3;"
KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";'


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.of("worker.test")


@pytest.fixture
def worker_of(pair):
    made = []

    def make(certificate=None, **more):
        made.append(TLSWorker(certificate or pair, **more))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def serve(nginx_run):  # noqa: F811
    def make(*workers, location="", http="", upstream="", server="", switches=()):
        servers = " ".join(f"server {worker.address};" for worker in workers)
        nginx_run.write(http=f"upstream workers {{ {servers} {upstream} }} proxy_temp_path temp; client_body_temp_path temp; {http}",
                        server=f"client_max_body_size 0; {server} location / {{ proxy_pass https://workers; {location} }}")
        words = [word for switch in switches for word in ("-d", switch)]
        return nginx_run if nginx_run.process else nginx_run.start(*words)

    return make


def ask(mux, target="/10", **more):
    with mux.client() as client:
        return client.ask(target, **more)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("switches, size", [((), 3_000_000), (("shortio",), 30_000)], ids=["plain", "shortio"])
def test_bodies_pass_both_ways(serve, worker_of, version, switches, size):
    mux = serve(worker_of(version=version), location=BOTH, switches=switches)
    body = bytes(range(256)) * (size // 256)
    response = ask(mux, f"/{size}", method="POST", body=body)
    assert response.status == 200 and len(response.body) == size and response.body.startswith(b"0123456789abcdef")
    assert response.get("x-body") == hashlib.md5(body, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("name, sent", [("", [None]), ("proxy_ssl_server_name on;", ["workers"]),
                                        ("proxy_ssl_server_name on; proxy_ssl_name $arg_n;", ["a.test"]),
                                        ("proxy_ssl_server_name on; proxy_ssl_name 127.0.0.1;", [None])])
def test_the_name_is_sent_when_it_is_to_be(serve, worker_of, name, sent):
    worker = worker_of()
    assert ask(serve(worker, location=BOTH + name), "/5?n=a.test:443").status == 200
    assert worker.names == sent


def verify(authority, name="worker.test"):
    return f"{BOTH} proxy_ssl_verify on; proxy_ssl_trusted_certificate {authority.file}; proxy_ssl_name {name};"


def test_the_right_worker_is_believed(serve, worker_of, authority):
    assert ask(serve(worker_of(), location=verify(authority))).status == 200


@pytest.mark.parametrize("kind, told", [
    ("name", 'upstream SSL certificate does not match "other.test" while SSL handshaking to upstream'),
    ("authority", r"upstream SSL certificate verify error: \(2[01]:unable to .*\) while SSL handshaking to upstream"),
    ("time", r"upstream SSL certificate verify error: \(10:certificate has expired\) while SSL handshaking to upstream")])
def test_the_wrong_worker_is_not_asked(serve, worker_of, authority, tmp_path, kind, told):
    certificate = {"name": None, "authority": None, "time": authority.of("worker.test", days=0)}[kind]
    trusted = Authority(tmp_path, "stranger") if kind == "authority" else authority
    worker = worker_of(certificate)
    mux = serve(worker, location=verify(trusted, "other.test" if kind == "name" else "worker.test"))
    assert ask(mux).status == 502
    assert mux.lines(told, level="error")
    assert worker.requests == []


@pytest.mark.parametrize("manner, told", [("plain", "SSL_do_handshake\\(\\) failed \\(SSL: error:.*wrong version number"),
                                          ("leaves", r"peer closed connection in SSL handshake( \(104: .*\))? while SSL handshaking to upstream")])
def test_who_speaks_no_tls_is_passed_over(serve, worker_of, manner, told):
    wrong, right = worker_of(manner=manner), worker_of()
    mux = serve(wrong, right, location=BOTH, upstream="", http="")
    for _ in range(2):
        assert ask(mux, "/7", method="POST", body=b"abc").status == 200
    assert mux.lines(told) and len(right.requests) == 2


def test_who_says_nothing_is_waited_for_as_long_as_for_a_connection(serve, worker_of):
    mux = serve(worker_of(manner="silent"), location=f"{BOTH} proxy_connect_timeout 300ms;")
    assert ask(mux).status == 504
    assert mux.lines(r"upstream timed out \(110: .*\) while SSL handshaking to upstream")


def test_sessions_are_resumed_unless_they_are_not_to_be(serve, worker_of):
    worker = worker_of()
    mux = serve(worker, location=BOTH, server=f"location /never {{ proxy_pass https://workers; {BOTH} proxy_ssl_session_reuse off; }}")
    for _ in range(3):
        ask(mux)
    assert worker.resumed == [False, True, True]
    for _ in range(2):
        ask(mux, "/never/1")
    assert worker.resumed[3:] == [False, False]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_connections_are_kept_for_the_same_settings_only(serve, worker_of, version):
    worker = worker_of(version=version)
    other = "location /other { proxy_pass https://workers; %s %s proxy_ssl_server_name on; }" % (BOTH, KEPT)
    named = "location /named { proxy_pass https://workers; %s %s proxy_ssl_name $arg_n; }" % (BOTH, KEPT)
    mux = serve(worker, location=BOTH + KEPT, upstream="keepalive 8;", server=other + named)
    for target in ("/1", "/2", "/other/1", "/other/2", "/3", "/named/1?n=a", "/named/1?n=b", "/named/1?n=a"):
        assert ask(mux, target).status == 200
    assert [number for number, _ in worker.requests] == [1, 1, 2, 2, 1, 3, 4, 3]


def test_our_certificate_is_shown(serve, worker_of, authority):
    mine, key = authority.of("me.test")
    worker = worker_of(wants_certificate=authority.file, version=ssl.TLSVersion.TLSv1_2)
    show = f"proxy_ssl_certificate {mine}; proxy_ssl_certificate_key {key};"
    mux = serve(worker, location=BOTH + show, server=f"location /without {{ proxy_pass https://workers; {BOTH} }}")
    assert ask(mux).status == 200
    assert ask(mux, "/without/1").status == 502


def test_a_websocket_passes(serve, worker_of):
    mux = serve(worker_of(), location=BOTH)
    with mux.client() as client:
        client.send(ws.upgrade_request())
        assert client.response().status == 101
        for size in (1, 3000, 60000):
            frame = ws.frame(b"x" * size, mask=True)
            client.send(frame)
            assert client.exactly(len(frame)) == frame


def test_nothing_is_lost_over_reloads(serve, worker_of, authority):
    """What the sanitizer finds at the end is told by the fixture."""
    worker = worker_of()
    mux = serve(worker, location=verify(authority) + KEPT, upstream="keepalive 4;")
    for turn in range(6):
        with mux.client() as client:
            assert client.ask("/1").status == 200
            more = f"{KEPT} proxy_ssl_verify_depth {turn + 2}; add_header X-Turn {turn};"
            serve(worker, location=verify(authority) + more, upstream="keepalive 4;").signal(signal.SIGHUP)
            wait_until(lambda: ask(mux, "/2").get("x-turn") == str(turn), "the reload")
    assert mux.lines("verify error|does not match") == []
