"""Are a user's files one set on all workers: read where they were written, copied to the rest, there when the home dies?"""
import http.client
import json
import zlib

import pytest

from harness import ws
from harness.wait import wait_until

FLEET = {"workers": 3}


def raw(fleet, method, target, body=None, headers=None):
    return fleet.call(method, target, headers=headers, raw=body)


def direct(worker, target):
    return worker.call("GET", target)


def everywhere(fleet, target, content, but=()):
    """Until all live workers have it (None: none has)."""
    def is_so():
        for number, worker in enumerate(fleet.workers):
            if worker.is_running() and number not in but:
                status, told = direct(worker, target)
                if (status, told) != (200, content) and not (content is None and status == 404):
                    return False
        return True

    wait_until(is_so, f"{target} is {content!r} everywhere", 20)


def home(fleet):
    """Which worker answers."""
    before = [w.report()["counts"].get("GET /settings", 0) for w in fleet.workers]
    fleet.get("/settings")
    after = [w.report()["counts"].get("GET /settings", 0) for w in fleet.workers]
    moved = [i for i, (a, b) in enumerate(zip(before, after)) if a != b]
    assert len(moved) == 1, moved
    return moved[0]


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_what_was_written_is_read_at_once(fleet, prefix):
    for number in range(5):
        name = f"{prefix}/userdata/workflows%2Ftry{number}.json"
        answer = raw(fleet, "POST", name, b'{"n": %d}' % number)
        assert answer.status == 200 and answer.json == f"workflows/try{number}.json"
        assert fleet.get(name) == {"n": number}
    listed = fleet.get(prefix + "/userdata?dir=workflows&recurse=true")
    assert {f"try{n}.json" for n in range(5)} <= set(listed)


def test_it_is_copied_to_all(fleet):
    raw(fleet, "POST", "/userdata/workflows%2Fcopy.json", b'"everywhere"')
    everywhere(fleet, "/userdata/workflows%2Fcopy.json", "everywhere")


def test_the_newest_wins_everywhere(fleet):
    for number in range(20):
        assert raw(fleet, "POST", "/userdata/again.json", b"%d" % number).status == 200
    everywhere(fleet, "/userdata/again.json", 19)


def test_delete_and_move(fleet):
    for name in ("a", "b"):
        raw(fleet, "POST", f"/userdata/dir%2F{name}.json", b'"%s"' % name.encode())
    assert raw(fleet, "DELETE", "/userdata/dir%2Fa.json").status == 204
    assert fleet.call("GET", "/userdata/dir%2Fa.json").status == 404
    assert fleet.call("POST", "/userdata/dir%2Fb.json/move/dir%2Fc.json").status == 200
    assert fleet.get("/userdata/dir%2Fc.json") == "b" and fleet.call("GET", "/userdata/dir%2Fb.json").status == 404
    everywhere(fleet, "/userdata/dir%2Fa.json", None)
    everywhere(fleet, "/userdata/dir%2Fb.json", None)
    everywhere(fleet, "/userdata/dir%2Fc.json", "b")


def test_what_the_home_refuses_is_refused_and_copied_nowhere(fleet):
    raw(fleet, "POST", "/userdata/once.json", b'"first"')
    answer = raw(fleet, "POST", "/userdata/once.json?overwrite=false", b'"second"')
    assert answer.status == 409 and answer.body == b"File already exists"
    raw(fleet, "POST", "/userdata/marker.json", b"1")
    everywhere(fleet, "/userdata/marker.json", 1)
    everywhere(fleet, "/userdata/once.json", "first")
    assert raw(fleet, "DELETE", "/userdata/nosuch.json").status == 404
    assert raw(fleet, "POST", "/userdata/..%2F..%2Fout.json", b"1").status == 403


def test_settings(fleet):
    assert fleet.call("POST", "/settings", {"Comfy.One": 1, "Comfy.Two": [2]}).status == 200
    assert fleet.call("POST", "/settings/Comfy.Three", "drei").status == 200
    assert fleet.get("/settings/Comfy.One") == 1 and fleet.get("/api/settings/Comfy.Three") == "drei"
    told = fleet.get("/settings")
    assert (told["Comfy.One"], told["Comfy.Two"], told["Comfy.Three"]) == (1, [2], "drei")
    everywhere(fleet, "/settings/Comfy.Three", "drei")
    for worker in fleet.workers:
        assert direct(worker, "/settings")[1]["Comfy.Two"] == [2]


def test_reads_go_to_one_home(fleet):
    assert len({home(fleet) for _ in range(4)}) == 1


def test_octets_of_any_kind(fleet):
    content = bytes(range(256)) * 4000  # a megabyte
    assert raw(fleet, "POST", "/userdata/blob.bin", content).status == 200
    assert fleet.call("GET", "/userdata/blob.bin").body == content
    for worker in fleet.workers:
        def has_it(worker=worker):
            link = http.client.HTTPConnection(worker.host, worker.port, timeout=10)
            try:
                link.request("GET", "/userdata/blob.bin")
                return link.getresponse().read() == content
            finally:
                link.close()

        wait_until(has_it, f"{worker.name} has it", 20)


