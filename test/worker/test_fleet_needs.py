"""Can it play what the tests of a fleet need of a worker?"""
import asyncio

import aiohttp
import pytest

from .conftest import Events, graph


async def test_an_old_version_lacks_what_is_new(start):
    worker = await start("--old", "--job-ms", 60000)
    for path in ("/features", "/api/jobs", "/api/features"):
        assert (await worker.ask(path))[0] == 404
    job = await worker.submit()
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        await worker.post("/interrupt", {"prompt_id": "somebody else's"})
        await worker.until_idle()
        events = Events(ws)
        await worker.set(set={"job_ms": 20})
        await events.until_done(await worker.submit(client_id="me"))
    assert not {"execution_success", "progress_state"} & set(events.kinds())
    messages = (await worker.get(f"/history/{job}"))[job]["status"]["messages"]
    assert messages[-1][0] == "execution_interrupted", "an old version's interrupt knows no ids"


async def test_a_model_above_the_memory_fails_as_torch_does(start):
    worker = await start("--vram", 8, "--vram-of", "sdxl.safetensors=12")
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        await worker.submit(graph(model="sdxl.safetensors"), client_id="me")
        told = await events.until("execution_error")
        assert (told["exception_type"], told["node_type"]) == ("torch.OutOfMemoryError", "CheckpointLoaderSimple")
        await events.until_done(await worker.submit(client_id="me"))
    assert (await worker.set())["jobs"]["done"] == 1


async def test_hold_keeps_a_job_until_it_is_lifted(start):
    worker = await start()
    await worker.set(fault="hold")
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        job = await worker.submit(client_id="me")
        await events.until("progress")
        told = await worker.set()
        assert (told["jobs"]["running"], told["jobs"]["starts"]) == (job, [job])
        await worker.set(fault="none")
        await events.until_done(job)
        await worker.set(fault="hold")
        await worker.submit(client_id="me")
        await events.until("progress")
        await worker.post("/interrupt", {})
        await events.until("execution_interrupted")


async def test_cut_ws_ends_the_websockets_and_refuses_as_many_as_told(start):
    worker = await start()
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        await Events(ws).until("status")
        await worker.set(fault="cut_ws", count=1)
        while not ws.closed:
            await asyncio.wait_for(ws.receive(), 20)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await worker.session.ws_connect("/ws")
    async with worker.session.ws_connect("/ws") as ws:
        await Events(ws).until("status")


async def test_text_frames_go_to_everybody_and_events_of_any_type_too(start):
    worker = await start()
    async with worker.session.ws_connect("/ws?clientId=other") as ws:
        events = Events(ws)
        await worker.set(send=[{"text": "half done", "node": "12"}, {"type": "impact-node-feedback", "data": {"a": 1}}])
        assert await events.until("impact-node-feedback") == {"a": 1}
    assert events.frames == [b"\0\0\0\3\0\0\0\2" + b"12" + b"half done"]


async def test_secrets_come_with_the_job_and_are_not_shown(start):
    worker = await start("--job-ms", 60000)
    job = await worker.submit(extra_data={"api_key_comfy_org": "s3cret", "x": 1})
    assert (await worker.set())["jobs"]["secrets"] == {job: {"api_key_comfy_org": "s3cret"}}
    assert "s3cret" not in str(await worker.get("/queue"))
