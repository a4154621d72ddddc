"""Pictures on disk: /view, /upload/image, /upload/mask, and where results go."""
import hashlib
import json
import mimetypes
import os
import re

from aiohttp import web

TYPES = ("input", "output", "temp")
ACTIVE = ("text/html", "text/html-sandboxed", "application/xhtml+xml", "text/javascript",
          "image/svg+xml", "text/css")


def ascii_json(value):
    return json.dumps(value, ensure_ascii=True)


def save_image(folder, prefix, kind, picture):
    """Writes under the next free number; the prefix may hold folders. {filename, subfolder, type}"""
    subfolder, name = os.path.split(os.path.normpath(prefix))
    place = inside(folder, subfolder)
    if place is None:
        place, subfolder = folder, ""
    os.makedirs(place, exist_ok=True)
    taken = [int(found.group(1)) for found in
             (re.match(re.escape(name) + r"_(\d+)_", one) for one in os.listdir(place)) if found]
    filename = f"{name}_{max(taken, default=0) + 1:05}_.png"
    with open(os.path.join(place, filename), "wb") as out:
        out.write(picture)
    return {"filename": filename, "subfolder": subfolder, "type": kind}


def inside(folder, *parts):
    """The path of parts below folder, or None if it would lead out."""
    path = os.path.abspath(os.path.join(folder, *parts))
    return path if os.path.commonpath((os.path.abspath(folder), path)) == os.path.abspath(
        folder) else None


def exists(worker, name):
    """"sub/a.png", "a.png [output]": what a node's input may name."""
    suffix = re.fullmatch(r"(.*) \[(input|output|temp)\]", name)
    name, kind = suffix.groups() if suffix else (name, "input")
    path = inside(worker.folder(kind), name)
    return path is not None and os.path.isfile(path)


async def get_view(request):
    worker = request.app["worker"]
    query = request.rel_url.query
    if "filename" not in query:
        return web.Response(status=404)
    name, kind = query["filename"], query.get("type", "output")
    suffix = re.fullmatch(r"(.*) \[(input|output|temp)\]", name)
    if suffix:
        name, kind = suffix.groups()
    if not name or name.startswith("/") or ".." in name or kind not in TYPES:
        return web.Response(status=400)
    folder = worker.folder(kind)
    place = inside(folder, query.get("subfolder", ""))
    if place is None:
        return web.Response(status=403)
    path = os.path.join(place, os.path.basename(name))
    if not os.path.isfile(path):
        return web.Response(status=404)
    headers = {"Content-Disposition": f'filename="{os.path.basename(name)}"'}
    response = web.FileResponse(path, headers=headers)
    content_type = guess(path)
    if content_type in ACTIVE:
        headers["Content-Disposition"] = "attachment; " + headers["Content-Disposition"]
        response.headers.update(headers)
        response.headers.update({"Vary": "Sec-Fetch-Dest", "Cache-Control": "no-store"})
        content_type = "application/octet-stream"
    response.headers["Content-Type"] = content_type
    return response


def guess(path):
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


async def upload(request, need_original):
    worker = request.app["worker"]
    form = await request.post()
    image = form.get("image")
    kind = form.get("type", "input")
    kind = kind if kind in TYPES else "input"
    name = os.path.basename(getattr(image, "filename", "") or "")
    subfolder = form.get("subfolder", "")
    place = inside(worker.folder(kind), os.path.normpath(subfolder))
    if not name or place is None:
        return web.Response(status=400)
    if need_original and not original_exists(worker, form.get("original_ref")):
        return web.Response(status=404 if form.get("original_ref") else 400)
    os.makedirs(place, exist_ok=True)
    content = image.file.read()
    if form.get("overwrite") not in ("true", "1"):
        name = free_name(place, name, content)
    with open(os.path.join(place, name), "wb") as out:
        out.write(content)
    return web.json_response({"name": name, "subfolder": subfolder, "type": kind})


def original_exists(worker, text):
    """A mask is merged into an image that must be here; merging itself is left out."""
    try:
        wanted = json.loads(text)
        kind = wanted.get("type", "output")
        path = inside(worker.folder(kind), wanted.get("subfolder", ""), wanted["filename"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return kind in TYPES and path is not None and os.path.isfile(path)


def free_name(place, name, content):
    """The name itself if it is free or holds the same, else "name (1).ext" and so on."""
    stem, extension = os.path.splitext(name)
    number = 0
    while os.path.exists(path := os.path.join(place, name)):
        with open(path, "rb") as file:
            if hashlib.sha256(file.read()).digest() == hashlib.sha256(content).digest():
                break
        number += 1
        name = f"{stem} ({number}){extension}"
    return name


async def post_image(request):
    return await upload(request, need_original=False)


async def post_mask(request):
    return await upload(request, need_original=True)


def routes():
    return [web.get("/view", get_view), web.post("/upload/image", post_image),
            web.post("/upload/mask", post_mask)]
