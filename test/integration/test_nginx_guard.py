"""Who gets in, with an nginx.conf: what outlives a reload, counts at once, or ends with its client.

What each directive answers is compared with nginx itself in test/nginx.
"""
import base64
import signal
import socket

import pytest

from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wait import wait_until

PASSED = "try_files /none @in;"
INSIDE = "location @in { return 200 in; }"


def get(client, *fields, path="/"):
    lines = [f"GET {path} HTTP/1.1", "Host: a", *fields, "", ""]
    return client.send("\r\n".join(lines).encode()).response()


def status(nginx_run, *fields, path="/"):
    with nginx_run.client() as client:
        return get(client, *fields, path=path).status


def basic(text):
    return "Authorization: Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def silent_worker(short_folder):
    """Takes connections, and says what the test says."""
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(10)
    listener.bind(f"{short_folder}/w")
    listener.listen()
    yield listener
    listener.close()


def asked(listener):
    """The worker's end of a request that has come, and the request."""
    worker, _ = listener.accept()
    worker.settimeout(10)
    return worker, worker.recv(65536)


def test_an_edit_of_the_password_file_counts_at_once(nginx_run):
    users = nginx_run.folder / "users"
    users.write_text("u:{PLAIN}first\n")
    nginx_run.write(server=f"location / {{ auth_basic r; auth_basic_user_file users; {PASSED} }} {INSIDE}").start()
    assert status(nginx_run, basic("u:first")) == 200
    users.write_text("u:{PLAIN}other\n")  # of the same size, in the same file
    assert status(nginx_run, basic("u:first")) == 401
    assert status(nginx_run, basic("u:other")) == 200
    fresh = nginx_run.folder / "fresh"
    fresh.write_text("u:{PLAIN}third\n")
    fresh.replace(users)
    assert status(nginx_run, basic("u:other")) == 401
    assert status(nginx_run, basic("u:third")) == 200
    users.unlink()
    assert status(nginx_run, basic("u:third")) == 403
    nginx_run.wait_line(r'open\(\) ".*/users" failed \(2: No such file or directory\)')


def test_a_hash_that_takes_too_long_admits_nobody(nginx_run):
    (nginx_run.folder / "users").write_text("u:$6$rounds=999999999$saltsalt$x\n")
    nginx_run.write(server=f"location / {{ auth_basic r; auth_basic_user_file users; {PASSED} }} {INSIDE}").start()
    assert status(nginx_run, basic("u:first")) == 401
    nginx_run.wait_line(r'user "u": the hash in ".*/users" takes too long to check', level="error")


def test_a_reload_has_other_rules_for_connections_that_are_there(nginx_run):
    nginx_run.write(server=f"location / {{ {PASSED} }} {INSIDE}").start()
    with nginx_run.client() as client:
        nginx_run.write(server=f"location / {{ deny all; {PASSED} }} {INSIDE}").signal(signal.SIGHUP)
        wait_until(lambda: nginx_run.lines("reload_done"), "the reload")
        assert get(client).status == 403


def limited(size):
    return {"http": f"limit_req_zone a zone=one:{size} rate=1r/m;",
            "server": f"location / {{ limit_req zone=one; {PASSED} }} {INSIDE}"}


def test_counts_outlive_a_reload_unless_the_zone_is_another(nginx_run):
    nginx_run.write(**limited("1m")).start()
    assert [status(nginx_run), status(nginx_run)] == [200, 503]
    nginx_run.signal(signal.SIGHUP)
    wait_until(lambda: len(nginx_run.lines("reload_done")) == 1, "the reload")
    assert status(nginx_run) == 503
    nginx_run.write(**limited("2m")).signal(signal.SIGHUP)
    wait_until(lambda: len(nginx_run.lines("reload_done")) == 2, "the second reload")
    assert [status(nginx_run), status(nginx_run)] == [200, 503]


