"""Whatever breaks behind the proxy: does every job end once, for its own client, with its own result?

Fifty clients work while workers are killed, stopped and restarted, sockets are cut and the proxy is reloaded, or
killed and started again with its journal. TEST_SEED repeats a run as far as time allows, TEST_FLEET_SECONDS makes it
longer (120 is a good night's sleep), TEST_FLEET_CLIENTS larger.
"""
import asyncio
import os
import random
import signal
import time

import pytest

from harness.crowd import OUTCOMES, Crowd, digest
from harness.fleet import LONG
from harness.mux import _CRASH
from harness.wait import wait_until

SECONDS = float(os.environ.get("TEST_FLEET_SECONDS", "10"))
CLIENTS = int(os.environ.get("TEST_FLEET_CLIENTS", "50"))
SEED = int(os.environ.get("TEST_SEED", "20261121"))
SWITCHES = os.environ.get("TEST_FLEET_SWITCHES", "").split()
PREVIEW = 64
FLAGS = ("--preview-size", PREVIEW, "--job-ms", 150)
WORKERS = 5


class Chaos:
    """Breaks one thing after another, and mends all of it in the end. At least two workers are always well."""

    def __init__(self, fleet, crowd, pick, kills_proxy):
        self.fleet, self.crowd, self.pick, self.kills_proxy = fleet, crowd, pick, kills_proxy
        self.ill, self.tasks, self.done = set(), [], []
        self.cuts = []

    async def live(self):
        ways = [self.kill] * 4 + [self.stop] * 3 + [self.cut_sockets, self.reload, self.drain, self.drop]
        ways += [self.restart_proxy] * 2 if self.kills_proxy else []
        next_kill = time.monotonic()
        try:
            while not self.crowd.is_over():
                await asyncio.sleep(0.2 + self.pick.random())
                way = self.pick.choice(ways)
                if way in (self.kill, self.stop, self.cut_sockets):
                    well = sorted(set(range(WORKERS)) - self.ill)
                    if len(well) > 2:
                        self.tasks.append(asyncio.create_task(way(self.pick.choice(well))))
                elif way != self.restart_proxy:
                    await way()
                elif time.monotonic() > next_kill:
                    await way()
                    next_kill = time.monotonic() + 5
        finally:
            await asyncio.gather(*self.tasks)
        await self.reload()
        await asyncio.to_thread(self.fleet.wait_known)
        await self.crowd.everybody()

    def note(self, what):
        self.done.append((round(time.monotonic() - self.crowd.end + SECONDS, 2), what))

    async def kill(self, number):
        self.ill.add(number)
        self.note(f"kill w{number + 1}")
        self.fleet.workers[number].process.kill()
        await asyncio.sleep(2 * self.pick.random())
        await asyncio.to_thread(self.fleet.restart_worker, number)
        self.ill.discard(number)

    async def stop(self, number):
        self.ill.add(number)
        self.note(f"stop w{number + 1}")
        process = self.fleet.workers[number].process
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self.pick.choice((0.5, 2, 7)) * self.pick.random())
        finally:
            process.send_signal(signal.SIGCONT)
        self.ill.discard(number)

    async def cut_sockets(self, number):
        self.ill.add(number)
        self.note(f"cut w{number + 1}")
        self.cuts.append(time.monotonic())
        await asyncio.to_thread(self.fleet.workers[number].test, fault="cut_ws")
        self.ill.discard(number)

    async def reload(self, **change):
        self.note(f"reload {change}")
        await asyncio.to_thread(self.fleet.mux.reload_ok, self.fleet.config(**change))

    async def drain(self):
        await self.reload(drain=[self.pick.randrange(WORKERS)])

    async def drop(self):
        await self.reload(without=[self.pick.randrange(WORKERS)])

    async def restart_proxy(self):
        self.note("kill the proxy")
        self.crowd.is_up = False
        old = self.fleet.mux
        old.process.kill()
        await asyncio.to_thread(old.process.wait)
        await asyncio.sleep(0.3 * self.pick.random())
        await asyncio.to_thread(self.fleet.start, ready=False)
        self.crowd.address, self.crowd.run, self.crowd.is_up = self.fleet.mux.address, self.crowd.run + 1, True


def check_order(ticket, watch):
    """What a socket heard of one job that it saw from begin to end."""
    at, value, began = "before", {}, 0
    for event in [e for e in watch.events if e.prompt_id == ticket.id]:
        told = f"{event} of {ticket} when {at}"
        assert at != "ended", f"after the end: {told}"
        if event.type is None:
            assert at == "running", told
        elif event.is_end():
            assert at in ("running", "outcome") or ticket.is_cancelled, told
            at = "ended"
        elif event.type == "execution_start":
            assert at in ("before", "running"), told
            at, value, began = "running", {}, began + 1
        elif event.type in OUTCOMES:
            # A worker that dies before it began, twice, makes a failure without a start.
            assert at == "running" or event.type == "execution_error", told
            at = "outcome"
        else:
            assert at == "running", told
            if event.type == "progress":
                assert event.data["value"] >= value.get(event.data["node"], 0), told
                value[event.data["node"]] = event.data["value"]
    assert at == "ended", f"{ticket} is {at} at the end"


def check_watched(visitor, ticket, watch, chaos):
    """A job that the history calls a success was a success to its socket, too, with the same outputs."""
    check_order(ticket, watch)
    mine = [e for e in watch.events if e.prompt_id == ticket.id]
    good = ticket.entry is not None and ticket.entry["status"]["status_str"] == "success"
    if not good or watch.run != ticket.seen_in:
        return  # of a job that ended before the proxy did its worker tells the names
    told = {e.data["node"]: e.data["output"] for e in mine if e.type == "executed"}
    assert told == ticket.entry["outputs"], f"{ticket} of {visitor.kind}: told {told}, kept {ticket.entry['outputs']}"
    was_cut = any(ticket.sent - 1 < cut < ticket.heard + 1 for cut in chaos.cuts)
    if ticket.kind == "socket" and not was_cut:
        wanted = ticket.pictures()[0]
        assert any(e.type is None and e.image == wanted for e in watch.events), f"{ticket}: its result never came"


