#!/usr/bin/python3
"""Speed of the teekit protocol in Veritee, beside peers in Node of the libraries
that teekit uses, and beside its goals.

Usage: tests/bench/teekit.py [BUILD] [--seconds S] [--rounds N] [--json FILE]

The ways lead to the same demo backend and are measured in turn, round after
round, in one run: a client in Node to a server in Node; a client in Node to
veriteed; veritee to a server in Node; veritee to veriteed. Clients in Node are
the load by themselves; before veritee there is an HTTP client, a program of its
own on the same cores. "node alone" is the first with a server that has no
backend to ask and answers from memory. Each figure is the median of the rounds.
Needs the release build and npm."""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import run
import ways
import teekit_peers
from programs import HOST, Failed, Programs, check

MIB = 1 << 20
# title, requests at once, path, bytes up, what is read, unit
FIGURES = [
    ("requests at 64", 64, "/bytes/100", 0, "per_second", "/s"),
    ("64 KiB answers at 8", 8, f"/bytes/{64 << 10}", 0, "mb_per_second", "MB/s"),
    ("64 MiB answers at 1", 1, f"/bytes/{64 * MIB}", 0, "mb_per_second", "MB/s"),
    ("64 MiB answers at 4", 4, f"/bytes/{64 * MIB}", 0, "mb_per_second", "MB/s"),
    ("64 MiB uploads at 1", 1, "/sink", 64 * MIB, "mb_per_second", "MB/s"),
    ("64 MiB uploads at 4", 4, "/sink", 64 * MIB, "mb_per_second", "MB/s"),
]
ALONE = "node alone"
NODE, OURS = "node-node", "veritee-veriteed"
# what, figures of which the best counts, goal
GOALS = [
    ("requests a second at 64, ours / Node's", ["requests at 64"], 4),
    ("64 KiB answers, ours / Node's", ["64 KiB answers at 8"], 10),
    ("64 MiB answers, ours / Node's",
     ["64 MiB answers at 1", "64 MiB answers at 4"], 10),
    ("64 MiB uploads, ours / Node's",
     ["64 MiB uploads at 1", "64 MiB uploads at 4"], 10),
]


class NodeWay:
    """A client in Node as the load of the server at |port|."""

    def __init__(self, name, folder, port):
        self.name, self.folder, self.port = name, folder, port

    def measure(self, at_once, path, upload, seconds):
        r = subprocess.run(
            [shutil.which("node"), self.folder / "load.mjs",
             f"http://127.0.0.1:{self.port}", "tdx", path, str(at_once),
             str(seconds), str(upload)], capture_output=True, text=True)
        check(r.returncode == 0, f"{self.name}: {r.stdout} {r.stderr}")
        return json.loads(r.stdout)


class OurWay:
    """The load of the other benchmarks through the proxy at |port|."""

    def __init__(self, name, load, port):
        self.name, self.load, self.port = name, load, port

    def measure(self, at_once, path, upload, seconds):
        r = subprocess.run(
            [self.load, "--way", "http", "--to", f"127.0.0.1:{self.port}",
             "--target", f"{HOST}:80", "--path", path, "--connections",
             str(at_once), "--seconds", str(seconds), "--upload", str(upload)],
            capture_output=True, text=True)
        check(r.returncode == 0, f"{self.name}: {r.stdout} {r.stderr}")
        return json.loads(r.stdout)


class Ours:
    """A veriteed, as Desk.policy() wants a server."""

    def __init__(self, server):
        self.sim_dir = server.sim_dir
        self.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"


def all_ways(programs, desk, backend, server, load):
    folder = teekit_peers.peers(programs)
    alone = teekit_peers.Server(programs, sim_dir=server.sim_dir)
    node_server = teekit_peers.Server(programs, sim_dir=server.sim_dir,
                                      backend=backend.demo_port)
    to_node = programs.proxy(desk.policy([node_server]))
    to_ours = programs.proxy(desk.policy([Ours(server)]))
    return [NodeWay(ALONE, folder, alone.port),
            NodeWay(NODE, folder, node_server.port),
            NodeWay("node-veriteed", folder, server.port),
            OurWay("veritee-node", load, to_node.port),
            OurWay(OURS, load, to_ours.port)]


def measure_all(ways_, figures, seconds, rounds):
    """{title: {way: median}}; a way that cannot do it is left out."""
    found = {}
    print(f"{'':28}" + "".join(f"{w.name:>18}" for w in ways_), flush=True)
    for title, at_once, path, upload, key, unit in figures:
        runs = {w.name: [] for w in ways_}
        for _ in range(rounds):
            for w in ways_:
                try:
                    r = w.measure(at_once, path, upload, seconds)
                    check(r["errors"] == 0, f"{w.name}: {r}")
                    runs[w.name].append(r[key])
                except Failed as e:
                    print(f"{title}: {str(e).strip()}", file=sys.stderr)
        found[title] = {n: statistics.median(r) for n, r in runs.items() if r}
        print(f"{f'{title}, {unit}':28}" + "".join(
            f"{found[title].get(w.name, float('nan')):>18.0f}" for w in ways_),
            flush=True)
    return found


def best(found, titles, way):
    values = [found[t][way] for t in titles if way in found.get(t, {})]
    return max(values) if values else None


def report(found):
    print(f"\n{'goal':44}{'found':>10}{'goal':>10}")
    for what, titles, wanted in GOALS:
        node, ours = (best(found, titles, way) for way in (NODE, OURS))
        if not node or ours is None:
            print(f"{what:44}{'-':>10}{f'>= {wanted}':>10}")
            continue
        print(f"{what:44}{ours / node:>10.1f}{f'>= {wanted}':>10}  "
              f"{'reached' if ours >= wanted * node else 'not reached'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", nargs="?", default=ways.ROOT / "build/release")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--figures", default="", help="only titles with this text")
    parser.add_argument("--json", help="also write all figures to this file")
    args = parser.parse_args()
    if teekit_peers.install() is None:
        return 77
    load = run.build_tools(args.build)
    with Programs(args.build) as programs:
        backend = programs.server()  # of its own, so that its work is not ours
        server = programs.server(
            "--rule", f"*:80=127.0.0.1:{backend.demo_port}", demo=False)
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            found = measure_all(
                all_ways(programs, desk, backend, server, load),
                [f for f in FIGURES if args.figures in f[0]], args.seconds,
                args.rounds)
    report(found)
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
