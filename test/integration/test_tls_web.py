"""Does a server of an nginx.conf speak TLS as its ssl_* say? What nginx 1.22 answers was compared case by case."""
import contextlib
import signal
import socket
import ssl

import pytest

from harness.client import RawClient
from harness.nginx_run import nginx_run  # noqa: F401, a fixture
from harness.tls_worker import Authority
from harness.wait import wait_until

OLD, NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="module")
def pair(authority):
    return authority.of("first.test")


class Web:
    def __init__(self, run, pair, authority):
        self.run, self.pair, self.authority = run, pair, authority
        self.address = f"{run.folder}/t"

    def write(self, *servers, common="ssl_protocols TLSv1.2 TLSv1.3;"):
        """Each server: its names, and directives. All listen on one address."""
        text = "".join(f"server {{ listen unix:{self.address} ssl; server_name {names}; {more} }}\n" for names, more in servers)
        both = f"ssl_certificate {self.pair[0]}; ssl_certificate_key {self.pair[1]};"
        self.run.write(http=f"{both} {common} client_body_temp_path temp; proxy_temp_path temp;\n{text}")
        return self

    def start(self):
        self.run.start()
        return self

    def client(self, name=None, certificate=None, version=None, session=None, context=None):
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if certificate:
                context.load_cert_chain(*certificate)
            if version:
                context.minimum_version = context.maximum_version = version
        made = RawClient(self.address, tls=context, name=name, tls_session=session)
        made.context = context
        return made

    def ask(self, name, host, certificate=None):
        with self.client(name, certificate) as client:
            response = client.ask(host=host)
            return response.status, response.body.decode()


@pytest.fixture
def web(nginx_run, pair, authority):  # noqa: F811
    return Web(nginx_run, pair, authority)


def judging(authority, how):
    return f'ssl_verify_client {how}; ssl_client_certificate {authority.file}; return 200 "$server_name $ssl_client_verify";'


PLAIN = ("plain.test", 'return 200 "$server_name $ssl_server_name";')


@pytest.mark.parametrize("how, shown, status, text", [
    ("on", "mine", 200, "strict.test SUCCESS"), ("on", None, 400, "No required SSL certificate was sent"),
    ("on", "theirs", 400, "The SSL certificate error"), ("on", "old", 400, "The SSL certificate error"),
    ("optional", None, 200, "strict.test NONE"), ("optional", "theirs", 400, "The SSL certificate error"),
    ("optional_no_ca", "theirs", 200, "strict.test FAILED:unable to verify the first certificate"),
    ("optional_no_ca", "old", 400, "The SSL certificate error"), ("off", "theirs", 200, "strict.test")])
def test_certificates_of_clients(web, authority, stranger, how, shown, status, text):
    shown = {None: None, "mine": authority.of("me.test"), "theirs": stranger.of("you.test"), "old": authority.of("old.test", 0)}[shown]
    web.write(PLAIN, ("strict.test", judging(authority, how).replace(" $ssl_client_verify", "" if how == "off" else " $ssl_client_verify"))).start()
    got = web.ask("strict.test", "strict.test", shown)
    assert got[0] == status and text in got[1]


@pytest.mark.parametrize("name, host, status", [
    ("plain.test", "plain.test", 200), ("plain.test", "strict.test", 421), ("strict.test", "plain.test", 200), ("strict.test", "strict.test", 400),
    ("strict.test", "also.test", 421), ("nobody.test", "strict.test", 400), (None, "strict.test", 400), (None, "plain.test", 200),
    ("STRICT.test", "Strict.Test.", 400), ("r1.test", "r2.test", 200)])
def test_which_server_may_be_asked_over_which_name(web, authority, name, host, status):
    web.write(PLAIN, ("strict.test also.test", judging(authority, "on")), ("~^r(?<n>.)\\.test$", "return 200 $n;")).start()
    assert web.ask(name, host)[0] == status


def test_without_host_it_is_the_server_that_the_name_led_to(web):
    web.write(PLAIN, ("second.test", "return 200 $server_name;")).start()
    with web.client("second.test") as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.response().body == b"second.test"


def test_error_pages_for_what_only_tls_knows(web, authority):
    web.write(("strict.test", f"ssl_verify_client on; ssl_client_certificate {authority.file}; error_page 495 496 =403 /none; error_page 497 =302 /tls;"
               ' location /none { return 200 "none $ssl_client_verify"; } location /tls { return 200 plain; }')).start()
    assert web.ask("strict.test", "strict.test") == (403, "none NONE")
    with RawClient(web.address) as client:
        response = client.ask()
        assert response.status == 302 and client.is_closed() == "eof"


