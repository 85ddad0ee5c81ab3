#!/usr/bin/python3
"""Log lines that programs can read: one JSON object each, and every event that
is not for debugging is in the manual, with its fields."""

import json
import re
import sys
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LEVELS = ("error", "warn", "info", "debug")
MANUALS = {"veritee.1": ("collateral", "policy", "proxy/io", "proxy/local",
                         "proxy/tools", "proxy/tunnel"),
           "veriteed.8": ("collateral", "proxy/io", "proxy/server",
                          "proxy/tunnel")}


def logged(folders):
    """(event, fields) of each call that logs more than for debugging."""
    for folder in folders:
        for path in sorted((ROOT / folder).glob("*.c")):
            for call in re.findall(r"log_(?:event|why)\((.*?)\);",
                                   path.read_text(), re.S):
                if "LOG_DEBUG" in call:
                    continue
                for event in re.findall(r'"([a-z]+\.[A-Za-z_]+)"', call):
                    yield event, re.findall(r'LOG_[SNB]\("(\w+)"', call)


def entries(manual):
    """{event: what the manual says of it}."""
    found = {}
    section = re.search(r"^\.Sh LOG$(.*?)^\.Sh ", manual, re.M | re.S)
    check(section, "no section about the log")
    for part in re.split(r"^\.It ", section[1], flags=re.M)[1:]:
        head, _, text = part.partition("\n")
        names = re.findall(r"[a-z]+\.[A-Za-z_]+", head)
        check(names, f"an entry without an event: {head}")
        for name in names:
            found[name] = text
    return found


def the_manual_knows_each_event_and_its_fields(_build):
    for page, folders in MANUALS.items():
        told = entries((ROOT / "docs/man" / page).read_text())
        seen = set()
        for event, fields in logged(folders):
            check(event in told, f"{page}: no {event}")
            seen.add(event)
            for field in fields:
                check(re.search(rf"\b{field}\b", told[event]),
                      f"{page}: {event} without its field {field}")
        check(set(told) <= seen, f"{page}: never logged: {set(told) - seen}")


def each_line_is_an_object(build):
    json_log = ("--log-format", "json", "--log-level", "debug")
    with Programs(build) as programs:
        server = programs.server(*json_log)
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy, *json_log)
        for host in (HOST, 'odd"\\.test', "x" * 300 + ".test"):
            curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/",
                 "-H", f"Host: {host}")
        curl("-x", proxy.url, "-o", "/dev/null", "http://other.test/")
        for child in (proxy, server):
            check(child.stop() == 0, child.tail())
            lines = Path(child.log_path).read_text().splitlines()
            check(len(lines) > 5, f"{lines}")
            for line in lines:
                entry = json.loads(line)
                check(isinstance(entry, dict), line)
                check(entry["level"] in LEVELS, line)
                check(re.fullmatch(r"[a-z]+\.[A-Za-z_]+", entry["event"]),
                      line)
                datetime.fromisoformat(entry["time"].replace("Z", "+00:00"))
                check(all(isinstance(v, (str, int)) for v in entry.values()),
                      line)


if __name__ == "__main__":
    sys.exit(run_tests([
        the_manual_knows_each_event_and_its_fields,
        each_line_is_an_object,
    ]))
