"""/userdata, /settings and /users: what the user interface keeps on a worker.

A file's whole path is one segment of the URL, its slashes written as %2F.
"""
import json
import os

from aiohttp import web

from . import files

SETTINGS = "comfy.settings.json"


def path_of(request, key="file"):
    """The file that the URL names; raises the answer if it leads out of the folder."""
    path = files.inside(request.app["worker"].folder("user"), request.match_info[key])
    if path is None:
        raise web.HTTPForbidden()
    return path


def existing(request):
    path = path_of(request)
    if not os.path.isfile(path):
        raise web.HTTPNotFound()
    return path


async def get_list(request):
    folder = request.app["worker"].folder("user")
    query = request.rel_url.query
    if not query.get("dir"):
        return web.Response(status=400, text="Directory not provided")
    place = files.inside(folder, query["dir"])
    if place is None:
        return web.Response(status=403)
    if not os.path.isdir(place):
        return web.Response(status=404, text="Directory not found")
    found = []
    for where, folders, names in os.walk(place):
        found += [os.path.relpath(os.path.join(where, name), place) for name in sorted(names)]
        if query.get("recurse", "").lower() != "true":
            break
    return web.json_response(found)


async def get_file(request):
    return web.FileResponse(existing(request))


async def post_file(request):
    path = path_of(request)
    query = request.rel_url.query
    if query.get("overwrite") == "false" and os.path.exists(path):
        return web.Response(status=409, text="File already exists")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(await request.read())
    return told(request, path)


async def delete_file(request):
    os.remove(existing(request))
    return web.Response(status=204)


async def move_file(request):
    source, target = existing(request), path_of(request, "dest")
    if request.rel_url.query.get("overwrite") == "false" and os.path.exists(target):
        return web.Response(status=409, text="File already exists")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.replace(source, target)
    return told(request, target)


def told(request, path):
    name = os.path.relpath(path, request.app["worker"].folder("user"))
    if request.rel_url.query.get("full_info", "").lower() != "true":
        return web.json_response(name)
    return web.json_response({"path": name, "size": os.path.getsize(path),
                              "modified": int(os.path.getmtime(path) * 1000)})


def read_settings(request):
    try:
        with open(os.path.join(request.app["worker"].folder("user"), SETTINGS)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def write_settings(request, values):
    path = os.path.join(request.app["worker"].folder("user"), SETTINGS)
    with open(path, "w") as file:
        json.dump(values, file, indent=4)


async def get_settings(request):
    return web.json_response(read_settings(request))


async def post_settings(request):
    write_settings(request, {**read_settings(request), **await request.json()})
    return web.Response(status=200)


async def get_setting(request):
    return web.json_response(read_settings(request).get(request.match_info["id"]))


async def post_setting(request):
    write_settings(request, {**read_settings(request),
                             request.match_info["id"]: await request.json()})
    return web.Response(status=200)


async def get_users(request):
    return web.json_response({"storage": "server", "migrated": True})


def routes():
    return [
        web.get("/users", get_users),
        web.get("/userdata", get_list),
        web.get("/userdata/{file}", get_file), web.post("/userdata/{file}", post_file),
        web.delete("/userdata/{file}", delete_file),
        web.post("/userdata/{file}/move/{dest}", move_file),
        web.get("/settings", get_settings), web.post("/settings", post_settings),
        web.get("/settings/{id}", get_setting), web.post("/settings/{id}", post_setting),
    ]
