"""Is every mistake in a file found, in one go, with its line and the nearest right word?"""
import re

import pytest

from harness import conf, tls
from harness.mux import run

GOOD = '''daemon = false;
error_log = { file = "stderr"; level = "info"; };
access_log = { file = "access.log"; format = "combined"; };
admin = { listen = "127.0.0.1:0"; };
timeouts = { header = 30; body = 60.5; send = 60; keepalive = 75; connect = 5; read = 600; tunnel = 3600; drain = 300; };
limits = { max_connections = 10000; header_bytes = "64k"; header_fields = 100; body_bytes = "2G"; buffer_body = "1M"; };
pools = (
  { name = "gpu"; keepalive = 64;
    static_nodes = (
      { node_id = "w1"; host = "127.0.0.1"; port = 8188; max_concurrent = 4; weight = 1; backup = false; drain = false;
        capabilities = ["text_to_image"]; metadata = { location = "rack 1"; gpu_model = "X"; priority = 1; description = "y"; }; } );
    load_balancing = { strategy = "least_loaded"; enable_failover = true; max_retries = 3; load_interval = 2;
      sticky = { keys = ["cookie", "client_id", "prompt_id", "ip"]; cookie = "comfymux"; ttl = 3600; max_entries = 100000; }; };
    health_check = { interval = 30; timeout = 5; heartbeat_timeout = 60; path = "/system_stats"; rise = 2; fall = 3; }; } );
servers = (
  { listen = ["127.0.0.1:0", "[::1]:0"]; names = ["comfy.example.com"];
    locations = ( { path = "/"; pool = "gpu"; timeouts = { read = 3600; }; },
      { path = "/robots.txt"; respond = { status = 200; type = "text/plain"; body = "x"; }; } ); } );
'''


def check(folder, text):
    file = folder / "t.cfg"
    file.write_text(text)
    code, out, err = run("-t", "-c", file)
    return code, out + err


def replaced(old, new):
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def line_of(text, part):
    return text[:text.index(part)].count("\n") + 1


def test_the_long_form_is_good(folder):
    code, told = check(folder, GOOD)
    assert code == 0, told


TYPOS = [("daemon =", "deamon =", "daemon"), ("error_log", "errorlog", "error_log"), ("level =", "levl =", "level"),
         ("header = 30", "haeder = 30", "header"), ("tunnel =", "tunel =", "tunnel"), ("max_connections", "max_conections", "max_connections"),
         ("buffer_body", "bufer_body", "buffer_body"), ("pools =", "pool =", "pools"), ("keepalive = 64", "keep_alive = 64", "keepalive"),
         ("static_nodes", "static_node", "static_nodes"), ("node_id", "nodeid", "node_id"), ("port =", "prot =", "port"),
         ("max_concurrent", "max_concurent", "max_concurrent"), ("gpu_model", "gpu_modle", "gpu_model"),
         ("strategy", "stratagy", "strategy"), ("max_retries", "max_retry", "max_retries"), ("sticky =", "stiky =", "sticky"),
         ("max_entries", "max_entry", "max_entries"), ("health_check", "healthcheck", "health_check"),
         ("heartbeat_timeout", "heartbeat_timout", "heartbeat_timeout"), ('names = ["', 'name = ["', "names"),
         ("locations = (", "location = (", "locations"), ("respond =", "response =", "respond"), ("status =", "state =", "status")]


@pytest.mark.parametrize("right, wrong, nearest", TYPOS, ids=[t[1].split()[0] for t in TYPOS])
def test_an_unknown_key_is_an_error_that_names_the_nearest(folder, right, wrong, nearest):
    text = replaced(right, wrong)
    code, told = check(folder, text)
    assert code == 1
    line = line_of(text, wrong)
    found = [row for row in told.splitlines() if re.search(rf"t\.cfg:{line}\b", row) and wrong.split()[0] in row]
    assert found and any(f'"{nearest}"' in row or re.search(rf"\b{nearest}\b", row) for row in found), told


