#!/usr/bin/python3
"""New keys every two seconds, under load, for a minute: no request fails.

ROTATION_SECONDS: for how long instead."""

import os
import sys
from pathlib import Path

from fleet_test import keys_change_under_load

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import run_tests  # noqa: E402

SECONDS = float(os.environ.get("ROTATION_SECONDS", "60"))


def new_keys_for_a_minute_lose_nothing(build):
    keys_change_under_load(build, SECONDS)


if __name__ == "__main__":
    sys.exit(run_tests([new_keys_for_a_minute_lose_nothing]))
