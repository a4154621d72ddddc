"""Are pages of foreign sites refused as a worker refuses them, also where the fleet answers itself?"""
import json

import pytest

from harness import ws
from harness.fleet import plain
from harness.wire import make_request

FLEET = {"workers": 2}

JSON = ("Content-Type", "application/json")
OWN = [("GET", "/queue"), ("GET", "/api/queue"), ("GET", "/history"), ("GET", "/api/jobs"), ("GET", "/object_info"),
       ("GET", "/system_stats"), ("POST", "/prompt"), ("POST", "/api/interrupt"), ("POST", "/queue"), ("POST", "/free"),
       ("POST", "/upload/image"), ("POST", "/api/settings"), ("GET", "/settings"), ("DELETE", "/userdata/x.json"),
       ("GET", "/ws"), ("GET", "/internal/logs"), ("OPTIONS", "/queue"), ("OPTIONS", "/prompt")]
# Host, Origin, Sec-Fetch-Site
FOREIGN = [("localhost:8188", "https://evil.test", None), ("127.0.0.1:8188", "http://127.0.0.1:8189", None),
           ("localhost:8188", "http://127.0.0.1:8188", None), ("comfy.example", None, "cross-site")]
WELCOME = [("localhost:8188", "http://localhost:8188", "same-origin"), ("127.0.0.1:8188", "http://127.0.0.1", None),
           ("comfy.example", "https://evil.test", None), ("localhost:8188", "null", None)]


def ask(client, method, path, host, origin, site, body):
    fields = [JSON, *([("Origin", origin)] if origin else []), *([("Sec-Fetch-Site", site)] if site else [])]
    client.send(make_request(path, method, host=host, fields=fields, body=body))
    return client.response(method)


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("method,path", OWN)
def test_a_foreign_page_is_refused_without_a_word(fleet, method, path, foreign):
    body = json.dumps({"prompt": plain()}).encode() if method == "POST" else None
    with fleet.mux.client() as client:
        answer = ask(client, method, path, *foreign, body)
    assert (answer.status, answer.body) == (403, b"")
    assert fleet.remaining() == 0 and fleet.starts() == [[], []]


@pytest.mark.parametrize("welcome", WELCOME)
def test_the_own_page_is_not(fleet, welcome):
    with fleet.mux.client() as client:
        for method, path in (("GET", "/queue"), ("POST", "/interrupt"), ("GET", "/settings"), ("OPTIONS", "/prompt")):
            answer = ask(client, method, path, *welcome, b"{}" if method == "POST" else None)
            assert answer.status == 200, (method, path)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_page_gets_no_socket(fleet, foreign):
    host, origin, site = foreign
    more = [("Origin", origin)] if origin else [("Sec-Fetch-Site", site)]
    with fleet.mux.client() as client:
        client.send(ws.upgrade_request("/ws?clientId=me", more, host=host))
        answer = client.response()
    assert (answer.status, answer.body) == (403, b"")


def test_a_large_upload_is_refused_with_its_first_octets(fleet):
    with fleet.mux.client() as client:
        client.send(make_request("/upload/image", "POST", host="localhost", fields=[
            ("Content-Type", "multipart/form-data; boundary=x"), ("Origin", "https://evil.test"),
            ("Content-Length", str(50 << 20))]) + b"--x\r\n")
        assert client.response("POST").status == 403
