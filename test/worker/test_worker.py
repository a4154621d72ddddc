"""Does the simulated worker speak as facts about ComfyUI say? One trap of its API per test."""
import json
import struct
import uuid

import aiohttp

from .conftest import Events, graph


async def test_a_job_sends_its_events_in_comfyuis_order(start):
    worker = await start()
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        assert (await events.until("status"))["sid"] == "me"
        job = await worker.submit(client_id="me")
        await events.until_done(job)
    kinds = [kind for kind in events.kinds() if kind not in ("progress_state", "status")]
    assert kinds == [
        "execution_start", "execution_cached", "executing", "executing", "executing",
        "executing", "progress", "progress", "executing", "executing", "executed",
        "execution_success", "executing"]
    assert events.kinds()[-2] == "status"
    assert [struct.unpack(">II", frame[:8]) for frame in events.frames] == [(1, 1), (1, 1)]
    assert all(frame[8:10] == b"\xff\xd8" and frame[-2:] == b"\xff\xd9" for frame in events.frames)


async def test_the_history_has_a_job_once_its_end_was_told(start):
    worker = await start()
    async with worker.session.ws_connect("/api/ws?clientId=me") as ws:
        job = await worker.submit(client_id="me")
        await Events(ws).until_done(job)
        entry = (await worker.get(f"/history/{job}"))[job]
    assert entry["status"]["status_str"] == "success"
    assert entry["prompt"][1] == job
    (image,) = entry["outputs"]["9"]["images"]
    assert image == {"filename": "ComfyUI_00001_.png", "subfolder": "", "type": "output"}
    assert await worker.get("/history/unknown") == {}


async def test_previews_carry_ids_for_a_client_that_says_it_understands_them(start):
    worker = await start()
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        await ws.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
        assert (await events.until("feature_flags"))["max_upload_size"] == 100 * 1024 * 1024
        job = await worker.submit(client_id="me")
        await events.until_done(job)
    kind, length = struct.unpack(">II", events.frames[0][:8])
    told = json.loads(events.frames[0][8:8 + length])
    assert (kind, told["prompt_id"], told["image_type"]) == (4, job, "image/jpeg")


async def test_final_images_can_come_as_png_frames(start):
    worker = await start("--preview-size", 0)
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        await events.until_done(await worker.submit(graph(output="SaveImageWebsocket"), client_id="me"))
    (frame,) = events.frames
    assert struct.unpack(">II", frame[:8]) == (1, 2) and frame[8:16] == b"\x89PNG\r\n\x1a\n"


async def test_a_job_without_client_shows_progress_to_all_and_its_end_to_nobody(start):
    worker = await start()
    async with worker.session.ws_connect("/ws") as ws:
        events = Events(ws)
        await events.until("status")
        await worker.submit()
        await events.until("status", lambda data: data["status"]["exec_info"]["queue_remaining"] == 0)
    assert {"progress", "progress_state"} < set(events.kinds())
    assert not {"executed", "execution_start", "executing"} & set(events.kinds())
    assert len(events.frames) == 2


async def test_the_old_sockets_end_takes_the_new_one_of_the_same_sid_with_it(start):
    worker = await start()
    async with worker.session.ws_connect("/ws?clientId=me") as first:
        await Events(first).until("status")
        async with worker.session.ws_connect("/ws?clientId=me") as second:
            await Events(second).until("status")
            await first.close()
            told = await worker.set()
            assert told["websockets"]["sids"] == []


async def test_a_reconnected_client_is_told_the_running_node(start):
    worker = await start("--job-ms", 60000)
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        await worker.submit(client_id="me")
        await Events(ws).until("executing", lambda data: data["node"] == "3")
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        assert await Events(ws).until("executing") == {"node": "3"}


async def test_the_client_may_choose_the_job_id(start):
    worker, old = await start(), await start("--old")
    mine = str(uuid.uuid4())
    assert await worker.submit(prompt_id=mine) == mine
    assert await old.submit(prompt_id=mine) != mine
    status, told = await worker.post("/prompt", {"prompt": graph(), "prompt_id": mine.upper()})
    assert (status, told["error"]["type"]) == (400, "invalid_prompt_id")


