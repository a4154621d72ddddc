"""While people work, workers hang, refuse, die and come back: what do the people see?

Simulated workers of its own, in processes, as in real life.
"""
import threading

import pytest

from harness import conf, ws
from harness.wait import Stopwatch, wait_until
from harness.workers import sampler_graph
from test_comfyui import JSON, STICKY, Browser

pytestmark = pytest.mark.seconds(120)


def config_of(workers, **health):
    return conf.config(timeouts={"read": 10, "tunnel": 60}, pools=[conf.pool(
        [conf.node(w, w.name) for w in workers],
        load_balancing={"strategy": "least_loaded", "load_interval": 0.2, "sticky": STICKY},
        health_check={"interval": 0.3, "timeout": 0.5, "rise": 1, "fall": 2, "heartbeat_timeout": 10, **health})])


@pytest.fixture
def three(own_worker):
    return [own_worker(f"w{i + 1}") for i in range(3)]


@pytest.fixture
def mux(start, three):
    made = start(config_of(three))
    made.worker_ports |= {w.port for w in three}
    made.announce()
    return made


def owner(three, browser):
    """The worker that has this person's socket."""
    found = [w for w in three if w.is_running() and browser.client_id in w.report()["websockets"]["sids"]]
    assert len(found) == 1, found
    return found[0]


def people(mux, count):
    made = [Browser(mux, source=f"127.0.0.{i + 20}") for i in range(count)]
    for person in made:
        person.listen()
    return made


def test_a_worker_that_dies_takes_only_its_own_with_it(mux, three):
    crowd = people(mux, 6)
    places = {person: owner(three, person) for person in crowd}
    assert len(set(places.values())) >= 2
    for person in crowd:
        person.running = person.submit()
    victim = places[crowd[0]]
    victim.kill()
    for person in crowd:
        if places[person] is victim:
            person.events.rest()  # its socket ends
        else:
            person.wait_done(person.running)
            person.view(person.images(person.running)[0])
    mux.wait_state(victim.name, "down")
    lucky = crowd[0]
    lucky.listen()
    done = lucky.submit()
    lucky.wait_done(done)
    lucky.view(lucky.images(done)[0])
    assert owner(three, lucky) is not victim


def test_a_worker_that_refuses_is_left_and_found_again(mux, three):
    for name in ("w1", "w2", "w3"):
        mux.wait_state(name, "up")
    three[0].test(fault="refuse", seconds=2)
    mux.wait_state("w1", "down")
    for i in range(10):
        assert Browser(mux, source=f"127.0.1.{i + 1}").ask("/system_stats").status == 200
    mux.wait_state("w1", "up", 15)


def test_a_worker_whose_loop_stalls_is_busy_and_loses_nobody(mux, three):
    """It encodes a large preview: every answer of it waits, no connection ends."""
    crowd = people(mux, 4)
    place = owner(three, crowd[0])
    watch = Stopwatch()
    place.test(fault="stall", seconds=3)
    mux.wait_state(place.name, "busy", 8)
    others = [Browser(mux, source=f"127.0.2.{i + 1}") for i in range(6)]
    for other in others:
        assert other.ask("/system_stats").status == 200
    assert watch.seconds() < 3, "new people waited for the stalled one"
    mux.wait_state(place.name, "up", 15)
    done = crowd[0].submit()
    crowd[0].wait_done(done)
    assert not [line for line in mux.events("worker_state", worker=place.name) if line["to"] == "down"]


def test_jobs_are_spread_over_all(mux, three):
    crowd = people(mux, 9)
    for person in crowd:
        person.running = person.submit()
    for person in crowd:
        person.wait_done(person.running)
    jobs = [w.report()["jobs"] for w in three]
    assert all(str(job) != "[]" for job in jobs)
    assert len({owner(three, person).name for person in crowd}) == 3


def test_a_500_of_a_worker_is_passed_and_nobody_is_taken_out(mux, three):
    for worker in three:
        worker.test(fault="500", path="/queue")
    assert Browser(mux).ask("/queue").status == 500
    assert {n["state"] for n in mux.nodes().values()} == {"up"}


def test_a_reload_under_real_work_loses_nothing(mux, three):
    crowd = people(mux, 4)
    lost, stop = [], threading.Event()

    def work(person):
        try:
            while not stop.is_set():
                done = person.submit()
                person.wait_done(done)
                person.view(person.images(done)[0])
        except BaseException as err:  # pylint: disable=broad-except
            lost.append(repr(err))

    threads = [threading.Thread(target=work, args=(person,)) for person in crowd]
    for thread in threads:
        thread.start()
    for i in range(6):
        mux.reload_ok(config_of(three, timeout=0.5 + i / 10))
        before = sum(w.report()["requests"] for w in three)
        wait_until(lambda n=before: sum(w.report()["requests"] for w in three) > n + 30 or lost, "work goes on")
    stop.set()
    for thread in threads:
        thread.join()
    assert not lost, lost


def test_all_workers_gone_and_back(mux, three):
    assert Browser(mux).ask("/queue").status == 200
    for worker in three:
        worker.test(fault="refuse", seconds=4)
    wait_until(lambda: {n["state"] for n in mux.nodes().values()} == {"down"}, "all are down", 10)
    response = Browser(mux).ask("/prompt", "POST", b"{}", JSON)
    assert response.status in (502, 503)
    wait_until(lambda: Browser(mux).ask("/queue").status == 200, "service is back", 15)


def test_previews_of_a_job_stream_through(mux, three):
    """Binary frames, larger than any buffer."""
    for worker in three:
        worker.test(set={"preview_bytes": 3_000_000, "steps": 3})
    person = Browser(mux)
    person.listen()
    person.submit(sampler_graph())
    frames = []
    client = person.events
    while True:
        opcode, payload = ws.read_frame(client)
        client.received.clear()
        if opcode == ws.BINARY:
            frames.append(len(payload))
        elif b'"executing"' in payload and b'"node": null' in payload:
            break
    assert frames and all(size >= 3_000_000 for size in frames)
