"""sticky of an upstream. nginx 1.22, which test/nginx compares with, has none."""
import re
import selectors
import socket

import pytest

from harness.nginx_run import nginx_run  # noqa: F401, a fixture

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
COOKIE = r"srv=(?P<id>[0-9a-z]+); expires=\w{3}, \d\d-\w{3}-\d\d(\d\d)? \d\d:\d\d:\d\d GMT; max-age=3600; httponly; path=/"


@pytest.fixture
def workers(short_folder):
    """Names of sockets that take connections, and say what the test says."""
    made = {}
    for name in ("one", "two"):
        made[name] = socket.socket(socket.AF_UNIX)
        made[name].bind(f"{short_folder}/{name}")
        made[name].listen()
    yield made
    for listener in made.values():
        listener.close()


def start(nginx_run, workers, sticky, more=""):
    servers = "".join(f"server unix:{listener.getsockname()} route={name}; " for name, listener in workers.items())
    nginx_run.write(http=f"upstream u {{ {servers} {sticky} }}", server=f"location / {{ {more} proxy_pass http://u; }}").start()


def asked(nginx_run, workers, cookie=""):
    """A client that has sent a request, the worker's name that got it, and its end of the connection."""
    client = nginx_run.client()
    client.send(f"GET / HTTP/1.1\r\nHost: a\r\n{cookie}\r\n".encode())
    with selectors.DefaultSelector() as selector:
        for name, listener in workers.items():
            selector.register(listener, selectors.EVENT_READ, name)
        ready = selector.select(10)
    assert len(ready) == 1, "nobody was asked"
    worker, _ = ready[0][0].fileobj.accept()
    worker.settimeout(10)
    assert worker.recv(65536).endswith(b"\r\n\r\n")
    return client, ready[0][0].data, worker


def finish(client, worker, octets):
    worker.sendall(octets)
    worker.close()
    answer = client.response()
    client.close()
    return answer


def test_the_cookie_is_set_with_every_answer(nginx_run, workers):
    start(nginx_run, workers, "sticky cookie srv expires=1h path=/ httponly;")
    client, first, worker = asked(nginx_run, workers)
    value = re.fullmatch(COOKIE, *finish(client, worker, HEAD + b"body").cookies())["id"]
    assert value == first
    for status in ("200 OK", "404 None", "500 Broken"):
        client, name, worker = asked(nginx_run, workers, f"Cookie: a=b; srv={value}\r\n")
        answer = finish(client, worker, HEAD.replace(b"200 OK", status.encode()) + b"body")
        assert name == first
        assert [re.fullmatch(COOKIE, cookie)["id"] for cookie in answer.cookies()] == [first]


def test_the_cookie_names_the_one_that_answered(nginx_run, workers):
    start(nginx_run, workers, "sticky cookie srv expires=1h path=/ httponly;", "proxy_next_upstream http_503;")
    client, first, worker = asked(nginx_run, workers)
    worker.sendall(HEAD.replace(b"200 OK", b"503 Busy") + b"busy")
    worker.close()
    other = next(name for name in workers if name != first)
    workers[other].settimeout(10)
    worker, _ = workers[other].accept()
    worker.recv(65536)
    answer = finish(client, worker, b"HTTP/1.1 200 OK\r\nSet-Cookie: own=1\r\nContent-Length: 4\r\n\r\nbody")
    cookies = answer.cookies()
    assert re.fullmatch(COOKIE, cookies[0])["id"] == other
    assert cookies[1:] == ["own=1"]


@pytest.mark.parametrize(("when", "is_known"), [("", False), ("header", True)])
def test_a_session_is_learned_of_a_whole_answer_or_of_its_head(nginx_run, workers, when, is_known):
    start(nginx_run, workers, f"sticky learn create=$cookie_s lookup=$cookie_s zone=z:64k {when};")
    client, first, worker = asked(nginx_run, workers, "Cookie: s=me\r\n")
    worker.sendall(HEAD + b"bo")
    client.until(b"bo", "the answer begins")
    beside, second, other = asked(nginx_run, workers, "Cookie: s=me\r\n")
    assert (second == first) == is_known
    finish(beside, other, HEAD + b"body")
    worker.sendall(b"dy")
    worker.close()
    client.exactly(2, "the rest")
    client.close()
    for _ in range(3):
        client, name, worker = asked(nginx_run, workers, "Cookie: s=me\r\n")
        assert name == first, "whose answer ended last"
        finish(client, worker, HEAD + b"body")


def test_a_session_is_learned_when_its_tunnel_begins(nginx_run, workers):
    start(nginx_run, workers, "sticky learn create=$cookie_s lookup=$cookie_s zone=z:64k;",
          "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;")
    fields = "Upgrade: words\r\nConnection: upgrade\r\nCookie: s=me\r\n"
    tunnel, first, end = asked(nginx_run, workers, fields)
    end.sendall(b"HTTP/1.1 101 On\r\nUpgrade: words\r\nConnection: upgrade\r\n\r\nhello")
    tunnel.until(b"hello", "the tunnel")
    for _ in range(3):
        client, name, worker = asked(nginx_run, workers, "Cookie: s=me\r\n")
        assert name == first
        finish(client, worker, HEAD + b"body")
    end.close()
    assert tunnel.rest() == b""
    tunnel.close()
