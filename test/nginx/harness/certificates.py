"""A certificate authority for one run, and certificates by name."""
import subprocess


class Certificates:
    """Made when asked for. of(name) -> (certificate file, key file); authority: the CA's own certificate."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.authority, self.key = folder / "ca.pem", folder / "ca.key"
        self._make(self.authority, self.key, "/CN=comfy test authority", "-x509")

    def of(self, name, kind="server"):
        made, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not made.exists():
            request, more = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
            self._make(request, key, f"/O=comfy/CN={name}")
            more.write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage={kind}Auth\n")
            self._run("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self.key, "-days", "30",
                      "-set_serial", str(0x1000 + sum(name.encode())), "-extfile", more, "-out", made)
        return made, key

    def locked(self, name="locked", password="secret"):
        """Like of(), the key behind a password."""
        certificate, key = self.of(name)
        self._run("ec", "-in", key, "-aes256", "-passout", f"pass:{password}", "-out", key)
        return certificate, key

    def revoke(self, name):
        """A certificate of that name, and the list crl.pem on which it is."""
        certificate, key = self.of(name, "client")
        conf, index = self.folder / "ca.conf", self.folder / "index"
        index.touch()
        conf.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ndefault_md=sha256\ndefault_crl_days=30\n"
                        f"private_key={self.key}\ncertificate={self.authority}\n")
        self._run("ca", "-config", conf, "-revoke", certificate)
        self._run("ca", "-config", conf, "-gencrl", "-out", self.folder / "crl.pem")
        return certificate, key

    def _make(self, out, key, subject, *more):
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                  "-subj", subject, "-out", out, *more, *(("-days", "30") if more else ()))

    @staticmethod
    def _run(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL)
