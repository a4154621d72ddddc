"""ComfyUI workers: simulated ones (test/worker) in processes of their own, or real ones by COMFYUI_URLS."""
import http.client
import json
import os
import subprocess
import urllib.parse

from . import paths
from .wait import PATIENCE


class Worker:
    """One worker somewhere. Has .host and .port, as a backend has."""

    def __init__(self, url, name):
        split = urllib.parse.urlsplit(url)
        self.host, self.port, self.name = split.hostname, split.port or 8188, name
        self.is_real = True

    def call(self, method, path, body=None):
        """Straight to the worker, past the proxy: (status, parsed JSON or text)."""
        link = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            data = json.dumps(body) if body is not None else None
            link.request(method, path, data, {"Content-Type": "application/json"} if data else {})
            answer = link.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            link.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def queue_remaining(self):
        return self.call("GET", "/prompt")[1]["exec_info"]["queue_remaining"]


class SimulatedWorker(Worker):
    def __init__(self, name, *flags):
        self.process = subprocess.Popen(
            [paths.PYTHON, "-m", "test.worker", "--port", "0", "--name", name, "--exit-with-parent",
             "--job-ms", "200", "--steps", "4", *map(str, flags)],
            cwd=paths.REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("READY "):
            self.process.wait(PATIENCE)
            raise RuntimeError(f"worker {name} said {line!r}")
        super().__init__(line.split()[1], name)
        self.is_real = False

    def test(self, **asked):
        """POST /_test: faults and settings; returns its report."""
        status, told = self.call("POST", "/_test", asked)
        assert status == 200, told
        return told

    def report(self):
        return self.call("GET", "/_test")[1]

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def is_running(self):
        return self.process.poll() is None

    def close(self):
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def real_workers():
    urls = os.environ.get("COMFYUI_URLS", "").replace(",", " ").split()
    return [Worker(url, f"real-{i + 1}") for i, url in enumerate(urls)]


def small_graph(seed=0, prefix="comfymux"):
    """A graph that a ComfyUI without any model can run: one small picture, saved."""
    return {"1": {"class_type": "EmptyImage",
                  "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": seed & 0xFFFFFF}},
            "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}}}


def sampler_graph(seed=1):
    """What a user's usual graph looks like; simulated workers send progress and previews for it."""
    return {"3": {"class_type": "KSampler", "inputs": {
                "seed": seed, "steps": 4, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
                "model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0], "latent_image": ["5", 0]}},
            "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
            "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "x", "clip": ["4", 1]}},
            "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
            "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"}}}
