"""What does a reload do with a file that is no good?"""
import json

import pytest

from harness import conf
from harness.wait import wait_until


def static(text):
    return conf.config(pools=[conf.pool([conf.node(1, "nobody")])], servers=[{"listen": ["127.0.0.1:0"], "locations": [
        {"path": "/", "respond": {"status": 200, "type": "text/plain", "body": text}}]}])


BAD = {
    "a syntax error": "listen = [\n",
    "an unknown key": 'lissten = ["127.0.0.1:0"];\n',
    "no listener": 'nodes = { static_nodes = ( { node_id = "a"; host = "127.0.0.1"; port = 1; } ); };\n',
    "an empty file": "",
    "a name that does not resolve":
        'listen = ["127.0.0.1:0"];\nnodes = { static_nodes = ( { node_id = "a"; host = "no-such-host.invalid"; port = 1; } ); };\n',
    "an address that is not ours":
        'listen = ["127.0.0.1:0", "192.0.2.1:80"];\nnodes = { static_nodes = ( { node_id = "a"; host = "127.0.0.1"; port = 1; } ); };\n',
}


@pytest.mark.parametrize("text", BAD.values(), ids=[k.replace(" ", "-") for k in BAD])
def test_a_bad_file_changes_nothing_and_every_error_is_logged(start, text):
    mux = start(static("old"))
    mux.announce("reload|config", "error")
    mux.announce("reload|config", "warn")
    client = mux.client()
    client.ask()
    held = mux.held()
    assert mux.reload(text).event == "reload_failed"
    assert mux.events("config_problem"), mux.log_tail()
    assert all(line["file"] and line["text"] for line in mux.events("config_problem"))
    assert client.ask().body == b"old" and mux.ask().body == b"old"
    client.close()
    held["sockets"] -= 1
    wait_until(lambda: mux.held() == held, "nothing of the failed one stays")
    mux.reload_ok(static("new"))
    assert mux.ask().body == b"new"


def test_every_problem_of_a_bad_file_is_told_with_its_line(start):
    mux = start(static("old"))
    mux.announce("reload|config", "error")
    mux.announce("reload|config", "warn")
    mux.reload('lisen = ["127.0.0.1:0"];\nlisten = ["127.0.0.1:0"];\ntimeouts = { header = -1; reed = 5; };\n'
               'nodes = { static_nodes = ( { node_id = "a"; host = "127.0.0.1"; prot = 1; } ); };\n')
    problems = mux.events("config_problem")
    assert {p["line"] for p in problems} >= {"1", "3", "4"} and len(problems) >= 4
    assert all(p["file"].endswith("comfymux.cfg") for p in problems)


def test_a_file_that_has_gone_changes_nothing(start):
    mux = start(static("old"))
    mux.announce("reload|config", "error")
    mux.announce("reload|config", "warn")
    mux.file.unlink()
    assert mux.reload().event == "reload_failed"
    assert mux.ask().body == b"old"


def test_health_tells_when_the_last_good_and_the_last_failed_one_were(start):
    mux = start(static("old"))
    mux.announce("reload|config", "error")
    mux.announce("reload|config", "warn")
    first = json.loads(mux.admin("/api/v2/health")[2])
    mux.reload("nonsense = 1;\n")
    second = json.loads(mux.admin("/api/v2/health")[2])
    assert first != second
    assert "fail" in json.dumps(second) and "ok" in json.dumps(second)
    mux.reload_ok(static("new"))
    assert mux.metrics().find("reload")
