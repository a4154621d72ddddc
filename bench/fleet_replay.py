"""bench/fleet: the clients of the trace, and when each result was seen.

    client --- WebSocket ---> proxy ---> worker        executing {node: null} is the result
           --- POST /prompt ->                            ^
    watcher --- WebSocket, GET /history -----------------'  for results that no event told of

Where a client's socket and its job are at different workers, its events are lost. The watcher then
stands for a client that polls, at once and at no cost: better than any real one.
"""
import asyncio
import json
import resource
import statistics
import time

import aiohttp

from proxies import BenchError

SLACK_S = 5        # for events that come after the watcher saw the result
QUIET_S = 120      # without any result: something is stuck


class Replay:
    def __init__(self, divide):
        self.divide = divide
        self.numbers = {}    # prompt_id -> job's number
        self.told_at = {}    # prompt_id -> when an event said so
        self.seen_at = {}    # prompt_id -> when a watcher saw it
        self.late = []
        self.news = asyncio.Event()
        # Results.
        self.took = {}       # job's number -> seconds of the trace
        self.told = 0        # share of results that came by event
        self.late_ms = self.late_median_ms = 0
        self.share = self.wall_s = 0

    def note(self, where, prompt_id):
        where.setdefault(prompt_id, time.monotonic())
        self.news.set()

    async def listen(self, socket):
        async for message in socket:
            if message.type != aiohttp.WSMsgType.TEXT or '"executing"' not in message.data:
                continue
            event = json.loads(message.data)
            if event["type"] == "executing" and event["data"].get("node") is None:
                self.note(self.told_at, event["data"]["prompt_id"])

    async def watch(self, socket, session, url):
        """status is sent whenever the queue changes; it is shorter after a job has ended."""
        remaining = 0
        async for message in socket:
            if message.type != aiohttp.WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            if event["type"] != "status":
                continue
            before, remaining = remaining, event["data"]["status"]["exec_info"]["queue_remaining"]
            if remaining >= before:
                continue
            now = time.monotonic()
            async with session.get(f"{url}/history?max_items=8") as answer:
                for prompt_id in await answer.json():
                    self.seen_at.setdefault(prompt_id, now)
            self.news.set()

    async def submit(self, job, session, url, start):
        due = start + job.submit_s / self.divide
        await asyncio.sleep(max(0, due - time.monotonic()))
        self.late.append(time.monotonic() - due)
        body = job.body(f"client-{job.user}", self.divide)
        async with session.post(f"{url}/prompt", json=body) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise BenchError(f"job {job.number}: {answer.status} {text[:300]}")
        self.numbers[json.loads(text)["prompt_id"]] = job.number
        self.news.set()

    async def until_all(self, count, listeners):
        def is_over():
            return len(self.numbers) == count and self.numbers.keys() <= self.told_at.keys() | self.seen_at.keys()
        while not is_over():
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), QUIET_S)
            except asyncio.TimeoutError:
                raise BenchError(f"no result for {QUIET_S} s, {len(self.seen_at)} of {count} are there") from None
        if self.told_at:  # its events come; the last ones may be on their way
            deadline = time.monotonic() + SLACK_S
            while not self.numbers.keys() <= self.told_at.keys() and time.monotonic() < deadline:
                self.news.clear()
                try:
                    await asyncio.wait_for(self.news.wait(), deadline - time.monotonic())
                except asyncio.TimeoutError:
                    break
        for task in listeners:
            if task.done():
                raise BenchError(f"a WebSocket ended: {task.exception() or 'closed'}")

    def finish(self, jobs, start):
        by_number = {job.number: job for job in jobs}
        for prompt_id, number in self.numbers.items():
            at = self.told_at.get(prompt_id) or self.seen_at[prompt_id]
            self.took[number] = (at - start) * self.divide - by_number[number].submit_s
        self.told = len(self.numbers.keys() & self.told_at.keys()) / len(self.numbers)
        self.late_ms, self.late_median_ms = max(self.late) * 1000, statistics.median(self.late) * 1000


async def run(jobs, front, workers, divide):
    """Replays them; the finished Replay."""
    replay = Replay(divide)
    url = f"http://127.0.0.1:{front.port}"
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks, sockets = [], []
        try:
            for number, port in enumerate(workers.ports):
                direct = f"http://127.0.0.1:{port}"
                socket = await session.ws_connect(f"{direct}/ws?clientId=watcher-{number}")
                sockets.append(socket)
                tasks.append(asyncio.create_task(replay.watch(socket, session, direct)))
            for user in dict.fromkeys(job.user for job in jobs):
                socket = await session.ws_connect(f"{url}/ws?clientId=client-{user}")
                sockets.append(socket)
                tasks.append(asyncio.create_task(replay.listen(socket)))
            usage, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
            submitting = asyncio.gather(*(replay.submit(job, session, url, start) for job in jobs))
            waiting = asyncio.create_task(replay.until_all(len(jobs), tasks))
            try:
                await asyncio.gather(submitting, waiting)
            finally:
                waiting.cancel()
                submitting.cancel()
            replay.wall_s = time.monotonic() - start
            used = resource.getrusage(resource.RUSAGE_SELF)
            replay.share = (used.ru_utime + used.ru_stime - usage.ru_utime - usage.ru_stime) / replay.wall_s
            replay.finish(jobs, start)
        finally:
            for task in tasks:
                task.cancel()
            for socket in sockets:
                await socket.close()
    return replay
