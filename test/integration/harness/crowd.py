"""Many clients of a fleet at once, each with its own habits, and what each of them may rightly expect.

    steady     one WebSocket from before its first job to the end      two        two of them
    leaving    closes its WebSocket as RFC 6455 wants it, and returns  cutting    the same without a word
    polling    has none and asks for the history                       nameless   the same without a client_id
    cancelling like steady, and takes some of its jobs back

What they do follows from a seed. What a job must show follows from its prompt: see test/worker/images.py.
"""
import asyncio
import hashlib
import json
import random
import sys
import time
import types
import uuid

import aiohttp

from . import paths, ws
from .fleet import Event, graph, plain
from .wait import PATIENCE

sys.path.append(str(paths.REPO / "test"))
from worker import images, runner  # noqa: E402  pylint: disable=wrong-import-position

KINDS = ("steady", "two", "leaving", "cutting", "polling", "nameless", "cancelling")
WITHOUT = ("polling", "nameless")
OUTCOMES = ("execution_success", "execution_error", "execution_interrupted")
ALWAYS_ENDS = PATIENCE * 12  # reached by failures only
ENDED = ("completed", "failed", "cancelled")


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


class Ticket:
    """One prompt and what became of it."""

    def __init__(self, pick, number):
        self.seed = number
        self.kind = pick.choice(("sampler", "sampler", "plain", "batch", "socket", "preview"))
        if self.kind == "plain":
            self.graph = plain(number)
        else:
            self.graph = graph(number, pick.choice(("sd15.safetensors", "sdxl.safetensors")))
        if self.kind == "batch":
            self.graph["5"]["inputs"]["batch_size"] = 2
        if self.kind == "socket":
            self.graph["9"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
        if self.kind == "preview":
            self.graph["9"] = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
        self.id = str(uuid.UUID(int=pick.getrandbits(128), version=4)) if pick.random() < 0.3 else None
        self.sent = self.heard = self.run = None  # times; which run of the proxy took it
        self.is_accepted = self.is_cancelled = False
        self.forgotten = False  # the proxy that knew of its end is gone
        self.entry = self.seen_in = None  # its history, and which run of the proxy told it

    def pictures(self):
        """The files that it must give, whoever runs it."""
        job = types.SimpleNamespace(prompt=self.graph)
        width, height, count = runner.image_shape(self.graph, 0)
        return [images.Picture(runner.picture_seed(job, i)).png(width, height, {"prompt": json.dumps(self.graph)})
                for i in range(count)]

    def previews(self, size, steps=4):
        picture = images.Picture(runner.picture_seed(types.SimpleNamespace(prompt=self.graph)))
        return [picture.jpeg(size, 1 - (step + 1) / steps) for step in range(steps)]

    def __repr__(self):
        return f"job {self.id} ({self.kind}, seed {self.seed})"


class Watch:
    """One WebSocket, from its first status to its end."""

    def __init__(self, visitor, run):
        self.visitor, self.run = visitor, run
        self.opened, self.ended = time.monotonic(), None
        self.events = []
        self.writer = self.task = self.close_code = None
        self.is_leaving = False

    async def open(self, address, flags):
        reader, self.writer = await asyncio.open_connection(*address)
        self.writer.write(ws.upgrade_request(f"/ws?clientId={self.visitor.id}", self.visitor.cookies()))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        if flags:
            self.say({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
        first = asyncio.Event()
        self.task = asyncio.create_task(self._read(reader, first))
        waits = asyncio.create_task(first.wait())
        await asyncio.wait({waits, self.task}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE * 3)
        waits.cancel()
        if not first.is_set():
            raise ConnectionError("no first status")
        return self

    def say(self, message):
        self.writer.write(ws.frame(json.dumps(message), mask=True))

    async def _read(self, reader, first):
        try:
            while True:
                start, length = await reader.readexactly(2)
                assert start & 0xF0 == 0x80 and not length & 0x80, f"a frame begins with {start:02x} {length:02x}"
                if length > 125:
                    length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
                payload = await reader.readexactly(length)
                if start & 15 == ws.PING:
                    self.writer.write(ws.frame(payload, ws.PONG, mask=True))
                elif start & 15 == ws.CLOSE:
                    self.close_code = int.from_bytes(payload[:2], "big")
                    break
                elif start & 15 in (ws.TEXT, ws.BINARY):
                    event = Event(start & 15, payload)
                    self.events.append(event)
                    self.visitor.heard(event)
                    first.set()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.ended = time.monotonic()
            self.writer.close()
            self.visitor.news.set()

    async def leave(self):
        """All that was sent before the other side's close frame is heard."""
        self.is_leaving = True
        self.writer.write(ws.frame((1000).to_bytes(2, "big"), ws.CLOSE, mask=True))
        await asyncio.wait({self.task}, timeout=PATIENCE * 3)
        assert self.task.done(), "a close frame is not answered"

    async def cut(self):
        self.is_leaving = True
        self.writer.transport.abort()
        await asyncio.wait({self.task}, timeout=PATIENCE)

    def saw_all_of(self, ticket):
        """Whether it was there from before the prompt to after its end."""
        return self.opened < ticket.sent and (self.ended is None or (ticket.heard or 1e18) < self.ended)


class Visitor:
    def __init__(self, crowd, number):
        self.crowd, self.number = crowd, number
        self.kind = KINDS[number % len(KINDS)]
        self.pick = random.Random(f"{crowd.seed}/{number}")
        self.id = None if self.kind == "nameless" else f"visitor-{number}-{self.pick.getrandbits(48):x}"
        self.flags = self.pick.random() < 0.5
        self.habit = self.pick.choice(("browser", "script", "session"))  # cookies everywhere, never, not on WebSockets
        self.tickets, self.watches, self.stray = [], [], set()
        self.news = asyncio.Event()
        self.http = None

    def heard(self, event):
        for ticket in self.tickets if event.is_end() else ():
            if ticket.id == event.prompt_id:
                ticket.heard = ticket.heard or time.monotonic()
        self.news.set()

    # -- requests

    def cookies(self):
        if self.habit != "browser":
            return ()
        have = "; ".join(f"{one.key}={one.value}" for one in self.http.cookie_jar)
        return (("Cookie", have),) if have else ()

    async def ask(self, method, target, body=None):
        """(status, octets); None if the proxy went away meanwhile, which is nobody's fault."""
        run = self.crowd.run
        try:
            async with self.http.request(method, self.crowd.url(target), json=body) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as why:
            if self.crowd.run == run and self.crowd.is_up:
                raise AssertionError(f"{method} {target} of visitor {self.number}: {why!r}") from why
            await self.crowd.until_up()
            return None

    async def get(self, target):
        while True:
            answer = await self.ask("GET", target)
            if answer is not None and answer[0] == 503 and self.crowd.run and target.startswith("/history/"):
                await self.pause(0.5)  # the new run asks the workers for those it does not know, so many at a time
            elif answer is not None:
                assert answer[0] == 200, (target, answer)
                return json.loads(answer[1])

    async def submit(self):
        ticket = Ticket(self.pick, self.crowd.next_seed())
        self.tickets.append(ticket)
        body = {"prompt": ticket.graph}
        if self.id:
            body["client_id"] = self.id
        if ticket.id:
            body["prompt_id"] = ticket.id
        ticket.sent, ticket.run = time.monotonic(), self.crowd.run
        answer = await self.ask("POST", "/prompt", body)
        if answer is None:
            return  # nobody knows whether it was taken
        assert answer[0] == 200, f"visitor {self.number}: {answer}"
        told = json.loads(answer[1])
        assert ticket.id in (None, told["prompt_id"]) and told["node_errors"] == {}, told
        ticket.id, ticket.is_accepted, ticket.run = told["prompt_id"], True, self.crowd.run
        for watch in self.watches:  # its end may have been told before its id
            for event in watch.events:
                if event.is_end(ticket.id):
                    self.heard(event)

    async def cancel(self, ticket):
        ticket.is_cancelled = True
        method, body = self.pick.choice((("/queue", {"delete": [ticket.id]}),
                                         ("/interrupt", {"prompt_id": ticket.id}),
                                         (f"/api/jobs/{ticket.id}/cancel", {})))
        answer = await self.ask("POST", method, body)
        assert answer is None or answer[0] == 200, (method, answer)

    # -- a life

    async def open(self):
        while True:
            run = self.crowd.run
            try:
                watch = await Watch(self, run).open(self.crowd.address, self.flags)
                self.watches.append(watch)
                return
            except (OSError, asyncio.IncompleteReadError) as why:
                if self.crowd.run == run and self.crowd.is_up:
                    raise AssertionError(f"no WebSocket for visitor {self.number}: {why!r}") from why
                await self.crowd.until_up()

    async def keep_open(self):
        """Its sockets; those that the proxy's end took away are opened again."""
        for watch in [w for w in self.watches if w.ended is not None and not w.is_leaving]:
            assert watch.run != self.crowd.run or not self.crowd.is_up, \
                f"visitor {self.number} ({self.kind}) lost its WebSocket: {watch.close_code} {watch.events[-3:]}"
            watch.is_leaving = True
        have = sum(w.ended is None for w in self.watches)
        for _ in range((0 if self.kind in WITHOUT else 2 if self.kind == "two" else 1) - have):
            await self.open()

    async def come_and_go(self):
        watch = next((w for w in self.watches if w.ended is None), None)
        if watch is not None and self.pick.random() < 0.4:
            await (watch.leave() if self.kind == "leaving" else watch.cut())
            await self.pause(0.5)

    async def pause(self, most):
        await asyncio.sleep(self.pick.random() * most)

    async def live(self):
        jar = aiohttp.DummyCookieJar() if self.habit == "script" else aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=PATIENCE * 9), cookie_jar=jar) as self.http:
            await self.pause(1)
            while not self.crowd.is_over():
                await self.keep_open()
                for _ in range(self.pick.choice((1, 1, 2, 4))):
                    await self.submit()
                    await self.pause(0.3)
                    if self.kind == "cancelling" and self.tickets[-1].is_accepted and self.pick.random() < 0.4:
                        await self.cancel(self.tickets[-1])
                await self.pause(1.5)
                if self.kind in ("leaving", "cutting"):
                    await self.come_and_go()
                await self.keep_open()
                if self.pick.random() < 0.7:
                    await self.all_ended()
            await self.keep_open()
            await self.all_ended()
            await self.crowd.everybody()
            await self.look_at_all()

    async def all_ended(self):
        deadline = time.monotonic() + ALWAYS_ENDS + max(0, self.crowd.end - time.monotonic())
        while True:
            self.news.clear()
            await self.keep_open()
            waits = [t for t in self.tickets if t.is_accepted and not t.heard and not t.forgotten]
            for ticket in waits:
                if self.kind in WITHOUT + ("cutting",) or ticket.is_cancelled or ticket.run != self.crowd.run:
                    await self.poll(ticket)
            if all(t.heard or t.forgotten for t in waits):
                return
            assert time.monotonic() < deadline, f"visitor {self.number} ({self.kind}) never heard of the end of {waits}"
            try:
                await asyncio.wait_for(self.news.wait(), 0.3)
            except asyncio.TimeoutError:
                pass

    async def poll(self, ticket):
        run = self.crowd.run
        if (await self.get(f"/history/{ticket.id}")).get(ticket.id):
            ticket.heard = time.monotonic()
            return
        answer = await self.ask("GET", f"/api/jobs/{ticket.id}")
        if answer is None or self.crowd.run != run:
            return
        if answer[0] == 404:
            # Of two questions the first came too early, or nobody knows it.
            if (await self.get(f"/history/{ticket.id}")).get(ticket.id):
                ticket.heard = time.monotonic()
            elif self.crowd.run == run:
                assert ticket.is_cancelled or ticket.run != run, f"{ticket} of visitor {self.number} is lost"
                ticket.forgotten = True
        else:
            assert answer[0] == 200, answer

    # -- when all is over

    async def look_at_all(self):
        """Its histories, and its pictures as octets."""
        for ticket in self.tickets:
            if not ticket.is_accepted or ticket.forgotten:
                continue
            ticket.entry, ticket.seen_in = (await self.get(f"/history/{ticket.id}")).get(ticket.id), self.crowd.run
            if ticket.entry is None:
                assert ticket.run != self.crowd.run, f"{ticket} of visitor {self.number} has no history"
                continue
            if ticket.entry["status"]["status_str"] != "success" or ticket.kind == "socket":
                continue
            shown = [i for output in ticket.entry["outputs"].values() for i in output["images"]]
            wanted = ticket.pictures()
            assert len(shown) == len(wanted), f"{ticket}: {ticket.entry}"
            for image, octets in zip(shown, wanted):
                query = "&".join(f"{key}={image[key]}" for key in ("filename", "subfolder", "type"))
                answer = await self.ask("GET", "/view?" + query)
                assert answer == (200, octets), \
                    f"{ticket} of visitor {self.number} ({self.habit}): {image} is {answer[0]} {answer[1][:400]}"


class Crowd:
    """seconds: so long new jobs come. address and is_up are kept by whoever breaks things."""

    def __init__(self, address, seed, seconds, size):
        self.seed, self.seeds = seed, 0
        self.address, self.is_up, self.run = address, True, 0
        self.end = time.monotonic() + seconds
        self.visitors = [Visitor(self, number) for number in range(size)]
        self.done = 0
        self.all_done = asyncio.Event()

    def url(self, target):
        return f"http://{self.address[0]}:{self.address[1]}{target}"

    def next_seed(self):
        self.seeds += 1
        return self.seeds

    def is_over(self):
        return time.monotonic() >= self.end

    async def until_up(self):
        """A proxy that ended is followed by another."""
        deadline = time.monotonic() + PATIENCE * 6
        while not self.is_up:
            assert time.monotonic() < deadline, "no new run of the proxy"
            await asyncio.sleep(0.02)

    async def everybody(self):
        """Until nobody waits for a job any more, and all that was broken is mended."""
        self.done += 1
        if self.done == len(self.visitors) + 1:
            self.all_done.set()
        await self.all_done.wait()

    async def live(self, *others):
        """Until all have ended; the first failure ends it."""
        tasks = [asyncio.create_task(one) for one in (*(v.live() for v in self.visitors), *others)]
        try:
            await asyncio.gather(*tasks)
        finally:
            while open_ones := [task for task in tasks if not task.done()]:
                for task in open_ones:
                    task.cancel()  # more than once: asyncio.wait_for may swallow one
                await asyncio.wait(open_ones, timeout=1)
            for visitor in self.visitors:
                for watch in visitor.watches:
                    watch.task.cancel()
                    watch.writer.close()
