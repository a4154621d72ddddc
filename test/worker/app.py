"""The routes, each also under /api, behind ComfyUI's middlewares."""
import os

from aiohttp import web

from . import faults, files, guard, jobs_api, prompts, system, userdata, wire, ws

PAGE = os.path.join(os.path.dirname(__file__), "page.html")


async def get_page(request):
    return web.FileResponse(PAGE, headers={"Cache-Control": "no-store, must-revalidate"})


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
    application.add_routes([*mirrored, web.get("/", get_page), *faults.routes(), *wire.routes()])
    return application
