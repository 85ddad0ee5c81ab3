#!/usr/bin/python3
"""Speed, work and memory of Veritee beside other programs, and beside its goals.

Usage: tests/bench/run.py [BUILD] [--seconds S] [--rounds N] [--ways A,B...]
                          [--figures TEXT] [--idle N,N...] [--json FILE]

All ways lead to the same demo backend on loopback and are measured in turn,
round after round, in one run, so that a noisy machine treats them alike; each
figure is the median of the rounds. The last table has each goal, what was
found, and whether it is reached. Needs the release build; programs that are
not installed are left out (cmake/packages.sh bench installs them)."""

import argparse
import json
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import goals
import ways
from programs import HOST, Failed, Programs, check

ROOT = ways.ROOT
GIGABYTE = 1e9

# title, options of load, path, what is read, unit
ONE, MANY = ["--connections", 1], ["--connections", 64]
SMALL, LARGE = "/bytes/100", "/bytes/16000000000"
UPLOAD = ["--connections", 1, "--upload", 100_000_000]
FIGURES = [
    ("latency at 1, p50", ONE, SMALL, "p50_us", "us"),
    ("latency at 1, p99", ONE, SMALL, "p99_us", "us"),
    ("latency at 64, p50", MANY, SMALL, "p50_us", "us"),
    ("latency at 64, p99", MANY, SMALL, "p99_us", "us"),
    ("requests at 64", MANY, SMALL, "per_second", "/s"),
    ("CPU a request at 64", MANY, SMALL, "cpu_us_per_request", "us"),
    ("new connections at 16", ["--connections", 16, "--fresh"], SMALL, "per_second",
     "/s"),
    ("64 KiB objects at 8", ["--connections", 8], "/bytes/65536", "mb_per_second",
     "MB/s"),
    ("bulk down", ONE, LARGE, "mb_per_second", "MB/s"),
    ("bulk down, CPU a GB", ONE, LARGE, "cpu_ms_per_gb", "ms"),
    ("bulk up", UPLOAD, "/sink", "mb_per_second", "MB/s"),
    ("bulk up, CPU a GB", UPLOAD, "/sink", "cpu_ms_per_gb", "ms"),
]


def build_tools(build):
    tools = {}
    for name, sources in (("load", ["common/text.c", "common/builder.c"]),
                          ("relay", ["common/text.c", "common/builder.c"])):
        tools[name] = Path(build) / "bin" / name
        subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", f"-I{ROOT}", "-o",
                        tools[name], *[ROOT / s for s in sources],
                        ROOT / f"tests/bench/{name}.c", "-luv"], check=True)
    subprocess.run(["ninja", "-C", build, "tunnel_bench"], check=True,
                   capture_output=True)
    return tools["load"]


def measure(load, way, options, path, seconds):
    before = way.cpu_seconds()
    r = subprocess.run([load, "--way", way.kind, "--to", f"127.0.0.1:{way.port}",
                        "--target", way.target, "--path", path, "--seconds",
                        str(seconds), *[str(o) for o in options]],
                       capture_output=True, text=True)
    used = way.cpu_seconds() - before
    check(r.returncode == 0, f"{way.name}: {r.stdout} {r.stderr}")
    f = json.loads(r.stdout)
    moved = f["mb_per_second"] * seconds * 1e6
    f["cpu_us_per_request"] = used * 1e6 / max(f["requests"], 1)
    f["cpu_ms_per_gb"] = used * 1e3 * GIGABYTE / max(moved, 1)
    return f


def measure_all(load, all_ways, figures, seconds, rounds):
    """{title: {way: value}}; a way that cannot do it is left out."""
    found, cache = {}, {}
    for title, options, path, key, unit in figures:
        kind = json.dumps([options, path])
        if kind not in cache:
            runs = {w.name: [] for w in all_ways}
            for _ in range(rounds):
                for w in all_ways:
                    try:
                        runs[w.name].append(measure(load, w, options, path, seconds))
                    except Failed as e:
                        print(f"{title}: {str(e).strip()}", file=sys.stderr)
            cache[kind] = runs
        found[title] = {
            name: {"value": statistics.median(r[key] for r in runs),
                   "errors": sum(r["errors"] for r in runs)}
            for name, runs in cache[kind].items() if runs}
        print_row(f"{title}, {unit}", all_ways, found[title])
    return found


def print_row(title, all_ways, values):
    base = values.get("ssh -D", {}).get("value", 0)
    row = f"{title:28}"
    for w in all_ways:
        v = values.get(w.name)
        text = "-" if v is None else f"{v['value']:.0f}"
        if v is not None and base:
            text += f" ({v['value'] / base:.2f})"
        if v is not None and v["errors"]:
            text += "!"
        row += f"{text:>18}"
    print(row, flush=True)


# --- connections that are open and idle ---------------------------------------


