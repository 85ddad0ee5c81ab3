#!/usr/bin/python3
"""SIGTERM during a download: it finishes within the drain limit, or fails
clearly behind it; in both programs.

DRAIN_BYTES: how large the download is (default 40 MB); drain_plain.py has it at
1 GB."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, run_tests,  # noqa: E402
                      wait_for)

BYTES = int(os.environ.get("DRAIN_BYTES", "40000000"))
SECONDS = 3  # that the download takes


def download(proxy, out, seconds):
    """A download that takes about so long, once it has begun."""
    child = subprocess.Popen(
        ["curl", "-qsS", "-x", proxy.url, "-o", out, "--limit-rate",
         str(int(BYTES / seconds)), f"http://{HOST}/bytes/{BYTES}"],
        stderr=subprocess.PIPE)
    wait_for("the download begins",
             lambda: out.exists() and out.stat().st_size > 0)
    check(child.poll() is None, "the download has ended")
    return child


def drain(build, whom, limit, seconds):
    """Stop one of the two during a download; curl's status, what it got, and how
    long the program took to end."""
    with Programs(build) as programs:
        server = programs.server("--drain-seconds", str(limit))
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy, "--drain-seconds", str(limit))
        out = programs.dir / "out"
        child = download(proxy, out, seconds)
        program = {"server": server, "proxy": proxy}[whom]
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        code = program.process.wait(PATIENCE)
        took = time.monotonic() - began
        check(code == 0, program.tail())
        child.wait(PATIENCE)
        return child.returncode, out.stat().st_size, took


def finishes(build, whom):
    code, size, _ = drain(build, whom, 600, SECONDS)
    check((code, size) == (0, BYTES), f"curl says {code}, {size} bytes")


def is_cut(build, whom):
    code, size, took = drain(build, whom, 1, 60)
    check(code in (18, 56), f"curl says {code}")
    check(size < BYTES, f"{size} bytes")
    check(took < 45, f"ended after {took:.1f} s")


def a_download_finishes_while_the_server_drains(build):
    finishes(build, "server")


def a_download_finishes_while_the_proxy_drains(build):
    finishes(build, "proxy")


def a_download_fails_behind_the_limit_of_the_server(build):
    is_cut(build, "server")


def a_download_fails_behind_the_limit_of_the_proxy(build):
    is_cut(build, "proxy")


TESTS = [
    a_download_finishes_while_the_server_drains,
    a_download_finishes_while_the_proxy_drains,
    a_download_fails_behind_the_limit_of_the_server,
    a_download_fails_behind_the_limit_of_the_proxy,
]

if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
