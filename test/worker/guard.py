"""ComfyUI's middlewares: who may ask from where, and what a browser may keep."""
import ipaddress
import socket
import urllib.parse

from aiohttp import web

IMAGES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif")
OPEN = ("/_test", "/_blob", "/_sink", "/_echo", "/_ws")  # ours, not ComfyUI's


def is_loopback(host):
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found = socket.getaddrinfo(host, None, family)
        except socket.gaierror:
            continue
        if all(ipaddress.ip_address(one[4][0]).is_loopback for one in found):
            return True
    return False


@web.middleware
async def origin(request, handler):
    if request.path in OPEN:
        return await handler(request)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return web.Response(status=403)
    if "Host" in request.headers and "Origin" in request.headers:
        host = urllib.parse.urlsplit("//" + request.headers["Host"].lower())
        source = urllib.parse.urlsplit(request.headers["Origin"].lower())
        # Ports count only if both name one.
        if host.port is None or source.port is None:
            same = host.hostname == source.hostname
        else:
            same = host.netloc == source.netloc
        if host.netloc and source.netloc and is_loopback(host.hostname) and not same:
            return web.Response(status=403)
    if request.method == "OPTIONS":
        return web.Response()
    return await handler(request)


@web.middleware
async def cache(request, handler):
    path = request.path.lower()
    try:
        response = await handler(request)
    except web.HTTPException as problem:
        mark(path, problem)
        raise
    mark(path, response)
    return response


def mark(path, response):
    if response.prepared:
        return
    name = path.rsplit("/", 1)[-1]
    if name.endswith((".js", ".css")) or (name.startswith("index") and name.endswith(".json")):
        response.headers.setdefault("Cache-Control", "no-store")
    elif path.endswith(IMAGES):
        if response.status == 404:
            response.headers.setdefault("Cache-Control", "public, max-age=3600")
        elif response.status in (200, 201, 202, 203, 204, 205, 206, 301, 308):
            response.headers.setdefault("Cache-Control", "public, max-age=86400")