def test_a_handshake_may_be_rejected(web):
    web.write(("_", "ssl_reject_handshake on; return 200 rejected;"), PLAIN).start()
    assert web.ask("plain.test", "plain.test") == (200, "plain.test plain.test")
    for name in ("other.test", None):
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            web.client(name)


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("settings, resumed, after_reload", [
    ("", True, True), ("ssl_session_tickets off;", False, False), ("ssl_session_tickets off; ssl_session_cache shared:a:1m;", True, True),
    ("ssl_session_tickets off; ssl_session_cache builtin;", True, False), ("ssl_session_tickets off; ssl_session_cache off;", False, False)])
def test_sessions(web, version, settings, resumed, after_reload):
    web.write(PLAIN, common=f"ssl_protocols TLSv1.2 TLSv1.3; {settings}").start()

    def visit(before=None):
        client = web.client("plain.test", version=version, session=before and before.session, context=before and before.context)
        with client:
            assert client.ask(host="plain.test").status == 200
            client.session = client.sock.session
            client.was_resumed = client.sock.session_reused
            client.sock = client.sock.unwrap() if version is OLD else client.sock
        return client

    first = visit()
    second = visit(first)
    assert (first.was_resumed, second.was_resumed) == (False, resumed)
    web.run.signal(signal.SIGHUP)
    web.run.wait_line("reload_done")
    assert visit(second).was_resumed == after_reload


def test_a_reload_has_other_certificates_and_connections_that_were_opened_go_on(web, authority):
    web.write(PLAIN).start()
    with contextlib.ExitStack() as open_ones:
        waiting = [open_ones.enter_context(web.client("plain.test")) for _ in range(4)]
        before = waiting[0].sock.getpeercert(True)
        for turn, client in enumerate(waiting):
            web.pair = authority.of(f"turn{turn}.test")
            web.write(PLAIN, common="ssl_session_cache shared:a:1m;")
            web.run.signal(signal.SIGHUP)
            wait_until(lambda turn=turn: len(web.run.lines("reload_done")) > turn, "the reload")
            assert client.ask(host="plain.test").status == 200
    with web.client("plain.test") as client:
        assert client.sock.getpeercert(True) != before


def test_after_a_reload_no_one_gets_in_by_what_was_judged_before(web, authority, stranger):
    web.write(("strict.test", judging(authority, "on"))).start()
    with contextlib.ExitStack() as open_ones:
        mine = authority.of("me.test")
        same, other, nobody, again = (open_ones.enter_context(web.client("strict.test", mine)) for _ in range(4))
        reload_as(web, ("strict.test", judging(authority, "on") + " server_tokens off;"))
        assert same.ask(host="strict.test").status == 200  # the same judges
        reload_as(web, ("strict.test", judging(stranger, "on")))
        assert other.ask(host="strict.test").status == 421
        assert other.is_closed() == "eof"
        reload_as(web, ("strict.test", "return 200 open;"))
        assert nobody.ask(host="strict.test").status == 200  # nobody judges
        reload_as(web, ("strict.test", judging(authority, "optional")))
        assert again.ask(host="strict.test").status == 421


def reload_as(web, *servers):
    before = len(web.run.lines("reload_done"))
    web.write(*servers)
    web.run.signal(signal.SIGHUP)
    wait_until(lambda: len(web.run.lines("reload_done")) > before, "the reload")


def test_a_reload_with_a_bad_certificate_changes_nothing(web):
    web.write(PLAIN).start()
    good, web.pair = web.pair, (web.run.folder / "none.pem", web.pair[1])
    web.write(PLAIN).run.signal(signal.SIGHUP)
    web.run.wait_line(r'^cannot load certificate ".*none.pem": BIO_new_file\(\) failed \(SSL: error:80000002:', level="emerg")
    assert web.ask("plain.test", "plain.test")[0] == 200
    web.pair = good


def test_what_is_no_tls_is_let_go(web):
    web.write(PLAIN).start()
    for octets in (b"\x16\x03\x01\x00\x04\x99\x00\x00\x00", b"\x80\x2e\x01\x00\x02", b"\x00" * 50):
        with RawClient(web.address) as client:
            client.send(octets)
            client.sock.shutdown(socket.SHUT_WR)
            client.rest()
    assert web.ask("plain.test", "plain.test")[0] == 200