WRONG = {
    "a string for a bool": ("daemon = false", 'daemon = "no"'),
    "a number for a bool": ("backup = false", "backup = 0"),
    "a bool for a number": ("port = 8188", "port = true"),
    "a string for a port": ("port = 8188", 'port = "8188"'),
    "a float for an int": ("weight = 1", "weight = 1.5"),
    "a number for a string": ('host = "127.0.0.1"', "host = 5"),
    "a string for a list": ('names = ["comfy.example.com"]', 'names = "comfy.example.com"'),
    "numbers in a list of strings": ('capabilities = ["text_to_image"]', "capabilities = [1, 2]"),
    "a string for a group": ('admin = { listen = "127.0.0.1:0"; }', 'admin = "127.0.0.1:0"'),
    "a group for a list of groups": ("timeouts = { read = 3600; }", "timeouts = ( { read = 3600; } )"),
    "port 0 of a worker": ("port = 8188", "port = 0"),
    "port 65536": ("port = 8188", "port = 65536"),
    "a negative port": ("port = 8188", "port = -1"),
    "weight 0": ("weight = 1;", "weight = 0;"),
    "a negative weight": ("weight = 1;", "weight = -1;"),
    "max_concurrent 0": ("max_concurrent = 4", "max_concurrent = 0"),
    "a negative time": ("header = 30", "header = -30"),
    "a time as text": ("header = 30", 'header = "30s"'),
    "a size with a wrong unit": ('header_bytes = "64k"', 'header_bytes = "64x"'),
    "a negative size": ('body_bytes = "2G"', "body_bytes = -1"),
    "a size that is no number": ('body_bytes = "2G"', 'body_bytes = "lots"'),
    "a size beyond 64 bits": ('body_bytes = "2G"', 'body_bytes = "99999999999999999999G"'),
    "an empty size": ('body_bytes = "2G"', 'body_bytes = ""'),
    "max_connections 0": ("max_connections = 10000", "max_connections = -5"),
    "an unknown level": ('level = "info"', 'level = "loud"'),
    "an unknown format": ('format = "combined"', 'format = "apache"'),
    "an unknown strategy": ('strategy = "least_loaded"', 'strategy = "lest_loaded"'),
    "an unknown sticky key": ('"client_id",', '"clientid",'),
    "the same sticky key twice": ('"client_id",', '"cookie",'),
    "a cookie name that is no token": ('cookie = "comfymux"', 'cookie = "a b;"'),
    "rise 0": ("rise = 2", "rise = 0"),
    "fall 0": ("fall = 3", "fall = 0"),
    "a probe path without a slash": ('path = "/system_stats"', 'path = "system_stats"'),
    "a probe path with a line end": ('path = "/system_stats"', 'path = "/x\\r\\nEvil: 1"'),
    "a location path without a slash": ('path = "/"; pool', 'path = "x"; pool'),
    "a location without a handler": ('path = "/"; pool = "gpu";', 'path = "/";'),
    "a location with two handlers": ('path = "/"; pool = "gpu";', 'path = "/"; pool = "gpu"; respond = { status = 200; };'),
    "a pool that is not there": ('pool = "gpu"', 'pool = "cpu"'),
    "the same path twice": ('path = "/robots.txt"', 'path = "/"'),
    "a listen without a port": ('["127.0.0.1:0", "[::1]:0"]', '["127.0.0.1"]'),
    "a listen with a name": ('"127.0.0.1:0", "[::1]:0"', '"localhost:80"'),
    "a listen with a bad address": ('"127.0.0.1:0", "[::1]:0"', '"300.0.0.1:80"'),
    "a listen with a bad port": ('"127.0.0.1:0", "[::1]:0"', '"127.0.0.1:99999"'),
    "a listen with an open bracket": ('"127.0.0.1:0", "[::1]:0"', '"[::1:80"'),
    "an empty listen": ('["127.0.0.1:0", "[::1]:0"]', "[]"),
    "a unix path that is too long": ('"127.0.0.1:0", "[::1]:0"', f'"unix:/{"x" * 120}"'),
    "an admin side for everybody": ('listen = "127.0.0.1:0"; }', 'listen = "0.0.0.0:9188"; }'),
    "an admin side for every IPv6": ('listen = "127.0.0.1:0"; }', 'listen = "[::]:9188"; }'),
    "an admin side for the network": ('listen = "127.0.0.1:0"; }', 'listen = "192.0.2.1:9188"; }'),
    "a server name that is none": ('"comfy.example.com"', '"a b"'),
    "a status that is none": ("status = 200", "status = 99"),
    "a type with a line end": ('type = "text/plain"', 'type = "text/plain\\r\\nX: y"'),
    "an empty node_id": ('node_id = "w1"', 'node_id = ""'),
    "an empty host": ('host = "127.0.0.1"', 'host = ""'),
    "no workers": ("static_nodes = (", "static_nodes = (); dropped = ("),
}


