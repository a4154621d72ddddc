"""/api/jobs: queue and history in one list, as newer ComfyUI gives them."""
from aiohttp import web

from .prompts import is_canonical

STATES = ("pending", "in_progress", "completed", "failed", "cancelled")


def from_job(job, status):
    return {"id": job.id, "status": status, "priority": job.number,
            "create_time": job.extra.get("create_time"),
            "workflow_id": workflow_id(job.extra), "outputs_count": 0}


def from_entry(job_id, entry):
    number, _, _, extra, _ = entry["prompt"]
    messages = dict(entry["status"]["messages"])
    status = "completed"
    if entry["status"]["status_str"] == "error":
        status = "cancelled" if "execution_interrupted" in messages else "failed"
    images = [{**image, "nodeId": node, "mediaType": "images"}
              for node, output in entry["outputs"].items() for image in output.get("images", [])]
    ends = [data["timestamp"] for name, data in messages.items()
            if name in ("execution_success", "execution_error", "execution_interrupted")]
    job = {"id": job_id, "status": status, "priority": number,
           "create_time": extra.get("create_time"),
           "execution_start_time": messages["execution_start"]["timestamp"],
           "execution_end_time": ends[-1] if ends else None,
           "workflow_id": workflow_id(extra), "outputs_count": len(images),
           "preview_output": images[0] if images else None}
    if status == "failed":
        job["execution_error"] = messages["execution_error"]
    return {key: value for key, value in job.items() if value is not None}


def workflow_id(extra):
    return ((extra.get("extra_pnginfo") or {}).get("workflow") or {}).get("id")


def every_job(queue):
    jobs = [from_job(job, "pending") for job in queue.pending]
    if queue.running:
        jobs.append(from_job(queue.running, "in_progress"))
    return jobs + [from_entry(job_id, entry) for job_id, entry in queue.history.items()]


def bad(text):
    return web.json_response({"error": text}, status=400)


async def get_jobs(request):
    query = request.rel_url.query
    wanted = [word for word in query.get("status", "").lower().split(",") if word]
    if any(word not in STATES for word in wanted):
        return bad(f"Invalid status value(s). Valid values: {', '.join(STATES)}")
    key = query.get("sort_by", "created_at").lower()
    order = query.get("sort_order", "desc").lower()
    if key not in ("created_at", "execution_duration") or order not in ("asc", "desc"):
        return bad("sort_by must be created_at or execution_duration, sort_order asc or desc")
    try:
        limit = int(query["limit"]) if "limit" in query else None
        offset = max(0, int(query.get("offset", 0)))
    except ValueError:
        return bad("limit and offset must be integers")
    if limit is not None and limit <= 0:
        return bad("limit must be a positive integer")
    jobs = [job for job in every_job(request.app["worker"].queue)
            if (not wanted or job["status"] in wanted) and
            ("workflow_id" not in query or job.get("workflow_id") == query["workflow_id"])]

    def rank(job):
        if key == "created_at":
            return job.get("create_time") or 0
        return (job.get("execution_end_time") or 0) - (job.get("execution_start_time") or 0)

    jobs.sort(key=rank, reverse=order == "desc")
    shown = jobs[offset:][:limit]
    return web.json_response({"jobs": shown, "pagination": {
        "offset": offset, "limit": limit, "total": len(jobs),
        "has_more": offset + len(shown) < len(jobs)}})


async def get_job(request):
    queue = request.app["worker"].queue
    job_id = request.match_info["job_id"]
    for job in queue.pending + ([queue.running] if queue.running else []):
        if job.id == job_id:
            status = "in_progress" if job is queue.running else "pending"
            return web.json_response({**from_job(job, status), "workflow": {
                "prompt": job.prompt, "extra_data": job.extra}})
    entry = queue.history.get(job_id)
    if entry is None:
        return web.json_response({"error": "Job not found"}, status=404)
    return web.json_response({
        **from_entry(job_id, entry), "outputs": entry["outputs"],
        "execution_status": entry["status"],
        "workflow": {"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]}})


def cancel(queue, job_id):
    return queue.interrupt(job_id) or queue.remove(lambda job: job.id == job_id)


async def cancel_one(request):
    queue = request.app["worker"].queue
    return web.json_response({"cancelled": cancel(queue, request.match_info["job_id"])})


async def cancel_many(request):
    try:
        ids = (await request.json())["job_ids"]
    except (ValueError, KeyError, TypeError):
        return bad("job_ids must be a list")
    wrong = [one for one in ids if not is_canonical(one)]
    if wrong:
        return web.json_response({"error": "Invalid job ids", "invalid_ids": wrong}, status=400)
    queue = request.app["worker"].queue
    return web.json_response({"cancelled": any([cancel(queue, one) for one in ids])})


def routes():
    return [
        web.get("/api/jobs", get_jobs), web.get("/api/jobs/{job_id}", get_job),
        web.post("/api/jobs/cancel", cancel_many), web.post("/api/jobs/{job_id}/cancel", cancel_one),
    ]
