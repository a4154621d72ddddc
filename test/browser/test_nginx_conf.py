"""A person at a browser before an nginx.conf: the one that this project began with, and as people set up TLS, a
password and a path of its own."""
import pathlib
import socket

import pytest
from page import Page

from harness import tls
from harness.nginx_run import NginxRun

SEED = pathlib.Path(__file__).resolve().parents[1] / "nginx/confs/seed.conf"
FRAME = """daemon off; pid mux.pid; error_log error.log info; events {{}}
http {{
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    access_log access.log;
    upstream comfy {{ {servers} {sticky} }}
    {server}
}}
"""
BEHIND = """proxy_http_version 1.1; proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-Proto $scheme; proxy_read_timeout 1h; client_max_body_size 100m;"""
SECURED = """server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; gzip on; gzip_types *;
    location / {{ proxy_pass http://comfy; {behind} }} }}"""
BELOW = """server {{ listen {address}; location = /studio {{ return 301 /studio/; }}
    location /studio/ {{ proxy_pass http://comfy/; {behind} }} location / {{ return 404; }} }}"""
GUARDED = """server {{ listen {address}; auth_basic studio; auth_basic_user_file users;
    location / {{ proxy_pass http://comfy; {behind} }} }}"""


class Front:
    """What Page wants to know of a program that listens."""

    def __init__(self, run, listener, scheme, path=""):
        self.run, self.scheme = run, scheme
        host, port = listener.getsockname()
        self.address = (host, f"{port}{path}")


@pytest.fixture
def listener():
    """Handed to the program as systemd would, so that nobody has to find a free port."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def start(tmp_path, listener):
    run = NginxRun(tmp_path)

    def begin(text, scheme="http", path=""):
        fd = listener.fileno()
        script = f'exec 3<&{fd}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
        run.write(text=text).start(command=["/bin/bash", "-c", script, "sh", *run.command()], pass_fds=[fd])
        return Front(run, listener, scheme, path)

    yield begin
    run.finish()
    assert not run.lines("", level="error") and not run.lines("", level="crit"), run.said()


def address_of(listener):
    return "{}:{}".format(*listener.getsockname())


def servers_of(workers):
    return " ".join(f"server 127.0.0.1:{worker.port};" for worker in workers)


def see_a_job(page):
    page.submit(seed=7, size=256)
    page.wait_state("done")
    (card,) = page.cards()
    assert int(card.get_attribute("data-progress")) == 10
    assert page.image_size(card, ".preview") == [256, 256]
    assert page.image_size(card, ".result img") == [256, 256]


def test_the_first_file_of_all_has_a_page_that_works(start, listener, workers, browser):
    text = SEED.read_text().replace("/var/log/nginx/error.log", "error.log")
    text = text.replace("listen 80;", f"listen {address_of(listener)};")
    for address, worker in zip(("192.168.1.244:7860", "192.168.1.192:7860"), workers):
        assert address in text
        text = text.replace(address, f"127.0.0.1:{worker.port}")
    page = Page(browser, start("daemon off; pid mux.pid;\n" + text.replace("http\n{", "http\n{ access_log off;", 1)))
    see_a_job(page)
    page.assert_no_errors()


@pytest.mark.parametrize("sticky", ["ip_hash;", "sticky cookie worker;", "comfymux { mode fleet; }"])
def test_over_tls(start, listener, workers, browser, sticky):
    certificate, key = tls.make_certificate("localhost")
    server = SECURED.format(address=address_of(listener), certificate=certificate, key=key, behind=BEHIND)
    page = Page(browser, start(FRAME.format(servers=servers_of(workers), sticky=sticky, server=server), "https"))
    see_a_job(page)
    page.assert_no_errors()


def test_below_a_path(start, listener, workers, browser):
    server = BELOW.format(address=address_of(listener), behind=BEHIND)
    front = start(FRAME.format(servers=servers_of(workers), sticky="ip_hash;", server=server), path="/studio")
    see_a_job(Page(browser, front))


def test_behind_a_password(start, listener, workers, browser):
    server = GUARDED.format(address=address_of(listener), behind=BEHIND)
    front = start(FRAME.format(servers=servers_of(workers), sticky="ip_hash;", server=server))
    (front.run.folder / "users").write_text("me:{PLAIN}secret\n")
    # The browser keeps the password for what the page asks, its socket included.
    browser.get("http://me:secret@{}:{}/".format(*front.address))
    see_a_job(Page(browser, front))
