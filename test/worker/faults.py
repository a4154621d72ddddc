"""What goes wrong, when a test asks for it, and the endpoint that asks.

One fault at a time. A request fault ("500", "hang", "slow", "reset") strikes
the requests whose path starts with `path`, `count` times. A job fault ("die",
"stall", "error") strikes when a job reaches `step` (default: half of its
steps). "hold" keeps every job at its step until another fault or none is set.
"cut_ws" ends all WebSockets at once and answers the next `count` (default: 0)
with 500. /_test itself is never struck.
"""
import asyncio
import os
import time

from aiohttp import web

from . import server

REQUEST_FAULTS = ("500", "hang", "slow", "reset")
JOB_FAULTS = ("die", "stall", "error", "hold")
FAULTS = ("none", "refuse", "slow_stats", "cut_ws") + REQUEST_FAULTS + JOB_FAULTS
KEYS = {"fault": str, "path": str, "count": int, "seconds": (int, float), "step": int,
        "now": bool, "type": str}

before_death = None  # removes what os._exit would leave behind


class JobError(Exception):
    """A node that fails; its first argument is the exception's name as ComfyUI would tell it."""


def end_process():
    if before_death:
        before_death()
    os._exit(1)


class Faults:
    def __init__(self, worker):
        self.worker = worker
        self.fault = {"fault": "none"}
        self.cleared = asyncio.Event()

    async def clear(self):
        await self.set({"fault": "none"})

    async def set(self, fault, transport=None):
        """Takes {"fault": name, ...}; ValueError says what is wrong with it."""
        name = fault.get("fault")
        if name not in FAULTS:
            raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
        for key, value in fault.items():
            if key not in KEYS or not isinstance(value, KEYS[key]):
                raise ValueError(f"fault: bad {key!r}")
        if name == "slow_stats":
            fault = {"path": "/system_stats", **fault, "fault": "slow"}
        # Those who hang under the old fault go on.
        self.cleared.set()
        self.cleared = asyncio.Event()
        self.fault = fault
        loop = asyncio.get_running_loop()
        if name == "refuse":
            self.worker.listener.refuse(but=transport)
            if "seconds" in fault:
                loop.call_later(fault["seconds"], lambda: loop.create_task(self.clear()))
        else:
            await self.worker.listener.start()
        # Later, so that the answer to the one who asked is out first.
        if name == "stall" and fault.get("now", "step" not in fault):
            loop.call_later(0.02, self.stall)
        if name == "die" and fault.get("now"):
            loop.call_later(0.02, end_process)
        if name == "cut_ws":
            self.worker.hub.cut()

    def stall(self):
        seconds = self.fault.get("seconds", 10)
        self.fault = {"fault": "none"}
        time.sleep(seconds)

    async def hold(self):
        """Until another fault is set, or the job is interrupted."""
        tasks = [asyncio.ensure_future(one.wait()) for one in
                 (self.cleared, self.worker.queue.interrupted)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def take(self, names):
        """The fault in force if it is one of these, with its count taken down."""
        fault = self.fault
        if fault["fault"] not in names:
            return None
        if "count" in fault:
            if fault["count"] <= 0:
                return None
            fault["count"] -= 1
        return fault

    async def on_request(self, request):
        """None, or the answer that takes the place of the real one."""
        path = request.path.removeprefix("/api")
        if path == "/ws" and self.fault.get("count") and self.take(("cut_ws",)):
            return web.Response(status=500, text="500 Internal Server Error")
        if not path.startswith(self.fault.get("path", "/").removeprefix("/api")):
            return None
        fault = self.take(REQUEST_FAULTS)
        if not fault:
            return None
        name = fault["fault"]
        if name == "500":
            return web.Response(status=500, text="500 Internal Server Error")
        if name == "reset":
            server.reset(request.transport)
            raise ConnectionResetError
        seconds = fault.get("seconds", 10) if name == "slow" else float("inf")
        await self.wait(request, seconds)
        return None

    async def wait(self, request, seconds):
        """Until the time is over, the fault is lifted or the client has left."""
        cleared = self.cleared
        end = time.monotonic() + seconds
        while request.transport is not None and not cleared.is_set():
            left = min(end - time.monotonic(), 0.1)
            if left <= 0:
                return
            try:
                await asyncio.wait_for(cleared.wait(), left)
            except asyncio.TimeoutError:
                pass
        if request.transport is None:
            raise ConnectionResetError

    async def on_step(self, step, steps):
        """Called by the runner before each step (0 .. steps - 1) of a job."""
        if self.fault["fault"] not in JOB_FAULTS or self.fault.get("now"):
            return
        if step != min(self.fault.get("step", steps // 2), steps - 1):
            return
        fault = self.take(JOB_FAULTS)
        if not fault:
            return
        if fault["fault"] == "die":
            await self.worker.hub.flush(1)
            end_process()
        elif fault["fault"] == "stall":
            self.stall()
        elif fault["fault"] == "hold":
            await self.hold()
        else:
            raise JobError(fault.get("type", "RuntimeError"), "the test asked for this error")


@web.middleware
async def middleware(request, handler):
    worker = request.app["worker"]
    if request.path != "/_test":
        worker.seen.note(request)
        answer = await worker.faults.on_request(request)
        if answer is not None:
            return answer
    return await handler(request)


def report(worker):
    return web.json_response({
        "name": worker.settings.name,
        "pid": os.getpid(),
        "fault": worker.faults.fault,
        "connections_open": worker.listener.open_connections(),
        "connections_total": worker.listener.accepted,
        "websockets": worker.hub.report(),
        "jobs": worker.queue.report(),
        "model_loads": worker.runner.model_loads,
        **worker.seen.report(),
    })


async def get_test(request):
    return report(request.app["worker"])


async def post_test(request):
    """{"fault": ...} and its keys, {"set": {setting: value}}, {"reset": true}, {"send": [...]}, in any mix.

    reset forgets requests, jobs and history, and stops the running job. send: see Hub.send_asked.
    """
    worker = request.app["worker"]
    try:
        asked = await request.json()
        if asked.pop("reset", False):
            worker.seen.reset()
            worker.queue.reset()
        worker.settings.change(asked.pop("set", {}))
        for one in asked.pop("send", ()):
            worker.hub.send_asked(one)
        if asked:
            await worker.faults.set(asked, request.transport)
    except (ValueError, TypeError, AttributeError) as why:
        return web.json_response({"error": str(why)}, status=400)
    return report(worker)


def routes():
    return [web.get("/_test", get_test), web.post("/_test", post_test)]
