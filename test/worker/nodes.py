"""The node classes: what /object_info tells and what validation goes by."""
import os

SAMPLERS = ["euler", "euler_ancestral", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "ddim", "uni_pc"]
SCHEDULERS = ["normal", "karras", "exponential", "sgm_uniform", "simple", "ddim_uniform"]
SIZE = {"default": 512, "min": 16, "max": 16384, "step": 8}
SEED = {"default": 0, "min": 0, "max": 0xffffffffffffffff, "control_after_generate": True}

# Classes whose result is kept between jobs; they are told in execution_cached.
STATIC = ("CheckpointLoaderSimple", "LoraLoader", "CLIPTextEncode", "EmptyLatentImage",
          "LoadImage", "VAEEncode")
SAMPLER = "KSampler"
BLANKS = ("EmptyLatentImage", "EmptyImage")  # these say how large the result is


def describe(name, inputs, outputs, category, output_node=False, hidden=None):
    """One class in /object_info's form. outputs: [(type, name)]."""
    info = {
        "input": {"required": inputs, **({"hidden": hidden} if hidden else {})},
        "input_order": {"required": list(inputs), **({"hidden": list(hidden)} if hidden else {})},
        "is_input_list": False,
        "output": [kind for kind, _ in outputs],
        "output_is_list": [False] * len(outputs),
        "output_name": [label for _, label in outputs],
        "name": name,
        "display_name": name,
        "description": "",
        "python_module": "nodes",
        "category": category,
        "output_node": output_node,
    }
    return info


def catalogue(worker):
    """All classes by name. Made anew each time: the lists depend on files and settings."""
    settings = worker.settings
    models = list(settings.models)
    images = sorted(os.listdir(worker.folder("input")))
    hidden = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
    text = ["STRING", {"multiline": True, "dynamicPrompts": True}]
    all_classes = [
        describe("CheckpointLoaderSimple", {"ckpt_name": [models, {}]},
                 [("MODEL", "MODEL"), ("CLIP", "CLIP"), ("VAE", "VAE")], "loaders"),
        describe("LoraLoader", {
            "model": ["MODEL"], "clip": ["CLIP"], "lora_name": [["detail.safetensors"], {}],
            "strength_model": ["FLOAT", {"default": 1.0, "min": -100.0, "max": 100.0}],
            "strength_clip": ["FLOAT", {"default": 1.0, "min": -100.0, "max": 100.0}]},
            [("MODEL", "MODEL"), ("CLIP", "CLIP")], "loaders"),
        describe("CLIPTextEncode", {"text": text, "clip": ["CLIP"]},
                 [("CONDITIONING", "CONDITIONING")], "conditioning"),
        describe("EmptyLatentImage", {
            "width": ["INT", SIZE], "height": ["INT", SIZE],
            "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}]},
            [("LATENT", "LATENT")], "latent"),
        describe("EmptyImage", {
            "width": ["INT", {**SIZE, "min": 1, "step": 1}],
            "height": ["INT", {**SIZE, "min": 1, "step": 1}],
            "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
            "color": ["INT", {"default": 0, "min": 0, "max": 0xffffff, "display": "color"}]},
            [("IMAGE", "IMAGE")], "image"),
        describe("LoadImage", {"image": [images, {"image_upload": True}]},
                 [("IMAGE", "IMAGE"), ("MASK", "MASK")], "image"),
        describe("VAEEncode", {"pixels": ["IMAGE"], "vae": ["VAE"]},
                 [("LATENT", "LATENT")], "latent"),
        describe(SAMPLER, {
            "model": ["MODEL"], "seed": ["INT", SEED],
            "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
            "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1}],
            "sampler_name": [SAMPLERS, {}], "scheduler": [SCHEDULERS, {}],
            "positive": ["CONDITIONING"], "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "denoise": ["FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.01}]},
            [("LATENT", "LATENT")], "sampling"),
        describe("VAEDecode", {"samples": ["LATENT"], "vae": ["VAE"]},
                 [("IMAGE", "IMAGE")], "latent"),
        describe("SaveImage", {
            "images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
            [], "image", output_node=True, hidden=hidden),
        describe("PreviewImage", {"images": ["IMAGE"]}, [], "image", output_node=True,
                 hidden=hidden),
        describe("SaveImageWebsocket", {"images": ["IMAGE"]}, [], "api/image", output_node=True),
    ]
    all_classes += [describe(name, {"images": ["IMAGE"]}, [("IMAGE", "IMAGE")], "custom")
                    for name in settings.extra_nodes]
    return {info["name"]: info for info in all_classes
            if info["name"] not in settings.without_nodes}


def is_link(value):
    return isinstance(value, list)
