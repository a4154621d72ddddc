"""Runs the jobs one after another, sending what ComfyUI sends while it does."""
import asyncio
import hashlib
import time
import traceback

from . import files, images, nodes
from .faults import JobError
from .ws import JPEG, PNG


class Interrupted(Exception):
    pass


class Run:
    """One job while it runs."""

    def __init__(self, job, static, workers):
        self.job = job
        self.messages = []   # what the history keeps
        self.outputs = {}
        self.meta = {}
        self.executed = []
        self.states = {}     # progress_state's nodes
        self.cached = static
        self.workers = workers  # the nodes that take the job's time

    def ids(self, node_id):
        return {"node_id": node_id, "prompt_id": self.job.id, "display_node_id": node_id,
                "parent_node_id": None, "real_node_id": node_id}


class Runner:
    def __init__(self, worker):
        self.worker = worker
        self.hub = worker.hub
        self.loaded = []      # models, the one used last at the end
        self.kept = set()     # results of the last job's static nodes
        self.model_loads = 0

    async def run(self):
        while True:
            job = await self.worker.queue.get()
            self.hub.client_id = job.client_id
            entry, good = await self.execute(job)
            if self.worker.settings.history_lag_ms:
                await asyncio.sleep(self.worker.settings.history_lag_ms / 1000)
            self.worker.queue.end(job, entry, good)
            # After the history has it: the order that clients may rely on.
            if job.client_id is not None:
                self.hub.send("executing", {"node": None, "prompt_id": job.id}, job.client_id)
            self.hub.client_id = self.hub.last_node = None

    async def execute(self, job):
        """Returns (history entry, whether it succeeded)."""
        order = sort_nodes(job.prompt, job.outputs)
        static = {n: signature(job.prompt, n) for n in order
                  if job.prompt[n]["class_type"] in nodes.STATIC}
        cached = [n for n, mark in static.items() if mark in self.kept]
        samplers = [n for n in order if job.prompt[n]["class_type"] == nodes.SAMPLER]
        run = Run(job, cached, samplers or [n for n in order if n not in cached][:1])
        self.tell(run, "execution_start")
        self.tell(run, "execution_cached", nodes=run.cached)
        good, node_id = False, None
        try:
            for node_id in order:
                if node_id not in run.cached:
                    await self.execute_node(run, node_id)
            self.kept = set(static.values())
            good = True
            if not self.worker.settings.old:
                self.tell(run, "execution_success")
        except Interrupted:
            self.tell(run, "execution_interrupted", to_all=True, node_id=node_id,
                      node_type=job.prompt[node_id]["class_type"], executed=run.executed)
        except JobError as why:
            self.tell(run, "execution_error", node_id=node_id,
                      node_type=job.prompt[node_id]["class_type"], executed=run.executed,
                      exception_message=str(why.args[1]), exception_type=why.args[0],
                      traceback=traceback.format_tb(why.__traceback__), current_inputs={},
                      current_outputs=run.executed)
        status = {"status_str": "success" if good else "error", "completed": good,
                  "messages": run.messages}
        return {"prompt": job.item(), "outputs": run.outputs, "status": status,
                "meta": run.meta}, good

    def tell(self, run, event, to_all=False, **data):
        """An event that the history keeps too. Goes to the owner; without one only to_all does."""
        data = {**data, "prompt_id": run.job.id, "timestamp": int(time.time() * 1000)}
        run.messages.append([event, data])
        if run.job.client_id is not None or to_all:
            self.hub.send(event, data, run.job.client_id)

    def to_owner(self, run, event, data):
        if run.job.client_id is not None:
            self.hub.send(event, data, run.job.client_id)

    def progress(self, run, node_id, value, most, state):
        """progress_state: every node begun so far. Without an owner it goes to everybody."""
        run.states[node_id] = {**run.ids(node_id), "value": value, "max": most, "state": state}
        if not self.worker.settings.old:
            self.hub.send("progress_state", {"prompt_id": run.job.id, "nodes": dict(run.states)},
                          run.job.client_id)

    async def execute_node(self, run, node_id):
        node = run.job.prompt[node_id]
        name, inputs = node["class_type"], node.get("inputs", {})
        self.hub.last_node = node_id
        self.to_owner(run, "executing",
                      {"node": node_id, "display_node": node_id, "prompt_id": run.job.id})
        self.progress(run, node_id, 0, 1, "running")
        if name == "CheckpointLoaderSimple":
            await self.load(inputs["ckpt_name"])
        if node_id in run.workers:
            await self.work(run, node_id, inputs)
        if name in ("SaveImage", "PreviewImage"):
            output = self.save(run, name, inputs)
            run.outputs[node_id] = output
            run.meta[node_id] = {"node_id": node_id, "display_node": node_id,
                                 "parent_node": None, "real_node_id": node_id}
            self.to_owner(run, "executed", {"node": node_id, "display_node": node_id,
                                            "output": output, "prompt_id": run.job.id})
        elif name == "SaveImageWebsocket":
            self.send_results(run, node_id)
        most = run.states[node_id]["max"]
        self.progress(run, node_id, most, most, "finished")
        run.executed.append(node_id)
        # ComfyUI runs nodes beside its event loop: others get their turn between two of them.
        await self.spend(0)

    async def spend(self, ms):
        """Lets time pass at this worker's speed; an interrupt ends it at once."""
        interrupted = self.worker.queue.interrupted
        try:
            await asyncio.wait_for(interrupted.wait(), ms / 1000 / self.worker.settings.speed)
        except asyncio.TimeoutError:
            pass
        if interrupted.is_set():
            interrupted.clear()
            raise Interrupted

    async def load(self, model):
        if model in self.loaded:
            self.loaded.remove(model)
        else:
            settings = self.worker.settings
            if settings.vram_of.get(model, 0) > settings.vram:
                raise JobError("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory. (out of memory)")
            self.model_loads += 1
            await self.spend(settings.load_ms_of.get(model, settings.load_ms))
        self.loaded.append(model)
        del self.loaded[:-self.worker.settings.model_room]

    async def work(self, run, node_id, inputs):
        """The steps of a sampler, or of the node that stands for one in a graph without."""
        settings, job = self.worker.settings, run.job
        steps = int(job.extra.get("steps") or settings.steps or inputs.get("steps", 1))
        step_ms = float(job.extra.get("job_ms") or settings.job_ms) / len(run.workers) / steps
        picture = images.Picture(picture_seed(job))
        for step in range(steps):
            await self.worker.faults.on_step(step, steps)
            await self.spend(step_ms)
            self.progress(run, node_id, step + 1, steps, "running")
            self.hub.send("progress", {"value": step + 1, "max": steps, "prompt_id": job.id,
                                       "node": node_id}, job.client_id)
            if settings.preview_size:
                time.sleep(settings.encode_ms / 1000)
                preview = picture.jpeg(settings.preview_size, 1 - (step + 1) / steps,
                                       settings.preview_bytes)
                self.hub.send_preview(preview, JPEG, None if settings.old else run.ids(node_id))

    def pictures(self, job):
        """The finished images: (bytes) one by one."""
        width, height, count = image_shape(job.prompt, self.worker.settings.image_size)
        for index in range(count):
            yield images.Picture(picture_seed(job, index)).png(
                width, height, {"prompt": files.ascii_json(job.prompt)})

    def save(self, run, name, inputs):
        kind = "output" if name == "SaveImage" else "temp"
        prefix = inputs.get("filename_prefix", "ComfyUI") if name == "SaveImage" else "ComfyUI_temp"
        return {"images": [files.save_image(self.worker.folder(kind), prefix, kind, picture)
                           for picture in self.pictures(run.job)]}

    def send_results(self, run, node_id):
        everything = list(self.pictures(run.job))
        for index, picture in enumerate(everything):
            self.progress(run, node_id, index + 1, len(everything), "running")
            self.hub.send_preview(picture, PNG, None if self.worker.settings.old
                                  else run.ids(node_id))


