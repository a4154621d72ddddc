"""bench/fleet: the trace, the simulated workers, and the proxies in front of them."""
import csv
import dataclasses
import subprocess
import sys

import aiohttp

from proxies import START_SECONDS, BenchError, cpu_seconds_of, end, free_port, read_line, spawn, wait_for_port
from report import ROOT

SPEEDS = (1, 1, 1, 0.5)
ROOMS = (2, 2, 2, 1)          # models that stay loaded
LOAD_S = {0: 10, 1: 15, 2: 25}  # per class of model; the same on each worker
STEPS = 1

NGINX = """
daemon off; master_process off; worker_processes 1;
pid {folder}/fleet-nginx.pid; error_log {folder}/fleet-nginx.error error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream workers {{ {method}; {servers} }}
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1; proxy_read_timeout 3600; client_max_body_size 0;
        proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        location / {{ proxy_pass http://workers; }}
    }}
}}
"""
COMFYMUX = """
daemon = false;
error_log = {{ file = "stderr"; level = "warn"; }};
access_log = {{ file = "{folder}/fleet-access.log"; }};
admin = {{ listen = "unix:{folder}/fleet-admin-{port}.sock"; }};
pools = ( {{ name = "workers"; {method}
    static_nodes = ( {servers} ); }} );
servers = ( {{ listen = ["127.0.0.1:{port}"]; locations = ( {{ path = "/"; pool = "workers"; }} ); }} );
"""
# name -> (family, what its pool says). Sticky goes by client: by address, all would share a worker.
KINDS = {
    "nginx ip_hash": ("nginx", "ip_hash"),
    "nginx least_conn": ("nginx", "least_conn"),
    "comfymux sticky": ("comfymux", 'mode = "sticky"; '
                        'load_balancing = { sticky = { keys = ["cookie", "client_id"]; }; };'),
    "comfymux fleet": ("comfymux", 'mode = "fleet"; max_priority = 1;'),
}
NAMES = tuple(KINDS)


@dataclasses.dataclass
class Job:
    number: int
    submit_s: float
    user: str
    kind: str
    model_class: int
    model: str
    graph: str
    run_s: float  # on a worker of speed 1

    @property
    def is_batch(self):
        return self.kind == "batch"

    @property
    def checkpoint(self):
        return f"model-{self.model}.safetensors"

    def body(self, client_id, divide):
        """POST /prompt. What differs between graphs is a text, between jobs a seed."""
        extra = {"job_ms": self.run_s * 1000 / divide}
        if self.kind == "vip":
            extra["comfymux"] = {"priority": 1}
        return {"client_id": client_id, "extra_data": extra, "prompt": {
            "3": {"class_type": "KSampler", "inputs": {
                "seed": self.number, "steps": STEPS, "cfg": 8, "sampler_name": "euler", "scheduler": "normal",
                "denoise": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0],
                "latent_image": ["5", 0]}},
            "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": self.checkpoint}},
            "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 16, "height": 16, "batch_size": 1}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {
                "text": f"graph {self.graph} of {self.user}", "clip": ["4", 1]}},
            "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
            "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}}}}


def read_trace(path):
    with open(path, newline="") as file:
        jobs = [Job(int(row["job"]), float(row["t_submit_s"]), row["user"], row["type"], int(row["class"]),
                    row["model"], row["sig"], float(row["run_s"])) for row in csv.DictReader(file)]
    return sorted(jobs, key=lambda job: job.submit_s)


class Workers:
    """Fresh ones of test/worker."""

    def __init__(self, jobs, divide):
        models = {job.checkpoint: LOAD_S[job.model_class] for job in jobs}
        self.children, self.ports = [], []
        try:
            for number, (speed, room) in enumerate(zip(SPEEDS, ROOMS)):
                # test/worker divides load times by its speed; here a load takes the same everywhere.
                loads = ",".join(f"{model}={seconds * 1000 / divide * speed}" for model, seconds in models.items())
                child = spawn([sys.executable, "-m", "test.worker", "--exit-with-parent", "--name", f"w{number}",
                               "--speed", speed, "--model-room", room, "--models", ",".join(models),
                               "--load-ms-of", loads, "--preview-size", 0],
                              None, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
                self.children.append(child)
            for child in self.children:
                self.ports.append(int(read_line(child, START_SECONDS, "test.worker").rsplit(":", 1)[1]))
        except BaseException:
            self.stop()
            raise
        self.used = sum(cpu_seconds_of(child.pid) for child in self.children)

    def share(self, wall_s):
        """Of one processor, since the start."""
        return (sum(cpu_seconds_of(child.pid) for child in self.children) - self.used) / wall_s

    async def report(self):
        """(model loads, jobs done) of each."""
        loads, done = [], []
        async with aiohttp.ClientSession() as session:
            for port in self.ports:
                async with session.get(f"http://127.0.0.1:{port}/_test") as answer:
                    told = await answer.json()
                loads.append(told["model_loads"])
                done.append(told["jobs"]["done"])
        return loads, done

    def stop(self):
        for child in self.children:
            end(child)
            child.stdout.close()


class Front:
    """A proxy in front of the workers."""

    def __init__(self, name, folder, ports, binary):
        family, method = KINDS[name]
        self.name, self.port = name, free_port()
        config = folder / f"fleet-{self.port}.conf"
        if family == "nginx":
            servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
            command = ["nginx", "-p", folder, "-c", config, "-e", folder / "fleet-nginx.error"]
        else:
            servers = ", ".join(f'{{ node_id = "w{number}"; host = "127.0.0.1"; port = {port}; }}'
                                for number, port in enumerate(ports))
            command = [binary, "-c", config]
        text = NGINX if family == "nginx" else COMFYMUX
        config.write_text(text.format(folder=folder, port=self.port, method=method, servers=servers))
        self.said = folder / f"fleet-{self.port}.said"
        with open(self.said, "wb") as said:
            self.child = spawn(command, None, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            wait_for_port(self.child, self.port, name, self.said)
        except BenchError:
            self.stop()
            raise

    def cpu_seconds(self):
        return cpu_seconds_of(self.child.pid)

    def stop(self):
        end(self.child)
