#!/usr/bin/python3
"""https that ends at the proxy: `tls: intercept`, and the CA that it needs.

usage: https_test.py BUILD_DIR [NAME...]. Chromium's part of it is in
browser_https_test.py.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import teekit_peers  # noqa: E402
from https_rig import INTERCEPT, intercepting, make_ca, state  # noqa: E402
from mitm import Mitm  # noqa: E402
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402
from wire import connect, read_all, read_head  # noqa: E402
from ws_client import WebSocket  # noqa: E402

URL = f"https://{HOST}"
ZERO = {"connections": 0, "requests": 0, "bytes": 0}


def fetch(proxy, ca, *args):
    """curl's answer through the proxy, trusting only the CA of the test."""
    return curl("-x", proxy.url, "--cacert", ca, *args)


def counted(server):
    r = curl(f"http://127.0.0.1:{server.demo_port}/count")
    return json.loads(r.stdout)


def tls_to(proxy, ca, host=HOST, port=443, protocols=("http/1.1",), sni=None,
           context=None):
    """A TLS connection through CONNECT, as a browser makes it."""
    s = connect(proxy.port)
    s.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
              .encode())
    head = read_head(s)
    check(head.startswith(b"HTTP/1.1 200 "), head)
    context = context or ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(list(protocols))
    return context.wrap_socket(s, server_hostname=sni or host)


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *map(str, args)], input=stdin,
                          capture_output=True, timeout=PATIENCE)


# --- the CA ------------------------------------------------------------------


def sign(folder, ca, key, name, san):
    """A certificate for |san| by the CA's own key, as its thief would."""
    cert, leaf = folder / f"{name}.pem", folder / f"{name}.key"
    made = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-keyout", leaf,
                   "-out", cert, "-CA", ca, "-CAkey", key, "-days", "1",
                   "-subj", "/O=thief", "-addext", f"subjectAltName={san}",
                   "-addext", "basicConstraints=critical,CA:FALSE")
    check(made.returncode == 0, made.stderr)
    return cert


def verified(ca, cert, purpose="sslserver"):
    return openssl("verify", "-purpose", purpose, "-CAfile", ca, cert)


def the_ca_vouches_for_its_names_alone(build):
    with Programs(build) as programs:
        server, _, ca = intercepting(programs, start=False)
        key = ca.parent / "ca.key"
        check(key.stat().st_mode & 0o777 == 0o600, "others may read the key")
        check(ca.parent.stat().st_mode & 0o077 == 0, "others may look in")
        for san, good in ((f"DNS:{HOST}", True), (f"DNS:below.{HOST}", True),
                          ("DNS:other.test", False), ("DNS:test", False),
                          (f"DNS:not{HOST}", False), ("DNS:*.test", False),
                          ("IP:127.0.0.1", False), ("IP:::1", False),
                          (f"DNS:{HOST},DNS:other.test", False),
                          (f"DNS:{HOST},IP:10.0.0.1", False)):
            cert = sign(programs.dir, ca, key, san.replace("*", "star")
                        .replace(":", "-").replace("/", "-"), san)
            r = verified(ca, cert)
            check((r.returncode == 0) == good, f"{san}: {r.stdout}{r.stderr}")
        cert = sign(programs.dir, ca, key, "purpose", f"DNS:{HOST}")
        check(verified(ca, cert, "smimesign").returncode != 0, "mail too")


def what_is_served_is_a_leaf_of_it(build):
    with Programs(build) as programs:
        _, proxy, ca = intercepting(programs)
        with tls_to(proxy, ca) as s:
            check(s.selected_alpn_protocol() == "http/1.1", "ALPN")
            first = s.getpeercert(binary_form=True)
        leaf = programs.dir / "leaf.pem"
        leaf.write_text(ssl.DER_cert_to_PEM_cert(first))
        r = verified(ca, leaf)
        check(r.returncode == 0, r)
        text = openssl("x509", "-in", leaf, "-noout", "-text").stdout.decode()
        for words in (f"DNS:{HOST}\n", "CA:FALSE", "prime256v1",
                      "TLS Web Server Authentication", "Digital Signature"):
            check(words in text, f"{words}: {text}")
        ends = openssl("x509", "-in", leaf, "-noout", "-checkend", 8 * 86400)
        check(ends.returncode == 1, "it lives too long")
        with tls_to(proxy, ca, protocols=("h2",)) as s:
            check(s.selected_alpn_protocol() is None, "no h2 here")
        # Who does not trust the CA gets nothing, and the log says so.
        r = curl("-x", proxy.url, URL + "/")
        check(r.returncode == 60, r)
        proxy.wait_log("veritee ca")


