"""Starts veriteed and veritee for end-to-end tests, on ports the system picks.

Everything lives in one temporary folder and dies with the `Programs` object;
nothing listens anywhere but on loopback. Only the standard library.
"""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOST = "demo.test"  # reserved by RFC 2606: resolves nowhere, so a leak shows
# So many workers in both programs; None: one in veritee, or its sessions could
# not be counted, and in veriteed one a processor.
WORKERS = os.environ.get("TEST_WORKERS")
# What should happen within a moment is waited for so long: sanitizers on a busy
# machine take their time, and a hang still ends.
PATIENCE = 180


class Failed(Exception):
    pass


def wait_for(what, true, seconds=PATIENCE):
    """Ask |true| again and again, until what it returns is true: that."""
    deadline = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not in {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


class Program:
    """A child process whose standard output is read line by line."""

    def __init__(self, argv, log, env=None):
        self.argv = [str(a) for a in argv]
        self.log_path = log
        self.log = open(log, "ab")
        self.lines = []
        self._partial = b""
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1", **(env or {})},
            start_new_session=True,
        )

    def wait_line(self, pattern, seconds=PATIENCE):
        """The match of |pattern| in the first line of output that has one."""
        return self.wait_lines(pattern, 1, seconds)[0]

    def wait_lines(self, pattern, count, seconds=PATIENCE):
        """The same of the first |count| lines that have one."""
        deadline = time.monotonic() + seconds
        found = []
        seen = 0
        while True:
            found += filter(None, (re.search(pattern, line)
                                   for line in self.lines[seen:]))
            if len(found) >= count:
                return found[:count]
            seen = len(self.lines)
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"{self.argv[0]}: no line /{pattern}/\n{self.tail()}")
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            if not ready:
                continue
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                code = self.process.wait()
                raise Failed(f"{self.argv[0]} ended with {code}\n{self.tail()}")
            self._partial += chunk
            *whole, self._partial = self._partial.split(b"\n")
            self.lines += [w.decode("utf-8", "replace") for w in whole]

    def logged(self):
        """All of the log."""
        return Path(self.log_path).read_text(errors="replace")

    def told(self, word):
        """How often the log has |word|."""
        return self.logged().count(word)

    def wait_log(self, word, times=1):
        """Wait until the log has |word| so often."""
        wait_for(lambda: f"{times} times '{word}' in the log\n{self.tail()}",
                 lambda: self.told(word) >= times)

    def tail(self, lines=40):
        return "\n".join(self.lines[-lines:] + self.logged().splitlines()[-lines:])

    def resident_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=PATIENCE):
        """Ask it to stop; its exit status. Killed, and a failure, if late."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise Failed(f"{self.argv[0]} did not stop\n{self.tail()}")
        self.process.stdout.close()
        self.log.close()
        return code


class Programs:
    """One veriteed and one veritee, as a test wants them."""

    def __init__(self, build):
        self.bin = Path(build) / "bin"
        self.dir = Path(tempfile.mkdtemp(prefix="veritee-e2e-"))
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        failed = [] if kind is None else [str(error)]
        for child in reversed(self.children):
            if child.process.poll() is None or not child.log.closed:
                try:
                    code = child.stop()
                except Failed as e:
                    failed.append(str(e))
                    continue
                if code not in getattr(child, "expected", (0, -signal.SIGKILL)):
                    failed.append(f"{child.argv} ended with {code}\n{child.tail()}")
            if kind is not None:
                print(f"--- {child.argv[0]}\n{child.tail()}", file=sys.stderr)
        shutil.rmtree(self.dir, ignore_errors=True)
        if failed and kind is None:
            raise Failed("\n".join(failed))
        return False

    def start(self, name, *args, env=None):
        # What a proxy writes down stays with the test.
        env = {"XDG_STATE_HOME": str(self.dir / "state"), **(env or {})}
        log = self.dir / f"{Path(str(name)).name}-{len(self.children)}.log"
        path = self.bin / name if "/" not in str(name) else name
        child = Program([path, *args], log, env)
        self.children.append(child)
        return child

    def server(self, *args, port=0, demo=True, sim_dir=None):
        """A veriteed with a simulated TEE; has .port, .demo_port, .sim_dir."""
        sim = Path(sim_dir) if sim_dir else self.dir / f"sim{len(self.children)}"
        argv = ["--listen", f"127.0.0.1:{port}", "--simulate"]
        argv += ["--simulate-dir", sim]
        argv += ["--workers", WORKERS] if WORKERS else []
        if demo:
            argv += ["--demo"]
        child = self.start("veriteed", *argv, *args)
        child.sim_dir = sim
        child.port = int(child.wait_line(r"^ready: .*:(\d+)$").group(1))
        if demo:
            found = child.wait_line(r"^demo: http://[^ ]*:(\d+)")
            child.demo_port = int(found.group(1))
        return child

    def policy(self, endpoints, sim_dir, accept=None, extra="", service="",
               default="block", host=HOST):
        """Write a policy file for one service; its path."""
        if accept is None:
            accept = (Path(sim_dir) / "accept.yaml").read_text()
        accept = "\n".join("      " + line for line in accept.strip().splitlines())
        urls = ", ".join(f'"{e}"' for e in endpoints)
        path = self.dir / f"policy{len(list(self.dir.glob('policy*')))}.yaml"
        path.write_text(
            f'listen: [ "127.0.0.1:0" ]\ndefault: {default}\n'
            f"collateral: {{ cache: {self.dir}/cache, sources: [ stapled ] }}\n"
            f"{extra}"
            f"services:\n  demo:\n    hosts: [ \"{host}\" ]\n"
            f"    endpoints: [ {urls} ]\n"
            f"    root: {sim_dir}/root.pem\n{service}"
            f"    {accept.strip() if accept.strip().startswith('accept') else 'accept:'}\n"
            + ("" if accept.strip().startswith("accept") else accept + "\n")
        )
        return path

    def proxy(self, policy, *args, env=None):
        """A veritee with |policy|; has .port and .url."""
        many = ["--workers", WORKERS or "1"]
        child = self.start("veritee", "run", "--policy", policy, *many, *args,
                           env=env)
        child.port = int(child.wait_line(r"^ready: .*:(\d+)$").group(1))
        child.url = f"http://127.0.0.1:{child.port}"
        return child

    def pair(self, *server_args, **server_options):
        """A server and a proxy that accepts it."""
        server = self.server(*server_args, **server_options)
        policy = self.policy([f"ws://127.0.0.1:{server.port}/__ra__"], server.sim_dir)
        return server, self.proxy(policy)


def curl(*args, seconds=PATIENCE):
    """Run curl without the user's settings; a CompletedProcess with bytes."""
    return subprocess.run(
        ["curl", "-q", "-sS", "--max-time", str(seconds), *[str(a) for a in args]],
        capture_output=True,
        timeout=seconds + 30,
        env={k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
    )


def check(condition, message):
    if not condition:
        raise Failed(message)


def skip_without(*names):
    """End, skipped, unless all of these programs are on this machine."""
    for name in names:
        if shutil.which(name) is None:
            print(f"skipped: there is no {name}")
            sys.exit(77)


def run_tests(tests):
    """Run named functions of (build folder); TAP-like lines; exit status."""
    build = sys.argv[1]
    only = sys.argv[2:]
    bad = 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        if only and not any(o in name for o in only):
            continue
        began = time.monotonic()
        try:
            test(build)
            print(f"ok - {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:  # a test's failure must not hide the others
            bad += 1
            print(f"not ok - {name}: {error}", flush=True)
    return 1 if bad else 0
