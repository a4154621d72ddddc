"""TLS towards clients and towards workers."""
import ssl

import pytest

from harness import normal
from harness.case import Case, cases, get, on, post, request
from harness.certificates import Certificates

TLS = {}
TLS12 = {"versions": (None, ssl.TLSVersion.TLSv1_2)}
TLS13 = {"versions": (ssl.TLSVersion.TLSv1_3, None)}
CASES = [
    Case(get("/"), tls=TLS), Case(get("/vars"), tls=TLS12, note="vars 1.2"), Case(get("/vars"), tls=TLS13, note="vars 1.3"),
    Case(get("/vars", host="other.test:99"), tls=TLS, note="another Host"), Case(get("/cipher"), tls=TLS12, note="cipher"),
    Case(get("/vars"), tls={"name": None}, note="no name"), Case(get("/vars"), tls={"name": "unknown.test"}, note="an unknown name"),
    Case(get("/", host="second.test"), tls={"name": "second.test"}, note="the second server"),
    Case(get("/", host="a.wild.test"), tls={"name": "a.wild.test"}, note="a wildcard"),
    Case(get("/", host="second.test"), tls=TLS, note="first by name, second by Host"),
    Case(get("/files/notes.txt"), tls=TLS), Case(get("/files/large.bin"), tls=TLS), Case(get("/files/notes.txt", "Range: bytes=5-9"), tls=TLS),
    Case(get("/redirect"), tls=TLS), Case(get("/redirect", host="comfy.test:8443"), tls=TLS, note="redirect with a port"),
    Case(get("/files"), tls=TLS), Case(post("/", "x" * 30000), tls=TLS, note="a body"), Case(get("/none/"), tls=TLS),
    Case(get("/"), get("/vars"), get("/files/data.json"), tls=TLS, note="three on one connection"),
    Case(get("/"), get("/vars"), pipelined=True, tls=TLS, note="two at once"),
    Case(get("/"), note="plain HTTP on a TLS port", errors="info"), Case(get("/"), port=3, note="plain HTTP, 497 turned"),
    Case(request("HEAD", "/files/large.bin"), tls=TLS),
    *[Case(get(f"/{folder}/x"), tls=TLS, errors="error") for folder in ("to-tls", "to-tls-name", "to-tls-verify", "to-tls-wrong",
                                                                       "to-tls-protocols", "to-tls-client")],
    Case(get("/"), port=3, tls=TLS12, note="one cipher"), Case(get("/"), port=4, note="plain beside TLS"), Case(get("/"), port=5, tls=TLS, note="TLS beside plain"),
    Case(get("/"), port=1, tls=TLS, note="a certificate is required"), Case(get("/"), port=2, tls=TLS, note="a certificate is asked for"),
    Case(get("/guard"), port=2, tls=TLS, note="a guard by certificate"), Case(get("/"), port=6, tls={"name": "known.test"}, note="a known name"),
]


@pytest.fixture(scope="session", autouse=True)
def more_certificates(certificates):
    certificates.of("second.test")
    certificates.locked()
    certificates.revoke("revoked.test")
    return certificates


@cases("tls", CASES)
def test_tls(both, case):
    both.compare(case)


@pytest.mark.parametrize("port", [1, 2])
@on("tls")
def test_a_client_with_a_certificate(both, port):
    mine = both.certificates.of("me.test", "client")

    def tell(side):
        side.begin()
        with side.connect(port, tls={"certificate": tuple(map(str, mine))}) as client:
            answer = client.ask(get("/guard" if port == 2 else "/"))
            return answer.lines[0], answer.body

    assert b"200" in both.same(tell)[0]


def handshake(side, port, **tls):
    side.begin()
    try:
        with side.connect(port, tls=tls) as client:
            der = client.sock.getpeercert(binary_form=True)
            return client.sock.version(), client.sock.cipher()[0], client.sock.selected_alpn_protocol(), der
    except (ssl.SSLError, OSError) as why:
        return getattr(why, "reason", type(why).__name__)


@pytest.mark.parametrize(("port", "tls"), [
    (0, {"name": "comfy.test"}), (0, {"name": "second.test"}), (0, {"name": "A.Wild.Test"}), (0, {"name": "nobody.test"}), (0, {"name": None}),
    (0, {"alpn": ["http/1.1"]}), (0, {"alpn": ["nonsense"]}), (0, TLS12), (0, TLS13), (3, TLS12), (3, TLS13), (3, {"ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384", **TLS12}),
    (6, {"name": "known.test"}), (6, {"name": "nobody.test"}), (6, {"name": None})], ids=str)
@on("tls")
def test_a_handshake(both, port, tls):
    both.same(lambda side: handshake(side, port, **tls))


MORE = [
    Case(get("/"), tls=TLS, note="locked key for the worker"), Case(get("/crl/"), tls=TLS, note="a list of the revoked"), Case(get("/vars"), tls=TLS12, note="vars"),
    Case(get("/"), port=1, tls=TLS, note="no certificate"), Case(get("/"), port=2, note="ssl off"), Case(get("/"), port=3, tls=TLS, note="optional_no_ca, none"),
]


@cases("tls_more", MORE)
def test_tls_more(both, case):
    both.compare(case)


@pytest.mark.parametrize("port", [1, 3])
@pytest.mark.parametrize("name", ["me.test", "revoked.test", "stranger"])
@on("tls_more")
def test_whose_certificate_is_taken(both, port, name, tmp_path):
    """One of ours, one that is revoked, one that somebody else signed."""
    if name == "stranger":
        other = Certificates(tmp_path / "other")
        mine = other.of("stranger.test", "client")
    else:
        mine = both.certificates.of(name, "client")

    def tell(side):
        side.begin()
        with side.connect(port, tls={"certificate": tuple(map(str, mine))}) as client:
            answer = client.ask(get("/"))
            return answer.lines[:1], answer.body

    first, second = (tell(side) for side in both.sides)
    assert first[0] == second[0]
    assert both.same(lambda side: normal.PAGE_END.sub(b"", tell(side)[1])) is not None