def a_ca_of_other_services_is_no_use(build):
    with Programs(build) as programs:
        server, _, _ = intercepting(programs, start=False)
        other = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                server.sim_dir, service=INTERCEPT,
                                host="new.test")
        shown = make_ca(programs, other, "show", code=1)
        check("new.test" in shown, shown)
        proxy = programs.proxy(other)
        check("may not vouch for new.test" in proxy.tail(), proxy.tail())
        r = curl("-x", proxy.url, "-v", "https://new.test/")
        check(r.returncode == 56 and b"HTTP/1.1 500" in r.stderr, r.stderr)
        make_ca(programs, other)
        proxy.process.send_signal(signal.SIGHUP)
        r = curl("-x", proxy.url, "--cacert", state(programs) / "ca.pem",
                 "--retry", "180", "--retry-all-errors", "--retry-delay", "1",
                 "https://new.test/count")
        check(r.returncode == 0, r.stderr)


def without_a_ca_it_says_what_to_do(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, service=INTERCEPT)
        proxy = programs.proxy(policy)
        check("veritee ca install" in proxy.tail(), proxy.tail())
        r = curl("-x", proxy.url, "-v", URL + "/")
        check(b"HTTP/1.1 500" in r.stderr, r.stderr)
        check(curl("-x", proxy.url, f"http://{HOST}/").returncode == 0,
              "http goes on")
        check("no CA" in make_ca(programs, policy, "show", code=1), "")


def every_surface_tells_of_the_ca(build):
    with Programs(build) as programs:
        server, proxy, ca = intercepting(programs)
        r = curl(f"{proxy.url}/ca.pem", "-D", "-")
        check(b"application/x-x509-ca-cert" in r.stdout, r)
        check(r.stdout.endswith(ca.read_bytes()), r)

        def service():
            r = curl(f"{proxy.url}/status.json")
            return json.loads(r.stdout)["services"][0]

        check(service()["tls"] == "intercept", service())
        check(service()["tls_problem"] is None, service())
        other = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                server.sim_dir, service=INTERCEPT,
                                host="new.test")
        env = {**os.environ, "HOME": str(programs.dir),
               "XDG_STATE_HOME": str(programs.dir / "state")}
        for argv in (["check", other], ["doctor", "-p", other]):
            r = subprocess.run([programs.bin / "veritee", *argv], text=True,
                               capture_output=True, timeout=PATIENCE, env=env)
            check("may not vouch for new.test" in r.stdout, r)
        Path(proxy.argv[3]).write_text(other.read_text())
        follow(proxy)
        check("new.test" in service()["tls_problem"]["found"], service())
        for page in "", "status.txt":
            r = curl(f"{proxy.url}/{page}")
            check(b"may not vouch for new.test" in r.stdout, r)
        Path(proxy.argv[3]).write_text(programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir)
            .read_text())
        follow(proxy)
        r = curl(f"{proxy.url}/ca.pem", "-w", "%{http_code}", "-o", "/dev/null")
        check(r.stdout == b"404", r)
        check(service()["tls"] == "passthrough", service())


def a_policy_says_what_can_be(build):
    with Programs(build) as programs:
        server = programs.server()
        for host, words in (("127.0.0.1", "by name"), ("[::1]", "by name"),
                            (f"{HOST}:443", "without a port")):
            policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                     server.sim_dir, service=INTERCEPT,
                                     host=host)
            r = subprocess.run([programs.bin / "veritee", "check", policy],
                               capture_output=True, timeout=PATIENCE, text=True)
            check(r.returncode == 1 and words in r.stderr, r)
        r = subprocess.run([programs.bin / "veritee", "ca", "make", "-p",
                            programs.policy(["ws://x/"], server.sim_dir)],
                           capture_output=True, timeout=PATIENCE, text=True)
        check(r.returncode == 2 and "tls: intercept" in r.stderr, r)