def check_end(visitor, ticket, chaos):
    """How it ended; failures need a reason that somebody gave."""
    status = ticket.entry["status"]
    if status["status_str"] == "success":
        return "done"
    event, data = status["messages"][-1]
    if event == "execution_interrupted":
        assert ticket.is_cancelled, f"{ticket} of visitor {visitor.number} was interrupted, and nobody asked for it"
        return "interrupted"
    assert event == "execution_error" and data["exception_type"] == "comfymux.WorkerLost", status
    assert data["prompt_id"] == ticket.id and sum("w" in what for _, what in chaos.done) >= 2, status
    return "lost twice"


def check_visitor(visitor, chaos, restarts, made, counts):
    mine = {t.id for t in visitor.tickets}
    unsure = {t.seed for t in visitor.tickets if not t.is_accepted}
    previews = {digest(p) for t in visitor.tickets for p in t.previews(PREVIEW)}
    pictures = {digest(p) for t in visitor.tickets if t.kind == "socket" for p in t.pictures()}
    for watch in visitor.watches:
        for event in watch.events:
            if event.prompt_id is not None and event.prompt_id not in mine:
                assert unsure and event.prompt_id, f"visitor {visitor.number} heard of another's job: {event}"
            if event.type is None:
                counts["frames"] += 1
                assert event.kind in (1, 4) and digest(event.image) in previews | pictures, \
                    f"visitor {visitor.number} was sent another's picture: {event}"
                assert event.kind == 1 or visitor.flags, f"{event} without its flag"
    for ticket in [t for t in visitor.tickets if t.is_accepted]:
        ends = [sum(e.is_end(ticket.id) for e in watch.events) for watch in visitor.watches]
        assert max(ends, default=0) <= 1, f"{ticket} of visitor {visitor.number} ended more than once on one socket"
        if visitor.kind != "two":
            assert sum(ends) <= 1 + restarts, f"{ticket} of visitor {visitor.number} ended {ends} times"
        if ticket.entry is None:
            assert ticket.is_cancelled or restarts, f"{ticket} of visitor {visitor.number} is nowhere"
            if not ticket.heard and not ticket.is_cancelled and ticket.kind in ("plain", "sampler", "batch"):
                assert {digest(p) for p in ticket.pictures()} <= made, f"{ticket} was accepted, and nobody ever ran it"
            counts["withdrawn" if ticket.is_cancelled else "forgotten"] += 1
            continue
        counts[check_end(visitor, ticket, chaos)] += 1
        if visitor.kind == "leaving" and not restarts:
            assert sum(ends) == 1, f"{ticket} of visitor {visitor.number} (leaving): {ends}"
        for watch in visitor.watches:
            if watch.saw_all_of(ticket):
                counts["watched"] += 1
                check_watched(visitor, ticket, watch, chaos)


def check_idle(fleet):
    """Nothing runs anywhere that nobody waits for."""
    fleet.wait_idle()
    wait_until(lambda: not any(w.report()["jobs"]["running"] or w.report()["jobs"]["pending"] for w in fleet.workers),
               "no worker has a job left", LONG)


@pytest.mark.seconds(SECONDS + 200)
@pytest.mark.parametrize("kills_proxy", [False, True], ids=["workers-break", "proxy-breaks-too"])
def test_every_job_ends_once_for_its_client_with_its_own_result(start_fleet, folder, kills_proxy):
    print(f"TEST_SEED={SEED} TEST_FLEET_SECONDS={SECONDS} TEST_FLEET_CLIENTS={CLIENTS}")
    specs = []
    for number in range(WORKERS):
        (folder / f"files{number}").mkdir()  # outputs survive their worker, as a ComfyUI's do
        specs.append((*FLAGS, "--dir", folder / f"files{number}", "--number-start", number * 7))
    specs[-1] += ("--old",)
    each = [{"max_concurrent": 2} if number % 3 == 1 else {} for number in range(WORKERS)]  # the old one, too
    fleet = start_fleet(specs, each, switches=SWITCHES, journal={"path": str(folder / "journal.sqlite")},
                        timeouts={"header": 60, "keepalive": 120})  # the crowd itself may be slow

    async def play():
        crowd = Crowd(fleet.mux.address, SEED, SECONDS, CLIENTS)
        chaos = Chaos(fleet, crowd, random.Random(SEED), kills_proxy)
        try:
            await crowd.live(chaos.live())
        finally:
            print("broken:", *(f"{when} {what};" for when, what in chaos.done))
            start_fleet.running[:] = [fleet.mux]  # whose log a failure shows
        return crowd, chaos

    crowd, chaos = asyncio.run(play())
    fleet.mux.announce(level="warn")
    for mux in fleet.runs[:-1]:
        assert not [line.text for line in mux.lines if not line.level and _CRASH.search(line.text)]
    counts = dict.fromkeys(("done", "interrupted", "lost twice", "withdrawn", "forgotten", "watched", "frames"), 0)
    made = {digest(file.read_bytes()) for file in folder.glob("files*/output/*.png")}
    for visitor in crowd.visitors:
        check_visitor(visitor, chaos, crowd.run, made, counts)
    check_idle(fleet)
    print(counts)
    assert counts["done"] > CLIENTS and counts["watched"] > CLIENTS // 4, "too little happened to show anything"
