"""The proxy is killed. Does every job that it accepted still end once?"""
import json
import os
import pathlib
import signal
import uuid

import pytest

from harness.fleet import graph, plain
from harness.wait import wait_until

SECRET = "sk-comfy-7f3a9c5e1b2d4806"


@pytest.fixture
def fleet_of(start_fleet, folder):
    def make(workers=2, sync="normal", **more):
        return start_fleet(workers, journal={"path": str(folder / "journal.sqlite"), "sync": sync},
                           spool_dir=str(folder / "spool"), **more)

    return make


def crash(fleet, between=None):
    """kill -9, and a new one of the same file."""
    fleet.mux.process.kill()
    fleet.mux.process.wait()
    fleet.mux.ended_by_test = True
    for client in fleet.mux.clients:
        client.close()
    if between:
        between()
    fleet.start(ready=False)
    fleet.mux.announce(level="warn")


@pytest.mark.parametrize("sync", ["normal", "full"])
def test_all_accepted_jobs_end_once_with_their_ids_and_numbers(fleet_of, sync):
    fleet = fleet_of(sync=sync)
    fleet.hold()
    told = [fleet.submit(plain(n), client_id=f"c{n % 2}").json for n in range(6)]
    jobs, numbers = [t["prompt_id"] for t in told], {t["prompt_id"]: t["number"] for t in told}
    fleet.wait_running(*jobs[:2])
    crash(fleet)
    wait_until(lambda: fleet.remaining() == 6, "they are all known again")
    shown = fleet.get("/queue")
    assert {i[1]: i[0] for i in shown["queue_running"] + shown["queue_pending"]} == numbers
    pages = [fleet.page(f"c{n}") for n in range(2)]
    fleet.go_on()
    for n, job in enumerate(jobs):
        pages[n % 2].wait_done(job)
    for page in pages:
        page.settle()
        assert len(page.ends()) == 3
    for n, job in enumerate(jobs):
        entry = fleet.history(job)
        assert entry["status"]["status_str"] == "success" and entry["prompt"][0] == numbers[job]
        assert entry["prompt"][2]["1"]["inputs"]["color"] == n
        assert fleet.view(fleet.outputs(job)[0]).status == 200
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs), "the two that ran on their workers were run again"
    assert fleet.submit(plain(9)).json["number"] == max(numbers.values()) + 1


def test_jobs_that_ended_while_it_was_down_are_not_run_again(fleet_of):
    fleet = fleet_of()
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    fleet.wait_running(*jobs)

    def finish():
        fleet.go_on()
        for worker in fleet.workers:
            wait_until(lambda w=worker: w.report()["jobs"]["done"] == 1, "it ends")

    crash(fleet, finish)
    for job in jobs:
        entry = fleet.wait_history(job)
        assert entry["status"]["status_str"] == "success" and fleet.outputs(job)
    page = fleet.page("me")
    page.wait_done(*jobs)
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs)


def test_jobs_on_workers_that_died_too_are_run_again(fleet_of):
    fleet = fleet_of()
    fleet.hold()
    jobs = [fleet.submit(plain(n)).id for n in range(4)]
    fleet.wait_running(*jobs[:2])
    crash(fleet, lambda: [fleet.restart_worker(n) for n in range(2)])
    for job in jobs:
        assert fleet.wait_history(job)["status"]["status_str"] == "success"
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs)


def test_ended_and_cancelled_jobs_do_not_come_back(fleet_of):
    fleet = fleet_of()
    done = fleet.submit(plain()).id
    fleet.wait_history(done)
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    gone = fleet.submit(plain(5)).id
    fleet.post("/queue", {"delete": [gone]})
    crash(fleet)
    names = {done: "done", gone: "gone", busy[0]: "busy 0", busy[1]: "busy 1"}
    wait_until(lambda: sorted(names[j] for part in fleet.queue() for j in part) == ["busy 0", "busy 1"],
               f"the two that run are known; {[[names[j] for j in part] for part in fleet.queue()]}")
    fleet.go_on()
    for job in busy:
        fleet.wait_history(job)
    assert gone not in sum(fleet.starts(), []) and sum(fleet.starts(), []).count(done) == 1


