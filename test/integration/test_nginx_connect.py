"""Connections to workers: where they come from, and what the log says when there is none."""
import pytest

from harness.backend import Backend
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wire import make_response

ONE_ONE = "proxy_http_version 1.1;"  # all that the scripted workers read


@pytest.fixture
def worker():
    made = Backend(answer=make_response(b"worker"))
    yield made
    made.close()


@pytest.fixture
def free_port():
    """Nobody listens there, and nobody else gets it."""
    made = Backend()
    made.refuse()
    yield made.port
    made.close()


def get(nginx_run, path, *lines):
    with nginx_run.client() as client:
        return client.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: a", *lines, "", ""]).encode()).response()


def test_where_they_come_from(nginx_run, worker):
    nginx_run.write(http=ONE_ONE, server=f"""proxy_bind 127.0.0.2;
        location /set {{ proxy_pass http://127.0.0.1:{worker.port}; }}
        location /off {{ proxy_bind off; proxy_pass http://127.0.0.1:{worker.port}; }}
        location /var {{ proxy_bind $http_x_from; proxy_pass http://127.0.0.1:{worker.port}; }}""").start()
    for path, field, address in (("/set", "", "127.0.0.2"), ("/off", "", "127.0.0.1"), ("/var", "127.0.0.3", "127.0.0.3"),
                                 ("/var", "", "127.0.0.1"), ("/var", "nonsense", "127.0.0.1")):
        assert get(nginx_run, path, f"X-From: {field}").status == 200
        assert worker.connections[-1].peer[0] == address, (path, field)
    nginx_run.wait_line('invalid local address "nonsense"', level="error")


def test_nobody_listens(nginx_run, free_port):
    nginx_run.write(server=f"location / {{ proxy_pass http://127.0.0.1:{free_port}; }}").start()
    assert get(nginx_run, "/").status == 502
    nginx_run.wait_line(r"^\*1 connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: ", level="error")


def test_no_such_socket(nginx_run, short_folder):
    nginx_run.write(server=f"location / {{ proxy_pass http://unix:{short_folder}/none:; }}").start()
    assert get(nginx_run, "/").status == 502
    nginx_run.wait_line(rf"^\*1 connect\(\) to unix:{short_folder}/none failed \(2: No such file or directory\) while connecting to upstream, ",
                        level="crit")


def test_a_server_that_is_left_alone(nginx_run, worker, free_port):
    nginx_run.write(http=f"{ONE_ONE} upstream u {{ server 127.0.0.1:{free_port}; server 127.0.0.1:{worker.port}; }}",
                    server="location / { proxy_pass http://u; }").start()
    assert [get(nginx_run, "/").status for _ in range(4)] == [200] * 4
    nginx_run.wait_line(r"upstream server temporarily disabled while connecting to upstream, client: ", level="warn")
    assert len(nginx_run.lines("temporarily disabled")) == 1