def a_key_that_others_may_read_is_refused(build):
    with Programs(build) as programs:
        server, _, ca = intercepting(programs, start=False)
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, service=INTERCEPT)
        (ca.parent / "ca.key").chmod(0o640)
        r = subprocess.run([programs.bin / "veritee", "run", "--policy", policy],
                           capture_output=True, timeout=PATIENCE, text=True,
                           env={**os.environ,
                                "XDG_STATE_HOME": str(programs.dir / "state")})
        check(r.returncode != 0 and "640" in r.stderr, r)


# --- requests ----------------------------------------------------------------


def exercise(programs, proxy, ca):
    """Everything that people do."""
    page = fetch(proxy, ca, "-i", URL + "/")
    check(page.stdout.startswith(b"HTTP/1.1 200 "), page)
    many = fetch(proxy, ca, "-w", "%{num_connects} ", "-o", "/dev/null",
                 "-o", "/dev/null", "-o", "/dev/null",
                 *[f"{URL}/bytes/{n}" for n in (1, 100000, 3)])
    check(many.stdout == b"1 0 0 ", f"kept alive: {many}")
    data = os.urandom(3000000)
    upload = programs.dir / "upload"
    upload.write_bytes(data)
    for more in ([], ["-H", "Transfer-Encoding: chunked"]):
        back = fetch(proxy, ca, "--data-binary", f"@{upload}", *more,
                     "-H", "Expect:", URL + "/echo")
        check(back.stdout.endswith(data), f"{len(back.stdout)} {back.stderr}")
    context = ssl.create_default_context(cafile=str(ca))
    with WebSocket(proxy.port, HOST, "/ws", "https", context=context) as ws:
        for message in ("one", "x" * 10000, b"\0" * 7000):
            ws.send(message)
            back = ws.receive()
            check(back == message, f"{len(back)} of {len(message)}")


def requests_inside_go_as_http(build):
    with Programs(build) as programs:
        server, proxy, ca = intercepting(programs)
        exercise(programs, proxy, ca)
        by_socks = curl("--socks5-hostname", f"127.0.0.1:{proxy.port}",
                        "--cacert", ca, URL + "/bytes/5")
        check(len(by_socks.stdout) == 5, by_socks)
        check(counted(server)["requests"] > 5, "it came from the demo")


def teekit_serves_them_too(build):
    with Programs(build) as programs:
        server = programs.server()
        server.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            policy = desk.policy([server], INTERCEPT)
            ca = make_ca(programs, policy)
            exercise(programs, programs.proxy(policy), ca)


def the_far_end_sees_what_the_browser_does(build):
    with Programs(build) as programs:
        _, proxy, ca = intercepting(programs)
        r = fetch(proxy, ca, "-H", "X-Forwarded-Proto: http", "-H",
                  "Proxy-Authorization: secret", URL + "/echo?b")
        lines = r.stdout.decode().split("\r\n")
        check(f"Host: {HOST}" in lines, r)
        check([f for f in lines if f.startswith("X-Forwarded-")]
              == ["X-Forwarded-Proto: https"], r)
        check("secret" not in r.stdout.decode(), r)