def test_a_request_that_is_delayed_ends_with_its_client(nginx_run):
    nginx_run.write(http="limit_req_zone a zone=one:1m rate=1r/m;",
                    server=f"location / {{ limit_req zone=one burst=5; {PASSED} }} {INSIDE}").start()
    assert status(nginx_run) == 200
    with nginx_run.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        nginx_run.wait_line('delaying request, excess: [01][.][0-9]{3}, by zone "one"', level="warn")
    nginx_run.signal(signal.SIGQUIT)  # which would wait a minute for it
    assert nginx_run.wait_exit() == 0


def test_a_connection_is_counted_until_its_client_leaves(nginx_run, silent_worker):
    nginx_run.write(http="limit_conn_zone a zone=one:1m;",
                    server=f"location / {{ limit_conn one 1; proxy_pass http://unix:{nginx_run.folder}/w; }}").start()
    with nginx_run.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        worker, _ = asked(silent_worker)
        assert status(nginx_run) == 503
    assert worker.recv(1) == b""  # it was told
    worker.close()
    with nginx_run.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        worker, _ = asked(silent_worker)
        worker.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        worker.close()
        assert client.response().status == 200


def asking(nginx_run):
    return (f"location / {{ auth_request /auth; {PASSED} }} {INSIDE}"
            f"location = /auth {{ internal; proxy_pass http://unix:{nginx_run.folder}/w:/check; }}")


def test_a_reload_does_not_let_anybody_in_without_an_answer(nginx_run, silent_worker):
    nginx_run.write(server=asking(nginx_run)).start()
    with nginx_run.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
        worker, question = asked(silent_worker)
        assert question.startswith(b"GET /check HTTP/1.0\r\n") and not question.endswith(b"body")
        nginx_run.signal(signal.SIGHUP)
        nginx_run.wait_line("reload_done")
        worker.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
        worker.close()
        # What comes back to ROUTE after a reload is routed anew, and so it is asked for anew.
        worker, question = asked(silent_worker)
        assert question.startswith(b"GET /check HTTP/1.0\r\n")
        worker.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")
        worker.close()
        answer = client.response()
        assert (answer.status, answer.body) == (200, b"in")


def test_a_question_ends_with_its_client(nginx_run, silent_worker):
    nginx_run.write(server=asking(nginx_run)).start()
    with nginx_run.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        worker, _ = asked(silent_worker)
    assert worker.recv(1) == b""
    worker.close()
    nginx_run.signal(signal.SIGQUIT)
    assert nginx_run.wait_exit() == 0


def test_an_address_is_one_requests_and_not_the_connections(nginx_run):
    nginx_run.write(server=f"set_real_ip_from unix:; location / {{ allow 192.0.2.7; deny all; {PASSED} }} {INSIDE}")
    nginx_run.start()
    with nginx_run.client() as client:
        assert get(client, "X-Real-IP: 192.0.2.7").status == 200
        assert get(client).status == 403
        assert get(client, "X-Real-IP: 192.0.2.8").status == 403
        assert get(client, "X-Real-IP: 192.0.2.7").status == 200


@pytest.mark.parametrize("server, path", [
    (f'location / {{ {PASSED} }} {INSIDE} location ~ "^/(a+)+$" {{ deny all; }}', "/{}"),
    ('if ($arg_x ~ "^(a+)+$") { return 403; } return 200 in;', "/?x={}"),
    (f'location / {{ {PASSED} }} {INSIDE} location /x/ {{ rewrite "^/x/(a+)+$" /no; return 200 in; }}', "/x/{}")])
def test_a_regular_expression_that_gives_no_answer_lets_nobody_in(nginx_run, server, path):
    nginx_run.write(server=server).start()
    assert status(nginx_run, path=path.format("b")) == 200
    assert status(nginx_run, path=path.format("a" * 3000 + "b")) == 500
    nginx_run.wait_line(r"pcre2_match\(\) failed on .* using", level="alert")
