"""When every Nth allocation fails under an nginx.conf: nobody waits, nobody gets in or gets another's answer, the program lives on.

-d failalloc=N; all sanitizers watch. TEST_FAILALLOC=FROM:TO sweeps further.
"""
import base64
import os
import signal

import pytest

from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.wire import Cut

pytestmark = pytest.mark.seconds(120)
ENOUGH = 1000000  # none fails: what ought to be answered is
STEPS = [3, 11, 23, 37, 58, 83, ENOUGH]
if os.environ.get("TEST_FAILALLOC"):
    STEPS = list(range(*map(int, os.environ["TEST_FAILALLOC"].split(":"))))
HTTP = """
    client_body_temp_path temp; proxy_temp_path temp; client_body_buffer_size 1k; gzip on; gzip_min_length 1; gzip_types *;
    limit_req_zone $arg_k zone=r:1m rate=100r/s; limit_conn_zone $arg_k zone=c:1m;
    map $arg_m $mapped { default d; a b; ~^(?<rest>x.*)$ $rest; }
    upstream stuck { server unix:%(folder)s/s; server unix:%(folder)s/s; sticky cookie srv; }
"""
SERVER = """
    set $b unix:%(folder)s/s:; proxy_set_header X-Tag $http_x_tag; error_page 404 /missing; error_page 500 502 503 504 @bad;
    rewrite ^/rewritten/(.*)$ /plain/$1 last;
    location /back/ { return 200 "back $http_x_tag"; }
    location /plain/ { proxy_pass http://unix:%(folder)s/s:/back/; }
    location /stuck/ { proxy_pass http://stuck/back/; }
    location /found/ { proxy_pass http://$b/back/; }
    location /mapped { return 200 "$mapped"; }
    location /basic/ { auth_basic r; auth_basic_user_file users; proxy_pass http://unix:%(folder)s/s:/back/; }
    location /asked/ { auth_request /yes; proxy_pass http://unix:%(folder)s/s:/back/; }
    location /barred/ { auth_request /no; proxy_pass http://unix:%(folder)s/s:/back/; }
    location /yes { internal; proxy_pass http://unix:%(folder)s/s:/back/; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /no { internal; return 403; }
    location /denied/ { deny all; proxy_pass http://unix:%(folder)s/s:/back/; }
    location /limited/ { limit_req zone=r burst=30; limit_conn c 20; proxy_pass http://unix:%(folder)s/s:/back/; }
    location /reading/ { limit_except GET { deny all; } proxy_pass http://unix:%(folder)s/s:/back/; }
    location /file/ { alias %(folder)s/; autoindex on; }
    location = /missing { internal; return 404 "none"; }
    location @bad { return 503 "bad"; }
"""
RIGHT = "Authorization: Basic " + base64.b64encode(b"u:pw").decode()
WRONG = "Authorization: Basic " + base64.b64encode(b"u:no").decode()
LET_IN = [("GET", "/plain/a"), ("POST", "/plain/a"), ("GET", "/stuck/a"), ("GET", "/found/a"), ("GET", "/rewritten/a"), ("GET", "/asked/a"),
          ("POST", "/asked/a"), ("GET", "/basic/a", RIGHT), ("GET", "/limited/a?k=1"), ("GET", "/reading/a")]
KEPT_OUT = [("GET", "/basic/a"), ("GET", "/basic/a", WRONG), ("GET", "/barred/a"), ("GET", "/denied/a"), ("POST", "/reading/a"), ("GET", "/yes")]
OTHERS = [("GET", "/mapped?m=xyz"), ("GET", "/file/users"), ("GET", "/file/"), ("GET", "/file/users", "Accept-Encoding: gzip"), ("GET", "/file/none"),
          ("GET", "/file/users", "Range: bytes=0-1,3-4")]


def ask(nginx_run, tag, method, target, *fields):
    """The answer, None where the connection ended without one. Waiting for long is an error."""
    body = b"z" * 5000 if method == "POST" else b""
    lines = [f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", f"X-Tag: {tag}", f"Content-Length: {len(body)}", *fields, "", ""]
    try:
        with nginx_run.client() as client:
            return client.send("\r\n".join(lines).encode() + body).response()
    except (Cut, OSError):
        return None


@pytest.mark.parametrize("number", STEPS)
def test_memory_runs_out(nginx_run, number):
    (nginx_run.folder / "users").write_text("u:{PLAIN}pw\n")
    folder = {"folder": nginx_run.folder}
    nginx_run.write(http=HTTP % folder, server=SERVER % folder).start("-d", f"failalloc={number}")
    for turn in range(3):
        for place, (method, target, *fields) in enumerate(LET_IN + KEPT_OUT + OTHERS):
            tag = f"t{turn}.{place}"
            answer = ask(nginx_run, tag, method, target, *fields)
            if number == ENOUGH:
                assert answer.status in ((401, 403, 404) if (method, target, *fields) in KEPT_OUT else (200, 206, 404)), target
            if answer is None:
                continue
            if (method, target, *fields) in KEPT_OUT:
                assert answer.status in (401, 403, 404, 500, 503) and b"back" not in answer.body
            if answer.status == 200 and (method, target, *fields) in LET_IN:
                assert answer.body == f"back {tag}".encode()
        nginx_run.signal(signal.SIGHUP)
    nginx_run.signal(signal.SIGTERM)
    assert nginx_run.wait_exit() == 0
