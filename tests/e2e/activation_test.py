#!/usr/bin/env python3
"""Both programs on sockets that a service manager has opened. Argument: the
build folder."""

import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)

# Opens |argv[1]| ports of |argv[2]|, says which, and becomes the rest of argv.
MANAGER = """
import os, socket, sys
listeners = [socket.create_server((sys.argv[2], 0))
             for _ in range(int(sys.argv[1]))]
high = [os.dup2(s.fileno(), 40 + i) for i, s in enumerate(listeners)]
print("passed:", listeners[0].getsockname()[1], flush=True)
for s in listeners:
    s.close()
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.close(fd)
env = dict(os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)))
os.execve(sys.argv[3], sys.argv[3:], env)
"""


def start(programs, name, *args, count=1, host="127.0.0.1"):
    return programs.start("/usr/bin/python3", "-c", MANAGER, count, host,
                          programs.bin / name, *args)


def server_on(programs, *args, count=1):
    sim = programs.dir / "sim"
    server = start(programs, "veriteed", "--simulate", "--simulate-dir", sim,
                   "--demo", *args, count=count)
    server.ports = [found.group(1) for found in
                    server.wait_lines(r"^ready: .*:(\d+)$", count)]
    server.sim_dir = sim
    return server


def answers(proxy_at):
    r = curl("-x", f"http://{proxy_at}", "-o", "/dev/null", "-w", "%{http_code}",
             f"http://{HOST}/")
    return r.stdout == b"200"


def a_server_takes_them_in_the_place_of_listen(build):
    for workers in ("1", "3"):
        with Programs(build) as programs:
            server = server_on(programs, "--workers", workers, count=2)
            for port in server.ports:
                policy = programs.policy([f"ws://127.0.0.1:{port}/__ra__"],
                                         server.sim_dir)
                proxy = programs.proxy(policy)
                check(answers(f"127.0.0.1:{proxy.port}"), f"port {port}")


def who_connects_before_there_is_a_key_waits_for_it(build):
    with Programs(build) as programs:
        go, sim, own = (programs.dir / name for name in ("go", "sim", "own"))
        source = programs.dir / "source"
        source.write_text(
            f"#!/bin/sh\nuntil test -e {go}; do sleep 0.1; done\n"
            f"exec {programs.bin.resolve()}/fake_platform command - {sim} sev-snp\n")
        source.chmod(0o700)
        server = start(programs, "veriteed", "--demo", "--listen", own,
                       "--quote-source", f"command:{source}")
        port = int(server.wait_line(r"^passed: (\d+)$").group(1))
        with socket.create_connection(("127.0.0.1", port)) as early:
            early.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            wait_for("it says elsewhere that it has none", lambda: curl(
                "--unix-socket", own, "-w", "%{http_code}",
                "http://a.test/healthz").stdout == b"no key with a quote\n503")
            go.touch()
            early.settimeout(PATIENCE)
            answer = early.recv(4096)
            check(answer.startswith(b"HTTP/1.1 200 "), answer)


def a_server_without_any_needs_listen(build):
    r = subprocess.run([Path(build) / "bin" / "veriteed", "--simulate", "--demo"],
                       capture_output=True, timeout=PATIENCE)
    check(r.returncode == 2 and b"--listen" in r.stderr, r)


def a_proxy_takes_them_in_the_place_of_its_policys(build):
    for workers in ("1", "3"):
        with Programs(build) as programs:
            server = programs.server()
            policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                     server.sim_dir)
            proxy = start(programs, "veritee", "run", "--policy", policy,
                          "--workers", workers)
            at = proxy.wait_line(r"^ready: listening on (.*)$").group(1)
            check(len([x for x in proxy.lines if "listening" in x]) == 1,
                  proxy.lines)
            for _ in range(6):
                check(answers(at), "a worker")
            r = curl(f"http://{at}/proxy.pac")
            check(at.encode() in r.stdout, r.stdout)
            r = curl(f"http://{at}/status.json")
            check(b'"demo"' in r.stdout, r.stdout)


def a_proxy_lets_no_other_machine_in_without_credentials(build):
    with Programs(build) as programs:
        policy = programs.dir / "policy.yaml"
        policy.write_text("listen: localhost:0\n")
        argv = ["/usr/bin/python3", "-c", MANAGER, "1", "0.0.0.0",
                programs.bin / "veritee", "run", "--policy", policy]
        r = subprocess.run(argv, capture_output=True, timeout=PATIENCE)
        check(r.returncode == 1 and b"or credentials" in r.stderr, r)


sys.exit(run_tests([
    a_server_takes_them_in_the_place_of_listen,
    who_connects_before_there_is_a_key_waits_for_it,
    a_server_without_any_needs_listen,
    a_proxy_takes_them_in_the_place_of_its_policys,
    a_proxy_lets_no_other_machine_in_without_credentials,
]))
