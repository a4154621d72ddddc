"""/prompt, /queue, /history and /interrupt."""
import uuid

from aiohttp import web

from . import files, nodes, validate
from .jobs import Job

SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


async def get_prompt(request):
    return web.json_response(request.app["worker"].queue.info())


async def post_prompt(request):
    worker = request.app["worker"]
    body = await request.json()
    if "number" in body:
        number = float(body["number"])
    else:
        number = worker.queue.next_number(body.get("front"))
    if "prompt" not in body:
        return web.json_response(validate.no_prompt(), status=400)
    job_id = body.get("prompt_id")
    if worker.settings.old or job_id is None:
        job_id = str(uuid.uuid4())
    elif not is_canonical(job_id):
        return web.json_response(validate.refusal(validate.error(
            "invalid_prompt_id", "prompt_id must be a canonical UUID", str(job_id))), status=400)
    problem, outputs, node_errors = validate.check(
        body["prompt"], nodes.catalogue(worker), body.get("partial_execution_targets"),
        lambda name: files.exists(worker, name))
    if problem:
        return web.json_response(validate.refusal(problem, node_errors), status=400)
    whole = body.get("extra_data") or {}
    extra = {k: v for k, v in whole.items() if k not in SECRETS}
    if "client_id" in body:
        extra["client_id"] = body["client_id"]
    job = Job(number, job_id, body["prompt"], extra, outputs,
              secrets={k: v for k, v in whole.items() if k in SECRETS})
    extra["create_time"] = int(job.created * 1000)
    worker.queue.put(job)
    return web.json_response(
        {"prompt_id": job_id, "number": number, "node_errors": node_errors})


def is_canonical(text):
    try:
        return str(uuid.UUID(text)) == text
    except (ValueError, AttributeError, TypeError):
        return False


async def get_queue(request):
    queue = request.app["worker"].queue
    return web.json_response({
        "queue_running": [queue.running.item()] if queue.running else [],
        "queue_pending": [job.item() for job in queue.pending]})


async def post_queue(request):
    queue = request.app["worker"].queue
    body = await request.json()
    if body.get("clear"):
        queue.remove(lambda job: True)
    for job_id in body.get("delete", []):
        queue.remove(lambda job, wanted=job_id: job.id == wanted)
    return web.Response(status=200)


async def get_history(request):
    history = request.app["worker"].queue.history
    query = request.rel_url.query
    most = int(query["max_items"]) if query.get("max_items") else None
    offset = int(query["offset"]) if query.get("offset") else -1
    ids = list(history)
    if offset < 0 and most is not None:
        offset = max(0, len(ids) - most)
    chosen = ids[max(0, offset):][:most]
    return web.json_response({job_id: history[job_id] for job_id in chosen})


async def get_history_one(request):
    history = request.app["worker"].queue.history
    job_id = request.match_info["prompt_id"]
    return web.json_response({job_id: history[job_id]} if job_id in history else {})


async def post_history(request):
    history = request.app["worker"].queue.history
    body = await request.json()
    if body.get("clear"):
        history.clear()
    for job_id in body.get("delete", []):
        history.pop(job_id, None)
    return web.Response(status=200)


async def post_interrupt(request):
    """Without a readable prompt_id it is the running job, whosever it is; in old versions always."""
    try:
        body = await request.json()
    except ValueError:
        body = {}
    wanted = body.get("prompt_id") if isinstance(body, dict) else None
    if request.app["worker"].settings.old:
        wanted = None
    request.app["worker"].queue.interrupt(wanted or None)
    return web.Response(status=200)


def routes():
    return [
        web.get("/prompt", get_prompt), web.post("/prompt", post_prompt),
        web.get("/queue", get_queue), web.post("/queue", post_queue),
        web.get("/history", get_history), web.post("/history", post_history),
        web.get("/history/{prompt_id}", get_history_one),
        web.post("/interrupt", post_interrupt),
    ]
