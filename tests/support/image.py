"""What a Containerfile makes, as far as that goes without a container engine.

A root with the program and those libraries alone that the image's packages
bring: a library that no package of the image has is not there. And namespaces
to run it in, without a network but loopback."""

import fcntl
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

SIOCSIFFLAGS = 0x8914  # linux/sockios.h
IFF_UP = 1
INSIDE = "VERITEE_TEST_NAMESPACES"


def enter_namespaces():
    """This script again, in namespaces of its own. False: not possible here."""
    if os.environ.get(INSIDE):
        own_machine()
        return True
    own = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--cgroup"]
    if (shutil.which(own[0]) is None or
            subprocess.run([*own, "true"], capture_output=True).returncode != 0):
        return False
    os.environ[INSIDE] = "yes"
    os.execvp(own[0], [*own, sys.executable, *sys.argv])


def own_machine():
    """What is to be done first in new namespaces: loopback; and crun, as
    systemd, wants one kind of control groups only."""
    request = struct.pack("16sh14x", b"lo", IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)
    subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"],
                   check=True)


# --- what the file says ------------------------------------------------------


class Containerfile:
    """The last stage: .packages, .copies of (from, to), .ports, .user, .entry,
    .args, .stop; and .volumes of (from, to, read-only), which the command at the
    top gives it."""

    def __init__(self, path):
        text = re.sub(r"\\\n", " ", path.read_text())
        self.volumes = [(source, there, bool(ro)) for source, there, ro in
                        re.findall(r" -v (\S+?):([^\s:]+)(:ro)?", text)]
        stage = re.split(r"^FROM .*$", text, flags=re.M)[-1]
        steps = [line.split(None, 1) for line in stage.splitlines()
                 if line and not line.startswith("#")]
        self.base = re.findall(r"^FROM (\S+)", text, re.M)[-1]
        self.packages = []
        self.copies = []
        self.ports = []
        self.user = "0"
        self.stop = "SIGTERM"
        known = {"ENTRYPOINT": [], "CMD": []}
        for word, rest in steps:
            if word == "RUN":
                self.packages += packages_of(rest)
            elif word == "COPY":
                *options, source, there = rest.split()
                assert options == ["--from=build"], rest
                self.copies.append((source, there))
            elif word == "EXPOSE":
                self.ports.append(int(rest))
            elif word == "USER":
                self.user = rest
            elif word == "STOPSIGNAL":
                self.stop = rest
            else:
                known[word] = re.findall(r'"([^"]*)"', rest)
        self.entry, self.args = known["ENTRYPOINT"], known["CMD"]


def packages_of(command):
    found = []
    for part in re.split("&&|;", command):
        words = shlex.split(part)
        if words[:2] == ["apt-get", "install"]:
            found += [w for w in words[2:] if not w.startswith("-")]
    return found


# --- what the packages bring -------------------------------------------------


class Installed:
    """Debian's packages on this machine."""

    def __init__(self):
        told = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Package}\t${Priority}\t${Provides}\t"
             "${Pre-Depends}, ${Depends}\n"], capture_output=True, text=True,
            check=True)
        self.needs = {}
        self.by_name = {}
        self.base = set()  # in every image
        for line in told.stdout.splitlines():
            name, priority, provides, needs = line.split("\t")
            self.needs[name] = names_in(needs)
            for other in [name, *names_in(provides)]:
                self.by_name.setdefault(other, set()).add(name)
            if priority == "required":
                self.base.add(name)

    def lacks(self, names):
        return [n for n in names if n not in self.needs]

    def with_needs(self, names):
        """Those and the base, and all that they depend on."""
        found, todo = set(), [*names, *self.base]
        while todo:
            for name in self.by_name.get(todo.pop(), ()):
                if name not in found:
                    found.add(name)
                    todo += self.needs[name]
        return found


def names_in(relations):
    return re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", relations)


def libraries_of(program):
    """Of each library the path it is asked for by."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True,
                          check=True)
    return re.findall(r"(/\S+) \(0x", told.stdout)


def owners_of(paths):
    """Of each file the package it is of, which may know it as it was named
    before /usr had all."""
    names = {}
    for path in paths:
        real = os.path.realpath(path)
        for name in (path, real, real.removeprefix("/usr")):
            names[name] = path
    told = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True)
    return {names[name]: package for package, name in
            re.findall(r"^([^:\s]+)\S*: (.+)$", told.stdout, re.M)}


# --- a root of it ------------------------------------------------------------


def make_root(root, program, there, packages):
    """|root| becomes the image: |program| at |there|, libraries of |packages|."""
    copy(program, inside(root, there))
    for library, owner in owners_of(libraries_of(program)).items():
        if owner in packages:
            copy(library, inside(root, library))


def inside(root, path):
    return root / str(path).lstrip("/")


def copy(source, there):
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.path.realpath(source), there)
