"""What the kernel tells of a process."""

import re
from pathlib import Path


def status_of(pid):
    """The fields of its status, as texts."""
    return dict(re.findall(r"^(\w+):\s+(.*)$",
                           Path(f"/proc/{pid}/status").read_text(), re.M))


def read_only_mounts(pid):
    """Of each place where something is mounted: may it not be written?"""
    mounts = Path(f"/proc/{pid}/mountinfo").read_text()
    return {m[4]: "ro" in m[5].split(",")
            for m in map(str.split, mounts.splitlines())}