def read_answer(s):
    """One HTTP answer with a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = s.recv(65536)
        check(chunk, f"connection ended after {data!r}")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
    while len(body) < length:
        chunk = s.recv(65536)
        check(chunk, "answer cut short")
        body += chunk
    check(head.split(b" ")[1] == b"200", head.decode("latin-1"))


def connect(way):
    """A connection through |way| to the backend, in which to ask."""
    s = socket.create_connection(("127.0.0.1", way.port), 60)
    host, _, port = way.target.rpartition(":")
    if way.kind == "connect":
        s.sendall(f"CONNECT {way.target} HTTP/1.1\r\nHost: {way.target}\r\n\r\n".encode())
        check(b" 200" in s.recv(4096).partition(b"\r\n")[0], "CONNECT refused")
    elif way.kind == "socks5":
        s.sendall(b"\x05\x01\x00")
        check(s.recv(2) == b"\x05\x00", "SOCKS refused")
        s.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode()
                  + int(port).to_bytes(2, "big"))
        check(s.recv(10)[1:2] == b"\x00", "SOCKS connection refused")
    return s


def ask(way, s):
    form = f"http://{way.target}" if way.kind == "http" else ""
    s.sendall(f"GET {form}/bytes/100 HTTP/1.1\r\nHost: {way.target}\r\n\r\n".encode())
    read_answer(s)


def hold(way, count):
    """KiB of the proxy each of |count| connections costs, and whether each that
    had been idle answered once more."""
    before, held = way.resident_kib(0), []
    try:
        for _ in range(count):
            held.append(connect(way))
            ask(way, held[-1])
        time.sleep(0.5)
        each = (way.resident_kib(0) - before) / count
        for s in held:
            ask(way, s)
        return each, "all answered"
    except (Failed, OSError) as e:
        print(f"{way.name}: {e}", file=sys.stderr)
        return None, f"failed at {len(held)}"
    finally:
        for s in held:
            s.close()


def measure_idle(programs, policy, server, counts):
    """{way: {count: KiB each}}, each by a proxy of its own."""
    found = {}
    print(f"\n{'idle connections':28}{'count':>10}{'KiB each':>12}{'used again':>16}")
    for i in range(3):
        for count in counts:
            proxy = programs.proxy(policy)
            way = ways.veritee(server, proxy)[i]
            ask(way, connect(way))  # the session is not what is measured
            each, used = hold(way, count)
            found.setdefault(way.name, {})[count] = each
            text = "-" if each is None else f"{each:.1f}"
            print(f"{way.name:28}{count:>10}{text:>12}{used:>16}", flush=True)
            proxy.stop()
    return found


def first_byte(programs, policy, server, rounds):
    """ms from connect to first byte: a new proxy, and one with a session."""
    times = {"cold": [], "warm": []}
    for _ in range(rounds):
        proxy = programs.proxy(policy)
        for kind in ("cold", "warm"):
            way = ways.veritee(server, proxy)[1]
            began = time.monotonic()
            s = connect(way)
            ask(way, s)
            times[kind].append((time.monotonic() - began) * 1e3)
            s.close()
        proxy.stop()
    return {k: statistics.median(v) for k, v in times.items()}


def bare_costs(build):
    """ms a GB of both AEAD passes of the faster suite, and of masking twice."""
    text = subprocess.run([Path(build) / "bin/tunnel_bench"], check=True,
                          capture_output=True, text=True).stdout
    cipher = max(int(n) for n in re.findall(r"cipher alone +(\d+)", text))
    mask = int(re.search(r"masking +(\d+)", text).group(1))
    return {"aead": 1e6 / cipher, "mask": 1e6 / mask}


def raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", nargs="?", default=ROOT / "build/release")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default=",".join(ways.PEERS),
                        help="peers to measure beside direct and Veritee")
    parser.add_argument("--figures", default="", help="only titles with this text")
    parser.add_argument("--idle", default="1000,10000",
                        help="numbers of idle connections; empty for none")
    parser.add_argument("--json", help="also write all figures to this file")
    args = parser.parse_args()
    raise_limits()
    load = build_tools(args.build)
    with Programs(args.build) as programs:
        backend = programs.server()  # of its own, so that its work is not ours
        to = backend.demo_port
        server = programs.server("--rule", f"{HOST}:80=127.0.0.1:{to}", demo=False)
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy)
        ours = ways.veritee(server, proxy)
        idle_kib = [ours[0].resident_kib(i) for i in (0, 1)]
        peers = [ways.Way("direct", "direct", to, f"127.0.0.1:{to}")]
        for name in filter(None, args.ways.split(",")):
            way = ways.PEERS[name](programs, to)
            if way is None:
                print(f"{name}: not installed, left out")
            else:
                peers.append(way)
        print(f"median of {args.rounds} rounds of {args.seconds} s; in brackets the "
              "ratio to ssh -D; ! had errors\n")
        print(f"{'':28}" + "".join(f"{w.name:>18}" for w in peers + ours))
        figures = [f for f in FIGURES if args.figures in f[0]]
        found = {"figures": measure_all(load, peers + ours, figures, args.seconds,
                                        args.rounds)}
        counts = [int(n) for n in args.idle.split(",") if n]
        found["idle"] = measure_idle(programs, policy, server, counts)
        found["resident_kib"] = dict(zip(("veritee", "veriteed"), idle_kib))
        found["first_byte_ms"] = first_byte(programs, policy, server, args.rounds)
        found["bare_ms_per_gb"] = bare_costs(args.build)
    goals.report(found)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
