#!/usr/bin/python3
"""Keys stay in memory: none of it is swapped or dumped.

Needs the programs as released: AddressSanitizer locks nothing."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402


def said(program, name, pattern):
    text = Path(f"/proc/{program.process.pid}/{name}").read_text()
    return re.search(pattern, text, re.M).groups()


def the_server_s_keys_are_locked_in_memory(build):
    with Programs(build) as programs:
        server = programs.server()
        (may,) = said(server, "limits", r"^Max locked memory +(\w+)")
        if may == "0":
            print("skipped - this user may lock no memory", flush=True)
            return
        (locked,) = said(server, "status", r"^VmLck:\s+(\d+) kB$")
        check(int(locked) > 0, f"{locked} KiB are locked")


def neither_program_leaves_a_core(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/")
        for program in server, proxy:
            limits = said(program, "limits", r"^Max core file size +(\w+) +(\w+)")
            check(limits == ("0", "0"), f"{program.argv[0]}: {limits}")


if __name__ == "__main__":
    sys.exit(run_tests([
        the_server_s_keys_are_locked_in_memory,
        neither_program_leaves_a_core,
    ]))
