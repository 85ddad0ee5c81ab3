#!/usr/bin/python3
"""Three servers for one service, by themselves and behind HAProxy: killed and
restarted under load, rolled over to another release, with keys that change.

FLEET_SECONDS: how long a load goes on for each thing that happens (default 2),
at least: each client has asked some more then. rotation_plain.py changes keys
for a minute.
"""

import http.client
import http.server
import os
import re
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificate import make_site  # noqa: E402
from ports import free_port, wait_port  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, run_tests,  # noqa: E402
                      wait_for)

SECONDS = float(os.environ.get("FLEET_SECONDS", "2"))
CLIENTS = 6
REQUESTS = 5  # of each client, for each thing that happens
HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
FILES = Path(__file__).resolve().parents[2] / "deploy/haproxy"


class Backend:
    """Answers each request after a moment, and knows which server it came by."""

    def __init__(self):
        self.seconds = 0.02
        self.seen = {}  # path: the ports of the servers it came by
        self.doors = {}  # port of a server: what that leads to

    def door(self, server):
        """The port that the server at port |server| is to lead to."""
        if server not in self.doors:
            self.doors[server] = self.open(server)
        return self.doors[server].server_address[1]

    def open(self, server):
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                backend.seen.setdefault(self.path, []).append(server)
                time.sleep(backend.seconds)
                self.send_response(200)
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"ok\n")

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a server that is killed

        door = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=door.serve_forever, daemon=True).start()
        return door

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for door in self.doors.values():
            door.shutdown()
            door.server_close()


class Load:
    """Requests through the proxy, one after the other, of each of CLIENTS; of
    every other one, such as may not be repeated."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.stopping = False
        self.done = [0] * CLIENTS
        self.failed = []  # (began, ended, path, what)
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(CLIENTS)]

    def ask(self, client, path):
        """None, or what was said instead of an answer."""
        c = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=PATIENCE)
        try:
            c.request("GET" if client % 2 else "POST", f"http://{HOST}{path}",
                      None if client % 2 else b"a body")
            answer = c.getresponse()
            body = answer.read()
            return None if (answer.status, body) == (200, b"ok\n") else \
                f"{answer.status} {answer.getheader('Proxy-Status')} {body[:200]}"
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        finally:
            c.close()

    def run(self, client):
        number = 0
        while not self.stopping:
            path = f"/{client}/{number}"
            began = time.monotonic()
            what = self.ask(client, path)
            if what is not None:
                self.failed.append((began, time.monotonic(), path, what))
            self.done[client] += 1
            number += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for t in self.threads:
            t.join()

    def goes_on(self, seconds=SECONDS):
        """Wait; each client must have got some answers meanwhile."""
        before = list(self.done)
        time.sleep(seconds)
        wait_for("each client gets answers", lambda: all(
            now >= then + REQUESTS for now, then in zip(self.done, before)))


def start(programs, backend, sim, port, *more):
    return programs.server("--rule", f"*:80=127.0.0.1:{backend.door(port)}", *more,
                           demo=False, sim_dir=sim, port=port)


def three(programs, backend, *more):
    sim = programs.dir / "sim"
    servers = [start(programs, backend, sim, free_port(), *more)
               for _ in range(3)]
    # A server that starts anew makes the root's certificate anew, by the same
    # key: clients keep the one they have.
    shutil.copytree(sim, client_files(programs))
    return servers


def client_files(programs):
    return programs.dir / "client"


def policy_for(programs, servers, urls=None, accept=None, service=""):
    urls = urls or [f"ws://127.0.0.1:{s.port}/__ra__" for s in servers]
    return programs.policy(urls, client_files(programs), accept, service=service)


def read_accept(server):
    return (server.sim_dir / "accept.yaml").read_text()


def haproxy(programs, servers, name, certificate=""):
    """HAProxy by the file that we deploy, before |servers|; it has .port."""
    port = free_port()
    config = programs.dir / name  # a test may not open so many files
    config.write_text((FILES / name).read_text().replace("maxconn 20000",
                                                         "maxconn 1000"))
    env = {f"SERVER{i + 1}": f"127.0.0.1:{s.port}" for i, s in enumerate(servers)}
    env |= {"FRONT": f"127.0.0.1:{port}", "CERTIFICATE": str(certificate)}
    child = programs.start(HAPROXY, "-db", "-f", config, env=env)
    child.expected = (0, 143, -signal.SIGTERM)
    wait_port(port, child)
    child.port = port
    return child


def lead_to(programs, servers, name, accept=None):
    """A policy that leads to |servers|, and the HAProxy by file |name| that it
    leads there by; by themselves, if that is None."""
    if name is None:
        return policy_for(programs, servers, accept=accept), None
    certificate = make_site(programs.dir, "localhost")
    front = haproxy(programs, servers, name, certificate)
    where, service = ("ws://127.0.0.1", "") if name == "tcp.cfg" else \
        ("wss://localhost", f"    ca-file: {certificate}\n")
    return policy_for(programs, servers, [f"{where}:{front.port}/__ra__"],
                      accept, service), front


def accepted(proxy):
    return proxy.told("session.accepted")


def ups(servers):
    return sum(server.told("session.up") for server in servers)


def executed_once(backend, load):
    twice = [p for p, by in backend.seen.items() if len(by) > 1]
    check(not twice, f"executed twice: {twice}")
    check(len(backend.seen) >= sum(load.done) - len(load.failed),
          "an answer without a request")


def wait_seen(front, number, state):
    """Until HAProxy, if |front| is one, has seen a server go DOWN, or UP again."""
    if front is not None:
        name = ("one", "two", "three")[number]
        front.wait_log(f"Server servers/{name} is {state}")


def was_under_way(backend, lost, server, killed, proxy):
    """Each request that was lost was on |server| when that was killed, if it had
    got to one, and who asked was told: by a status, or by a body that is cut."""
    for began, _, path, what in lost:
        check(began <= killed, f"{path} began {began - killed:.3f} s after the "
              f"kill: {what}\n{proxy.tail()}")
        by = backend.seen.get(path, [])
        check(by in ([], [server.port]), f"{path} came by {by}: {what}")
        check(re.match("50[234] veritee|IncompleteRead", what), f"{path}: {what}")
    check(len(lost) <= CLIENTS, lost)


def kill_each(build, name):
    """Under load, each is killed and comes back. What was lost was under way.
    |name|: of HAProxy's file, if it is before the servers."""
    with Programs(build) as programs, Backend() as backend:
        servers = three(programs, backend)
        policy, front = lead_to(programs, servers, name)
        kill_and_start(programs, backend, servers, programs.proxy(policy), front)


