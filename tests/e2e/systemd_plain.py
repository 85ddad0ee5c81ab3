#!/usr/bin/python3
"""The units under deploy/systemd, run by a systemd: the proxy's as the user's
that it is, the server's with all that keeps it in, but for its user.

usage: systemd_plain.py BUILD_DIR [NAME...]. Ports are those of the units, in
namespaces of the test's own; exit status 77 where there can be none."""

import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import systemd  # noqa: E402
from procfs import read_only_mounts, status_of  # noqa: E402
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      wait_for)

UNITS = Path(__file__).resolve().parents[2] / "deploy/systemd"
CAP_DAC_OVERRIDE = 1  # linux/capability.h
TSM = Path("/sys/kernel/config/tsm/report")


def answers(proxy="127.0.0.1:8118", host=HOST, path="/"):
    r = curl("-x", f"http://{proxy}", "-o", "/dev/null", "-w", "%{http_code}",
             f"http://{host}{path}")
    return r.stdout == b"200"


def the_proxy_s_units_serve(build):
    with Programs(build) as programs:
        server = programs.server()
        folder = programs.dir / ".config/veritee"
        folder.mkdir(parents=True)
        policy = folder / "policy.yaml"
        written = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                  server.sim_dir).read_text()
        policy.write_text(written)
        systemd.install(UNITS / "user/veritee.socket")
        systemd.install(UNITS / "user/veritee.service", [
            ("ExecStart=veritee", f"ExecStart={programs.bin.resolve()}/veritee")])
        manager = systemd.Manager(programs)
        started = manager.control("start", "veritee.socket")
        check(started.returncode == 0, started)
        check(manager.shows("veritee", "ActiveState") == "inactive", "too early")
        for address in ("127.0.0.1:8118", "[::1]:8118"):
            check(answers(address), systemd.log_of("veritee").read_text())
        check(manager.shows("veritee", "ActiveState") == "active", "not said")
        found = status_of(manager.shows("veritee", "MainPID"))
        check(found["NoNewPrivs"] == "1" and found["Seccomp"] == "2", found)

        check(not answers(host="other.test"), "it is in no policy yet")
        policy.write_text(written.replace(HOST, "other.test"))
        told = manager.control("reload", "veritee")
        check(told.returncode == 0, told)
        wait_for("the new policy", lambda: answers(host="other.test"))

        told = manager.control("stop", "veritee.service")
        check(manager.shows("veritee", "Result") == "success", told)
        check(answers(host="other.test"), "its port starts it again")

        policy.write_text("listen: nowhere\n")
        manager.control("stop", "veritee.socket", "veritee.service")
        told = manager.control("start", "veritee.service")
        check(told.returncode != 0, told)
        gives_up(manager, "veritee")


