"""Routes that ComfyUI lacks, for tests of the wire: large bodies, echoes."""
import json
import zlib

from aiohttp import WSMsgType, web

BLOCK = 1 << 18


def block(number):
    """Bytes that differ from block to block, so that a swapped or lost one shows."""
    return (number.to_bytes(8, "big") + bytes(range(248))) * (BLOCK // 256)


async def get_blob(request):
    """?bytes=N, with a length; &chunked=1: chunked; &cut=N: the connection ends after N bytes."""
    query = request.rel_url.query
    total = int(query.get("bytes", 0))
    cut = int(query.get("cut", total))
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    if "chunked" in query:
        response.enable_chunked_encoding()
    else:
        response.content_length = total
    await response.prepare(request)
    sent = 0
    while sent < cut and request.method != "HEAD":
        part = block(sent // BLOCK)[:cut - sent]
        await response.write(part)
        sent += len(part)
    if cut < total:
        request.transport.close()
        raise ConnectionResetError
    await response.write_eof()
    return response


async def sink(request):
    """Reads a body of any size; tells its length and CRC-32."""
    count, crc = 0, 0
    async for part in request.content.iter_any():
        count += len(part)
        crc = zlib.crc32(part, crc)
    return web.json_response({"bytes": count, "crc32": crc})


async def echo(request):
    """Tells the request as it arrived."""
    body = await request.read()
    return web.Response(content_type="application/json", text=json.dumps({
        "worker": request.app["worker"].settings.name,
        "method": request.method,
        "target": request.raw_path,
        "version": f"HTTP/{request.version.major}.{request.version.minor}",
        "headers": [[name.decode("latin-1"), value.decode("latin-1")]
                    for name, value in request.raw_headers],
        "bytes": len(body),
        "crc32": zlib.crc32(body),
    }))


async def echo_ws(request):
    """Sends every message back. Takes the subprotocol "echo" if it is offered."""
    ws = web.WebSocketResponse(protocols=("echo",), max_msg_size=0)
    await ws.prepare(request)
    async for message in ws:
        if message.type == WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


def routes():
    return [web.get("/_blob", get_blob), web.put("/_sink", sink), web.post("/_sink", sink),
            web.route("*", "/_echo", echo), web.get("/_ws", echo_ws)]
