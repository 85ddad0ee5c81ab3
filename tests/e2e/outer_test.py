#!/usr/bin/python3
"""Endpoints behind a real HAProxy that ends TLS: wss://, host names and CAs.

The outer transport is only a carrier: who ends its TLS sees nothing, and a
wrong certificate is refused before anything is said."""

import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificate import make_site  # noqa: E402
from ports import free_port, wait_port  # noqa: E402
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402


def haproxy(programs, server, mode, certificate):
    """HAProxy in |mode| before |server|; its port."""
    port = free_port()
    config = programs.dir / "haproxy.cfg"
    config.write_text(
        f"defaults\n  mode {mode}\n  timeout connect 10s\n  timeout client 60s\n"
        "  timeout server 60s\n  timeout tunnel 60s\nfrontend f\n"
        f"  bind 127.0.0.1:{port} ssl crt {certificate}\n  default_backend b\n"
        f"backend b\n  server s 127.0.0.1:{server.port}\n")
    child = programs.start(shutil.which("haproxy", path="/usr/sbin:/usr/bin"),
                           "-db", "-f", config)
    child.expected = (0, 143, -15)
    wait_port(port, child)
    return port


def through_haproxy(build, mode, names_ca, name="localhost"):
    """The answer of the demo, and its code, over wss:// by way of HAProxy."""
    with Programs(build) as programs:
        server = programs.server()
        certificate = make_site(programs.dir, name)
        port = haproxy(programs, server, mode, certificate)
        service = f"    ca-file: {certificate}\n" if names_ca else ""
        policy = programs.policy([f"wss://localhost:{port}/__ra__"],
                                 server.sim_dir, service=service)
        proxy = programs.proxy(policy)
        r = curl("-x", proxy.url, "-H", "Accept: application/json", "-w",
                 "\n%{http_code}", f"http://{HOST}/echo", "-d", "hello")
        body, code = r.stdout.decode().rsplit("\n", 1)
        if code == "200":
            n = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{size_download}",
                     f"http://{HOST}/bytes/20000000").stdout
            check(n == b"20000000", f"bulk: {n}")
        return code, body


def a_session_passes_haproxy_that_ends_tls(build):
    for mode in ("tcp", "http"):
        code, body = through_haproxy(build, mode, True)
        check(code == "200" and "hello" in body, f"{mode}: {code} {body}")


def an_unknown_ca_is_refused(build):
    code, body = through_haproxy(build, "tcp", False)
    check(code == "502" and json.loads(body)["status"] == "TLS", f"{code} {body}")


def another_host_name_is_refused(build):
    code, body = through_haproxy(build, "tcp", True, "other.test")
    check(code == "502" and json.loads(body)["status"] == "TLS", f"{code} {body}")


if __name__ == "__main__":
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None:
        print("skipped: no haproxy")
        sys.exit(77)
    sys.exit(run_tests([
        a_session_passes_haproxy_that_ends_tls,
        an_unknown_ca_is_refused,
        another_host_name_is_refused,
    ]))
