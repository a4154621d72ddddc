"""The static files of a run: the same tree for both servers, with fixed times."""
import gzip
import os

WHEN = 1_700_000_000  # 2023-11-14T22:13:20Z

TEXTS = {
    "index.html": "<!doctype html><title>comfy</title>\n",
    "app.js": "console.log('comfy');\n" * 60,
    "style.css": "body { margin: 0 }\n" * 20,
    "data.json": '{"nodes": []}\n',
    "notes.txt": "".join(f"line {i:04}\n" for i in range(400)),
    "empty.txt": "",
    "plain": "no suffix\n",
    "odd.unknownsuffix": "?\n",
    "with space.txt": "space\n",
    "per%cent.txt": "percent\n",
    "caf\u00e9.txt": "accent\n",
    "maintenance.html": "<h1>back soon</h1>\n",
    "errors/404.html": "<h1>not here</h1>\n",
    "errors/50x.html": "<h1>worker trouble</h1>\n",
    "sub/index.html": "sub index\n",
    "sub/index.htm": "sub index, the other\n",
    "sub/page.html": "sub page\n",
    "noindex/one.txt": "1\n",
    "list/a.txt": "a\n",
    "list/b<&>.txt": "bb\n",
    "list/long-name-that-does-not-fit-into-the-column-of-names-at-all.txt": "ccc\n",
    "list/dir/inner.txt": "inner\n",
    "output/ComfyUI_00001_.png": "\x89PNG fake\n" * 100,
    "pages/about.html": "about\n",
    "pages/about/index.html": "about, a folder\n",
}


def make_files(folder):
    for name, text in TEXTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    (folder / "app.js.gz").write_bytes(gzip.compress(TEXTS["app.js"].encode(), mtime=0))
    (folder / "large.bin").write_bytes(bytes(range(256)) * 4096)
    (folder / "htpasswd").write_text(PASSWORDS)
    (folder / "passwords").write_text("secret\n")
    (folder / "ticket.key").write_bytes(bytes(range(80)))
    (folder / "dhparam.pem").write_text(DH)
    (folder / "snippets").mkdir()
    (folder / "snippets/one.conf").write_text("map $arg_x $snippet { default one; }\n")
    (folder / "snippets/two.conf").write_text("client_max_body_size 5m;\n")
    (folder / "proxy.include").write_text("proxy_http_version 1.1;\nproxy_set_header Host $host;\n"
                                          "proxy_set_header X-Snippet $snippet;\n")
    (folder / "mime.types").write_text(TYPES)
    (folder / "map.include").write_text(MAPPED)
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (WHEN, WHEN))
    os.utime(folder, (WHEN, WHEN))
    return folder


# The password of each is "secret". Made with openssl passwd and crypt(3).
PASSWORDS = r"""# comment
apr:$apr1$Qq3D1Y0v$1vLc.DtWY5ydNFr8bn0TF.
md5:$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1
sha256:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.
sha512:$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.
bcrypt:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
des:abNANd1rDfiNc
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0
plain:{PLAIN}secret
more:{PLAIN}secret:what follows is ignored
empty:
"""

TYPES = """types {
    text/html html htm shtml;
    text/css css;
    text/plain txt;
    application/javascript js;
    application/json json;
    image/png png;
    image/jpeg jpeg jpg;
    image/svg+xml svg svgz;
    video/mp4 mp4;
}
"""
MAPPED = 'one "mapped one";\n~^two "mapped two";\n'
DH = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
