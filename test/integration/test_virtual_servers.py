"""Which server and which location answer a request?"""
import pytest

from harness import conf, tls, ws
from harness.wire import make_request


def say(text, path="/", status=200, kind="text/plain"):
    return {"path": path, "respond": {"status": status, "type": kind, "body": text}}


def server(text, names=(), listen=("127.0.0.1:0",), locations=None, **more):
    made = {"listen": list(listen), "locations": locations or [say(text)], **more}
    if names:
        made["names"] = list(names)
    return made


def body(mux, target="/", **more):
    return mux.ask(target, **more).body.decode()


@pytest.fixture
def servers(start):
    def make(*made, backends=(), **more):
        pools = [conf.pool(backends)] if backends else [conf.pool([conf.node(1, "nobody")])]
        return start(conf.config(pools=pools, servers=list(made), **more))

    return make


# -- by name

@pytest.mark.parametrize("host, wanted", [
    ("a.test", "a"), ("b.test", "b"), ("also-b.test", "b"), ("B.TEST", "b"), ("b.test:8080", "b"), ("b.test.", "b"),
    ("unknown.test", "first"), ("127.0.0.1", "first"), ("[::1]:80", "first"), ("x.b.test", "first"), ("b.tes", "first")])
def test_the_host_picks_the_server(servers, host, wanted):
    mux = servers(server("first", ["first.test"]), server("a", ["a.test"]), server("b", ["b.test", "also-b.test"]))
    assert body(mux, host=host) == wanted


def test_http_1_0_without_a_host_gets_the_first(servers):
    mux = servers(server("first", ["first.test"]), server("a", ["a.test"]))
    client = mux.client()
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.response().body == b"first"


def test_each_request_of_a_connection_is_routed_anew(servers):
    mux = servers(server("a", ["a.test"]), server("b", ["b.test"]))
    client = mux.client()
    client.send(make_request(host="a.test") + make_request(host="b.test") + make_request(host="a.test"))
    assert [client.response().body for _ in range(3)] == [b"a", b"b", b"a"]


def test_servers_of_other_addresses_do_not_answer(servers):
    mux = servers(server("one", ["a.test"]), server("two", ["a.test", "b.test"], ["127.0.0.2:0"]))
    first, second = mux.listening("127.0.0.1:0"), mux.listening("127.0.0.2:0")
    assert body(mux, address=first, host="b.test") == "one"
    assert body(mux, address=second, host="b.test") == "two"


def test_a_server_may_listen_on_several_addresses(servers):
    mux = servers(server("x", listen=["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"]))
    for i in (1, 2, 3):
        assert body(mux, address=mux.listening(f"127.0.0.{i}:0")) == "x"


def test_an_absolute_target_decides_like_the_host(servers):
    mux = servers(server("a", ["a.test"]), server("b", ["b.test"]))
    assert body(mux, "http://b.test/", host="b.test") == "b"


# -- by path

LOCATIONS = [say("root", "/"), say("api", "/api/"), say("users", "/api/users"), say("exact", "/robots.txt")]


@pytest.mark.parametrize("target, wanted", [
    ("/", "root"), ("/x", "root"), ("/api", "root"), ("/api/", "api"), ("/api/x", "api"), ("/api/users", "users"),
    ("/api/users/1", "users"), ("/api/usersx", "users"), ("/api/user", "api"), ("/robots.txt", "exact"),
    ("/robots.txt?x=1", "exact"), ("/api/users?x", "users"), ("/?/api/", "root"), ("/API/", "root"),
    ("/%61pi/x", "api"), ("//api/x", "api"), ("/y/../robots.txt", "exact"), ("/%2e/api/%75sers", "users")])
def test_the_longest_prefix_wins(servers, target, wanted):
    assert body(servers(server("", locations=LOCATIONS)), target) == wanted


def test_the_order_in_the_file_does_not_matter(servers):
    mux = servers(server("", locations=LOCATIONS[::-1]))
    assert [body(mux, t) for t in ("/", "/api/", "/api/users")] == ["root", "api", "users"]


def test_a_target_that_no_location_covers_is_a_404(servers):
    mux = servers(server("", locations=[say("x", "/only/")]))
    assert body(mux, "/only/this") == "x"
    assert mux.ask("/other").status == 404