def sort_nodes(prompt, outputs):
    """The nodes that the outputs need, each after what it depends on."""
    order, seen = [], set()

    def visit(node_id):
        if node_id in seen:
            return
        seen.add(node_id)
        for value in prompt[node_id].get("inputs", {}).values():
            if nodes.is_link(value):
                visit(value[0])
        order.append(node_id)

    for output in outputs:
        visit(output)
    return order


def signature(prompt, node_id):
    """Equal for nodes of one class with equal inputs, all the way up."""
    node = prompt[node_id]
    parts = [node["class_type"]]
    for name, value in sorted(node.get("inputs", {}).items()):
        link = nodes.is_link(value)
        parts.append((name, (signature(prompt, value[0]), value[1]) if link else repr(value)))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def picture_seed(job, index=0):
    """What the picture shows follows from the seeds and texts in the prompt, not from the worker."""
    told = [value for node in job.prompt.values() for name, value in
            sorted(node.get("inputs", {}).items()) if name in ("seed", "text", "color")]
    return f"{told}{index}"


def image_shape(prompt, edge):
    """Width, height and number of the images that a prompt asks for."""
    width, height, count = 512, 512, 1
    for node in prompt.values():
        if node["class_type"] in nodes.BLANKS:
            inputs = node["inputs"]
            width, height, count = (int(inputs[k]) for k in ("width", "height", "batch_size"))
    return (edge or width), (edge or height), count
