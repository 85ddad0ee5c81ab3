#!/usr/bin/env python3
"""Verify every test vector of ../shared/vectors with the program just built.

usage: vectors_test.py BUILD_DIR. Exit status 77 without vectors or program.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
VECTORS = os.path.join(os.path.dirname(ROOT), "shared", "vectors")


def main():
    veritee = os.path.join(sys.argv[1], "bin", "veritee")
    for needed in (veritee, os.path.join(VECTORS, "expected.json")):
        if not os.path.exists(needed):
            print("skipped: there is no " + needed)
            return 77
    return subprocess.run(
        [sys.executable, "-B", os.path.join(ROOT, "tests", "vectors", "run.py"),
         veritee, VECTORS], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