def other_hosts_have_no_place_inside(build):
    with Programs(build) as programs:
        server, proxy, ca = intercepting(programs)
        for line, host, code in (
                ("GET / HTTP/1.1", "other.test", 421),
                ("GET / HTTP/1.1", f"{HOST}:80", 421),
                ("GET / HTTP/1.1", f"below.{HOST}", 421),
                ("GET / HTTP/1.0", None, 400),
                ("GET http://other.test/ HTTP/1.1", HOST, 400),
                (f"GET http://{HOST}/ HTTP/1.1", HOST, 400),
                ("GET https://other.test/ HTTP/1.1", HOST, 421),
                ("CONNECT other.test:443 HTTP/1.1", "other.test:443", 405),
                (f"GET https://{HOST}/count HTTP/1.1", HOST, 200),
                ("GET /count HTTP/1.1", f"{HOST}:443", 200),
                ("GET /count HTTP/1.1", HOST.upper(), 200)):
            with tls_to(proxy, ca) as s:
                field = f"Host: {host}\r\n" if host else ""
                s.sendall(f"{line}\r\n{field}Connection: close\r\n\r\n".encode())
                answer = read_all(s)
            check(answer.startswith(b"HTTP/1.1 %d " % code),
                  f"{line} {host}: {answer[:200]}")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def the_name_of_connect_counts_not_that_of_the_handshake(build):
    """Another SNI gets the same certificate, which says so to who looks, and
    leads nowhere else."""
    with Programs(build) as programs:
        server, proxy, ca = intercepting(programs)
        try:
            tls_to(proxy, ca, sni="other.test").close()
            check(False, "it showed a certificate for another host")
        except ssl.SSLCertVerificationError as error:
            check("mismatch" in str(error), f"{error}")
        blind = ssl.create_default_context()
        blind.check_hostname = False
        blind.verify_mode = ssl.CERT_NONE
        for host, code in (("other.test", 421), (HOST, 200)):
            with tls_to(proxy, ca, sni="other.test", context=blind) as s:
                leaf = s.getpeercert(binary_form=True)
                check(HOST.encode() in leaf and b"other.test" not in leaf,
                      "whose certificate?")
                s.sendall(f"GET /count HTTP/1.1\r\nHost: {host}\r\n"
                          "Connection: close\r\n\r\n".encode())
                answer = read_all(s)
            check(answer.startswith(b"HTTP/1.1 %d " % code), f"{answer[:200]}")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def what_no_service_asks_for_is_left_alone(build):
    with Programs(build) as programs:
        server, proxy, ca = intercepting(programs)
        with connect(proxy.port) as s:  # another port: bytes as they are
            s.sendall(f"CONNECT {HOST}:80 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            check(read_head(s).startswith(b"HTTP/1.1 200 "), "")
            s.sendall(f"GET /count HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
            check(b"requests" in read_all(s), "no relay")
        r = curl("-x", proxy.url, "-v", "https://elsewhere.test/")
        check(b"HTTP/1.1 403" in r.stderr, r.stderr)
        plain = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                server.sim_dir)
        r = curl("-x", programs.proxy(plain).url, "-v", "--cacert", ca, URL)
        check(r.returncode != 0, "passthrough is the default")


def bytes_ahead_of_the_answer_are_tls(build):
    """A client that does not wait for 200 before it says hello."""
    with Programs(build) as programs:
        _, proxy, ca = intercepting(programs)
        context = ssl.create_default_context(cafile=str(ca))
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(into, out, server_hostname=HOST)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        with connect(proxy.port) as s:
            s.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                      + out.read())
            check(read_head(s).startswith(b"HTTP/1.1 200 "), "")
            while True:
                into.write(s.recv(65536))
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    pass
            check(tls.version() == "TLSv1.3", tls.version())


def what_is_no_tls_ends_one_connection(build):
    with Programs(build) as programs:
        _, proxy, ca = intercepting(programs)
        ask = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for early, late in ((b"", b"GET / HTTP/1.1\r\n\r\n"), (b"x" * 15000, b""),
                            (b"", os.urandom(70000)), (b"\x16\x03\x01", b"")):
            with connect(proxy.port) as s:
                s.sendall(ask + early)
                check(read_head(s).startswith(b"HTTP/1.1 200 "), "")
                try:
                    s.sendall(late)
                    s.shutdown(1)
                except OSError:
                    pass  # it was quicker
                check(b"HTTP" not in read_all(s), "no answer in the clear")
        with connect(proxy.port) as waiting:  # who never says hello
            waiting.sendall(ask)
            read_head(waiting)
            check(fetch(proxy, ca, URL + "/").returncode == 0, "others go on")
            check(proxy.stop() == 0, "it holds nothing up")


# --- refusals ----------------------------------------------------------------


