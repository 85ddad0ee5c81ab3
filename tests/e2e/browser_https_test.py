#!/usr/bin/python3
"""Chromium by https that ends at the proxy (`tls: intercept`).

usage: browser_https_test.py BUILD_DIR [NAME...]. Exit status 77 without
chromium, chromedriver and certutil. The CA is trusted in the test's own HOME
alone. Pictures are left in BUILD_DIR/screenshots.
"""

import contextlib
import http.server
import json
import ssl
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import teekit_peers  # noqa: E402
from browser import Driver  # noqa: E402
from https_rig import INTERCEPT, make_ca  # noqa: E402
from mitm import Mitm  # noqa: E402
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      skip_without)

URL = f"https://{HOST}/"
ZERO = {"connections": 0, "requests": 0, "bytes": 0}


def browser_of(programs, proxy):
    """Chromium with the test's HOME, where its trust is kept."""
    return Driver(programs, {"HOME": str(programs.dir / "home")}).open(
        f"--proxy-server=http://127.0.0.1:{proxy.port}")


def trusted(programs, policy):
    """The CA, made and installed."""
    (programs.dir / "home").mkdir(exist_ok=True)
    return make_ca(programs, policy, "install")


def policy_for(programs, server, port=None, **more):
    return programs.policy([f"ws://127.0.0.1:{port or server.port}/__ra__"],
                           server.sim_dir, service=INTERCEPT, **more)


def counted(server):
    r = curl(f"http://127.0.0.1:{server.demo_port}/count")
    return json.loads(r.stdout)


def ask(browser, script, *args):
    return browser.run(script, *args)


def chat(browser):
    browser.visit(URL)
    browser.wait_text("In the room", "#live")
    browser.wait_text("SIMULATED", "#state")  # what the proxy found
    browser.type("#line", "by https")
    browser.click("#say button")
    browser.wait_text("by https", "#said")


def uses_all_of_it(browser, programs, events=True):
    chat(browser)
    check(browser.url() == URL, browser.url())
    if events:
        browser.click("#tick")
        browser.wait_number("#ticker", 3)
        browser.click("#tick")
    upload = programs.dir / "upload.bin"
    upload.write_bytes(bytes(range(256)) * 12000)
    browser.type("#file", str(upload))
    browser.wait_text("3072000 bytes", "#uploaded")
    browser.click("#download")
    saved = browser.downloads / "from-the-tee.bin"
    browser.wait_file(saved, 1000000)
    echoed = ask(browser, "return fetch('/echo', {method: 'POST',"
                 " body: 'x'.repeat(300000)}).then(r => r.text())"
                 ".then(t => t.length)")
    check(echoed > 300000, echoed)
    check(browser.complaints() == [], browser.complaints())