@pytest.mark.parametrize("old, new", WRONG.values(), ids=[k.replace(" ", "-") for k in WRONG])
def test_a_wrong_value_is_an_error_with_its_line(folder, old, new):
    text = replaced(old, new)
    code, told = check(folder, text)
    assert code == 1, told
    lines = {int(n) for n in re.findall(r"t\.cfg:(\d+)", told)}
    wanted = line_of(text, new)
    assert lines & {wanted - 1, wanted, wanted + 1}, f"line {wanted} expected:\n{told}"


MISSING = {"node_id": 'node_id = "w1"; ', "host": 'host = "127.0.0.1"; ', "path": 'path = "/"; ',
           "name": 'name = "gpu"; '}


@pytest.mark.parametrize("key, text", MISSING.items(), ids=MISSING)
def test_a_missing_key_is_named(folder, key, text):
    code, told = check(folder, replaced(text, ""))
    assert code == 1 and key in told, told


@pytest.mark.parametrize("what", ["nodes", "pools", "servers"])
def test_the_same_name_twice_is_an_error(folder, what):
    config = conf.config(pools=[conf.pool([conf.node(1, "a"), conf.node(2, "b")], "p"), conf.pool([conf.node(1, "a")], "q")],
                         servers=[{"listen": ["127.0.0.1:0"], "names": [n], "locations": [{"path": "/", "pool": "p"}]} for n in ("x.test", "y.test")])
    assert check(folder, conf.render(config))[0] == 0
    if what == "nodes":
        config["pools"][0]["static_nodes"][1]["node_id"] = "a"
    elif what == "pools":
        config["pools"][1]["name"] = "p"
    else:
        config["servers"][1]["names"] = ["x.test"]
    code, told = check(folder, conf.render(config))
    assert code == 1 and "t.cfg:" in told, told


@pytest.mark.parametrize("text", ["listen = [", "listen = \"x", "= 5;", "a b c", "listen = { ] };", "\0\0\0", "{", "\xff\xfe",
                                  "listen = [\"127.0.0.1:0\"]; listen = [\"127.0.0.1:0\"];", "@include \"nothing\"\n", "/* open"])
def test_a_syntax_error_is_told_with_its_line(folder, text):
    code, told = check(folder, text)
    assert code == 1 and "t.cfg:" in told or ("t.cfg" in told and code == 1), told


def test_all_errors_come_in_one_go_in_order_of_lines(folder):
    text = GOOD.replace("daemon = false", "daemon = 1").replace('level = "info"', 'level = "x"').replace("rise = 2", "rise = -1") \
        .replace('pool = "gpu"', 'pool = "none"').replace("weight = 1;", "wieght = 1;").replace("status = 200", "status = 1000")
    code, told = check(folder, text)
    lines = [int(n) for n in re.findall(r"t\.cfg:(\d+)", told)]
    assert code == 1 and len(lines) >= 6 and lines == sorted(lines), told


def test_the_short_form_with_only_nodes_is_refused(folder):
    assert check(folder, 'nodes = { static_nodes = ( { node_id = "a"; host = "127.0.0.1"; port = 1; } ); };\n')[0] == 1


def test_tls_and_plain_on_one_address_are_refused_or_kept_apart(folder):
    config = conf.config(pools=[conf.pool([conf.node(1, "a")], "p")], servers=[
        {"listen": ["127.0.0.1:0"], "names": ["a.test"], "tls": tls.settings("a.test"), "locations": [{"path": "/", "pool": "p"}]},
        {"listen": ["127.0.0.1:0"], "names": ["b.test"], "locations": [{"path": "/", "pool": "p"}]}])
    code, told = check(folder, conf.render(config))
    assert code == 1, told


def test_a_host_name_that_does_not_resolve_is_an_error(folder):
    text = replaced('host = "127.0.0.1"', 'host = "no-such-host.invalid"')
    code, told = check(folder, text)
    assert code == 1 and "no-such-host.invalid" in told


def test_secrets_are_not_in_the_messages(folder):
    code, told = check(folder, GOOD + 'key = "-----BEGIN PRIVATE KEY----- hunter2";\n')
    assert code == 1 and "hunter2" not in told


def test_an_include_is_read_and_its_errors_name_its_own_file(folder):
    (folder / "part.cfg").write_text("header = 30;\nbdy = 5;\n")
    text = replaced("header = 30; body = 60.5;", '\n@include "part.cfg"\n')
    code, told = check(folder, text)
    assert code == 1 and re.search(r"part\.cfg:2\b", told), told