def kill_and_start(programs, backend, servers, proxy, front):
    killed = []
    with Load(proxy) as load:
        load.goes_on()
        for i, server in enumerate(servers):
            lost = len(load.failed)
            server.kill()
            now = time.monotonic()  # from here on it is dead
            load.goes_on()
            was_under_way(backend, load.failed[lost:], server, now, proxy)
            wait_seen(front, i, "DOWN")
            killed.append(server)
            servers[i] = start(programs, backend, server.sim_dir, server.port)
            load.goes_on()
            wait_seen(front, i, "UP")
    new, old = ups(servers), ups(killed)
    check(min(new, old) > 0, f"{old} sessions with those killed, {new} after")
    check(accepted(proxy) >= new + old, "a session that was not attested")
    executed_once(backend, load)


def roll_out(build, name):
    """Under load, another release comes to one server after the other."""
    with Programs(build) as programs, Backend() as backend:
        servers = three(programs, backend)
        sim = servers[0].sim_dir
        old = read_accept(servers[0])
        release = old.split("    - name:", 1)[1]
        new = release.replace('"simulated"', '"next"').replace("d1d1", "d0d1", 1)
        policy, _ = lead_to(programs, servers, name,
                            f"{old.rstrip()}\n    - name:{new}")
        both = policy.read_text()
        proxy = programs.proxy(policy)
        with Load(proxy) as load:
            load.goes_on(SECONDS / 2)
            for i, server in enumerate(servers):
                check(server.stop() == 0, server.tail())
                servers[i] = start(programs, backend, sim, server.port,
                                   "--simulate-fault", "wrong-measurement")
                load.goes_on(SECONDS / 2)
            policy.write_text(re.sub('- name: "simulated".*?(?=- name: "next")',
                                     "", both, flags=re.S))
            check('"simulated"' not in policy.read_text(), policy.read_text())
            proxy.process.send_signal(signal.SIGHUP)
            proxy.wait_log("policy.reloaded")
            load.goes_on()
        check(not load.failed, f"{load.failed[:3]}\n{proxy.tail()}")
        executed_once(backend, load)
        log = proxy.logged()
        check("release=next" in log.rsplit("session.accepted", 1)[1], log)


def has_haproxy():
    if HAPROXY is None:
        print("skipped - no haproxy", flush=True)
    return HAPROXY is not None


def killed_in_turn_they_lose_what_is_under_way(build):
    kill_each(build, None)


def behind_haproxy_too(build):
    if has_haproxy():
        kill_each(build, "tcp.cfg")


def behind_haproxy_that_ends_tls_too(build):
    if has_haproxy():
        kill_each(build, "http.cfg")


def a_release_is_rolled_out_without_a_loss(build):
    roll_out(build, None)


def a_release_is_rolled_out_behind_haproxy_too(build):
    if has_haproxy():
        roll_out(build, "tcp.cfg")


def a_release_is_rolled_out_behind_haproxy_that_ends_tls_too(build):
    if has_haproxy():
        roll_out(build, "http.cfg")


def keys_change_under_load(build, seconds):
    """Every two seconds, while sessions are renewed too: none lives longer than
    six."""
    with Programs(build) as programs, Backend() as backend:
        servers = three(programs, backend, "--epoch-seconds", "2")
        fresh = "  freshness: epoch\n  max-age: 6s\n"
        proxy = programs.proxy(policy_for(
            programs, servers, accept=read_accept(servers[0]) + fresh))
        with Load(proxy) as load:
            load.goes_on(seconds)
        epochs = [server.told("keys.epoch") for server in servers]
        check(min(epochs) >= seconds // 2, f"{epochs} epochs in {seconds} s")
        check(accepted(proxy) >= seconds // 6, f"{accepted(proxy)} sessions")
        check(not load.failed, load.failed[:3])
        executed_once(backend, load)
        print(f"# {seconds:.0f} s: {sum(load.done)} requests, {accepted(proxy)} "
              f"sessions, {sum(epochs)} keys", flush=True)


def new_keys_every_two_seconds_lose_nothing(build):
    keys_change_under_load(build, 8)


if __name__ == "__main__":
    sys.exit(run_tests([
        killed_in_turn_they_lose_what_is_under_way,
        behind_haproxy_too,
        behind_haproxy_that_ends_tls_too,
        a_release_is_rolled_out_without_a_loss,
        a_release_is_rolled_out_behind_haproxy_too,
        a_release_is_rolled_out_behind_haproxy_that_ends_tls_too,
        new_keys_every_two_seconds_lose_nothing,
    ]))
