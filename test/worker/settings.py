"""What can be set, by flag at the start and by POST /_test {"set": {...}} later."""
import argparse
import dataclasses
import json


@dataclasses.dataclass
class Settings:
    host: str = "127.0.0.1"
    port: int = 0
    name: str = "worker"
    dir: str = ""               # where files are kept; "" = a temporary directory
    job_ms: float = 200         # what a whole job takes at speed 1
    speed: float = 1.0
    steps: int = 0              # 0 = the number that the prompt's sampler asks for
    preview_size: int = 256     # edge of a preview in pixels; 0 = no previews
    preview_bytes: int = 0      # previews are padded to at least this many bytes
    encode_ms: float = 0        # time each preview blocks the event loop, as ComfyUI's encoder does
    history_lag_ms: float = 0   # between telling of a job's success and having it in the history
    image_size: int = 0         # edge of a result; 0 = what the prompt asks for
    models: tuple = ("sd15.safetensors", "sdxl.safetensors")
    model_room: int = 1         # models that stay loaded
    load_ms: float = 0          # what loading a model that is not there takes
    load_ms_of: dict = dataclasses.field(default_factory=dict)  # the same for single models
    vram: float = 24.0          # GiB
    vram_of: dict = dataclasses.field(default_factory=dict)  # GiB that a model needs; above vram: out of memory
    extra_nodes: tuple = ()     # node classes that only this worker has
    without_nodes: tuple = ()   # node classes that it lacks
    number_start: int = 0
    max_upload_size: float = 100.0  # MB, of every request body
    old: bool = False           # a version of July 2024
    fault: dict = dataclasses.field(default_factory=dict)
    exit_with_parent: bool = False

    # These are read at start only.
    FIXED = ("host", "port", "dir", "number_start", "max_upload_size", "fault", "exit_with_parent")

    def change(self, values):
        """Takes a dict from POST /_test; ValueError names what is wrong and nothing is changed."""
        known = {f.name: f for f in dataclasses.fields(self) if f.name not in self.FIXED}
        checked = {}
        for key, value in values.items():
            if key not in known:
                raise ValueError(f"cannot set {key!r}")
            wanted = type(getattr(self, key))
            if wanted is tuple and isinstance(value, list):
                value = tuple(value)
            if wanted is float and type(value) is int:
                value = float(value)
            number = (int, float)
            if not isinstance(value, number if wanted in number else wanted):
                raise ValueError(f"{key} must be of type {wanted.__name__}")
            checked[key] = value
        for key, value in checked.items():
            setattr(self, key, value)


def words(text):
    return tuple(word for word in text.split(",") if word)


def times(text):
    """one=100,two=200"""
    return {name: float(value) for name, value in (word.split("=") for word in words(text))}


def fault(text):
    value = json.loads(text) if text.startswith("{") else {"fault": text}
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


def from_arguments(argv=None):
    default = Settings()
    parser = argparse.ArgumentParser(
        prog="test.worker", description="A simulated ComfyUI worker.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument

    add("--host", default=default.host, help="address to listen on")
    add("--port", type=int, default=default.port, help="0 = any free one")
    add("--name", default=default.name, help="shown by the page and /system_stats")
    add("--dir", default=default.dir, help="where input, output and user files are kept")
    add("--job-ms", type=float, default=default.job_ms, help="time of a whole job at speed 1")
    add("--speed", type=float, default=default.speed, help="divides job and load time")
    add("--steps", type=int, default=default.steps, help="sampler steps; 0 = as the prompt says")
    add("--preview-size", type=int, default=default.preview_size, help="pixels; 0 = no previews")
    add("--preview-bytes", type=int, default=default.preview_bytes, help="pad previews to this")
    add("--encode-ms", type=float, default=default.encode_ms,
        help="time each preview blocks the event loop")
    add("--history-lag-ms", type=float, default=default.history_lag_ms,
        help="time between execution_success and the history having it")
    add("--image-size", type=int, default=default.image_size, help="pixels; 0 = as the prompt says")
    add("--models", type=words, default=default.models, help="checkpoints, separated by commas")
    add("--model-room", type=int, default=default.model_room, help="models that stay loaded")
    add("--load-ms", type=float, default=default.load_ms, help="time to load a model")
    add("--load-ms-of", type=times, default=default.load_ms_of, metavar="MODEL=MS,...",
        help="the same for single models")
    add("--vram", type=float, default=default.vram, help="GiB")
    add("--vram-of", type=times, default=default.vram_of, metavar="MODEL=GIB,...",
        help="what models need: above --vram the job fails, out of memory")
    add("--extra-nodes", type=words, default=default.extra_nodes, help="node classes to add")
    add("--without-nodes", type=words, default=default.without_nodes, help="node classes to lack")
    add("--number-start", type=int, default=default.number_start, help="first job number")
    add("--max-upload-size", type=float, default=default.max_upload_size, help="MB")
    add("--old", action="store_true", help="behave as a version of July 2024")
    add("--fault", type=fault, default=default.fault,
        help="a fault's name, or JSON as for POST /_test")
    add("--exit-with-parent", action="store_true", help="end when the parent process ends")
    return Settings(**vars(parser.parse_args(argv)))
