"""Workers for the worker's own tests: started on demand, asked through aiohttp, ended after each test."""
import asyncio
import inspect
import json
import pathlib
import subprocess

import aiohttp
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 20
FLAGS = ("--job-ms", "20", "--steps", "2", "--preview-size", "16", "--image-size", "16")


class Running:
    """A worker's process and a client session to it."""

    def __init__(self, flags):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", "test.worker", "--exit-with-parent", *FLAGS, *map(str, flags)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        word, self.url = self.process.stdout.readline().split()
        assert word == "READY"
        self.session = aiohttp.ClientSession(
            self.url, timeout=aiohttp.ClientTimeout(total=PATIENCE))

    async def ask(self, path, method="GET", **more):
        """(status, headers, parsed JSON or bytes)"""
        async with self.session.request(method, path, **more) as answer:
            body = await answer.read()
            if answer.content_type == "application/json" and body:
                body = json.loads(body)
            return answer.status, answer.headers, body

    async def get(self, path, **more):
        return (await self.ask(path, **more))[2]

    async def post(self, path, body, **more):
        status, _, told = await self.ask(path, "POST", json=body, **more)
        return status, told

    async def submit(self, prompt=None, **more):
        """The prompt_id of a job that was taken."""
        status, told = await self.post("/prompt", {"prompt": prompt or graph(), **more})
        assert status == 200, told
        return told["prompt_id"]

    async def set(self, **asked):
        status, told = await self.post("/_test", asked)
        assert status == 200, told
        return told

    async def until_idle(self):
        """Waits on the events' own channel until nothing runs or waits."""
        async with self.session.ws_connect("/ws") as ws:
            while True:
                message = await ws.receive(PATIENCE)
                if message.type != aiohttp.WSMsgType.TEXT:
                    continue
                event = json.loads(message.data)
                if event["type"] == "status" and not event["data"]["status"]["exec_info"]["queue_remaining"]:
                    return

    async def close(self):
        await self.session.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def graph(seed=1, model="sd15.safetensors", output="SaveImage", **sampler):
    made = {
        "3": {"class_type": "KSampler", "inputs": {
            "seed": seed, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0],
            "latent_image": ["5", 0], **sampler}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": model}},
        "5": {"class_type": "EmptyLatentImage",
              "inputs": {"width": 512, "height": 512, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "x", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": output, "inputs": {"images": ["8", 0]}},
    }
    if output == "SaveImage":
        made["9"]["inputs"]["filename_prefix"] = "ComfyUI"
    return made


class Events:
    """What a client's socket receives, in order."""

    def __init__(self, ws):
        self.ws = ws
        self.texts = []
        self.frames = []

    async def until(self, kind, wanted=lambda data: True):
        """Reads on to the first event of this kind and returns its data."""
        while True:
            message = await self.ws.receive(PATIENCE)
            if message.type == aiohttp.WSMsgType.BINARY:
                self.frames.append(message.data)
                continue
            assert message.type == aiohttp.WSMsgType.TEXT, message
            event = json.loads(message.data)
            self.texts.append(event)
            if event["type"] == kind and wanted(event["data"]):
                return event["data"]

    async def until_done(self, prompt_id):
        await self.until("executing", lambda data: data["node"] is None and data["prompt_id"] == prompt_id)

    def kinds(self):
        return [event["type"] for event in self.texts]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs async tests. `start` is an async factory that ends in the same loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def whole():
        try:
            await asyncio.wait_for(pyfuncitem.obj(**arguments), 60)
        finally:
            for worker in arguments["start"].made:
                await worker.close()

    asyncio.run(whole())
    return True


@pytest.fixture
def start():
    """await start(flags...) gives a running worker."""
    made = []

    async def make(*flags):
        worker = Running(flags)
        made.append(worker)
        return worker

    make.made = made
    return make
