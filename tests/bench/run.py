#!/usr/bin/python3
"""Requests, latency, connections and bulk through Veritee, beside others.

Usage: tests/bench/run.py [BUILD] [--seconds S] [--rounds N]

All ways lead to the same demo backend on loopback and are measured in turn,
round after round, in one run, so that a noisy machine treats them alike; each
figure is the median of the rounds, with its ratio to `ssh -D` (higher is better,
for latency lower). Needs the release build and OpenSSH."""

import argparse
import getpass
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from programs import HOST, Failed, Programs, check  # noqa: E402

# name, options of load, what is read, unit
FIGURES = [
    ("latency, 1 connection, p50", ["--connections", 1], "p50_us", "us"),
    ("latency, 1 connection, p99", ["--connections", 1], "p99_us", "us"),
    ("requests, 64 connections", ["--connections", 64], "per_second", "/s"),
    ("latency, 64 connections, p99", ["--connections", 64], "p99_us", "us"),
    ("new connections, 16 at once", ["--connections", 16, "--fresh"],
     "per_second", "/s"),
    ("64 KiB objects, 8 connections", ["--connections", 8, "path=/bytes/65536"],
     "mb_per_second", "MB/s"),
    ("bulk down, 1 connection", ["--connections", 1, "path=/bytes/16000000000"],
     "mb_per_second", "MB/s"),
    ("bulk up, 1 connection", ["--connections", 1, "path=/sink", "--upload",
                               100_000_000], "mb_per_second", "MB/s"),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"nothing listens on port {port}")


def ssh_dynamic(programs):
    """An `ssh -D` of our own on loopback; the SOCKS port, None without ssh."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if sshd is None or shutil.which("ssh") is None:
        return None
    d = programs.dir / "ssh"
    d.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        d / name], check=True)
    (d / "authorized").write_text((d / "user.pub").read_text())
    Path("/run/sshd").mkdir(exist_ok=True)
    port, socks = free_port(), free_port()
    (d / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {d}/host\nPidFile none\n"
        f"AuthorizedKeysFile {d}/authorized\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nMaxSessions 100\n")
    programs.start(sshd, "-D", "-e", "-f", d / "config").expected = (0, 255)
    wait_port(port)
    programs.start(shutil.which("ssh"), "-F", "none", "-N", "-D",
                   f"127.0.0.1:{socks}", "-p", port, "-i", d / "user", "-o",
                   "StrictHostKeyChecking=no", "-o",
                   f"UserKnownHostsFile={d}/known", "-l", getpass.getuser(),
                   "127.0.0.1").expected = (0, 255)
    wait_port(socks)
    return socks


def build_load(build):
    load = Path(build) / "bin" / "load"
    libs = ["common/text.c", "common/builder.c", "tests/bench/load.c"]
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", f"-I{ROOT}", "-o",
                    load, *[ROOT / lib for lib in libs], "-luv"], check=True)
    return load


def measure(load, way, to, target, options, seconds):
    path = "/bytes/100"
    argv = []
    for option in options:
        if str(option).startswith("path="):
            path = option[5:]
        else:
            argv.append(str(option))
    r = subprocess.run([load, "--way", way, "--to", f"127.0.0.1:{to}", "--target",
                        target, "--path", path, "--seconds", str(seconds), *argv],
                       capture_output=True, text=True)
    check(r.returncode == 0, f"{way}: {r.stdout} {r.stderr}")
    figures = json.loads(r.stdout)
    check(figures["errors"] == 0, f"{way}: {r.stdout}")
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?", default=ROOT / "build/release")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    load = build_load(args.build)
    with Programs(args.build) as programs:
        server, proxy = programs.pair()
        direct = f"127.0.0.1:{server.demo_port}"
        ways = {"direct": ("direct", server.demo_port, direct)}
        socks = ssh_dynamic(programs)
        if socks is None:
            print("ssh or sshd is absent: left out")
        else:
            ways["ssh -D"] = ("socks5", socks, direct)
        for name, way in (("veritee http", "http"), ("veritee CONNECT", "connect"),
                          ("veritee SOCKS5", "socks5")):
            ways[name] = (way, proxy.port, f"{HOST}:80")
        print(f"median of {args.rounds} rounds of {args.seconds} s; "
              "in brackets the ratio to ssh -D\n")
        print(f"{'':34}" + "".join(f"{name:>24}" for name in ways))
        cache = {}
        for title, options, key, unit in FIGURES:
            kind = json.dumps(options)
            if kind not in cache:
                cache[kind] = {name: [] for name in ways}
                for _ in range(args.rounds):
                    for name, (way, to, target) in ways.items():
                        cache[kind][name].append(
                            measure(load, way, to, target, options, args.seconds))
            values = {name: statistics.median(f[key] for f in runs)
                      for name, runs in cache[kind].items()}
            base = values.get("ssh -D", 0)
            row = f"{title + ', ' + unit:34}"
            for value in values.values():
                ratio = f" ({value / base:.2f})" if base else ""
                row += f"{f'{value:.0f}{ratio}':>24}"
            print(row, flush=True)
        for name, child in (("veritee", proxy), ("veriteed", server)):
            print(f"{name}: {child.resident_kib()} KiB resident at most")


if __name__ == "__main__":
    main()
