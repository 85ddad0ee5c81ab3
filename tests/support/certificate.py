"""Self-signed certificates for servers of tests, by /usr/bin/openssl."""

import subprocess


def make_certificate(cert, key, names):
    """PEM files |cert| and |key|, for |names|: "DNS:localhost", "IP:127.0.0.1"."""
    subprocess.run(
        ["/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=a test's", "-addext", f"subjectAltName={names}", "-keyout", key,
         "-out", cert], check=True, capture_output=True)


def make_site(folder, name):
    """One PEM file in |folder| with a certificate for |name| and its key."""
    cert, key, both = (folder / f"{name}.{what}" for what in ("crt", "key", "pem"))
    make_certificate(cert, key, f"DNS:{name}")
    both.write_text(cert.read_text() + key.read_text())
    return both
