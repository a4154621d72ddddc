"""One worker's parts, joined. Handlers reach them through request.app["worker"]."""
import os
import time

from .faults import Faults
from .jobs import Queue
from .runner import Runner
from .seen import Seen
from .ws import Hub

FOLDERS = ("input", "output", "temp", "user")


class Worker:
    def __init__(self, settings):
        self.settings = settings
        self.started = time.monotonic()
        self.listener = None  # set once the application that needs this exists
        for folder in FOLDERS:
            os.makedirs(self.folder(folder), exist_ok=True)
        self.seen = Seen()
        self.hub = Hub(self)
        self.queue = Queue(self.hub, settings.number_start)
        self.faults = Faults(self)
        self.runner = Runner(self)

    def folder(self, kind):
        return os.path.join(self.settings.dir, kind)

    async def run_jobs(self):
        await self.runner.run()
