"""Do the faults strike where and as often as they are told, and does the way back work?"""
import asyncio
import os
import select
import signal
import subprocess
import sys
import time
import zlib

import aiohttp
import pytest

from .conftest import PATIENCE, ROOT, Events


async def test_500_strikes_as_often_as_told_and_only_there(start):
    worker = await start()
    await worker.set(fault="500", path="/queue", count=2)
    assert (await worker.ask("/prompt"))[0] == 200
    assert [(await worker.ask("/api/queue"))[0] for _ in range(3)] == [500, 500, 200]


async def test_a_hanging_request_goes_on_when_the_fault_is_lifted(start):
    worker = await start()
    await worker.set(fault="hang", path="/queue")
    hanging = asyncio.ensure_future(worker.ask("/queue"))
    while (await worker.set())["counts"].get("GET /queue") != 1:
        pass
    assert not hanging.done()
    await worker.set(fault="none")
    assert (await hanging)[0] == 200


async def test_refuse_closes_the_door_until_a_signal_opens_it(start):
    worker = await start()
    await worker.set(fault="refuse")
    async with aiohttp.ClientSession(worker.url) as other:
        with pytest.raises(aiohttp.ClientConnectorError):
            await other.get("/prompt")
        worker.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                assert (await other.get("/prompt")).status == 200
                return
            except aiohttp.ClientConnectorError:
                pass
    pytest.fail("it never came back")


async def test_reset_cuts_the_connection(start):
    worker = await start()
    await worker.set(fault="reset", path="/queue")
    with pytest.raises(aiohttp.ClientError):
        await worker.ask("/queue")


async def test_die_ends_the_process_in_the_middle_of_a_job(start):
    worker = await start("--steps", 4)
    await worker.set(fault="die", step=2)
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        await worker.submit(client_id="me")
        events = Events(ws)
        with pytest.raises(AssertionError):  # the connection ends instead
            await events.until("execution_success")
    assert worker.process.wait(PATIENCE) == 1
    assert [e["data"]["value"] for e in events.texts if e["type"] == "progress"] == [1, 2]


async def test_error_fails_the_job_as_a_node_would(start):
    worker = await start()
    await worker.set(fault="error", count=1, type="torch.OutOfMemoryError")
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        first = await worker.submit(client_id="me")
        told = await Events(ws).until("execution_error")
        assert (told["exception_type"], told["node_id"]) == ("torch.OutOfMemoryError", "3")
        await Events(ws).until_done(await worker.submit(client_id="me"))
    assert (await worker.get(f"/api/jobs/{first}"))["status"] == "failed"
    assert (await worker.set())["jobs"]["done"] == 1


async def test_stall_stops_everything_for_a_while(start):
    worker = await start()
    await worker.set(fault="stall", seconds=0.5)
    begin = time.monotonic()
    while time.monotonic() - begin < 0.5:
        asked = time.monotonic()
        await worker.ask("/prompt")
        if time.monotonic() - asked > 0.3:
            return
    pytest.fail("no answer was held up")


async def test_slow_stats_delays_the_probe_and_nothing_else(start):
    worker = await start()
    await worker.set(fault="slow_stats", seconds=60)
    with pytest.raises(asyncio.TimeoutError):
        await worker.ask("/system_stats", timeout=aiohttp.ClientTimeout(total=0.2))
    assert (await worker.ask("/prompt"))[0] == 200


async def test_nonsense_is_refused_and_changes_nothing(start):
    worker = await start()
    for asked in ({"fault": "nix"}, {"fault": "500", "count": "two"}, {"set": {"nix": 1}},
                  {"set": {"job_ms": "soon"}}, {"set": {"port": 1}}, []):
        status, told = await worker.post("/_test", asked)
        assert (status, list(told)) == (400, ["error"]), asked
    assert (await worker.set())["fault"] == {"fault": "none"}


async def test_what_arrived_is_told_byte_for_byte(start):
    worker = await start()
    await worker.ask(aiohttp.client.URL("/userdata/a%2Fb?x=%41", encoded=True), headers={"X-Odd": "1"})
    seen = await worker.set()
    assert seen["last_request"]["target"] == "/userdata/a%2Fb?x=%41"
    assert ["X-Odd", "1"] in seen["last_request"]["headers"]
    assert (seen["requests"], seen["connections_open"]) == (1, 1)


async def test_large_bodies_can_be_checked(start):
    worker = await start()
    status, headers, blob = await worker.ask("/_blob?bytes=1000000")
    assert (status, headers["Content-Length"], len(blob)) == (200, "1000000", 1000000)
    told = (await worker.ask("/_sink", "PUT", data=blob))[2]
    assert told == {"bytes": len(blob), "crc32": zlib.crc32(blob)}
    assert (await worker.ask("/_blob?bytes=5000&chunked=1"))[2] == blob[:5000]
    with pytest.raises(aiohttp.ClientPayloadError):
        await worker.ask("/_blob?bytes=5000&cut=100")


def test_it_ends_with_its_parent(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c",
         "import subprocess, sys; c = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE);"
         "c.stdout.readline(); print(c.pid, flush=True); sys.stdin.read()",
         "/usr/bin/python3", "-m", "test.worker", "--exit-with-parent", "--dir", str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    worker = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    ended, _, _ = select.select([worker], [], [], PATIENCE)
    os.close(worker)
    assert ended


def test_no_files_stay_behind_even_of_one_that_was_killed(tmp_path):
    def run_and(end):
        with subprocess.Popen(
                ["/usr/bin/python3", "-m", "test.worker"], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as worker:
            worker.stdout.readline()
            assert len(os.listdir(tmp_path)) == 1
            end(worker)
            worker.wait(PATIENCE)

    run_and(subprocess.Popen.kill)
    run_and(subprocess.Popen.terminate)
    assert os.listdir(tmp_path) == []
