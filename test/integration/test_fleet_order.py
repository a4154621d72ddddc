"""In which order do jobs of one fleet run: number, front, priority, and turns between clients?"""
import pytest

from harness.fleet import plain

FLEET = {"workers": 1, "priority_header": "X-Priority", "max_priority": 5}


@pytest.fixture
def line(fleet):
    """line(...) submits behind a job that is held; line.run() lets all run and gives them in order of their start."""
    fleet.hold()
    first = fleet.submit(plain(), client_id="first").id
    fleet.wait_running(first)
    names = {}

    def add(name, client="a", **more):
        answer = fleet.submit(plain(len(names)), client_id=client, **more)
        names[answer.id] = name
        return answer

    def run():
        fleet.workers[0].test(set={"job_ms": 10})
        fleet.go_on()
        fleet.wait_idle()
        return [names[job] for job in fleet.report(0)["starts"] if job != first]

    add.run = run
    return add


def test_one_clients_jobs_run_as_they_came(line):
    for n in range(5):
        line(n)
    assert line.run() == [0, 1, 2, 3, 4]


def test_numbers_are_one_order_and_are_what_the_queue_shows(fleet, line):
    told = [line(n, client=f"c{n}").json["number"] for n in range(3)]
    assert told == [told[0], told[0] + 1, told[0] + 2], "one counter for the fleet"
    shown = {item[1]: item[0] for item in fleet.get("/queue")["queue_pending"]}
    assert sorted(shown.values()) == told
    line.run()


def test_front_overtakes_and_later_ones_first(fleet, line):
    line("a")
    one, two = line("front 1", front=True).json["number"], line("front 2", front=True).json["number"]
    line("b")
    assert two < one < 0
    assert line.run() == ["front 2", "front 1", "a", "b"]


def test_front_overtakes_other_clients_too(line):
    line("a")
    line("mine", client="b", front=True)
    assert line.run() == ["mine", "a"]


def test_a_number_of_the_clients_own(fleet, line):
    base = line("a").json["number"]
    assert line("before", number=base - 0.5).json["number"] == base - 0.5
    assert line("after", number=base + 100).json["number"] == base + 100
    assert line("b").json["number"] == base + 1, "the counter stands"
    assert line.run() == ["before", "a", "b", "after"]


def test_a_higher_priority_goes_strictly_first(line):
    for n in range(3):
        line(f"plain {n}")
    line("vip", client="v", extra_data={"comfymux": {"priority": 3}})
    line("more vip", client="w", extra_data={"comfymux": {"priority": 4}})
    line("by the guard", client="x", headers={"X-Priority": "50"})
    assert line.run() == ["by the guard", "more vip", "vip", "plain 0", "plain 1", "plain 2"]


def test_what_a_client_asks_for_itself_is_capped(line):
    line("asks 5", client="v", extra_data={"comfymux": {"priority": 5}})
    line("asks 1000", client="w", extra_data={"comfymux": {"priority": 1000}})
    line("guard 6", client="x", headers={"X-Priority": "6"})
    assert line.run() == ["guard 6", "asks 5", "asks 1000"]


def test_a_low_priority_goes_last(line):
    line("low", client="v", extra_data={"comfymux": {"priority": -1}})
    line("plain")
    assert line.run() == ["plain", "low"]


@pytest.mark.parametrize("wrong", ["high", [], {}, None, 1e300, -1e300, 1.5, True])
def test_nonsense_for_a_priority_breaks_nothing(line, wrong):
    line("plain")
    line("nonsense", client="v", extra_data={"comfymux": {"priority": wrong}})
    assert sorted(line.run()) == ["nonsense", "plain"]


def test_two_clients_take_turns(line):
    """One brings eight, then another brings two: it does not wait behind all of the eight."""
    for n in range(8):
        line(f"many {n}", client="many")
    line("few 0", client="few")
    line("few 1", client="few")
    order = line.run()
    assert order.index("few 0") <= 2 and order.index("few 1") <= 4, order
    assert [o for o in order if o.startswith("many")] == [f"many {n}" for n in range(8)]
    assert order.index("few 0") < order.index("few 1")


def test_jobs_without_client_id_of_one_address_are_one_client(line):
    for n in range(6):
        line(f"anonymous {n}", client=None)
    line("named", client="named")
    assert line.run().index("named") <= 2