def a_refused_service_shows_why_inside(build):
    with Programs(build) as programs:
        server = programs.server()
        accept = (Path(server.sim_dir) / "accept.yaml").read_text()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, service=INTERCEPT,
                                 accept=accept.replace("d1d1d1d1", "d1d1d1d2", 1))
        ca = make_ca(programs, policy)
        proxy = programs.proxy(policy)
        r = fetch(proxy, ca, "-i", "-H", "Accept: text/html", URL + "/?secret")
        check(b"HTTP/1.1 502 " in r.stdout and b"accept.mrtd" in r.stdout, r)
        check(b"Proxy-Status:" in r.stdout, r.stdout[:400])
        r = fetch(proxy, ca, "--data-binary", "secret", URL + "/echo")
        check(b"does not accept this server" in r.stdout, r)
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def a_tampering_endpoint_gets_nothing(build):
    with Programs(build) as programs:
        server = programs.server()
        with Mitm(server.port) as mitm:
            mitm.alter("server", 0, after=b"quote", offset=100, times=None)
            policy = programs.policy([f"ws://127.0.0.1:{mitm.port}/__ra__"],
                                     server.sim_dir, service=INTERCEPT)
            ca = make_ca(programs, policy)
            proxy = programs.proxy(policy)
            r = fetch(proxy, ca, "-i", "--data-binary", "secret", URL + "/echo")
            check(b"HTTP/1.1 502 " in r.stdout, r)
            check(mitm.altered > 0, "nothing was altered")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def what_is_inside_is_no_other_services(build):
    """Port 80, where it would go on to, may be named by another service."""
    with Programs(build) as programs:
        server, _, ca = intercepting(programs, start=False)
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, service=INTERCEPT)
        text = policy.read_text()
        name = text.split("services:\n")[1].split(":")[0]
        mine = text.split("services:\n")[1].replace(name, "  other", 1)
        mine = mine.replace(INTERCEPT, "").replace(HOST, f"{HOST}:80", 1)
        policy.write_text(text + mine)
        proxy = programs.proxy(policy)
        with connect(proxy.port) as s:
            s.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = read_head(s)
        # A tunnel, which the server has no rule for: TLS does not end here.
        check(not head.startswith(b"HTTP/1.1 200 "), head)
        check(counted(server) == ZERO, f"{counted(server)} reached it")


def a_new_policy_ends_what_it_does_not_want(build):
    """With `default: direct` what is inside would go on in the clear."""
    with Programs(build) as programs:
        server, _, ca = intercepting(programs, start=False)
        endpoint = [f"ws://127.0.0.1:{server.port}/__ra__"]
        policy = programs.policy(endpoint, server.sim_dir, service=INTERCEPT)
        proxy = programs.proxy(policy)
        for text in (programs.policy(endpoint, server.sim_dir).read_text(),
                     programs.policy(endpoint, server.sim_dir, host="new.test",
                                     default="direct").read_text()):
            before = policy.read_text()
            with tls_to(proxy, ca) as s:
                ask = f"GET /count HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
                s.sendall(ask)
                check(read_head(s).startswith(b"HTTP/1.1 200 "), "")
                policy.write_text(text)
                follow(proxy)
                s.sendall(ask)
                check(b"HTTP/1.1 421 " in read_all(s), "it went on")
            policy.write_text(before)
            follow(proxy)


def follow(proxy):
    """Have it read its policy again, and wait until it has."""
    count = proxy.told("policy.reloaded")
    proxy.process.send_signal(signal.SIGHUP)
    proxy.wait_log("policy.reloaded", count + 1)


if __name__ == "__main__":
    sys.exit(run_tests([
        the_ca_vouches_for_its_names_alone,
        what_is_served_is_a_leaf_of_it,
        a_ca_of_other_services_is_no_use,
        without_a_ca_it_says_what_to_do,
        every_surface_tells_of_the_ca,
        a_policy_says_what_can_be,
        a_key_that_others_may_read_is_refused,
        requests_inside_go_as_http,
        teekit_serves_them_too,
        the_far_end_sees_what_the_browser_does,
        other_hosts_have_no_place_inside,
        the_name_of_connect_counts_not_that_of_the_handshake,
        what_no_service_asks_for_is_left_alone,
        bytes_ahead_of_the_answer_are_tls,
        what_is_no_tls_ends_one_connection,
        a_refused_service_shows_why_inside,
        a_tampering_endpoint_gets_nothing,
        what_is_inside_is_no_other_services,
        a_new_policy_ends_what_it_does_not_want,
    ]))
