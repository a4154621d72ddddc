"""Configuration files from Python values, and the short forms most tests start from."""
import copy


class Raw(str):
    """Text that goes into the file as it is."""


def _string(text):
    out = []
    for char in text:
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif char == "\r":
            out.append("\\r")
        elif char == "\t":
            out.append("\\t")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


def _value(value, depth):
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if abs(value) > 0x7FFFFFFF else str(value)
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{\n" + "".join(f"{pad}{k} = {_value(v, depth + 1)};\n" for k, v in value.items()) + end + "}"
    if isinstance(value, (list, tuple)):
        if value and isinstance(value[0], dict):
            return "(\n" + ",\n".join(pad + _value(v, depth + 1) for v in value) + " )"
        return "[" + ", ".join(_value(v, depth) for v in value) + "]"
    raise TypeError(type(value))


def render(config):
    """libconfig text. Lists of dicts become lists of groups, other lists become arrays."""
    if isinstance(config, str):
        return str(config)
    return "".join(f"{key} = {_value(value, 0)};\n" for key, value in config.items())


def node(backend, name="w1", **more):
    """One static node; backend is anything with a port, or a port."""
    port = backend if isinstance(backend, int) else backend.port
    host = getattr(backend, "host", "127.0.0.1")
    return {"node_id": name, "host": host, "port": port, **more}


def nodes(backends, **more):
    return [node(b, f"w{i + 1}", **more) for i, b in enumerate(backends)]


# Nothing moves by itself: no probes, no stickiness, no load questions. Tests switch on what they ask about.
QUIET_BALANCING = {"strategy": "round_robin", "sticky": {"keys": []}}
QUIET_HEALTH = {"interval": 0, "fall": 100}
SHORT = {"header": 5, "body": 5, "send": 5, "keepalive": 20, "connect": 3, "read": 8, "tunnel": 20, "drain": 5}


def pool(backends, name="pool", **more):
    """A pool of scripted backends (or a list of node dicts). Values of `more` replace or extend."""
    members = [b if isinstance(b, dict) else None for b in backends]
    if None in members:
        members = nodes(backends)
    made = {"name": name, "static_nodes": members,
            "load_balancing": copy.deepcopy(QUIET_BALANCING), "health_check": dict(QUIET_HEALTH)}
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key].update(value)
        else:
            made[key] = value
    return made


def config(backends=(), *, pools=None, servers=None, listen="127.0.0.1:0", timeouts=None, limits=None,
           balancing=None, health=None, **more):
    """The usual file: one server on one address whose "/" goes to one pool of these backends."""
    if pools is None:
        pools = [pool(backends, **{k: v for k, v in
                                   (("load_balancing", balancing), ("health_check", health)) if v})]
    if servers is None:
        servers = [{"listen": [listen] if isinstance(listen, str) else listen,
                    "locations": [{"path": "/", "pool": pools[0]["name"]}]}]
    made = {"timeouts": {**SHORT, **(timeouts or {})}, "admin": {"listen": "127.0.0.1:0"}}
    if limits:
        made["limits"] = limits
    made.update(more)
    made["pools"] = pools
    made["servers"] = servers
    return made
