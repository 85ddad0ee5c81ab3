"""A container by crun, as an engine has it made (OCI runtime specification).

Read-only, without capabilities, without new privileges, and with no more
system calls than containers-common's profile lets pass, which is the one that
Podman and CRI-O give by default. Only limits of memory and processes are not
set: their control groups are root's."""

import json
import platform
import shutil
from pathlib import Path

SECCOMP = Path("/usr/share/containers/seccomp.json")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
HIDDEN = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
          "/proc/sched_debug", "/proc/timer_list", "/proc/scsi", "/sys/firmware"]
FROZEN = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
          "/proc/sysrq-trigger"]


def lacks():
    """What is not on this machine, for a person; None: all is there."""
    if shutil.which("crun") is None:
        return "no crun"
    return None if SECCOMP.exists() else f"no {SECCOMP}"


def start(programs, bundle, argv, uid, mounts):
    """The child that is crun, around |argv| in |bundle|/rootfs, with |mounts| of
    (folder, path inside, read-only). `.pid_file` will name the program."""
    (bundle / "config.json").write_text(json.dumps(config(argv, uid, mounts)))
    pid_file = bundle / "pid"
    child = programs.start(shutil.which("crun"), "--root", bundle / "state",
                           "--cgroup-manager=disabled", "run", "--bundle", bundle,
                           "--pid-file", pid_file, f"veritee-{programs.dir.name}")
    child.pid_file = pid_file
    return child


def config(argv, uid, mounts):
    none = {name: [] for name in ("bounding", "effective", "inheritable",
                                  "permitted", "ambient")}
    return {
        "ociVersion": "1.0.0",
        "process": {"args": argv, "cwd": "/", "env": ["PATH=/usr/bin:/bin"],
                    "user": {"uid": uid, "gid": uid}, "capabilities": none,
                    "noNewPrivileges": True},
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [
            mount("proc", "/proc"),
            mount("tmpfs", "/dev", "nosuid", "mode=755"),
            mount("tmpfs", "/dev/shm", "nosuid", "nodev", "noexec", "mode=1777"),
            mount("sysfs", "/sys", "nosuid", "nodev", "noexec", "ro"),
            *({"type": "bind", "source": str(source), "destination": there,
               "options": ["rbind", "ro" if read_only else "rw"]}
              for source, there, read_only in mounts),
        ],
        "linux": {  # without a network of its own: the client is beside it
            "namespaces": [{"type": kind}
                           for kind in ("pid", "ipc", "uts", "mount")],
            "maskedPaths": HIDDEN, "readonlyPaths": FROZEN, "seccomp": seccomp(),
        },
    }


def mount(kind, there, *options):
    return {"type": kind, "source": kind, "destination": there,
            "options": list(options)}


def seccomp():
    """The profile as the runtime takes it: for this machine, and for who has no
    capability."""
    profile = json.loads(SECCOMP.read_text())
    machine = ARCHITECTURES[platform.machine()]
    native = "SCMP_ARCH_" + platform.machine().upper()
    kept = ("names", "action", "args", "errnoRet")
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [native, *next(
            m["subArchitectures"] for m in profile["archMap"]
            if m["architecture"] == native)],
        "syscalls": [{key: rule[key] for key in kept if rule.get(key)}
                     for rule in profile["syscalls"] if applies(rule, machine)],
    }


def applies(rule, machine):
    wanted, unwanted = rule["includes"], rule["excludes"]
    return (not wanted.get("caps")
            and machine in wanted.get("arches", [machine])
            and machine not in unwanted.get("arches", []))
