"""What may differ between nginx and comfymux, all of it in this file.

    Date, Expires                the clock: a valid date is DATE. Expires is compared through Cache-Control
    nginx/1.22.1, nginx          the program's name, in Server and at the end of error pages: SERVER. Content-Length and
                                 $body_bytes_sent of such a page change with it
    127.x.y.1 and 127.x.y.2      the servers' addresses: ADDRESS; the folders of their logs: FOLDER
    boundary=00000000000000000001  multipart boundaries count requests: BOUNDARY
    chunk boundaries             follow the sizes of reads: bodies are compared without them
    gzip                         the same octets after unpacking, not the same compressed ones
    time, pid, *connection       in lines of the error log
    names of temporary files     are counters: TEMPORARY
    [warn] "use": one loop ...   what comfymux says of directives that it only accepts is left out
    worker_failed: pool=...      what comfymux's error log says of workers beside nginx's lines is left out
    2026/11/22 ... [emerg] 1#1:  before a log is open Debian's nginx writes log lines to the terminal, comfymux "nginx: [emerg]"
    excess: 0.123                of limit_req goes with the clock: N
"""
import re

from . import wire

SERVER = re.compile(rb"(?:nginx/1\.22\.1|comfymux/\d+\.\d+\.\d+)")
BARE_SERVER = re.compile(rb"^(?:nginx|comfymux)$")
# An error page without its title, which is in it twice, and the program's name.
PAGE_LENGTH = 115
# Where it is not what the status line says.
PAGE_TITLES = {b"401 Unauthorized": b"401 Authorization Required", b"302 Moved Temporarily": b"302 Found"}
PAGE_END = re.compile(rb"<hr><center>(?:nginx|comfymux)(?:/[0-9.]+)?</center>")
DATE = re.compile(rb"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
ERROR_LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(\w+)\] \d+#\d+: (?:\*\d+ )?(.*)$")
# What an accepted directive means in comfymux, and what else it does otherwise on purpose.
ACCEPTED = re.compile(r'(?m)^PROGRAM: \[(?:warn|notice)\] "\w+": .*\n')
# A line about a worker, in comfymux's form: event: key=value ...
OWN_LINE = re.compile(r"^\w+: pool=")
CLOCKED = (b"date", b"expires")


def own_words(text, server):
    """octets or str, with the server's address and folder named."""
    if isinstance(text, bytes):
        return own_words(text.decode("latin-1"), server).encode("latin-1")
    text = re.sub(rf"(?<![\d.]){re.escape(server.address)}(?!\d)", "ADDRESS", text)
    return text.replace(f"{server.folder}/", "FOLDER/").replace(str(server.folder), "FOLDER")


def body_of(answer):
    body = answer.body
    if b"gzip" in wire.fields(answer.lines, "content-encoding") and body:
        plain, whole = wire.inflate(body)
        body = b"unpacked" + (b"" if whole else b", cut") + b": " + plain
    if (kind := answer.get("content-type")) and kind.startswith("multipart/byteranges"):
        body = re.sub(rb"\r\n--\d{20}", b"\r\n--BOUNDARY", body)
    return PAGE_END.sub(b"<hr><center>SERVER</center>", body)


def shorter(answer):
    """By how much a page shrinks when the program's name is taken out of it."""
    if answer.framing == "bodyless":
        # The page that is not there: its length still tells our name.
        words, name, length = answer.lines[0].partition(b" ")[2], answer.get("server"), answer.get("content-length")
        words = PAGE_TITLES.get(words, words)
        is_page = name and length and int(length) == PAGE_LENGTH + 2 * len(words) + len(name)
        return len(name) if is_page else 0
    return sum(len(found) - len(b"<hr><center></center>") for found in PAGE_END.findall(answer.body))


def head_of(answer, server):
    made, less = [], shorter(answer)
    for i, line in enumerate(answer.lines):
        name, colon, value = line.partition(b": ")
        word = name.lower()
        if i and word in CLOCKED and DATE.match(value):
            value = b"DATE"
        elif i and word == b"server":
            value = b"BARE SERVER" if BARE_SERVER.match(value) else SERVER.sub(b"SERVER", value)
        elif i and word == b"content-length" and value.isdigit():
            value = str(int(value) - less).encode()
        elif i and word == b"content-type" and b"boundary=" in value:
            value = re.sub(rb"boundary=\d{20}", b"boundary=BOUNDARY", value)
        made.append(own_words(name + colon + value, server))
    return made


def response(answer, server):
    """The lines in which two answers are compared."""
    lines = []
    for interim in answer.interim:
        lines += [b"interim: " + line for line in interim]
    lines += head_of(answer, server)
    lines.append(b"framing: " + answer.framing.encode())
    lines.append(b"body: " + own_words(body_of(answer), server))
    lines += [b"trailer: " + line for line in answer.trailer]
    lines.append(b"end: " + answer.end.encode())
    return lines


def asked(name, request, server):
    lines = [own_words(line, server) for line in request.lines]
    lines.append(f"body, {request.framing}{'' if request.whole else ', cut'}: ".encode() + request.body)
    lines.append(f"on {request.connection}, request {request.nth if 'kept' not in request.connection else 'n'}".encode())
    return lines


def access_line(line, server, lengths):
    """bytes=N becomes bytes=right if the client got so many; lengths: what clients got, a multiset."""
    found = re.search(r"bytes=(\d+)", line)
    if found and int(found.group(1)) in lengths:
        lengths.remove(int(found.group(1)))
        line = line.replace(found.group(0), "bytes=right")
    return own_words(line, server)


def error_line(line, server, levels):
    """None: of a level that nobody asked for, or not a line of the log."""
    found = ERROR_LINE.match(line)
    if not found or found.group(1) not in levels or OWN_LINE.match(found.group(2)):
        return None
    text = own_words(found.group(2), server)
    text = re.sub(r"FOLDER/(body|proxy)/[0-9/]+", r"FOLDER/\1/TEMPORARY", text)
    text = re.sub(r"excess: \d+\.\d{3}", "excess: N", text)
    return f"[{found.group(1)}] {text}"


def said(text, server):
    """What a command prints: the name of the program, the folder, dates and pids taken out."""
    text = own_words(text, server)
    text = re.sub(r"(?m)^(nginx|comfymux): ", "PROGRAM: ", text)
    text = re.sub(ACCEPTED, "", text)
    text = re.sub(r"(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[notice\] \d+#\d+: signal process started\n", "", text)
    return re.sub(r"(?m)^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: ", r"PROGRAM: \1 ", text)
