"""A worker behind TLS, scripted by the path it is asked for; and certificates that an authority has signed."""
import hashlib
import base64
import socket
import ssl
import subprocess
import threading


class Authority:
    """Certificates in a folder: `of("worker.test")` -> (certificate, key)."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.file, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.key,
                      "-out", self.file, "-days", "30", "-subj", f"/CN={name}")

    def _openssl(self, *words, **more):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, **more)

    def of(self, host, days=30):
        """days 0: it is over by now."""
        stem = self.folder / f"{self.name}-{host}-{days}"
        certificate, key, request, more = (stem.with_name(stem.name + end) for end in (".pem", ".key", ".csr", ".ext"))
        more.write_text(f"subjectAltName=DNS:{host}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request,
                      "-subj", f"/CN={host}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-out", certificate,
                      "-days", days, "-extfile", more)
        return certificate, key


class TLSWorker:
    """Answers /N with N octets, counts a body; /ws becomes an echo. `hellos` has what each connection began with."""

    def __init__(self, certificate, wants_certificate=None, version=None, manner="tls"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.sni_callback = lambda sock, name, context: self.names.append(name)
        if wants_certificate:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(wants_certificate)
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        self.manner, self.names, self.resumed, self.requests, self.sockets = manner, [], [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            if self.manner == "silent":
                return
            if self.manner == "leaves":
                sock.recv(10)
                sock.close()
                return
            if self.manner == "plain":
                sock.recv(10)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                sock.close()
                return
            with self.context.wrap_socket(sock, server_side=True) as tls:
                self.sockets.append(tls)
                self.resumed.append(tls.session_reused)
                self._talk(tls, len(self.resumed))
        except OSError:
            pass

    def _talk(self, tls, number):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = tls.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            left = int(fields.get("content-length", 0))
            digest = hashlib.md5(usedforsecurity=False)
            while left:
                piece = data[:left] or tls.recv(65536)
                if not data and not piece:
                    return
                used = min(left, len(piece))
                digest.update(piece[:used])
                left -= used
                data = data[used:] if data else piece[used:]
            path = lines[0].split()[1]
            self.requests.append((number, path))
            if fields.get("upgrade"):
                key = fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
                tls.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
                while data or (data := tls.recv(65536)):
                    tls.sendall(data)
                    data = b""
                return
            size = int(path.partition("?")[0].rpartition("/")[2])
            body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
            tls.sendall(f"HTTP/1.1 200 OK\r\nX-Body: {digest.hexdigest()}\r\nContent-Length: {size}\r\n\r\n".encode() + body)

    def close(self):
        self.listener.close()
        for sock in self.sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