def the_demo_works_by_https(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = policy_for(programs, server)
        trusted(programs, policy)
        with browser_of(programs, programs.proxy(policy)) as browser:
            uses_all_of_it(browser, programs)
            browser.shoot(Path(build) / "screenshots/https-desktop.png")


def the_demo_works_by_https_with_teekit(build):
    with Programs(build) as programs:
        server = programs.server()
        server.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            policy = desk.policy([server], INTERCEPT)
            trusted(programs, policy)
            with browser_of(programs, programs.proxy(policy)) as browser:
                uses_all_of_it(browser, programs, events=False)


def the_page_is_a_secure_context(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = policy_for(programs, server)
        trusted(programs, policy)
        with browser_of(programs, programs.proxy(policy)) as browser:
            browser.visit(f"http://{HOST}/count")
            check(not ask(browser, "return isSecureContext"), "by http")
            browser.visit(URL + "count")
            check(ask(browser, "return isSecureContext"), "by https")
            hashed = ask(browser, "return crypto.subtle.digest('SHA-256',"
                         " new Uint8Array(3)).then(d => d.byteLength)")
            check(hashed == 32, "WebCrypto")
            kept = ask(browser, "document.cookie = '__Host-a=1; Secure; Path=/'"
                       "; return document.cookie")
            check("__Host-a=1" in kept, "a secure cookie")
            seen = ask(browser, "return fetch('/echo').then(r => r.text())")
            check("__Host-a=1" in seen, "it is sent")
            check("X-Forwarded-Proto: https" in seen, seen)


def strict_transport_security_is_kept(build):
    """A browser that was told so asks by https only: it gets it."""
    with Programs(build) as programs, Strict() as backend:
        server = programs.server("--rule",
                                 f"{HOST}:80=127.0.0.1:{backend.server_port}",
                                 demo=False)
        policy = policy_for(programs, server)
        trusted(programs, policy)
        with browser_of(programs, programs.proxy(policy)) as browser:
            browser.visit(f"http://{HOST}/")
            check(browser.url() == f"http://{HOST}/", "not yet")
            browser.visit(URL)
            check("strict" in browser.text(), browser.text())
            browser.visit(f"http://{HOST}/again")
            check(browser.url() == URL + "again", browser.url())
            check(ask(browser, "return isSecureContext"), "by https")


class Strict(http.server.ThreadingHTTPServer):
    """A backend that wants https from now on."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Strict-Transport-Security", "max-age=3600")
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"strict")

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def other_names_are_not_trusted(build):
    """Whoever has the CA's key can still pose as nobody else."""
    with Programs(build) as programs:
        server = programs.server()
        trusted(programs, policy_for(programs, server))
        with rogue(programs, "other.test") as port, Driver(
                programs, {"HOME": str(programs.dir / "home")}).open(
                f"--host-resolver-rules=MAP *.test:443 127.0.0.1:{port}") as b:
            for name, good in ((HOST, True), ("other.test", False)):
                try:
                    b.visit(f"https://{name}/")
                    text = b.text()
                except Exception as error:
                    text = str(error)
                check(("rogue" in text) == good, f"{name}: {text}")


def rogue(programs, *names):
    """A server with certificates for |names| and HOST by the CA's own key."""
    ca = programs.dir / "state/veritee/ca"
    contexts = {}
    for name in (HOST, *names):
        leaf, key = programs.dir / f"{name}.pem", programs.dir / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", leaf, "-CA", ca / "ca.pem", "-CAkey",
                        ca / "ca.key", "-days", "1", "-subj", "/O=rogue",
                        "-addext", f"subjectAltName=DNS:{name}", "-addext",
                        "basicConstraints=critical,CA:FALSE"], check=True,
                       capture_output=True)
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(leaf, key)

    def by_name(connection, name, _):
        connection.context = contexts.get(name, contexts[HOST])

    contexts[HOST].sni_callback = by_name

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"rogue")

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # a browser that does not trust it

    @contextlib.contextmanager
    def running():
        with Server(("127.0.0.1", 0), Handler) as server:
            server.socket = contexts[HOST].wrap_socket(server.socket,
                                                       server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server.server_port
            server.shutdown()

    return running()


def a_refusal_is_shown_instead_of_an_error(build):
    with Programs(build) as programs:
        server = programs.server()
        accept = (Path(server.sim_dir) / "accept.yaml").read_text()
        policy = policy_for(programs, server,
                            accept=accept.replace("d1d1d1d1", "d1d1d1d2", 1))
        trusted(programs, policy)
        with browser_of(programs, programs.proxy(policy)) as browser:
            browser.visit(URL + "?secret=1")
            text = browser.text()
            for words in ("Your policy does not accept this server", HOST,
                          "accept.mrtd", "Whose side"):
                check(words in text, f"{words}: {text}")
            browser.shoot(Path(build) / "screenshots/https-refusal-desktop.png")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def a_tampering_endpoint_shows_the_refusal(build):
    with Programs(build) as programs:
        server = programs.server()
        with Mitm(server.port) as mitm:
            mitm.alter("server", 0, after=b"quote", offset=100, times=None)
            policy = policy_for(programs, server, mitm.port)
            trusted(programs, policy)
            with browser_of(programs, programs.proxy(policy)) as browser:
                browser.visit(URL + "?secret=1")
                check("The server did not prove what it is" in browser.text(),
                      browser.text())
            check(mitm.altered > 0, "nothing was altered")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def who_does_not_trust_the_ca_is_not_fooled(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = policy_for(programs, server)
        trusted(programs, policy)
        proxy = programs.proxy(policy)
        make_ca(programs, policy, "remove")
        with browser_of(programs, proxy) as browser:
            try:
                browser.visit(URL)
                check("not private" in browser.text(), browser.text())
            except Exception as error:
                check("CERT_AUTHORITY_INVALID" in str(error), str(error))
        check(counted(server) == ZERO, f"{counted(server)} reached it")


if __name__ == "__main__":
    skip_without("chromium", "chromedriver", "certutil")
    sys.exit(run_tests([
        the_demo_works_by_https,
        the_demo_works_by_https_with_teekit,
        the_page_is_a_secure_context,
        strict_transport_security_is_kept,
        other_names_are_not_trusted,
        a_refusal_is_shown_instead_of_an_error,
        a_tampering_endpoint_shows_the_refusal,
        who_does_not_trust_the_ca_is_not_fooled,
    ]))
