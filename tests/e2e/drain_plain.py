#!/usr/bin/python3
"""drain_test.py with a download of 1 GB.

DRAIN_BYTES: another size."""

import os
import sys

os.environ.setdefault("DRAIN_BYTES", "1000000000")
import drain_test  # noqa: E402

if __name__ == "__main__":
    sys.exit(drain_test.run_tests(drain_test.TESTS))