@pytest.mark.parametrize("target", ["/%61pi/users", "/./api/users", "//api/users", "/x/../api/users"])
def test_a_disguised_path_gets_nowhere_else_than_its_worker_would_see(servers, backend, target):
    """A guard on /api must not be passed by a spelling that the worker reads as /api: here all go to pools, and
    the request arrives as it was, or is refused."""
    mux = servers(server("", locations=[{"path": "/", "pool": "pool"}, {"path": "/api/users", "pool": "pool"}]),
                  backends=[backend])
    response = mux.ask(target)
    assert response.status in (200, 400)
    assert backend.paths() == ([target] if response.status == 200 else [])


def test_locations_lead_to_different_pools(start, backend_of):
    one, two = backend_of(), backend_of()
    mux = start(conf.config(pools=[conf.pool([one], "one"), conf.pool([two], "two")], servers=[
        {"listen": ["127.0.0.1:0"], "locations": [{"path": "/", "pool": "one"}, {"path": "/b/", "pool": "two"}]}]))
    mux.ask("/a")
    mux.ask("/b/c")
    assert one.paths() == ["/a"] and two.paths() == ["/b/c"]


# -- respond

@pytest.mark.parametrize("status, kind, text", [(200, "text/plain", "User-agent: *\nDisallow: /\n"), (404, "text/html", "<p>no"),
                                                (503, "application/json", "{}"), (200, "text/plain", "é" * 1000), (200, "text/plain", "")])
def test_a_respond_location_answers_by_itself(servers, status, kind, text):
    mux = servers(server("", locations=[say(text, "/", status, kind)]))
    response = mux.ask("/x")
    assert response.status == status and response.body == text.encode()
    assert response.get("content-type").startswith(kind) and response.get("content-length") == str(len(text.encode()))


def test_head_of_it_has_the_length_and_no_body(servers):
    mux = servers(server("hello"))
    client = mux.client()
    assert client.ask(method="HEAD").get("content-length") == "5"
    assert client.ask().body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_a_respond_without_a_body_may_have_none(servers, status):
    mux = servers(server("", locations=[{"path": "/", "respond": {"status": status}}]))
    client = mux.client()
    for _ in range(2):
        assert client.ask().status == status


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_another_method_there_does_no_harm(servers, method):
    mux = servers(server("hello"))
    client = mux.client()
    response = client.ask(method=method, body=b"abc")
    assert response.status in (200, 405)
    if "close" not in response.tokens("connection"):
        assert client.ask().body == b"hello"


@pytest.mark.parametrize("length", [10, 100000, 50 << 20])
def test_a_body_sent_to_it_is_never_taken_for_requests(servers, length):
    """However much of it has come when the answer goes out."""
    mux = servers(server("hello"))
    client = mux.client()
    inner = make_request("/smuggled")
    client.send(make_request("/", "POST", [("Content-Length", str(length))]) + (inner * (length // len(inner) + 1))[:min(length, 200000)])
    response = client.response()
    assert response.status in (200, 405, 413)
    client.half_close()
    assert b"HTTP/1.1" not in client.rest()


def test_an_upgrade_there_is_an_ordinary_request(servers):
    mux = servers(server("hello"))
    client = mux.client()
    client.send(ws.upgrade_request())
    assert client.response().body == b"hello"
    assert client.ask().body == b"hello"


def test_an_expectation_there_does_not_hang(servers):
    mux = servers(server("hello"))
    client = mux.client()
    client.send(make_request("/", "POST", [("Expect", "100-continue"), ("Content-Length", "5")]))
    response = client.response_head()
    if response.status == 100:
        client.send(b"hello")
        response = client.response_head()
    assert response.status in (200, 405)


def test_pipelined_requests_to_it_are_answered(servers):
    mux = servers(server("hello"))
    client = mux.client()
    client.send(make_request() * 100)
    assert [client.response().body for _ in range(100)] == [b"hello"] * 100


def test_a_large_respond_body_arrives(servers):
    text = "0123456789" * 50000
    mux = servers(server("", locations=[say(text)]))
    assert body(mux) == text


# -- TLS and names together

def test_name_and_certificate_may_differ_but_the_host_decides(start):
    mux = start(conf.config(pools=[conf.pool([conf.node(1, "nobody")])], servers=[
        server("a", ["a.test"], tls=tls.settings("a.test", 11)), server("b", ["b.test"], tls=tls.settings("b.test", 12))]))
    client = mux.client(tls=tls.context(), name="a.test")
    assert tls.serial_of(client) == 11
    assert client.ask(host="a.test").body == b"a"
    response = client.ask(host="b.test")
    assert (response.status, response.body) == (200, b"b") or response.status == 421