def test_twice_in_a_row(fleet_of):
    fleet = fleet_of()
    fleet.hold()
    mine = str(uuid.uuid4())
    fleet.submit(plain(1), client_id="me", prompt_id=mine)
    waits = [fleet.submit(plain(n), client_id="me").id for n in range(2, 6)]
    for _ in range(2):
        crash(fleet)
        wait_until(lambda: fleet.remaining() == 5, "known again")
    fleet.go_on()
    page = fleet.page("me")
    page.wait_done(mine, *waits)
    assert sorted(sum(fleet.starts(), [])) == sorted([mine, *waits])


def test_a_clean_stop_keeps_them_too(fleet_of):
    fleet = fleet_of()
    fleet.hold()
    jobs = [fleet.submit(plain(n), client_id="me").id for n in range(4)]
    fleet.wait_running(*jobs[:2])
    fleet.mux.signal(signal.SIGTERM)
    assert fleet.mux.wait_exit() == 0
    fleet.mux.ended_by_test = True
    fleet.start(ready=False)
    fleet.mux.announce(level="warn")
    fleet.go_on()
    for job in jobs:
        assert fleet.wait_history(job)["status"]["status_str"] == "success"
    assert sorted(sum(fleet.starts(), [])) == sorted(jobs)


def test_an_old_workers_job_is_found_again_by_its_own_id(fleet_of):
    fleet = fleet_of(workers=[("--old",)])
    fleet.hold()
    page = fleet.page("me")
    job = fleet.submit(plain(), client_id="me").id
    page.wait_type("progress", job)
    theirs = fleet.report(0)["running"]
    assert theirs != job
    crash(fleet, fleet.go_on)
    assert fleet.wait_history(job)["prompt"][1] == job
    assert fleet.report(0)["starts"] == [theirs]


