"""Is a refusal in the words that the client asked for?"""
import json

import pytest

from harness.wire import make_request

pytestmark = pytest.mark.core

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("fields, is_json", [
    ([], False),
    ([("Accept", BROWSER)], False),
    ([("Accept", "*/*")], False),
    ([("Accept", "application/json")], True),
    ([("accept", "application/json, text/plain, */*")], True),
    ([("Content-Type", "application/json")], True),
    ([("Content-Type", "application/json; charset=utf-8"), ("Accept", "*/*")], True),
], ids=["nothing", "browser", "anything", "json", "json-first", "json-body", "json-body-anything"])
@pytest.mark.parametrize("cause", [("Expect", "miracles"), ("Content-Length", "9000000000"), ("Transfer-Encoding", "gzip")],
                         ids=["417", "413", "501"])
def test_an_error_is_html_or_comfyuis_json(rig, fields, is_json, cause):
    client = rig.client()
    client.send(make_request("/prompt", "POST", [*fields, cause]))
    response = client.response()
    assert response.status in (417, 413, 501)
    kind = response.get("content-type").partition(";")[0]
    if not is_json:
        assert kind == "text/html" and b"<html" in response.body.lower() and len(response.body) < 2000
        return
    assert kind == "application/json"
    told = json.loads(response.body)
    assert set(told) == {"error", "node_errors"} and told["node_errors"] == {}
    assert set(told["error"]) >= {"type", "message", "details", "extra_info"}
    assert told["error"]["message"]


def test_an_error_to_a_head_request_has_no_body(rig):
    client = rig.client()
    client.send(make_request(method="HEAD", fields=[("Expect", "miracles")]))
    response = client.response("HEAD")
    assert response.status == 417
    assert client.is_closed() == "eof"


def test_what_the_client_sent_is_not_echoed_as_markup(rig):
    client = rig.client()
    client.send(b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: <b>\r\nX-<i>: 1\r\n\r\n")
    assert b"<script" not in client.response().body


def test_an_error_answer_to_http_1_0_can_be_read_too(rig):
    client = rig.client()
    client.send(b"GET /p HTTP/1.0\r\nX : 1\r\n\r\n")
    assert client.response().status == 400
    assert client.is_closed() == "eof"
