"""bench/overhead: as many ComfyUI workers as wanted in one process, speaking just enough of ComfyUI to be placed on.

    scripted_worker.py COUNT [instant]        prints their ports, then does what its input says, a line each:
        events N          N events about the jobs that run, in turn, as fast as they are taken; prints how many octets one has
        previews FPS S B  JPEG frames of B octets for every running job, for S seconds; prints how many were sent
        jobs              prints how many run
        close             takes no connections but what it has and ends every job

A job runs until its end is asked for, or, with `instant`, ends at once with all its events.
"""
import asyncio
import json
import struct
import sys
import time

IMAGE = [["IMAGE", "IMAGE"]]


def describe(name, required, outputs, is_output):
    return {"input": {"required": required}, "input_order": {"required": list(required)}, "is_input_list": False,
            "output": [kind for kind, _ in outputs], "output_is_list": [False] * len(outputs),
            "output_name": [label for _, label in outputs], "name": name, "display_name": name, "description": "",
            "python_module": "nodes", "category": "image", "output_node": is_output}


SIZE = ["INT", {"default": 64, "min": 1, "max": 16384}]
CLASSES = {"EmptyImage": describe("EmptyImage", {
               "width": SIZE, "height": SIZE, "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
               "color": ["INT", {"default": 0, "min": 0, "max": 0xffffff}]}, IMAGE, False),
           "SaveImage": describe("SaveImage", {
               "images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}, [], True)}
STATS = {"system": {"os": "posix", "ram_total": 1 << 36, "ram_free": 1 << 35, "comfyui_version": "0.33.0", "argv": []},
         "devices": [{"name": "cuda:0 bench", "type": "cuda", "index": 0, "vram_total": 24 << 30, "vram_free": 20 << 30,
                      "torch_vram_total": 0, "torch_vram_free": 0}]}
ANSWERS = {path: json.dumps(value).encode() for path, value in {
    "/object_info": CLASSES, "/system_stats": STATS, "/features": {"supports_preview_metadata": True},
    "/queue": {"queue_running": [], "queue_pending": []}, "/prompt": {"exec_info": {"queue_remaining": 0}}}.items()}
HISTORY = {"outputs": {}, "meta": {},
           "status": {"status_str": "success", "completed": True, "messages": []}}


def frame(payload, opcode=1):
    if isinstance(payload, dict):
        payload = json.dumps(payload).encode()
    n = len(payload)
    head = bytes([0x80 | opcode, n]) if n < 126 else struct.pack("!BBH", 0x80 | opcode, 126, n) if n < 65536 else \
        struct.pack("!BBQ", 0x80 | opcode, 127, n)
    return head + payload


def event(kind, **data):
    return frame({"type": kind, "data": data})


class Job:
    def __init__(self, prompt_id, sid):
        self.id, self.sid = prompt_id, sid
        # 180 octets, as a progress event has; of a kind that may not be left out.
        self.event = event("executing", node="3", display_node="3" + 37 * "0", prompt_id=prompt_id)


class Worker:
    def __init__(self, is_instant):
        self.is_instant = is_instant
        self.jobs, self.sockets, self.numbers = {}, {}, {}

    def take(self, body):
        asked = json.loads(body)
        job = Job(asked["prompt_id"], asked.get("client_id"))
        self.jobs[job.id] = job
        self.numbers[job.id] = asked.get("number", 0)
        if job.sid in self.sockets:
            self.sockets[job.sid].transport.write(event("execution_start", prompt_id=job.id, timestamp=0))
        if self.is_instant:
            asyncio.get_running_loop().call_soon(self.end, job)
        return json.dumps({"prompt_id": job.id, "number": 0, "node_errors": {}}).encode()

    def end(self, job):
        self.jobs.pop(job.id, None)
        if job.sid in self.sockets:
            self.sockets[job.sid].transport.write(
                event("execution_success", prompt_id=job.id, timestamp=0) +
                event("executing", node=None, prompt_id=job.id))

    def answer(self, method, path, body):
        if method == "POST" and path == "/prompt":
            return self.take(body)
        if path.startswith("/history/"):
            prompt_id = path[9:]
            entry = {"prompt": [self.numbers.pop(prompt_id, 0), prompt_id, {}, {}, ["2"]], **HISTORY}
            return json.dumps({prompt_id: entry}).encode()
        return ANSWERS.get(path, b"{}")

    def running(self):
        return [(job, self.sockets[job.sid]) for job in self.jobs.values() if job.sid in self.sockets]


class Connection(asyncio.Protocol):
    def __init__(self, worker):
        self.worker, self.held, self.sid = worker, b"", None
        self.may_write = asyncio.Event()
        self.may_write.set()

    def connection_made(self, transport):
        self.transport = transport

    def pause_writing(self):
        self.may_write.clear()

    def resume_writing(self):
        self.may_write.set()

    def connection_lost(self, _):
        self.may_write.set()
        self.worker.sockets.pop(self.sid, None)

    def data_received(self, data):
        if self.sid is not None:
            return  # pongs and flags: nothing hangs on them
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0 and self.sid is None:
            line, *fields = self.held[:end].decode("latin-1").split("\r\n")
            method, target, _ = line.split(" ")
            named = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
            length = int(named.get("content-length", 0))
            if len(self.held) < end + 4 + length:
                return
            body, self.held = self.held[end + 4:end + 4 + length], self.held[end + 4 + length:]
            if "upgrade" in named:
                self.upgrade(target, named)
                return
            told = self.worker.answer(method, target.partition("?")[0], body)
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                 % len(told) + told)

    def upgrade(self, target, named):
        import base64
        import hashlib
        key = named["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.sid = target.partition("clientId=")[2]
        self.worker.sockets[self.sid] = self
        self.transport.set_write_buffer_limits(1 << 20)
        self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Accept: " + base64.b64encode(hashlib.sha1(key).digest()) + b"\r\n\r\n" +
                             event("status", status={"exec_info": {"queue_remaining": 0}}, sid=self.sid))


async def send_events(workers, count):
    """In pieces of a hundred, one job after the other."""
    running = [one for worker in workers for one in worker.running()]
    pieces = [(job.event * 100, connection) for job, connection in running]
    for number in range(count // 100):
        piece, connection = pieces[number % len(pieces)]
        await connection.may_write.wait()
        connection.transport.write(piece)
        await asyncio.sleep(0)
    return len(running[0][0].event)


async def send_previews(workers, fps, seconds, size):
    running = [one for worker in workers for one in worker.running()]
    image = struct.pack(">II", 1, 1) + b"\xff\xd8" + bytes(size - 2)
    piece, sent, start = frame(image, 2), 0, time.monotonic()
    for turn in range(int(fps * seconds)):
        await asyncio.sleep(max(0, start + turn / fps - time.monotonic()))
        for _, connection in running:
            if connection.may_write.is_set():
                connection.transport.write(piece)
                sent += 1
    return sent, time.monotonic() - start


async def main():
    loop = asyncio.get_running_loop()
    workers = [Worker("instant" in sys.argv) for _ in range(int(sys.argv[1]))]
    servers = [await loop.create_server(lambda worker=worker: Connection(worker), "127.0.0.1", 0, backlog=1024)
               for worker in workers]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        if line[0] == "events":
            print(await send_events(workers, int(line[1])), flush=True)
        elif line[0] == "previews":
            print(*await send_previews(workers, float(line[1]), float(line[2]), int(line[3])), flush=True)
        elif line[0] == "jobs":
            print(sum(len(worker.running()) for worker in workers), flush=True)


asyncio.run(main())
