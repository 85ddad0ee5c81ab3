"""A systemd of the test's own, that runs units for real.

It is the manager of a user who is root in namespaces of its own: of users,
mounts, processes, control groups and networks, without a network but loopback.
So what units say of file systems and capabilities is done, too."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import image
from programs import wait_for

MANAGER = "/lib/systemd/systemd"
STANDARD = Path("/usr/lib/systemd/user")
INSIDE = "VERITEE_TEST_MACHINE"
UNITS = Path("/run/units")
RUNTIME = "/run/manager"  # not in /run/user, which units may not see
HIDDEN = "/run/systemd/inaccessible/dir"  # what they see instead
OWN = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--cgroup",
       "--pid", "--fork", "--kill-child", "--mount-proc"]


def enter():
    """None: we are in such namespaces. Otherwise this script was run in them,
    or cannot be, which is said: its exit status."""
    if os.environ.get(INSIDE):
        image.own_machine()
        mount("tmpfs", "/run")
        for folder in ("/run/systemd/system", HIDDEN, RUNTIME, UNITS):
            os.makedirs(folder)
        return None
    if not os.access(MANAGER, os.X_OK) or not shutil.which("systemctl"):
        print("skipped: there is no systemd")
        return 77
    if subprocess.run([*OWN, "true"], capture_output=True).returncode != 0:
        print("skipped: unshare(1) makes no namespaces here")
        return 77
    group = own_group()
    if group is None:
        print("skipped: no control group can be made here")
        return 77
    try:
        return subprocess.run(
            [*OWN, sys.executable, *sys.argv], env={**os.environ, INSIDE: "yes"},
            preexec_fn=lambda: (group / "cgroup.procs").write_text("0")).returncode
    finally:
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)


def own_group():
    """A new control group below ours, where a manager may make its own."""
    ours = re.search("^0::(.*)$", Path("/proc/self/cgroup").read_text(), re.M)
    mounted = re.search(r"^.* (\S+) \S+( \S+)* - cgroup2 ",
                        Path("/proc/self/mountinfo").read_text(), re.M)
    if ours is None or mounted is None:
        return None
    group = Path(f"{mounted.group(1)}{ours.group(1)}/veritee-test-{os.getpid()}")
    try:
        group.mkdir()
    except OSError:
        return None
    return group


def mount(kind, there):
    subprocess.run(["mount", "-t", kind, "none", there], check=True)


def install(unit, changes=(), settings=""):
    """A copy of the file |unit|, with |changes| of (before, after), and more
    |settings|. Its service's output is appended to `log_of`."""
    text = unit.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    if unit.suffix == ".service":
        log = log_of(unit.stem)
        text += f"\n[Service]\nStandardOutput=append:{log}\n"
        text += f"StandardError=append:{log}\n{settings}"
    (UNITS / unit.name).write_text(text)


def log_of(name):
    return Path(f"/run/{name}.log")


class Manager:
    """Knows the units that were installed before."""

    def __init__(self, programs):
        for name in ("basic", "default", "exit", "paths", "shutdown", "sockets",
                     "timers"):
            shutil.copy(STANDARD / f"{name}.target", UNITS)
        shutil.copy(STANDARD / "systemd-exit.service", UNITS)
        self.env = {"HOME": str(programs.dir), "XDG_RUNTIME_DIR": RUNTIME,
                    "PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": str(UNITS),
                    "SYSTEMD_GENERATOR_PATH": "/none", "SYSTEMD_LOG_TARGET": "console"}
        programs.start("/usr/bin/env", "-i", *(f"{k}={v}" for k, v in self.env.items()),
                       MANAGER, "--user")
        wait_for("the manager answers",
                 lambda: self.control("is-active", "default.target").returncode == 0)

    def control(self, *argv):
        return subprocess.run(["systemctl", "--user", *argv], env=self.env,
                              capture_output=True, text=True)

    def shows(self, unit, name):
        return self.control("show", "--value", "-p", name, unit).stdout.strip()
