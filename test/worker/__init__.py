"""A simulated ComfyUI worker: ComfyUI's wire, without the GPU.

    /usr/bin/python3 -m test.worker --port 0 --name w1 --job-ms 200

It is built on aiohttp, ComfyUI's own HTTP library, so that framing, limits and
error answers on the wire are ComfyUI's. Reading order: settings (what can be
set), server (sockets), app (routes), ws and jobs (state), runner (what running
a prompt sends), faults and seen (what tests set and ask).
"""
