"""Do a worker's log lines come to the client that asked for them, on its one socket, and to nobody else?"""
import uuid

import pytest

FLEET = {"workers": 2}
LINE = {"entries": [{"t": "now", "m": "hello\n"}], "size": {"cols": 80, "rows": 24}}


@pytest.fixture
def page(fleet):
    """As in ComfyUI, an id that comes back is subscribed still: so a new one each time."""
    return fleet.page(str(uuid.uuid4()))


@pytest.fixture
def other(fleet):
    return fleet.page(str(uuid.uuid4()))


def subscribe(fleet, client_id, enabled=True):
    answer = fleet.call("PATCH", "/internal/logs/subscribe", {"clientId": client_id, "enabled": enabled})
    assert answer.status == 200, answer.body


def say(fleet):
    """Every worker says a line to those who subscribed there."""
    for worker in fleet.workers:
        worker.test(send=[{"type": "logs", "data": LINE, "to": "logs"}])


def heard(page):
    page.settle()
    return [e.data for e in page.events if e.type == "logs"]


@pytest.mark.parametrize("path", ["/internal/logs", "/internal/logs/raw"])
def test_what_was_printed(fleet, path):
    assert fleet.get(path) == fleet.workers[0].call("GET", path)[1]


def test_whoever_subscribed_hears_each_line_once(fleet, page, other):
    subscribe(fleet, page.client_id)
    say(fleet)
    page.wait_type("logs")
    assert heard(page) == [LINE] and heard(other) == []
    say(fleet)
    page.wait(lambda e: e.type == "logs" and len(heard(page)) == 2, "the second line")
    assert heard(other) == []


def test_until_it_does_not_want_to_any_more(fleet, page, other):
    subscribe(fleet, page.client_id)
    subscribe(fleet, other.client_id)
    say(fleet)
    page.wait_type("logs")
    subscribe(fleet, page.client_id, False)
    since = other.mark()
    say(fleet)
    other.wait_type("logs", since=since)
    assert len(heard(page)) == 1


def test_the_worker_never_learns_the_clients_own_id(fleet, page):
    subscribe(fleet, page.client_id)
    for worker in fleet.workers:
        assert page.client_id not in worker.report()["websockets"]["sids"]


@pytest.mark.parametrize("body", [{}, {"clientId": "a"}, {"enabled": True}, [], {"clientId": 7, "enabled": True},
                                  {"clientId": "nobody", "enabled": True}, {"clientId": "x" * 1000, "enabled": True}])
def test_a_subscription_of_nobody_harms_nothing(fleet, page, body):
    answer = fleet.call("PATCH", "/internal/logs/subscribe", body)
    assert answer.status < 502, answer.body
    say(fleet)
    assert heard(page) == []
