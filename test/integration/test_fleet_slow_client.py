"""A client that does not read: what does it cost, what does it lose, and whom else does it hurt?"""
import pytest

from harness import ws
from harness.client import RawClient
from harness.fleet import Event, plain
from harness.wait import PATIENCE, wait_until

MB = 1 << 20


class Sleeper:
    """A WebSocket whose client reads when it is told to. Small buffers in the kernel."""

    def __init__(self, fleet, client_id):
        self.client = RawClient(fleet.mux.address, patience=PATIENCE * 3, buffers=8192)
        fleet.mux.clients.append(self.client)
        ws.open_socket(self.client, f"/ws?clientId={client_id}")
        opcode, _ = ws.read_frame(self.client)
        assert opcode == ws.TEXT

    def wake(self, prompt_id):
        """Reads to the end marker of that job, or to a close: (events, close code or None)."""
        events = []
        while True:
            opcode, payload = ws.read_frame(self.client)
            if opcode == ws.CLOSE:
                return events, int.from_bytes(payload[:2], "big")
            if opcode == ws.PING:
                self.client.send(ws.frame(payload, ws.PONG, mask=True))
                continue
            events.append(Event(opcode, payload))
            if events[-1].is_end(prompt_id):
                return events, None


def send(fleet, number, *what):
    fleet.workers[number].test(send=list(what))


@pytest.fixture
def fleet(start_fleet):
    made = start_fleet(1, page_buffer="16M", page_ping=0)
    made.workers[0].test(set={"preview_size": 0})
    return made


def test_previews_and_progress_are_coalesced_to_the_newest(fleet):
    slow = Sleeper(fleet, "slow")
    fleet.hold()
    job = fleet.submit(plain(), client_id="slow").id
    fleet.wait_running(job)
    before = fleet.mux.memory()
    for _ in range(20):
        send(fleet, 0, {"image": MB, "jpeg": True, "times": 10},
             *[{"type": "progress", "to": "owner", "data": {"value": n, "max": 50, "prompt_id": job, "node": "1"}} for n in range(50)])
    other = fleet.page("other")  # everything was read from the worker when its job runs
    fleet.go_on()
    wait_until(lambda: fleet.report(0)["done"] == 1, "200 MB of previews are out of the worker, and its job ended", 30)
    other.wait_done(fleet.submit(plain(2), client_id="other").id)
    assert fleet.mux.memory() - before < 150 * MB
    events, closed = slow.wake(job)
    assert closed is None
    frames = [e for e in events if e.kind == 1]
    assert 1 <= len(frames) <= 20, len(frames)
    assert frames[-1].image[2:6] == (9).to_bytes(4, "big"), "not the newest"
    values = [e.data["value"] for e in events if e.type == "progress"]
    assert len(values) < 500 and values[-1] == 4
    kinds = [e.type for e in events if e.prompt_id == job and e.type not in ("progress", "progress_state")]
    assert kinds[-3:] == ["executed", "execution_success", "executing"]


def test_png_frames_are_never_dropped_and_keep_their_order(fleet):
    slow = Sleeper(fleet, "slow")
    fleet.hold()
    job = fleet.submit(plain(), client_id="slow").id
    fleet.wait_running(job)
    for _ in range(5):
        send(fleet, 0, {"image": MB // 2, "jpeg": True, "times": 5}, {"image": MB // 4, "times": 10})
    fleet.go_on()
    fleet.wait_history(job)
    events, closed = slow.wake(job)
    assert closed is None
    results = [e.image[8:12] for e in events if e.kind == 1 and e.image[:4] == b"\x89PNG"]
    assert [int.from_bytes(r, "big") for r in results] == list(range(10)) * 5


def test_past_the_bound_it_is_closed_with_1013_and_the_job_goes_on(fleet):
    slow = Sleeper(fleet, "slow")
    fleet.mux.announce()
    fleet.hold()
    job = fleet.submit(plain(), client_id="slow").id
    fleet.wait_running(job)
    before = fleet.mux.memory()
    for _ in range(10):
        send(fleet, 0, {"image": MB, "times": 4})
    fleet.go_on()
    assert fleet.wait_history(job)["status"]["completed"]
    assert fleet.mux.memory() - before < 150 * MB
    _, closed = slow.wake(job)
    assert closed == 1013
    back = fleet.page("slow")
    back.wait_done(job)


def test_others_are_not_disturbed(fleet):
    """One ComfyUI stands still for all its clients when one does not read."""
    slow, page = Sleeper(fleet, "slow"), fleet.page("quick")
    fleet.hold()
    job = fleet.submit(plain(), client_id="slow").id
    fleet.wait_running(job)
    send(fleet, 0, {"image": MB, "times": 8})
    mine = [fleet.submit(plain(n), client_id="quick").id for n in range(3)]
    fleet.go_on()
    page.wait_done(*mine)
    assert all(page.kinds(one)[-1] == "executing" for one in mine)
    events, closed = slow.wake(job)
    assert closed is None and len([e for e in events if e.kind == 1]) == 8


def test_two_sockets_of_one_client_one_of_them_slow(fleet):
    slow, quick = Sleeper(fleet, "me"), fleet.page("me")
    fleet.hold()
    job = fleet.submit(plain(), client_id="me").id
    fleet.wait_running(job)
    send(fleet, 0, {"image": MB // 2, "times": 10}, {"image": MB, "jpeg": True, "times": 20})
    quick.wait(lambda e: e.kind == 1 and e.image[2:6] == (19).to_bytes(4, "big"), "the last preview")
    assert len([e for e in quick.frames() if e.image[:4] == b"\x89PNG"]) == 10
    fleet.go_on()
    quick.wait_done(job)
    events, closed = slow.wake(job)
    assert closed is None and len([e for e in events if e.kind == 1 and e.image[:4] == b"\x89PNG"]) == 10


def test_events_of_custom_nodes_are_never_dropped(fleet):
    slow = Sleeper(fleet, "slow")
    fleet.hold()
    job = fleet.submit(plain(), client_id="slow").id
    fleet.wait_running(job)
    for n in range(20):
        send(fleet, 0, *[{"type": "custom", "to": "owner", "data": {"n": 100 * n + k, "fill": "x" * 500}} for k in range(100)])
    fleet.go_on()
    fleet.wait_history(job)
    events, _ = slow.wake(job)
    assert [e.data["n"] for e in events if e.type == "custom"] == list(range(2000))


def test_one_that_never_answers_a_ping_is_gone(start_fleet):
    fleet = start_fleet(1, page_ping=1)
    fleet.mux.announce(level="info")
    client = RawClient(fleet.mux.address, patience=PATIENCE)
    fleet.mux.clients.append(client)
    ws.open_socket(client, "/ws?clientId=dead")
    kinds = []
    try:
        while True:
            kinds.append(ws.read_frame(client)[0])
            if kinds[-1] == ws.CLOSE:
                break
    except Exception as why:  # however it ends
        assert "reset" in str(why) or "eof" in str(why), why
    assert ws.PING in kinds
    alive = fleet.page("alive")
    alive.wait(lambda e: alive.pings >= 0, "the status")
    wait_until(lambda: alive.pings >= 3, "it is pinged and stays")
    assert not alive.over
