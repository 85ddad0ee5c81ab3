#!/usr/bin/python3
"""veriteed reads its rules again: all or nothing, and nothing that goes on is
disturbed."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)

NOWHERE = "other.test:80=127.0.0.1:1\n"


class Rules:
    """A server whose rules are a file, and a proxy in front of it."""

    def __init__(self, programs, *args, env=None):
        self.file = programs.dir / "rules"
        self.file.write_text(NOWHERE)
        sim = programs.dir / "sim"
        self.server = programs.start(
            "veriteed", "--listen", "127.0.0.1:0", "--simulate",
            "--simulate-dir", sim, "--workers", "3", "--demo", "--rules",
            self.file, *args, env=env)
        port = self.server.wait_line(r"^ready: .*:(\d+)$").group(1)
        demo = self.server.wait_line(r"^demo: http://[^ ]*:(\d+)").group(1)
        self.demo = f"{HOST}:80=127.0.0.1:{demo}\n"
        self.done = {"rules.reloaded": 0, "rules.kept": 0}
        self.proxy = programs.proxy(
            programs.policy([f"ws://127.0.0.1:{port}/__ra__"], sim))

    def reload(self, text, word="rules.reloaded"):
        self.file.write_text(text)
        self.server.process.send_signal(signal.SIGHUP)
        self.done[word] += 1
        self.server.wait_log(word, self.done[word])

    def code(self):
        r = curl("-x", self.proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                 f"http://{HOST}/")
        return r.stdout.decode()


def new_rules_lead_what_is_asked_next_and_leave_what_goes_on(build):
    with Programs(build) as programs:
        rules = Rules(programs)
        check(rules.code() == "403", "before there is a rule")
        rules.reload(rules.demo)
        check(rules.code() == "200", "with a rule")
        download = subprocess.Popen(
            ["curl", "-qsSN", "-x", rules.proxy.url,
             f"http://{HOST}/sse?n=12&ms=250"], stdout=subprocess.PIPE)
        while not download.stdout.readline().startswith(b"data:"):
            check(download.poll() is None, "the download does not begin")
        rules.reload(NOWHERE)
        check(rules.code() == "403", "the rule is gone")
        rest = download.communicate(timeout=PATIENCE)[0]
        check((download.returncode, rest.count(b"data:")) == (0, 11),
              f"what went on: curl {download.returncode}, {rest}")


def a_mistake_keeps_the_rules_before_and_names_its_line(build):
    with Programs(build) as programs:
        rules = Rules(programs)
        rules.reload(rules.demo)
        for text, said in (
                (f"# two\n{NOWHERE}demo.test=nothing\n", f"{rules.file}:3:"),
                (NOWHERE + NOWHERE, f"{rules.file}:2: a second rule")):
            rules.reload(text, "rules.kept")
            check(said in rules.server.tail(), rules.server.tail())
            check(rules.code() == "200", "with the rules before")
        rules.file.unlink()
        rules.server.process.send_signal(signal.SIGHUP)
        rules.server.wait_log("rules.kept", 3)
        check(rules.code() == "200", "without the file")


def a_rule_of_the_command_line_stays(build):
    with Programs(build) as programs:
        rules = Rules(programs, "--rule", "third.test:80=127.0.0.1:2")
        rules.reload("third.test:80=127.0.0.1:3\n", "rules.kept")
        check("a second rule" in rules.server.tail(), rules.server.tail())


def many_reloads_under_load_lose_no_request(build):
    with Programs(build) as programs:
        rules = Rules(programs)
        rules.reload(rules.demo)
        load = subprocess.Popen(
            ["curl", "-qsS", "-Z", "--parallel-max", "8", "-x",
             rules.proxy.url, "-o", "/dev/null", "-w", "%{http_code}\n",
             f"http://{HOST}/count?[1-400]"], stdout=subprocess.PIPE)
        sent = 0
        while load.poll() is None and sent < 200:
            rules.file.write_text(rules.demo + f"x{sent}.test:80=b.test:1\n")
            rules.server.process.send_signal(signal.SIGHUP)
            sent += 1
            time.sleep(0.005)
        got = load.communicate(timeout=PATIENCE)[0].split()
        check(got == [b"200"] * 400, f"{set(got)}, {len(got)} answers")
        # Signals may become one; the last one counts all the same.
        rules.file.write_text(NOWHERE)
        rules.server.process.send_signal(signal.SIGHUP)
        wait_for("the last rules hold", lambda: rules.code() == "403")


def the_service_manager_hears_of_it(build):
    with Programs(build) as programs, socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(programs.dir / "notify"))
        manager.settimeout(PATIENCE)
        rules = Rules(programs,
                      env={"NOTIFY_SOCKET": str(programs.dir / "notify")})
        check(manager.recv(512) == b"READY=1", "ready")
        began = time.monotonic_ns() // 1000
        rules.reload(rules.demo)
        said = manager.recv(512).decode().split("\n")
        check(said[0] == "RELOADING=1", f"{said}")
        when = int(said[1].removeprefix("MONOTONIC_USEC="))
        check(began - 1000 <= when <= time.monotonic_ns() // 1000, f"{said}")
        check(manager.recv(512).startswith(b"READY=1"), "done")
        rules.reload("nonsense\n", "rules.kept")
        check(manager.recv(512).startswith(b"RELOADING=1"), "again")
        check(manager.recv(512).startswith(b"READY=1"), "kept")
        rules.server.process.terminate()
        check(manager.recv(512) == b"STOPPING=1", "stopping")


if __name__ == "__main__":
    sys.exit(run_tests([
        new_rules_lead_what_is_asked_next_and_leave_what_goes_on,
        a_mistake_keeps_the_rules_before_and_names_its_line,
        a_rule_of_the_command_line_stays,
        many_reloads_under_load_lose_no_request,
        the_service_manager_hears_of_it,
    ]))