def test_a_chunked_write(fleet):
    with fleet.mux.client() as client:
        client.send(b"POST /userdata/chunked.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"2\r\n\"a\r\n2\r\nb\"\r\n0\r\n\r\n")
        assert client.response().status == 200
    assert fleet.get("/userdata/chunked.json") == "ab"
    everywhere(fleet, "/userdata/chunked.json", "ab")


def test_two_users_do_not_meet_in_order(fleet):
    """Comfy-User goes along with the copies as it came."""
    raw(fleet, "POST", "/userdata/whose.json", b"1", {"Comfy-User": "anna"})
    everywhere(fleet, "/userdata/whose.json", 1)
    for worker in fleet.workers:
        writes = [one for one in worker.report()["recent"] if one["method"] == "POST" and one["target"] == "/userdata/whose.json"]
        assert writes and dict((k.lower(), v) for k, v in writes[-1]["headers"])["comfy-user"] == "anna"


def test_the_home_dies_and_another_has_all_of_it(start_fleet):
    fleet = start_fleet(3)
    fleet.mux.announce()
    raw(fleet, "POST", "/userdata/w%2Fa.json", b'"kept"')
    fleet.call("POST", "/settings", {"Comfy.Kept": True})
    everywhere(fleet, "/userdata/w%2Fa.json", "kept")
    everywhere(fleet, "/settings/Comfy.Kept", True)
    was = home(fleet)
    fleet.workers[was].kill()
    assert fleet.get("/userdata/w%2Fa.json") == "kept", "read at once, before anybody knows"
    assert fleet.get("/settings/Comfy.Kept") is True
    assert raw(fleet, "POST", "/userdata/w%2Fb.json", b'"new"').status == 200
    assert fleet.get("/userdata/w%2Fb.json") == "new"
    everywhere(fleet, "/userdata/w%2Fb.json", "new")


@pytest.mark.parametrize("who", ["home", "other"])
def test_one_that_was_down_gets_the_writes_when_it_is_back(start_fleet, folder, who):
    files = []
    for number in range(3):
        place = folder / f"files{number}"
        place.mkdir()
        files.append(("--dir", place))
    fleet = start_fleet(files)
    fleet.mux.announce()
    raw(fleet, "POST", "/userdata/before.json", b'"before"')
    everywhere(fleet, "/userdata/before.json", "before")
    was = home(fleet)
    down = was if who == "home" else (was + 1) % 3
    fleet.workers[down].kill()
    fleet.mux.wait_state(f"w{down + 1}", "down", 20)
    for number in range(3):
        assert raw(fleet, "POST", f"/userdata/meanwhile{number}.json", b"%d" % number).status == 200
    raw(fleet, "DELETE", "/userdata/before.json")
    fleet.restart_worker(down)
    fleet.mux.wait_state(f"w{down + 1}", "up", 20)
    for number in range(3):
        everywhere(fleet, f"/userdata/meanwhile{number}.json", number)
    everywhere(fleet, "/userdata/before.json", None)


def test_no_worker_at_all(start_fleet):
    fleet = start_fleet(1)
    fleet.mux.announce()
    fleet.workers[0].kill()
    fleet.mux.wait_state("w1", "down", 20)
    answer = fleet.call("GET", "/settings")
    assert answer.status in (502, 503)


def test_everything_else_goes_to_one_worker_and_fails_over(start_fleet):
    fleet = start_fleet(3)
    fleet.mux.announce()
    with fleet.mux.client() as client:
        names = {client.ask("/_echo?x=%2F..%2f").body for _ in range(5)}
        told = [json.loads(one) for one in names]
        workers = {one["worker"] for one in told}
        assert len(workers) == 1 and told[0]["target"] == "/_echo?x=%2F..%2f"
        home_name = workers.pop()
        page = client.ask("/")
        assert page.status == 200 and b"html" in page.body.lower()
    fleet.workers[int(home_name[1:]) - 1].kill()
    other = fleet.call("GET", "/_echo").json["worker"]
    assert other != home_name
    assert fleet.call("GET", "/page.js").status == 200


def test_another_routes_body_is_carried_and_large(fleet):
    content = bytes(range(256)) * 20000  # five megabytes
    with fleet.mux.client() as client:
        answer = client.ask("/_sink", "PUT", body=content)
    assert json.loads(answer.body) == {"bytes": len(content), "crc32": zlib.crc32(content)}


def test_a_custom_nodes_socket(fleet):
    with fleet.mux.client() as client:
        ws.open_socket(client, "/_ws")
        client.send(ws.frame("hello", mask=True))
        assert ws.read_frame(client) == (ws.TEXT, b"hello")