def octets_on_disk(folder):
    return {path: path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def secret_job(fleet, **more):
    return fleet.submit(graph(), client_id="me", extra_data={
        "api_key_comfy_org": SECRET, "auth_token_comfy_org": SECRET + "-auth", "keep": "this-is-kept"}, **more).id


def test_secrets_reach_the_worker_and_nothing_else(fleet_of, folder):
    fleet = fleet_of()
    page = fleet.page("me")
    fleet.hold()
    jobs = [secret_job(fleet) for _ in range(4)]
    number, = fleet.wait_running(jobs[0])
    assert fleet.report(number)["secrets"][jobs[0]] == {"api_key_comfy_org": SECRET, "auth_token_comfy_org": SECRET + "-auth"}
    wait_until(lambda: any(b"this-is-kept" in data for data in octets_on_disk(folder).values()), "the journal has them")
    for target in ("/queue", "/history", "/api/jobs", f"/api/jobs/{jobs[0]}", f"/api/jobs/{jobs[3]}"):
        body = fleet.call("GET", target).body
        assert SECRET.encode() not in body, target
    fleet.go_on()
    page.wait_done(*jobs)
    for target in ("/history", f"/history/{jobs[0]}", f"/api/jobs/{jobs[0]}", "/api/jobs"):
        assert SECRET.encode() not in fleet.call("GET", target).body, target
    assert SECRET.encode() not in fleet.mux.admin("/metrics")[2].encode()
    assert all(SECRET.encode() not in e.body for e in page.events)
    found = [path for path, data in octets_on_disk(folder).items() if SECRET.encode() in data]
    assert found == [], "secrets on disk"
    fleet.mux.mark()
    assert not [line.text for line in fleet.mux.lines if SECRET in line.text], "secrets in the log"


def test_secrets_in_disguise_are_not_written_either(fleet_of, folder):
    """The key spelled with escapes, twice, or the value with a newline: JSON says the same."""
    fleet = fleet_of()
    fleet.hold()
    busy = [fleet.submit(plain(n)).id for n in range(2)]
    fleet.wait_running(*busy)
    body = json.dumps({"prompt": plain(3), "client_id": "me", "extra_data": {"keep": "this-is-kept", "@": SECRET}})
    raws = [body.replace('"@"', '"api\\u005fkey_comfy_org"'), body.replace('"@": ', '"api_key_comfy_org": "x", "api_key_comfy_org": '),
            body.replace('"extra_data"', '"extra_data": {"api_key_comfy_org": "' + SECRET + '"}, "extra_data"')
                .replace('"@"', '"api_key_comfy_org"'),
            body.replace('"@": "' + SECRET, '"auth_token_comfy_org": ["' + SECRET).replace(SECRET + '"', SECRET + '"]')]
    jobs = []
    for raw in raws:
        answer = fleet.call("POST", "/prompt", raw=raw.encode())
        assert answer.status in (200, 400), answer.body
        jobs += [answer.id] if answer.status == 200 else []
    wait_until(lambda: any(b"this-is-kept" in data for data in octets_on_disk(folder).values()), "the journal has them")
    crash(fleet, fleet.go_on)
    for job in busy + jobs:
        fleet.wait_history(job)
    found = [path for path, data in octets_on_disk(folder).items() if SECRET.encode() in data]
    assert found == [], "secrets on disk"


def test_a_job_with_secrets_that_waited_fails_with_a_message_and_is_not_run_without(fleet_of):
    fleet = fleet_of()
    fleet.hold()
    busy = [fleet.submit(plain(n), client_id="me").id for n in range(2)]
    fleet.wait_running(*busy)
    job = secret_job(fleet)
    crash(fleet)
    page = fleet.page("me")
    fleet.go_on()
    page.wait_done(*busy)
    entry = fleet.wait_history(job)
    assert entry["status"]["status_str"] == "error"
    name, data = entry["status"]["messages"][-1]
    assert name == "execution_error" and "restart" in data["exception_message"].lower(), data
    assert page.wait_type("execution_error", job).data["exception_message"] == data["exception_message"]
    page.wait_done(job)
    assert job not in sum(fleet.starts(), [])


def test_a_job_with_secrets_that_was_running_ends_where_it_runs(fleet_of):
    fleet = fleet_of()
    page = fleet.page("me")
    fleet.hold()
    job = secret_job(fleet)
    page.wait_type("progress", job)
    crash(fleet)
    page = fleet.page("me")
    fleet.go_on()
    page.wait_done(job)
    assert fleet.history(job)["status"]["status_str"] == "success"


def test_the_journal_is_readable_by_its_owner_only(fleet_of, folder):
    fleet_of()
    for path in folder.glob("journal.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0, (path, oct(path.stat().st_mode))


def test_a_damaged_journal_is_put_aside_and_the_proxy_starts(fleet_of, folder):
    fleet = fleet_of()
    fleet.wait_history(fleet.submit(plain()).id)

    def damage():
        for path in folder.glob("journal.sqlite*"):
            if path.name.endswith(("-wal", "-shm")):
                path.unlink()
        os.truncate(folder / "journal.sqlite", 0)
        (folder / "journal.sqlite").write_bytes(os.urandom(20000))

    fleet.mux.process.kill()
    fleet.mux.process.wait()
    fleet.mux.ended_by_test = True
    wait_until(lambda: not in_use(folder / "journal.sqlite"), "its writer has ended")
    damage()
    fleet.start(ready=False)
    fleet.mux.announce(level="warn")
    fleet.mux.announce(level="error")
    assert fleet.wait_history(fleet.submit(plain(2)).id)["status"]["completed"]
    assert list(folder.glob("journal.sqlite.damaged*"))


def in_use(path):
    """Whether some process has it open."""
    for fds in pathlib.Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(fd) == str(path) for fd in fds.iterdir()):
                return True
        except OSError:
            pass
    return False