async def test_errors_of_a_prompt_have_comfyuis_shape(start):
    worker = await start()
    status, told = await worker.post("/prompt", {})
    assert (status, told["error"]["type"]) == (400, "no_prompt")
    status, told = await worker.post("/prompt", {"prompt": {"1": {"class_type": "Nix", "inputs": {}}}})
    assert (status, told["error"]["type"], told["node_errors"]) == (400, "missing_node_type", {})
    status, told = await worker.post("/prompt", {"prompt": graph(model="none")})
    assert (status, told["error"]["type"]) == (400, "prompt_outputs_failed_validation")
    (error,) = told["node_errors"]["4"]["errors"]
    assert error["type"] == "value_not_in_list"
    assert told["node_errors"]["4"]["dependent_outputs"] == ["9"]
    loop = graph()
    loop["8"]["inputs"]["samples"] = ["8", 0]
    assert (await worker.post("/prompt", {"prompt": loop}))[0] == 400


async def test_front_jobs_overtake_and_later_ones_first(start):
    worker = await start("--job-ms", 60000, "--number-start", 5)
    running = await worker.submit()
    last = await worker.submit()
    first = await worker.submit(front=True)
    before_all = await worker.submit(front=True)
    between = await worker.submit(number=2.5)
    told = await worker.set()
    assert told["jobs"]["running"] == running
    assert told["jobs"]["pending"] == [before_all, first, between, last]
    queue = await worker.get("/queue")
    assert [item[0] for item in queue["queue_running"]] == [5]
    assert sorted(item[0] for item in queue["queue_pending"]) == [-8, -7, 2.5, 6]


async def test_jobs_are_deleted_interrupted_and_cancelled_by_id(start):
    worker = await start("--job-ms", 60000)
    ids = [await worker.submit() for _ in range(4)]
    await worker.post("/interrupt", {"prompt_id": ids[1]})  # waits: nothing happens
    await worker.post("/queue", {"delete": [ids[1]]})
    assert (await worker.post(f"/api/jobs/{ids[2]}/cancel", {})) == (200, {"cancelled": True})
    assert (await worker.post(f"/api/jobs/{ids[2]}/cancel", {})) == (200, {"cancelled": False})
    assert (await worker.set())["jobs"]["running"] == ids[0]
    status, told = await worker.post("/api/jobs/cancel", {"job_ids": ["x"]})
    assert (status, told["invalid_ids"]) == (400, ["x"])
    assert (await worker.post("/api/jobs/cancel", {"job_ids": [ids[3], ids[0]]}))[1] == {"cancelled": True}
    await worker.until_idle()
    jobs = await worker.get("/api/jobs?status=cancelled")
    assert [job["id"] for job in jobs["jobs"]] == [ids[0]]
    assert jobs["pagination"] == {"offset": 0, "limit": None, "total": 1, "has_more": False}
    assert (await worker.get(f"/history/{ids[0]}"))[ids[0]]["status"]["messages"][-1][0] == "execution_interrupted"


async def test_an_interrupt_without_id_stops_whatever_runs(start):
    worker = await start("--job-ms", 60000)
    job = await worker.submit()
    async with worker.session.post("/interrupt", data=b"") as answer:
        assert answer.status == 200
    await worker.until_idle()
    assert (await worker.get(f"/api/jobs/{job}"))["status"] == "cancelled"


async def test_unchanged_nodes_are_cached_and_models_stay_loaded(start):
    worker = await start("--model-room", 2)
    for model in ("sd15.safetensors", "sdxl.safetensors", "sd15.safetensors"):
        job = await worker.submit(graph(model=model))
    again = await worker.submit(graph(seed=2))
    await worker.until_idle()
    told = await worker.set()
    assert told["model_loads"] == 2
    messages = dict((await worker.get(f"/history/{again}"))[again]["status"]["messages"])
    assert messages["execution_cached"]["nodes"] == ["4", "6", "5"]
    assert (await worker.get("/history?max_items=2")).keys() == {job, again}


