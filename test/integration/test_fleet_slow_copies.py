"""A worker takes no copies of users' files for long: are those that wait bounded, and does the newest come in the end?"""
import pytest

from harness.fleet import LONG
from harness.scripted import ScriptedFleet
from harness.wait import wait_until
from harness.wire import make_request

MOST = 1000


@pytest.mark.seconds(120)
def test_the_oldest_are_dropped(start_fleet):
    fleet = start_fleet(kind=ScriptedFleet, workers=2)
    fleet.mux.announce(level="warn")
    helds = [worker.hold("POST", "/settings") for worker in fleet.workers]
    with fleet.mux.client() as client:
        def write(number):
            fields = [("Content-Type", "application/json")]
            assert client.ask("/settings", "POST", fields, b'{"n": %d}' % number).status == 200

        home = _first_asked(fleet, client, helds)
        other = 1 - home
        helds[other].wait_asked()
        for number in range(1, MOST + 41):
            write(number)
    worker = fleet.workers[other]
    helds[other].go_on()
    worker.wait_told("POST", "/settings", {"n": MOST + 40})
    assert worker.times("POST", "/settings") <= MOST + 1
    assert fleet.workers[home].times("POST", "/settings") == MOST + 41


def _first_asked(fleet, client, helds):
    """The number of the home: it is asked first, and answers from now on."""
    client.send(make_request("/settings", "POST", [("Content-Type", "application/json")], b'{"n": 0}'))
    wait_until(lambda: any(h.asked for h in helds), "a home was asked", LONG)
    home = next(i for i, h in enumerate(helds) if h.asked)
    helds[home].go_on()
    assert client.response().status == 200
    return home
