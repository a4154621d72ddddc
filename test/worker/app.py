"""The routes, each also under /api, behind ComfyUI's middlewares."""
import os

from aiohttp import web

from . import faults, files, guard, jobs_api, logs, prompts, system, userdata, wire, ws

PAGE = os.path.join(os.path.dirname(__file__), "page")


async def get_page(request):
    name = request.match_info.get("name", "index.html")
    headers = {"Cache-Control": "no-store, must-revalidate"} if name == "index.html" else {}
    return web.FileResponse(os.path.join(PAGE, name), headers=headers)


def build(worker):
    old = worker.settings.old
    application = web.Application(
        client_max_size=round(worker.settings.max_upload_size * 1024 * 1024),
        middlewares=[faults.middleware, guard.cache, guard.origin])
    application["worker"] = worker
    mirrored = [*ws.routes(old), *prompts.routes(), *files.routes(), *system.routes(),
                *userdata.routes(), *([] if old else jobs_api.routes())]
    application.add_routes(
        [web.route(one.method, "/api" + one.path, one.handler) for one in mirrored])
    application.add_routes([
        *mirrored, web.get("/", get_page), web.get(r"/{name:page\.(css|js)}", get_page),
        *faults.routes(), *logs.routes(), *wire.routes()])
    return application
