"""Do the names of strategies still choose the worker in this mode?"""
import pytest

from harness.fleet import plain

NAMES = ["score", "least_loaded", "least_conn", "round_robin", "weighted", "priority_based", "ip_hash", "hash", "random_two",
         "least_time"]
EACH = [{"weight": 3, "metadata": {"priority": 2}}, {"weight": 1, "metadata": {"priority": 1}}]


def one_by_one(fleet, count):
    """How many ran on each worker, never two at a time."""
    for n in range(count):
        fleet.wait_history(fleet.submit(plain(n)).id)
    return [len(s) for s in fleet.starts()]


@pytest.fixture
def fleet_of(start_fleet):
    def make(name):
        made = start_fleet(2, each=EACH, flags=("--job-ms", 10), load_balancing={"strategy": name})
        for worker in made.workers:
            worker.test(set={"job_ms": 10})
        return made

    return make


@pytest.mark.parametrize("name", NAMES)
def test_each_runs_jobs_on_both_workers_when_there_are_two_at_once(fleet_of, name):
    fleet = fleet_of(name)
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(3)]
    assert sorted(fleet.wait_running(*jobs[:2])) == [0, 1]
    assert fleet.remaining() == 3
    fleet.go_on()
    for job in jobs:
        fleet.wait_history(job)


def test_round_robin_takes_turns(fleet_of):
    assert one_by_one(fleet_of("round_robin"), 8) == [6, 2], "nginx's: by weight"


def test_weighted_goes_by_weight_at_random(fleet_of):
    first, second = one_by_one(fleet_of("weighted"), 40)
    assert 18 <= first < 40 and second, (first, second)


def test_priority_based_takes_the_first_as_long_as_it_is_free(fleet_of):
    assert one_by_one(fleet_of("priority_based"), 4) == [0, 4]


def test_ip_hash_stays(fleet_of):
    assert sorted(one_by_one(fleet_of("ip_hash"), 4)) == [0, 4]
