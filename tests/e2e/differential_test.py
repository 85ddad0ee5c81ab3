#!/usr/bin/env python3
"""Compare the verifier with another one, over vectors and mutations of them.

usage: differential_test.py BUILD_DIR. Exit status 77 without vectors, node, npm
or the program. tests/vectors/differential.py says what is compared.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
VECTORS = os.path.join(os.path.dirname(ROOT), "shared", "vectors")


def main():
    batch = os.path.join(sys.argv[1], "bin", "verify_batch")
    if not os.path.exists(batch):
        print("skipped: there is no " + batch)
        return 77
    return subprocess.run(
        [sys.executable, "-B", os.path.join(ROOT, "tests", "vectors",
                                            "differential.py"),
         batch, VECTORS, "--seconds", "150"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
