"""Certificates made on the spot with the openssl command, and client contexts."""
import functools
import pathlib
import ssl
import subprocess
import tempfile


@functools.lru_cache(maxsize=None)
def _folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="cmux-tls-"))


@functools.lru_cache(maxsize=None)
def make_certificate(name, serial=1, kind="ec"):
    """(certificate file, key file), self-signed for this DNS name. Another serial: another certificate."""
    stem = _folder() / f"{name.replace('*', 'any')}-{serial}-{kind}"
    certificate, key = f"{stem}.pem", f"{stem}.key"
    algorithm = (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec"
                 else ["-newkey", "rsa:2048"])
    subprocess.run(["openssl", "req", "-x509", *algorithm, "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "30", "-subj", f"/CN={name}", "-set_serial", str(serial),
                    "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return certificate, key


def settings(name, serial=1, kind="ec", **more):
    """The `tls` group of a server."""
    certificate, key = make_certificate(name, serial, kind)
    return {"certificate": certificate, "key": key, **more}


def context(minimum=None, maximum=None, alpn=None, ciphers=None):
    """A client that takes any certificate; tests look at which one it was."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify must be seen
    if minimum:
        made.minimum_version = minimum
    if maximum:
        made.maximum_version = maximum
    if alpn:
        made.set_alpn_protocols(alpn)
    if ciphers:
        made.set_ciphers(ciphers)
    return made


def serial_of(client):
    """The serial number of the certificate a TLS client was shown."""
    der = client.sock.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-serial"], input=der,
                          capture_output=True, check=True).stdout
    return int(text.decode().strip().partition("=")[2], 16)


def subject_of(client):
    der = client.sock.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject", "-nameopt", "RFC2253"],
                          input=der, capture_output=True, check=True).stdout
    return text.decode().strip().rpartition("CN=")[2]
