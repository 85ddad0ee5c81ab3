#!/usr/bin/python3
"""Real programs reach the demo through the proxy, each in its own way."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402

PAGE = f"http://{HOST}/"


def get(proxy, path, *args, **options):
    return curl("-x", proxy.url, f"http://{HOST}{path}", *args, **options)


def curl_reaches_the_demo_in_every_way(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        at = f"127.0.0.1:{proxy.port}"
        for args in (
            ["-x", f"http://{at}"],
            ["--proxytunnel", "-x", f"http://{at}"],
            ["-x", f"socks5h://{at}"],
            ["-x", f"socks4a://{at}"],
        ):
            r = curl(*args, f"http://{HOST}/echo", "-d", "hello world")
            check(r.returncode == 0, f"{args}: {r.stderr.decode()}")
            check(b"hello world" in r.stdout, f"{args}: {r.stdout[:200]}")
            r = curl(*args, "-o", "/dev/null", "-w", "%{size_download}",
                     f"http://{HOST}/bytes/1000000")
            check(r.stdout == b"1000000", f"{args}: {r.stdout} {r.stderr}")


def wget_and_urllib_reach_the_demo_by_http_proxy(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        env = {**os.environ, "http_proxy": proxy.url, "no_proxy": ""}
        r = subprocess.run(["wget", "-qO-", PAGE], env=env, capture_output=True)
        check(r.returncode == 0 and b"<html" in r.stdout.lower(), str(r))
        code = f"import urllib.request as u; print(u.urlopen('{PAGE}').status)"
        r = subprocess.run([sys.executable, "-c", code], env=env,
                           capture_output=True)
        check(r.stdout.strip() == b"200", str(r))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def git_clones_through_the_proxy(build):
    with Programs(build) as programs:
        work = programs.dir / "work"
        bare = programs.dir / "www" / "repo.git"
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid"]

        def run(*args, **kw):
            subprocess.run([*git, *args], check=True, capture_output=True, **kw)

        run("init", "-q", str(work))
        (work / "file").write_text("content\n")
        run("add", "file", cwd=work)
        run("commit", "-qm", "one", cwd=work)
        run("clone", "-q", "--bare", str(work), str(bare))
        run("update-server-info", cwd=bare)
        handler = lambda *a: Quiet(*a, directory=str(bare.parent))  # noqa: E731
        web = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        try:
            rule = f"{HOST}:80=127.0.0.1:{web.server_port}"
            _, proxy = programs.pair("--rule", rule)
            run("-c", f"http.proxy={proxy.url}", "clone", "-q",
                f"http://{HOST}/repo.git", str(programs.dir / "clone"))
            check((programs.dir / "clone/file").read_text() == "content\n", "file")
        finally:
            web.shutdown()
            web.server_close()


def connect(proxy, target):
    s = socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE)
    s.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = s.recv(1)
        check(chunk, f"CONNECT ended: {head}")
        head += chunk
    check(head.startswith(b"HTTP/1.1 200"), head.decode())
    return s


def a_websocket_through_connect_echoes(build):
    import websockets

    async def talk(sock):
        sock.setblocking(False)
        async with websockets.connect(f"ws://{HOST}/ws", sock=sock) as ws:
            for message in ("hello", b"\x00\xff" * 20000, "x" * 60000):
                await ws.send(message)
                check(await ws.recv() == message, "echo differs")

    with Programs(build) as programs:
        _, proxy = programs.pair()
        asyncio.run(talk(connect(proxy, f"{HOST}:80")))


def events_arrive_one_by_one(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        # Came they in one piece, none would be here for an hour.
        child = subprocess.Popen(
            ["curl", "-qsSN", "-x", proxy.url, f"http://{HOST}/sse?n=36000&ms=100"],
            stdout=subprocess.PIPE)
        seen = 0
        while seen < 4:
            line = child.stdout.readline()
            check(line, f"the end after {seen} events")
            seen += line.startswith(b"data:")
        check(child.poll() is None, "it has ended")
        child.kill()
        child.communicate()


def two_hundred_requests_at_once_all_succeed(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()

        def one(i):
            r = get(proxy, "/slow?ms=300", seconds=PATIENCE)
            return r.returncode, r.stderr

        with ThreadPoolExecutor(200) as pool:
            results = list(pool.map(one, range(200)))
        bad = [r for r in results if r[0] != 0]
        check(not bad, f"{len(bad)} of 200 failed: {bad[:2]}")


def a_stalled_download_does_not_stop_another(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        stalled = connect(proxy, f"{HOST}:80")
        stalled.sendall(f"GET /bytes/1000000000 HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
                        .encode())
        check(stalled.recv(100), "nothing came")  # and nothing more is read
        r = get(proxy, "/bytes/50000000", "-o", "/dev/null", "-w",
                "%{size_download}")
        check(r.stdout == b"50000000", f"{r.stdout} {r.stderr}")
        stalled.close()


def uploads_arrive_whole(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        body = programs.dir / "body"
        body.write_bytes(os.urandom(5_000_000))
        for args in (["-T", body, "-H", "Expect:"], ["-T", body],
                     ["-T", body, "-H", "Transfer-Encoding: chunked"]):
            r = get(proxy, "/sink", "-X", "POST", *args)
            check(b"5000000" in r.stdout, f"{args}: {r.stdout[:200]} {r.stderr}")
        r = get(proxy, "/echo", "--data-binary", f"@{body}")
        check(body.read_bytes() in r.stdout, "echo differs")


def names_that_no_service_names_are_blocked(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        r = curl("-x", proxy.url, "-H", "Accept: application/json", "-i",
                 "http://other.test/")
        check(b" 403 " in r.stdout.split(b"\r\n")[0], r.stdout.decode())
        check(b"Proxy-Status" in r.stdout, r.stdout.decode())
        r = curl("-x", f"socks5h://127.0.0.1:{proxy.port}", "http://other.test/")
        check(r.returncode == 97, f"curl says {r.returncode}: {r.stderr}")


def targets_outside_the_servers_rules_are_refused(build):
    with Programs(build) as programs:
        server = programs.server("--rule", f"{HOST}:80=127.0.0.1:1")
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy)
        r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                 f"http://{HOST}:81/")
        check(r.stdout == b"403", f"{r.stdout}")
        r = get(proxy, "/", "-o", "/dev/null", "-w", "%{http_code}")
        check(r.stdout == b"502", f"backend refused: {r.stdout}")


def a_simulated_tee_is_said_to_be_one(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy, "--explain", "--log-format", "json")
        check(any("SIMULATED" in line for line in proxy.lines), proxy.tail())
        check(get(proxy, "/").returncode == 0, "page")
        accepted = [json.loads(line) for line in
                    Path(proxy.log_path).read_text().splitlines()
                    if '"session.accepted"' in line]
        check(accepted and accepted[0]["simulated"] == "SIMULATED", proxy.tail())


if __name__ == "__main__":
    sys.exit(run_tests([
        curl_reaches_the_demo_in_every_way,
        wget_and_urllib_reach_the_demo_by_http_proxy,
        git_clones_through_the_proxy,
        a_websocket_through_connect_echoes,
        events_arrive_one_by_one,
        two_hundred_requests_at_once_all_succeed,
        a_stalled_download_does_not_stop_another,
        uploads_arrive_whole,
        names_that_no_service_names_are_blocked,
        targets_outside_the_servers_rules_are_refused,
        a_simulated_tee_is_said_to_be_one,
    ]))