async def test_view_knows_ranges_tags_and_heads(start):
    worker = await start()
    await worker.submit()
    await worker.until_idle()
    path = "/view?filename=ComfyUI_00001_.png&type=output&subfolder="
    status, headers, whole = await worker.ask(path)
    assert (status, headers["Content-Type"]) == (200, "image/png")
    status, partial, body = await worker.ask(path, headers={"Range": "bytes=4-9"})
    assert (status, body) == (206, whole[4:10])
    status, _, body = await worker.ask(path, headers={"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")
    status, head, body = await worker.ask("/api" + path, "HEAD")
    assert (status, head["Content-Length"], body) == (200, str(len(whole)), b"")
    assert (await worker.ask("/view?filename=no.png"))[0] == 404
    assert (await worker.ask("/view?filename=a&subfolder=../..&type=input"))[0] == 403
    status, headers, _ = await worker.ask("/nothing.png")
    assert (status, headers["Cache-Control"]) == (404, "public, max-age=3600")


async def upload(worker, content, path="/upload/image", **fields):
    form = aiohttp.FormData()
    form.add_field("image", content, filename="in.png")
    for name, value in fields.items():
        form.add_field(name, value)
    status, _, told = await worker.ask(path, "POST", data=form)
    return status, told


async def test_an_upload_never_replaces_another_unless_told(start):
    worker = await start()
    assert (await upload(worker, b"one"))[1] == {"name": "in.png", "subfolder": "", "type": "input"}
    assert (await upload(worker, b"two"))[1]["name"] == "in (1).png"
    assert (await upload(worker, b"one"))[1]["name"] == "in.png"
    assert (await upload(worker, b"three", overwrite="true"))[1]["name"] == "in.png"
    info = await worker.get("/object_info/LoadImage")
    assert info["LoadImage"]["input"]["required"]["image"][0] == ["in (1).png", "in.png"]
    assert (await worker.ask("/view?filename=in.png&type=input"))[2] == b"three"
    original = json.dumps({"filename": "in.png", "type": "input"})
    assert (await upload(worker, b"m", "/upload/mask", overwrite="1", original_ref=original))[0] == 200
    gone = json.dumps({"filename": "gone.png", "type": "input"})
    assert (await upload(worker, b"m", "/upload/mask", original_ref=gone))[0] == 404


async def test_a_body_over_the_limit_is_refused_as_plain_text(start):
    worker = await start("--max-upload-size", 0.01)
    status, headers, _ = await worker.ask("/prompt", "POST", data=b"x" * 20000)
    assert (status, headers["Content-Type"]) == (413, "text/plain; charset=utf-8")


async def test_the_origin_must_be_the_host_where_that_is_loopback(start):
    worker = await start()

    async def status(**headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await worker.ask("/prompt", headers=named))[0]

    assert await status(Host="127.0.0.1:8188", Origin="https://ai.example.com") == 403
    assert await status(Host="localhost:8188", Origin="http://127.0.0.1:8188") == 403
    assert await status(Host="127.0.0.1:8188", Origin="http://127.0.0.1:8189") == 403
    assert await status(Host="127.0.0.1:8188", Origin="http://127.0.0.1") == 200
    assert await status(Host="10.0.0.5:8188", Origin="https://ai.example.com") == 200
    assert await status(Host="127.0.0.1:8188") == 200
    assert await status(Sec_Fetch_Site="cross-site") == 403


async def test_a_user_file_is_one_segment_with_encoded_slashes(start):
    worker = await start()
    encoded = aiohttp.client.URL("/api/userdata/workflows%2Fx.json", encoded=True)
    status, _, told = await worker.ask(encoded, "POST", data=b"{}")
    assert (status, told) == (200, "workflows/x.json")
    assert (await worker.ask(encoded))[0] == 200
    assert (await worker.ask("/api/userdata/workflows/x.json"))[0] in (404, 405)
    assert await worker.get("/userdata?dir=workflows") == ["x.json"]
    assert (await worker.ask(encoded, "DELETE"))[0] == 204
    await worker.post("/settings/Comfy.Color", "dark")
    assert await worker.get("/api/settings") == {"Comfy.Color": "dark"}


async def test_success_may_be_told_before_the_history_has_the_job(start):
    worker = await start("--history-lag-ms", 60000)
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        job = await worker.submit(client_id="me")
        await Events(ws).until("execution_success")
        assert await worker.get(f"/history/{job}") == {}


async def test_the_same_number_and_id_twice_is_a_server_error(start):
    worker = await start("--job-ms", 60000)
    await worker.submit()
    same = {"prompt": graph(), "prompt_id": str(uuid.uuid4()), "number": 7}
    first = dict(same, extra_data={"x": 1})
    assert (await worker.post("/prompt", first))[0] == 200
    assert (await worker.post("/prompt", same))[0] == 500


async def test_a_model_that_is_not_kept_is_loaded_and_takes_its_own_time(start):
    worker = await start("--model-room", 1, "--load-ms-of", "sdxl.safetensors=60000")
    async with worker.session.ws_connect("/ws?clientId=me") as ws:
        events = Events(ws)
        for _ in range(2):
            await events.until_done(await worker.submit(graph(model="sd15.safetensors"), client_id="me"))
        assert (await worker.get("/_test"))["model_loads"] == 1
        job = await worker.submit(graph(model="sdxl.safetensors"), client_id="me")
        await events.until("executing", lambda data: data["prompt_id"] == job and data["node"] == "4")
        assert (await worker.get("/_test"))["jobs"]["running"] == job
