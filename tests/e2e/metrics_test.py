#!/usr/bin/python3
"""The figures of veriteed are true, whole and kept to those who may see them."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)
import prometheus  # noqa: E402

VERITEE = (("protocol", "veritee"),)


def watched(programs, *args, where="127.0.0.1:0"):
    server = programs.server("--metrics", where, *args)
    server.watch = server.wait_line(r"^metrics: (.*)$").group(1)
    return server


def get(server, path, *args):
    """Status, type and body."""
    r = curl("-o", "-", "-w", "\n%{http_code}\n%{content_type}", *args,
             f"http://{server.watch}{path}")
    body, code, kind = r.stdout.decode().rsplit("\n", 2)
    return int(code), kind, body


def figures(server):
    code, kind, text = get(server, "/metrics")
    check((code, kind) == (200, "text/plain; version=0.0.4; charset=utf-8"),
          f"{code} {kind}")
    return prometheus.read(text)


def until(server, key, wanted):
    """Figures whose |key| is |wanted|: what ends is counted a moment later."""
    def found():
        now = figures(server)
        return now if now[key] == wanted else None

    return wait_for(f"{key} is {wanted}", found)


def total(server, name):
    """The sum of a family."""
    return sum(v for k, v in figures(server).items() if k[0] == name)


def what_happens_is_counted_by_all_workers_together(build):
    with Programs(build) as programs:
        server = watched(programs, "--workers", "3")
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        first = figures(server)
        check(first[("veriteed_build_info", ("version", "0.1.0"),
                     ("simulated", "yes"))] == 1, "build info")
        check(first[("veriteed_workers",)] == 3, "workers")
        check(first[("veriteed_key_epoch",)] == 1, "epoch")
        check(first[("veriteed_sessions", *VERITEE)] == 0, "sessions")
        # Each proxy with its own session, so that several workers have one.
        proxies = [programs.proxy(policy, "--workers", "1") for _ in range(4)]
        for proxy in proxies:
            for _ in range(3):
                curl("-x", proxy.url, "-o", "/dev/null",
                     f"http://{HOST}/bytes/100000")
        now = until(server, ("veriteed_streams", *VERITEE), 0)
        check(now[("veriteed_sessions", *VERITEE)] == 4, f"{now}")
        check(now[("veriteed_connections",)] == 4, f"{now}")
        check(now[("veriteed_connections_pending",)] == 0, f"{now}")
        check(now[("veriteed_peers",)] == 1, f"{now}")
        check(now[("veriteed_streams_total", *VERITEE)] == 12, f"{now}")
        check(now[("veriteed_quotes_total",)] >= 5, f"{now}")
        sent = now[("veriteed_sent_bytes_total", *VERITEE)]
        check(1_200_000 < sent < 1_250_000, f"{sent} bytes sent")
        for proxy in proxies:
            proxy.kill()
        now = until(server, ("veriteed_sessions", *VERITEE), 0)
        check(now[("veriteed_sessions_total", *VERITEE)] == 4, f"{now}")
        until(server, ("veriteed_connections",), 0)


def the_manual_knows_each_family(build):
    manual = Path(__file__).resolve().parents[2] / "docs/man/veriteed.8"
    with Programs(build) as programs:
        for key in figures(watched(programs)):
            check(key[0] in manual.read_text(), f"not in the manual: {key[0]}")


def counters_never_go_back(build):
    with Programs(build) as programs:
        server = watched(programs)
        proxy = programs.proxy(programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir))
        load = subprocess.Popen(
            ["curl", "-qsS", "-Z", "-x", proxy.url, "-o", "/dev/null",
             f"http://{HOST}/bytes/20000?[1-400]"], stderr=subprocess.DEVNULL)
        before = figures(server)
        while load.poll() is None:
            now = figures(server)
            for key, value in before.items():
                check(not key[0].endswith("_total") or now[key] >= value,
                      f"{key}: {value}, then {now[key]}")
                check(now[key] >= 0, f"{key}: {now[key]}")
            before = now
        check(load.returncode == 0, "the load")


def what_is_refused_is_counted_with_its_reason(build):
    with Programs(build) as programs:
        server = watched(programs, "--limit", "peer-pending=2", "--rule",
                         "dead.test:80=127.0.0.1:1")
        held = [socket.create_connection(("127.0.0.1", server.port))
                for _ in range(5)]
        refused = ("veriteed_connections_refused_total",
                   ("limit", "peer-pending"))
        until(server, refused, 3)
        now = until(server, ("veriteed_connections_pending",), 2)
        for each in held:
            each.close()
        until(server, ("veriteed_connections",), 0)
        held = socket.create_connection(("127.0.0.1", server.port))
        held.sendall(b"GET /__ra__ HTTP/1.1\r\nHost: x\r\n\r\n")
        check(held.recv(100).startswith(b"HTTP/1.1 4"), "no upgrade")
        held.close()
        wait_for("it is counted",
                 lambda: total(server, "veriteed_requests_refused_total") == 1)
        # A name that no rule has, and a backend that is not there.
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        text = policy.read_text()
        check(HOST in text, text)
        policy.write_text(text.replace(HOST, "dead.test\", \"none.test", 1))
        proxy = programs.proxy(policy)
        for name in ("dead.test", "none.test"):
            curl("-x", proxy.url, "-o", "/dev/null", f"http://{name}/")
        until(server, ("veriteed_streams_refused_total",
                       ("reason", "NOT_ALLOWED")), 1)
        wait_for("it is counted",
                 lambda: total(server, "veriteed_streams_cut_total") == 1)


def health_ends_with_the_drain(build):
    with Programs(build) as programs:
        server = watched(programs, "--drain-seconds", "600")
        proxy = programs.proxy(programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir))
        check(get(server, "/healthz") == (200, "text/plain; charset=utf-8",
                                          "ok\n"), "well")
        download = subprocess.Popen(
            ["curl", "-qsSN", "-x", proxy.url,
             f"http://{HOST}/sse?n=40&ms=250"], stdout=subprocess.PIPE)
        check(download.stdout.readline(), "the download does not begin")
        server.process.send_signal(signal.SIGTERM)
        wait_for("it is not well any more",
                 lambda: get(server, "/healthz")[0] == 503)
        check(figures(server)[("veriteed_draining",)] == 1, "draining")
        download.communicate(timeout=PATIENCE)
        check(download.returncode == 0, "the download")
        check(server.process.wait(PATIENCE) == 0, server.tail())


def other_requests_get_an_answer_that_fits(build):
    with Programs(build) as programs:
        server = watched(programs)
        check(get(server, "/")[0] == 404, "/")
        check(get(server, "/metrics", "-d", "x")[0] == 405, "POST")
        head = get(server, "/metrics", "-I")
        check(head[0] == 200 and "veriteed_" not in head[2], f"{head}")
        raw = socket.create_connection(server.watch.split(":"))
        raw.sendall(b"nonsense\r\n\r\n")
        got = raw.recv(100)
        check(re.match(rb"HTTP/1.1 40[05] ", got), f"nonsense: {got}")
        raw.close()
        # What comes on the clients' address says nothing of it.
        r = curl("-o", "/dev/null", "-w", "%{http_code}",
                 f"http://127.0.0.1:{server.port}/metrics")
        check(r.stdout == b"404", f"{r.stdout}")


def pages_of_a_browser_read_no_figures(build):
    with Programs(build) as programs:
        server = watched(programs)
        port = server.watch.split(":")[1]
        for name in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}",
                     "127.9.9.9", "[::1]", f"[::1]:{port}"):
            check(get(server, "/metrics", "-H", f"Host: {name}")[0] == 200,
                  name)
        # A name that was led here (DNS rebinding), and what looks like ours.
        for name in ("evil.test", f"evil.test:{port}", "127.0.0.1.evil.test",
                     "128.0.0.1", "[::2]", "localhost.evil.test", "/run/x",
                     "x" * 300, "127.0.0.1:1:1", "[::1]x"):
            for path in "/metrics", "/healthz", "/":
                code, _, body = get(server, path, "-H", f"Host: {name}")
                check(code == 421 and "veriteed_" not in body,
                      f"{name}: {code}")
        for field in ("Origin: http://evil.test", "Origin: null",
                      "Origin: http://localhost:3000",
                      "Sec-Fetch-Site: cross-site",
                      "Sec-Fetch-Site: same-site"):
            code, _, body = get(server, "/metrics", "-H", field)
            check(code == 403 and "veriteed_" not in body, f"{field}: {code}")
        for fields in (("Sec-Fetch-Site: none",),
                       ("Sec-Fetch-Site: cross-site",
                        "Sec-Fetch-Mode: navigate")):
            args = [arg for field in fields for arg in ("-H", field)]
            check(get(server, "/metrics", *args)[0] == 200, f"{fields}")
        raw = socket.create_connection(("127.0.0.1", int(port)))
        raw.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        check(raw.recv(100).startswith(b"HTTP/1.1 200"), "without Host")
        raw.close()


def few_can_ask_at_once_and_none_for_long(build):
    with Programs(build) as programs:
        server = watched(programs)
        held = [socket.create_connection(server.watch.split(":"))
                for _ in range(40)]

        def answers():
            try:
                return get(server, "/healthz")[0] == 200
            except ValueError:
                return False  # reset

        # Who says nothing is cut; then there is room again.
        wait_for("there is room again", answers)
        for each in held:
            each.close()


def a_path_may_be_the_address(build):
    with Programs(build) as programs:
        path = programs.dir / "watch"
        server = watched(programs, where=path)
        check(server.watch == str(path), server.watch)
        r = curl("--unix-socket", path, "http://x/metrics")
        prometheus.read(r.stdout.decode())
        check(os.stat(path).st_mode & 0o007 == 0, "anybody may ask")


def addresses_of_others_take_a_word_more(build):
    with Programs(build) as programs:
        for where, fine in (("0.0.0.0:0", False), ("*:0", False),
                            ("192.0.2.1:0", False), ("[::]:0", False),
                            ("unsafe:0.0.0.0:0", True), ("[::1]:0", True)):
            if not fine:
                child = programs.start("veriteed", "--listen", "127.0.0.1:0",
                                       "--simulate", "--demo", "--metrics",
                                       where)
                child.expected = (2,)
                check(child.process.wait(PATIENCE) == 2, where)
                check("--metrics" in child.tail(), child.tail())
            elif where != "[::1]:0" or socket.has_dualstack_ipv6():
                server = watched(programs, where=where)
                port = re.search(r":(\d+)$", server.watch).group(1)
                server.watch = f"127.0.0.1:{port}" if "0.0.0.0" in where \
                    else f"[::1]:{port}"
                figures(server)
                named = get(server, "/metrics", "-H", "Host: veriteed.test")
                check(named[0] == (200 if "unsafe" in where else 421),
                      f"{named}")


if __name__ == "__main__":
    sys.exit(run_tests([
        what_happens_is_counted_by_all_workers_together,
        the_manual_knows_each_family,
        counters_never_go_back,
        what_is_refused_is_counted_with_its_reason,
        health_ends_with_the_drain,
        other_requests_get_an_answer_that_fits,
        pages_of_a_browser_read_no_figures,
        few_can_ask_at_once_and_none_for_long,
        a_path_may_be_the_address,
        addresses_of_others_take_a_word_more,
    ]))
