"""With an nginx.conf: can a decoded URI end a line of a head, or leave the folder that an alias names?

nginx lets both happen; doc/nginx.md says that here they do not.
"""
import pytest

from harness.backend import Backend
from harness.nginx_run import nginx_run  # noqa: F401, a fixture

REST = "(?<rest>[^!]*)"
ENDS = ("%0D%0AX-Forged:%20y", "%0DX-Forged:%20y", "%0AX-Forged:%20y", "%0D%0A%0D%0A<p>")


@pytest.fixture
def worker():
    made = Backend()
    yield made
    made.close()


def head(nginx_run, target):
    with nginx_run.client() as client:
        octets = client.send(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()).rest()
    return octets.partition(b"\r\n\r\n")[0]


def lines_are_whole(octets):
    return b"X-Forged" not in [line[:8] for line in octets.splitlines()] and octets.count(b"\r") == octets.count(b"\r\n") == octets.count(b"\n")


@pytest.mark.parametrize("does", ["add_header X-Uri $rest; return 200;", "return 302 http://b/$rest;", "return 301 /$rest;", "return 302 $rest;",
                                  "rewrite ^ /$rest redirect;", "default_type $rest; return 200 $uri;",
                                  "auth_basic $rest; auth_basic_user_file none; try_files /none =403;"])
def test_of_an_answer(nginx_run, does):
    nginx_run.write(server=f"location ~ ^/x/{REST} {{ {does} }}").start()
    for end in ENDS:
        octets = head(nginx_run, f"/x/a{end}")
        assert octets.startswith(b"HTTP/1.1 ") and lines_are_whole(octets), octets


@pytest.mark.parametrize("does", ["proxy_set_header X-Rest $rest;", "proxy_set_header Host $rest;", "proxy_method $rest;"])
def test_of_a_request(nginx_run, worker, does):
    nginx_run.write(server=f"location ~ ^/x/{REST} {{ {does} proxy_pass http://127.0.0.1:{worker.port}; }}").start()
    for end in ENDS:
        head(nginx_run, f"/x/a{end}")
    for connection in worker.connections:
        assert lines_are_whole(bytes(connection.received).partition(b"\r\n\r\n")[0]), connection.received
    assert len(worker.connections) == len(ENDS)


def test_an_alias_without_a_slash_is_not_left(nginx_run):
    for name in ("in/open", "secret"):
        file = nginx_run.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
    nginx_run.write(server=f"""location /x {{ alias {nginx_run.folder}/in/; autoindex on; }}
        location /try {{ alias {nginx_run.folder}/in/; try_files $uri =410; }}""").start()
    assert head(nginx_run, "/xopen").startswith(b"HTTP/1.1 200 ")
    for target in ("/x../secret", "/x%2e%2e/secret", "/x..%2fsecret", "/x../", "/x../in/open", "/try../secret"):
        assert head(nginx_run, target)[9:12] in (b"404", b"410"), target


def test_a_carriage_return_within_a_line(nginx_run, worker):
    worker.answer = b"HTTP/1.1 200 OK\r\nX: a\rX-Forged: y\r\nContent-Length: 0\r\n\r\n"
    nginx_run.write(server=f"location / {{ proxy_pass http://127.0.0.1:{worker.port}; }} location /own {{ return 200; }}").start()
    for line, status in ((b"X: a\rX-Forged: y", 400), (b"X:\r a", 400), (b"\r", 400), (b"X: a\r", 200), (b"X: a", 200)):
        with nginx_run.client() as client:
            assert client.send(b"GET /own HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n").response().status == status, line
    assert head(nginx_run, "/").startswith(b"HTTP/1.1 502 ")