class Guest:
    """The server's units, on a machine whose kernel makes quotes: all that they
    name is below /run, but the files of the kernel."""

    def __init__(self, programs):
        self.programs = programs
        etc = Path("/run/etc")
        shutil.copy(programs.bin / "veriteed", "/run/veriteed")
        shutil.copytree(UNITS / "system", etc, dirs_exist_ok=True)
        self.options, self.rules = etc / "veriteed.conf", etc / "veriteed.rules"
        systemd.mount("tmpfs", "/sys/kernel")
        TSM.mkdir(parents=True)
        self.sim = Path("/run/sim")
        kernel = programs.start("fake_platform", "tsm", TSM, self.sim, "sev-snp")
        kernel.expected = (-signal.SIGTERM,)
        kernel.wait_line("^ready$")
        systemd.install(UNITS / "system/veriteed.socket")
        systemd.install(
            UNITS / "system/veriteed.service",
            [("/etc/veritee/", f"{etc}/"),
             ("ExecStart=veriteed", "ExecStart=/run/veriteed"),
             # A user's manager has no other users, and no such target.
             ("DynamicUser=yes", ""),
             ("After=network-online.target\nWants=network-online.target", ""),
             # What it may not call ends it, so that it cannot go unnoticed.
             ("SystemCallErrorNumber=EPERM", "SystemCallErrorNumber=kill")])
        self.manager = systemd.Manager(programs)

    def start(self, unit, options):
        self.options.write_text(f'VERITEED_OPTIONS="{options}"\n')
        told = self.manager.control("start", unit)
        check(told.returncode == 0, f"{told}\n{self.log()}\n"
              f"{self.manager.control('status', unit).stdout}")

    def log(self):
        return systemd.log_of("veriteed").read_text()

    def proxy(self):
        accept = (self.sim / "accept.yaml").read_text()
        return self.programs.proxy(self.programs.policy(
            ["ws://127.0.0.1:8443/__ra__"], self.sim,
            accept + "  revocation: optional\n"))

    def quote_command(self):
        """The same TEE, by a program that has to make files."""
        shutil.copy(self.programs.bin / "fake_platform", "/run")
        script = Path("/run/quote")
        script.write_text(f"#!/bin/sh\ncp -r {self.sim} /tmp &&\n"
                          "exec /run/fake_platform command - /tmp/sim sev-snp\n")
        script.chmod(0o755)
        return f"--quote-source command:{script}"

    def is_kept_in(self):
        pid = self.manager.shows("veriteed", "MainPID")
        found = status_of(pid)
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            check(int(found[name], 16) == 1 << CAP_DAC_OVERRIDE, found)
        check(found["NoNewPrivs"] == "1" and found["Seccomp"] == "2", found)
        check(found["VmLck"] != "0 kB", "its key can be swapped out")
        read_only = read_only_mounts(pid)
        for there in ("/", "/sys", "/sys/kernel"):
            check(read_only[there], f"{there} can be written")
        check(not read_only[str(TSM)], f"{TSM} cannot be written")


def the_server_s_units_serve(build):
    with Programs(build) as programs:
        guest = Guest(programs)
        site = programs.server().demo_port
        guest.rules.write_text(f"{HOST}:80=127.0.0.1:{site}\n")
        guest.start("veriteed.service", "--listen *:8443 --epoch-seconds 2")
        guest.is_kept_in()
        proxy = f"127.0.0.1:{guest.proxy().port}"
        check(answers(proxy), guest.log())
        wait_for("a second key", lambda: "epoch=2" in guest.log())
        check(answers(proxy), guest.log())
        told = guest.manager.control("reload", "veriteed")
        check(told.returncode == 0, told)
        wait_for("the rules again", lambda: "rules.reloaded" in guest.log())
        guest.manager.control("stop", "veriteed.service")
        check(guest.manager.shows("veriteed", "Result") == "success", guest.log())

        guest.start("veriteed.socket", guest.quote_command())
        check(answers(proxy), guest.log())
        guest.manager.control("stop", "veriteed.socket", "veriteed.service")


def the_server_waits_for_what_may_come_alone(build):
    with Programs(build) as programs:
        guest = Guest(programs)
        guest.rules.write_text(f"{HOST}:80=127.0.0.1:80\n")
        guest.options.write_text(
            'VERITEED_OPTIONS="--listen *:8443 --quote-source gramine:/nowhere"\n')
        guest.manager.control("start", "veriteed.service")
        wait_for("more tries than are usual", lambda: int(
            guest.manager.shows("veriteed", "NRestarts")) > 5)
        guest.manager.control("stop", "veriteed.service")

        guest.rules.write_text("nonsense\n")
        guest.manager.control("start", "veriteed.service")
        gives_up(guest.manager, "veriteed")
        guest.manager.control("reset-failed", "veriteed.service")
        guest.start("veriteed.socket", "")
        curl("http://127.0.0.1:8443/healthz")
        wait_for("the socket is closed", lambda: guest.manager.shows(
            "veriteed.socket", "Result") == "service-start-limit-hit")


def gives_up(manager, unit):
    """What is written wrong does not become right by another try."""
    for name, value in (("ActiveState", "failed"), ("ExecMainStatus", "2"),
                        ("NRestarts", "0")):
        shown = manager.shows(unit, name)
        check(shown == value, f"{unit}: {name} is {shown}")


if __name__ == "__main__":
    status = systemd.enter()
    if status is not None:
        sys.exit(status)
    sys.exit(run_tests([
        the_proxy_s_units_serve,
        the_server_s_units_serve,
        the_server_waits_for_what_may_come_alone,
    ]))
