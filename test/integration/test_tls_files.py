"""Are certificates and keys checked when they are loaded, and read again on reload?"""
import pathlib
import shutil
import subprocess

import pytest

from harness import conf, tls
from harness.mux import run


def write(folder, settings, **more):
    file = pathlib.Path(folder) / "t.cfg"
    file.write_text(conf.render(conf.config(pools=[conf.pool([conf.node(1, "w1")])], servers=[
        {"listen": ["127.0.0.1:0"], "tls": settings, "locations": [{"path": "/", "pool": "pool"}]}], **more)))
    return file


def bad_settings(folder):
    good, key = tls.make_certificate("comfy.test")
    _, other_key = tls.make_certificate("other.test", 9)
    rubbish = folder / "rubbish.pem"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n")
    empty = folder / "empty.pem"
    empty.write_text("")
    return {
        "a key of another certificate": {"certificate": good, "key": other_key},
        "an rsa key for an ec certificate": {"certificate": good, "key": tls.make_certificate("comfy.test", 5, "rsa")[1]},
        "no certificate file": {"certificate": str(folder / "none.pem"), "key": key},
        "no key file": {"certificate": good, "key": str(folder / "none.key")},
        "rubbish": {"certificate": str(rubbish), "key": key},
        "an empty file": {"certificate": str(empty), "key": key},
        "the key as certificate": {"certificate": key, "key": key},
        "bad ciphers": {"certificate": good, "key": key, "ciphers": "NO-SUCH-CIPHER"},
        "a bad version": {"certificate": good, "key": key, "min_version": "1.0"},
    }


CASES = ["a key of another certificate", "an rsa key for an ec certificate", "no certificate file", "no key file", "rubbish",
         "an empty file", "the key as certificate", "bad ciphers", "a bad version"]


@pytest.mark.parametrize("case", CASES)
def test_it_is_an_error_of_the_check(folder, case):
    file = write(folder, bad_settings(folder)[case])
    code, out, err = run("-t", "-c", file)
    assert code == 1 and "t.cfg:" in out + err, out + err


@pytest.mark.parametrize("case", CASES[:5])
def test_it_is_an_error_at_start(start, folder, case):
    mux = start(write(folder, bad_settings(folder)[case]).read_text(), wait=False)
    mux.ended_by_test = True
    mux.announce(level="error")
    assert mux.wait_exit() == 1
    assert not mux.events("started")


@pytest.mark.parametrize("case", CASES[:5])
def test_a_reload_that_meets_it_changes_nothing(start, backend, folder, case):
    good = conf.config([backend], servers=[{"listen": ["127.0.0.1:0"], "tls": tls.settings("comfy.test"),
                                            "locations": [{"path": "/", "pool": "pool"}]}])
    mux = start(good)
    mux.announce("reload|config", "error")
    mux.announce("reload|config", "warn")
    bad = {**good, "servers": [{**good["servers"][0], "tls": bad_settings(folder)[case]}]}
    assert mux.reload(bad).event == "reload_failed"
    assert mux.ask(tls=tls.context(), name="comfy.test").status == 200


def test_a_renewed_certificate_is_used_after_a_reload(start, backend, folder):
    settings = {"certificate": str(folder / "c.pem"), "key": str(folder / "k.pem")}

    def put(serial):
        certificate, key = tls.make_certificate("comfy.test", serial)
        shutil.copy(certificate, settings["certificate"])
        shutil.copy(key, settings["key"])

    put(31)
    mux = start(conf.config([backend], servers=[{"listen": ["127.0.0.1:0"], "tls": settings,
                                                 "locations": [{"path": "/", "pool": "pool"}]}]))
    old = mux.client(tls=tls.context(), name="comfy.test")
    assert tls.serial_of(old) == 31 and old.ask().status == 200
    put(32)
    mux.reload_ok()
    new = mux.client(tls=tls.context(), name="comfy.test")
    assert tls.serial_of(new) == 32
    assert old.ask().status == 200, "the old connection goes on"


def test_a_chain_is_sent_whole(start, backend, folder):
    first, key = tls.make_certificate("comfy.test", 41)
    second, _ = tls.make_certificate("issuer.test", 42)
    chain = folder / "chain.pem"
    chain.write_text(pathlib.Path(first).read_text() + pathlib.Path(second).read_text())
    mux = start(conf.config([backend], servers=[{"listen": ["127.0.0.1:0"], "tls": {"certificate": str(chain), "key": key},
                                                 "locations": [{"path": "/", "pool": "pool"}]}]))
    host, port = mux.address
    shown = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-showcerts"], input=b"", timeout=10,
                           capture_output=True, check=False).stdout
    assert shown.count(b"BEGIN CERTIFICATE") >= 2


def test_relative_paths_start_at_the_prefix(start, backend, folder):
    certificate, key = tls.make_certificate("comfy.test")
    place = folder / "prefix"
    place.mkdir()
    shutil.copy(certificate, place / "cert.pem")
    shutil.copy(key, place / "key.pem")
    config = conf.config([backend], servers=[{"listen": ["127.0.0.1:0"], "tls": {"certificate": "cert.pem", "key": "key.pem"},
                                              "locations": [{"path": "/", "pool": "pool"}]}])
    mux = start(config, arguments=["-p", str(place)])
    assert mux.ask(tls=tls.context(), name="comfy.test").status == 200
