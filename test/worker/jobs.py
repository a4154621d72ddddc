"""The prompt queue and the history, as ComfyUI keeps them: in memory, per worker."""
import asyncio
import dataclasses
import heapq
import time

HISTORY_SIZE = 10000


@dataclasses.dataclass
class Job:
    """One queued prompt. Compares as ComfyUI's tuple does: number, id, then graph.

    Two jobs with equal number and id thus end in a TypeError, and the request
    that brought the second in a 500: that is ComfyUI's behaviour too.
    """
    number: float
    id: str
    prompt: dict
    extra: dict
    outputs: list
    created: float = dataclasses.field(default_factory=time.time)
    started: float = 0
    secrets: dict = dataclasses.field(default_factory=dict)

    def __lt__(self, other):
        return self.item() < other.item()

    def item(self):
        return [self.number, self.id, self.prompt, self.extra, self.outputs]

    @property
    def client_id(self):
        return self.extra.get("client_id")


class Queue:
    def __init__(self, hub, number_start):
        self.hub = hub
        self.number = number_start
        self.pending = []  # a heap, shown unsorted as ComfyUI does
        self.running = None
        self.history = {}
        self.interrupted = asyncio.Event()
        self.filled = asyncio.Event()
        self.done = 0
        self.failed = 0
        self.accepted = 0
        self.secrets = {}  # of every job: {id: those that came with it}
        self.starts = []   # ids, in the order they ran

    def next_number(self, front):
        number = -self.number if front else self.number
        self.number += 1
        return number

    def info(self):
        return {"exec_info": {"queue_remaining": self.remaining()}}

    def remaining(self):
        return len(self.pending) + (self.running is not None)

    def put(self, job):
        heapq.heappush(self.pending, job)
        self.accepted += 1
        if job.secrets:
            self.secrets[job.id] = job.secrets
        self.filled.set()
        self.hub.send_status()

    async def get(self):
        """The next job; it counts as running until end()."""
        while not self.pending:
            self.filled.clear()
            await self.filled.wait()
        self.running = heapq.heappop(self.pending)
        self.running.started = time.time()
        self.starts.append(self.running.id)
        self.interrupted.clear()
        self.hub.send_status()
        return self.running

    def end(self, job, entry, good):
        self.running = None
        self.done += good
        self.failed += not good
        if len(self.history) >= HISTORY_SIZE:
            self.history.pop(next(iter(self.history)))
        self.history.pop(job.id, None)
        self.history[job.id] = entry
        self.hub.send_status()

    def remove(self, chosen):
        """Takes pending jobs out; chosen is a predicate. True if there was one."""
        kept = [job for job in self.pending if not chosen(job)]
        if len(kept) == len(self.pending):
            return False
        heapq.heapify(kept)
        self.pending = kept
        self.hub.send_status()
        return True

    def interrupt(self, job_id=None):
        """Stops the running job, whichever or if it is this one. False: nothing to stop."""
        if not self.running or (job_id is not None and self.running.id != job_id):
            return False
        self.interrupted.set()
        return True

    def reset(self):
        """As after a start, but for the numbers given out: nothing runs, waits or is remembered."""
        self.interrupt()
        self.remove(lambda job: True)
        self.history.clear()
        self.done = self.failed = self.accepted = 0
        self.secrets, self.starts = {}, []

    def report(self):
        return {"accepted": self.accepted, "done": self.done, "failed": self.failed,
                "running": self.running.id if self.running else None,
                "pending": [job.id for job in sorted(self.pending)],
                "starts": self.starts, "secrets": self.secrets}
