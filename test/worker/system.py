"""What a worker tells about itself: nodes, models, memory."""
import sys

from aiohttp import web

from . import nodes

GIB = 1 << 30
VERSION = "0.33.0"


async def get_system_stats(request):
    worker = request.app["worker"]
    settings = worker.settings
    total = int(settings.vram * GIB)
    free = total - min(total, len(worker.runner.loaded) * 4 * GIB)
    system = {
        "os": "posix", "ram_total": 64 * GIB, "ram_free": 48 * GIB,
        "python_version": sys.version, "pytorch_version": "2.6.0+simulated",
        "embedded_python": False, "argv": ["main.py", "--listen", settings.name],
    }
    if not settings.old:
        system["comfyui_version"] = VERSION
    device = {"name": f"cuda:0 Simulated GPU of {settings.name}", "type": "cuda", "index": 0,
              "vram_total": total, "vram_free": free,
              "torch_vram_total": total - free, "torch_vram_free": 0}
    return web.json_response({"system": system, "devices": [device]})


async def get_object_info(request):
    return web.json_response(nodes.catalogue(request.app["worker"]))


async def get_object_info_one(request):
    every = nodes.catalogue(request.app["worker"])
    name = request.match_info["node_class"]
    return web.json_response({name: every[name]} if name in every else {})


async def post_free(request):
    body = await request.json()
    if body.get("unload_models"):
        request.app["worker"].runner.loaded.clear()
    if body.get("free_memory"):
        request.app["worker"].runner.kept.clear()
    return web.Response(status=200)


async def get_models(request):
    return web.json_response(["checkpoints", "loras", "vae"])


async def get_models_in(request):
    folders = {"checkpoints": list(request.app["worker"].settings.models),
               "loras": ["detail.safetensors"], "vae": []}
    folder = request.match_info["folder"]
    if folder not in folders:
        return web.Response(status=404)
    return web.json_response(folders[folder])


async def get_empty(request):
    return web.json_response([])


def routes():
    return [
        web.get("/system_stats", get_system_stats),
        web.get("/object_info", get_object_info),
        web.get("/object_info/{node_class}", get_object_info_one),
        web.post("/free", post_free),
        web.get("/models", get_models), web.get("/models/{folder}", get_models_in),
        web.get("/embeddings", get_empty), web.get("/extensions", get_empty),
    ]
