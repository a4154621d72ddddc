"""The directives that comfymux has, from its tables (conf/nginx/set_*.c), and those that a configuration uses."""
import re

from .server import HEAD, HTTP, ROOT

ROW = re.compile(r'\{\s*"([a-z][a-z0-9_]*)",\s*([A-Z][A-Z_]+\b[^,]*),\s*([^,{}]+),\s*(\w+)')
# A word, or one in quotes; a comment; the three signs.
TOKEN = re.compile(r"""\s*(?:(\#[^\n]*)|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|\$\{[^}]*\}|[^\s;{}\\"'#](?:\\.|\$\{[^}]*\}|[^\s;{}\\])*)+)|([;{}]))""", re.S)
# Whose blocks hold no directives.
LISTS = {"map", "geo", "split_clients", "types", "match"}


def table():
    """{name: whether it is only accepted}"""
    found = {}
    for path in sorted((ROOT / "conf/nginx").glob("set_*.c")):
        text = path.read_text()
        for row in ROW.finditer(text):
            if not re.search(r"BIT\(|NGX_", row.group(3)):
                continue
            end = row.end()
            while text[end] != "}":
                end += 1
            only_accepted = ".note" in text[row.start():end] or row.group(4) == "ngx_accept"
            found[row.group(1)] = found.get(row.group(1), True) and only_accepted
    return found


def used(text):
    """Names of the directives in a configuration."""
    text = text.replace("%%HEAD%%", HEAD).replace("%%HTTP%%", HTTP)
    text = re.sub(r"%%(\w+)%%", r"x\1x", text)
    names, first, skip = set(), True, 0
    word = None
    for comment, token, sign in TOKEN.findall(text):
        if comment:
            continue
        if token:
            if first and not skip:
                word = token
                names.add(word)
            first = False
        elif sign == "{":
            skip = skip + 1 if skip or word in LISTS else 0
            first = True
        elif sign == "}":
            skip = max(0, skip - 1)
            first = True
        else:
            first = True
    return names
