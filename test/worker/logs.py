"""/internal/logs: what was printed, and who wants to hear of more. Has no /api twin."""
from aiohttp import web

ENTRIES = [{"t": "2026-01-01T00:00:00", "m": "started\n"}]


async def get_logs(request):
    return web.json_response("".join(entry["m"] for entry in ENTRIES))


async def get_raw(request):
    return web.json_response({"entries": ENTRIES, "size": {"cols": 80, "rows": 24}})


async def subscribe(request):
    asked = await request.json()
    subscribed = request.app["worker"].hub.subscribed
    if asked["enabled"]:
        subscribed.add(asked["clientId"])
    else:
        subscribed.discard(asked["clientId"])
    return web.Response(status=200)


def routes():
    return [web.get("/internal/logs", get_logs), web.get("/internal/logs/raw", get_raw),
            web.patch("/internal/logs/subscribe", subscribe)]
