#!/usr/bin/python3
"""What is under deploy/, by the programs it is for, and the Debian packages.

systemd-analyze reads the units and says how much they leave open, HAProxy
checks its files, the Kubernetes file is what its API takes, every option that a
file gives is one the program has, and two builds in two places are the same.
What container and pod do is in container_plain.py, what the units do in
systemd_plain.py, HAProxy in fleet_test.py."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from certificate import make_site  # noqa: E402
from programs import Programs, check, run_tests  # noqa: E402

try:
    import kubernetes  # noqa: E402
except ImportError:
    kubernetes = None

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
EXPOSURE_MAX = 2.0


def run(*argv, **more):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          **more)


def lacks(program):
    if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
        return False
    print(f"skipped - no {program}", flush=True)
    return True


def systemd_takes_the_units(build):
    if lacks("systemd-analyze"):
        return
    with Programs(build) as programs:
        for manager, program in (("user", "veritee"), ("system", "veriteed")):
            copies = []
            for unit in sorted((UNITS / manager).glob("*.s*")):
                copies.append(programs.dir / unit.name)
                copies[-1].write_text(unit.read_text().replace(
                    f"ExecStart={program}",
                    f"ExecStart={programs.bin.resolve() / program}"))
            told = run("systemd-analyze", f"--{manager}", "--man=no", "verify", *copies,
                       env={"PATH": "/usr/bin:/bin", "HOME": str(programs.dir),
                            "XDG_RUNTIME_DIR": str(programs.dir)})
            check(told.returncode == 0 and program not in told.stderr, told)


def the_server_s_unit_leaves_little_open(_build):
    if lacks("systemd-analyze"):
        return
    told = run("systemd-analyze", "security", "--offline=true",
               UNITS / "system/veriteed.service")
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", told.stdout)
    check(found is not None, told)
    check(float(found.group(1)) <= EXPOSURE_MAX, found.group(0))


def haproxy_takes_its_files(build):
    if lacks("haproxy"):
        return
    with Programs(build) as programs:
        pem = make_site(programs.dir, "a.test")
        servers = {f"SERVER{n}": f"127.0.0.1:{n}" for n in (1, 2, 3)}
        for name in ("tcp.cfg", "http.cfg"):
            told = run("haproxy", "-c", "-f", DEPLOY / "haproxy" / name,
                       env={"PATH": "/usr/sbin:/usr/bin", "FRONT": "127.0.0.1:1",
                            "CERTIFICATE": str(pem), **servers})
            check(told.returncode == 0 and "WARNING" not in told.stderr, told)


def kubernetes_takes_its_file(_build):
    if kubernetes is None:
        print("skipped - no python3-yaml", flush=True)
        return
    objects = kubernetes.read(DEPLOY / "kubernetes/veriteed.yaml")
    told = kubernetes.complaints(objects)
    if told is None:
        return  # which is said
    check(told == "", told)
    objects[1]["spec"]["replicas"] = "3"
    objects[1]["spec"]["template"]["spec"]["containers"][0]["port"] = []
    told = kubernetes.complaints(objects)
    for words in ("replicas must be integer", "containers.port is no field"):
        check(words in told, f"it would take anything: {told}")


def options_given_are_options_known(build):
    known = run(Path(build) / "bin/veriteed", "--help").stdout
    files = [UNITS / "system/veriteed.service", UNITS / "system/veriteed.conf",
             DEPLOY / "container/Containerfile", DEPLOY / "kubernetes/veriteed.yaml"]
    for path in files:
        text = "\n".join(line for line in path.read_text().splitlines()
                         if re.search("VERITEED_OPTIONS=|ExecStart=|CMD|^ +(\"|- )--",
                                      line))
        given = re.findall(r"--[a-z][a-z-]+", text)
        check(given, f"{path} gives no option")
        for option in given:
            check(f" {option} " in known, f"{path}: {option} is not an option")


def pack(programs, build, folder):
    """Both packages, in a folder of that name."""
    told = run("cpack", "--config", Path(build).resolve() / "CPackConfig.cmake",
               "-B", programs.dir / folder, cwd=programs.dir)
    check(told.returncode == 0, told)
    return sorted((programs.dir / folder).glob("*.deb"))


def packages_are_the_same_each_time(build):
    if lacks("dpkg-deb"):
        return
    with Programs(build) as programs:
        first = [deb.read_bytes() for deb in pack(programs, build, "first")]
        time.sleep(1)  # that would show in a date
        again = [deb.read_bytes() for deb in pack(programs, build, "again")]
        check(len(first) == 2 and first == again, "they differ")


def packages_are_as_debian_wants_them(build):
    if lacks("dpkg-deb") or lacks("lintian"):
        return
    with Programs(build) as programs:
        # Whoever hands them out says who that is, by VERITEE_CONTACT.
        told = run("lintian", "--fail-on", "error", "--suppress-tags",
                   "bogus-mail-host,bogus-mail-host-in-debian-changelog",
                   *pack(programs, build, "deb"))
        check(told.returncode == 0, told)


def packages_hold_what_they_should(build):
    if lacks("dpkg-deb"):
        return
    with Programs(build) as programs:
        pack(programs, build, "deb")
        for name, files in (
                ("veritee", ["usr/bin/veritee", "usr/lib/systemd/user/veritee.service",
                             "usr/share/man/man1/veritee.1.gz",
                             "usr/share/man/man5/veritee-policy.5.gz",
                             "usr/share/doc/veritee/copyright"]),
                ("veriteed", ["usr/bin/veriteed", "etc/veritee/veriteed.rules",
                              "usr/lib/systemd/system/veriteed.service",
                              "usr/lib/systemd/system/veriteed.socket",
                              "usr/share/man/man8/veriteed.8.gz",
                              "usr/share/doc/veriteed/copyright"])):
            (deb,) = (programs.dir / "deb").glob(f"{name}_*.deb")
            there = programs.dir / name
            subprocess.run(["dpkg-deb", "-x", deb, there], check=True)
            for path in files:
                check((there / path).is_file(), f"{deb.name}: no {path}")
            depends = run("dpkg-deb", "-f", deb, "Depends").stdout
            check("libuv1" in depends and "libssl" in depends, depends)
            for inside in ("libcurl", "ipsec-mb"):
                check(inside not in depends, f"{inside} is to be linked in: {depends}")
            said = run(there / files[0], "--version").stdout
            check(said.startswith(f"{name} "), said)


def an_install_has_everything(build):
    """All components at once, and each alone has what is its own."""
    parts = {
        "veritee": ["bin/veritee", "share/man/man1/veritee.1",
                    "share/man/man5/veritee-policy.5",
                    "lib/systemd/user/veritee.service",
                    "lib/systemd/user/veritee.socket"],
        "veriteed": ["bin/veriteed", "share/man/man8/veriteed.8",
                     "lib/systemd/system/veriteed.service",
                     "lib/systemd/system/veriteed.socket"],
        "library": ["include/veritee/verifier/veritee_verifier.h"],
    }
    with Programs(build) as programs:
        for name in (None, *parts):
            root = programs.dir / (name or "all")
            only = ["--component", name] if name else []
            told = run("cmake", "--install", build, "--prefix", "/usr", *only,
                       env={**os.environ, "DESTDIR": str(root)})
            check(told.returncode == 0, told)
            for part, files in parts.items():
                for path in files:
                    there = (root / "usr" / path).is_file()
                    check(there == (name in (None, part)),
                          f"{name or 'all'}: {path} is there: {there}")
        conf = programs.dir / "all/etc/veritee/veriteed.rules"
        check(conf.is_file(), f"no {conf}")
        for name in ("veritee", "veriteed"):
            said = run(programs.dir / f"all/usr/bin/{name}", "--version").stdout
            check(said.startswith(f"{name} "), said)


def two_builds_in_two_places_are_the_same(build):
    cache = (Path(build) / "CMakeCache.txt").read_text()
    if re.search("^CMAKE_C_COMPILER_LAUNCHER:[^=]*=.", cache, re.M):
        print("skipped - a compiler launcher changes paths", flush=True)
        return
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith(("CMAKE_", "CCACHE_"))}
    with Programs(build) as programs:
        copy = programs.dir / "elsewhere"
        shutil.copytree(ROOT, copy, symlinks=True,
                        ignore=shutil.ignore_patterns("build", ".git", "tests"))
        shutil.copytree(ROOT / "build/deps", copy / "build/deps", symlinks=True)
        told = run("cmake", "--preset", "release", "-DVERITEE_TESTS=OFF", cwd=copy,
                   env=environment)
        check(told.returncode == 0, told)
        told = run("nice", "ninja", "-C", copy / "build/release", "veritee", "veriteed",
                   env=environment)
        check(told.returncode == 0, told.stdout[-3000:])
        for name in ("veritee", "veriteed"):
            hashes = {run("sha256sum", where / "bin" / name).stdout.split()[0]
                      for where in (Path(build), copy / "build/release")}
            check(len(hashes) == 1, f"{name} depends on where it is built")


if __name__ == "__main__":
    sys.exit(run_tests([
        systemd_takes_the_units,
        the_server_s_unit_leaves_little_open,
        haproxy_takes_its_files,
        kubernetes_takes_its_file,
        options_given_are_options_known,
        packages_hold_what_they_should,
        packages_are_the_same_each_time,
        packages_are_as_debian_wants_them,
        an_install_has_everything,
        two_builds_in_two_places_are_the_same,
    ]))
