#!/usr/bin/python3
"""A gigabyte each way at the same time, in bounded memory.

Needs the programs as released: sanitizers multiply memory."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, run_tests  # noqa: E402

GIGABYTE = 1_000_000_000
LIMIT_KIB = 64 * 1024


def a_gigabyte_each_way_stays_below_64_mib(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        down = subprocess.Popen(
            ["curl", "-qsS", "-x", proxy.url, "-o", "/dev/null", "-w",
             "%{size_download}", f"http://{HOST}/bytes/{GIGABYTE}"],
            stdout=subprocess.PIPE)
        source = subprocess.Popen(["head", "-c", str(GIGABYTE), "/dev/zero"],
                                  stdout=subprocess.PIPE)
        up = subprocess.run(
            ["curl", "-qsS", "-x", proxy.url, "-X", "POST", "-T", "-",
             f"http://{HOST}/sink"], stdin=source.stdout, capture_output=True)
        check(str(GIGABYTE).encode() in up.stdout, f"{up.stdout} {up.stderr}")
        check(down.communicate()[0] == str(GIGABYTE).encode(), "download")
        source.wait()
        for name, child in (("veritee", proxy), ("veriteed", server)):
            used = child.resident_kib()
            print(f"# {name}: {used} KiB resident at most")
            check(used < LIMIT_KIB, f"{name}: {used} KiB, limit {LIMIT_KIB}")


if __name__ == "__main__":
    sys.exit(run_tests([a_gigabyte_each_way_stays_below_64_mib]))
