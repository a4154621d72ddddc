"""Which unusual requests are good ones, and do they arrive as they should?"""
import pytest

from harness.wire import make_request

pytestmark = pytest.mark.core

H = b"Host: comfy.test\r\n"


def forwarded(rig, raw, status=200):
    client = rig.client()
    client.send(raw)
    method = raw.split(b" ", 1)[0].decode("latin-1")
    response = client.response(method)
    assert response.status == status, (response.status, response.body)
    assert len(rig.backend.requests) == 1
    return rig.backend.requests[0]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT",
                                    "M-SEARCH", "VERSION-CONTROL"])
def test_any_method_is_passed_on(rig, method):
    body = None if method in ("GET", "DELETE", "OPTIONS") else b"abc"
    request = forwarded(rig, make_request("/p", method, body=body))
    assert request.method == method and request.body == (body or b"")


@pytest.mark.parametrize("line, body", [
    (b"Content-Length: 3 ", b"abc"), (b"Content-Length:3", b"abc"), (b"Content-Length:   3", b"abc"),
    (b"content-length: 3", b"abc"), (b"Content-Length: 000000000000000003", b"abc"),
    (b"Content-Length: 0", b""),
    (b"Transfer-Encoding: CHUNKED", b"3\r\nabc\r\n0\r\n\r\n"), (b"Transfer-Encoding: chunked ", b"3\r\nabc\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: \tchunked", b"3\r\nabc\r\n0\r\n\r\n"), (b"tRANSFER-eNCODING:Chunked", b"3\r\nabc\r\n0\r\n\r\n"),
], ids=lambda v: v.decode().replace("\r\n", "|"))
def test_every_way_to_write_a_good_length_gives_the_same_body(rig, line, body):
    request = forwarded(rig, b"POST /p HTTP/1.1\r\n" + H + line + b"\r\n\r\n" + body)
    assert request.body == (b"" if body == b"" else b"abc")
    assert len(request.all("content-length") + request.all("transfer-encoding")) == 1


def test_a_get_may_have_a_body(rig):
    assert forwarded(rig, make_request("/p", "GET", body=b"abc")).body == b"abc"


def test_a_post_without_any_length_has_no_body(rig):
    request = forwarded(rig, b"POST /interrupt HTTP/1.1\r\n" + H + b"\r\n")
    assert request.body == b""


@pytest.mark.parametrize("host", ["comfy.test:8188", "127.0.0.1:1", "[::1]:8188", "[2001:db8::1]", "under_score.test",
                                  "UPPER.test", "xn--caf-dma.test"])
def test_every_good_host_is_passed_unchanged(rig, host):
    assert forwarded(rig, make_request(host=host)).all("host") == [host]


def test_http_1_0_needs_no_host(rig):
    request = forwarded(rig, b"GET /p HTTP/1.0\r\n\r\n")
    assert request.target == "/p"


def test_exactly_100_fields_pass(rig):
    fields = [(f"X-{i}", "a") for i in range(99)]
    request = forwarded(rig, make_request(fields=fields))
    assert [f for f in request.fields if f[0].startswith("X-") and f[1] == "a"] == fields


def test_a_head_of_nearly_64k_passes(rig):
    request = forwarded(rig, make_request(fields=[("X-Big", "b" * 60000)]))
    assert request.get("x-big") == "b" * 60000


def test_a_target_of_8000_octets_passes(rig):
    target = "/view?filename=" + "a" * 7985
    assert forwarded(rig, make_request(target)).target == target


def test_values_keep_their_bytes(rig):
    raw = b"GET / HTTP/1.1\r\n" + H + b"X-Tab: a\tb\r\nX-Utf8: caf\xc3\xa9\r\nX-Empty:\r\nX-Quote: \"a, b\"; c=d\r\n\r\n"
    request = forwarded(rig, raw)
    assert request.get("x-tab") == "a\tb" and request.get("x-utf8").encode("latin-1") == b"caf\xc3\xa9"
    assert request.get("x-empty") == "" and request.get("x-quote") == '"a, b"; c=d'


def test_the_order_and_repetition_of_fields_is_kept(rig):
    fields = [("X-A", "1"), ("X-B", "2"), ("X-A", "3"), ("Cookie", "a=b"), ("Cookie", "c=d"), ("x-a", "4")]
    request = forwarded(rig, make_request(fields=fields))
    assert [f for f in request.fields if f in fields] == fields


def test_names_with_an_underscore_do_not_reach_the_backend(rig):
    """A worker that maps - and _ to the same variable must not be fooled about X-Forwarded-For."""
    request = forwarded(rig, make_request(fields=[("X_Forwarded_For", "6.6.6.6"), ("Content_Length", "9")]))
    assert not [name for name in request.names() if "_" in name]


def test_an_absolute_target_becomes_a_path(rig):
    request = forwarded(rig, make_request("http://comfy.test/a/b?c=http://d/e", host="comfy.test"))
    assert request.target == "/a/b?c=http://d/e" and request.get("host") == "comfy.test"


def test_an_absolute_target_without_a_path_becomes_the_root(rig):
    assert forwarded(rig, make_request("http://comfy.test", host="comfy.test")).target == "/"


def test_an_absolute_target_without_a_path_keeps_its_query(rig):
    assert forwarded(rig, make_request("http://comfy.test?a=b", host="comfy.test")).target == "/?a=b"


def test_an_absolute_target_never_travels_with_another_host(rig):
    client = rig.client()
    client.send(make_request("http://good.test/x", host="evil.test"))
    response = client.response()
    if response.status == 200:
        request, = rig.backend.requests
        assert request.target == "/x" and request.get("host") == "good.test"
        assert "evil.test" not in request.raw_head.decode()
    else:
        assert response.status in (400, 421)
        rig.nothing_forwarded()


def test_an_asterisk_is_a_target_for_options(rig):
    client = rig.client()
    client.send(b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n")
    assert client.response().status in (200, 204, 400, 405)
    assert rig.backend.paths() in ([], ["*"])


@pytest.mark.parametrize("lead", [b"\r\n", b"\r\n\r\n"], ids=["one", "two"])
def test_empty_lines_before_a_request_are_overlooked(rig, lead):
    assert forwarded(rig, lead + make_request("/p")).target == "/p"


def test_endless_empty_lines_are_not(rig):
    client = rig.client()
    client.send(b"\r\n" * 50000)
    assert client.response().status in (400, 431)
    assert client.is_closed() in ("eof", "reset")


def test_a_method_in_lower_case_is_another_method(rig):
    client = rig.client()
    client.send(b"get /p HTTP/1.1\r\n" + H + b"\r\n")
    response = client.response()
    assert response.status in (200, 400, 405, 501)
    assert [r.method for r in rig.backend.requests] == (["get"] if response.status == 200 else [])


def test_a_https_target_on_a_plain_port_is_refused_or_just_a_path(rig):
    client = rig.client()
    client.send(make_request("https://comfy.test/x", host="comfy.test"))
    response = client.response()
    assert response.status in (200, 400, 421)
    assert rig.backend.paths() == (["/x"] if response.status == 200 else [])
