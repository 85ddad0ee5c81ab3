"""The ways to the demo backend that a benchmark compares, each with its own
programs on loopback, on ports the system picks."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from certificate import make_certificate  # noqa: E402
from ports import free_port, wait_port  # noqa: E402
from programs import HOST  # noqa: E402

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pids):
    """|pids| and all their descendants."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, rest = [], list(pids)
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest += children.get(pid, [])
    return found


class Way:
    """One row of programs between the load and the backend.

    |kind| is what `load --way` takes, |port| where it connects, |target| what it
    asks for; |children| are the programs whose work and memory count."""

    def __init__(self, name, kind, port, target, children=()):
        self.name, self.kind, self.port, self.target = name, kind, port, target
        self.pids = [c.process.pid for c in children]

    def cpu_seconds(self):
        total = 0
        for pid in tree(self.pids):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
            except OSError:
                continue
            total += sum(int(f) for f in fields.split()[11:15])
        return total / TICKS

    def resident_kib(self, which=None):
        """Of all its programs, or of the one at |which|, now."""
        pids = tree(self.pids) if which is None else [self.pids[which]]
        total = 0
        for pid in pids:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            found = re.search(r"VmRSS:\s+(\d+)", status)
            total += int(found.group(1)) if found else 0
        return total


def start(programs, name, *args):
    path = shutil.which(name, path=PATH)
    if path is None:
        return None
    child = programs.start(path, *args)
    child.expected = (0, 1, 15, 130, 143, 255, -2, -15)
    return child


def relay(programs, to):
    """Two relays in a row that only copy: what any two-hop proxy pays."""
    children, port = [], to
    for _ in range(2):
        child = programs.start("relay", f"127.0.0.1:{port}")
        child.expected = (0, -15)
        port = int(child.wait_line(r"^ready: (\d+)$").group(1))
        children.append(child)
    return Way("two relays", "direct", port, f"127.0.0.1:{to}", children)


def tinyproxy(programs, to, name="tinyproxy"):
    port, conf = free_port(), programs.dir / f"{name}.conf"
    conf.write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 12000\n"
                    "LogLevel Critical\nDisableViaHeader Yes\n")
    child = start(programs, "tinyproxy", "-d", "-c", conf)
    if child is None:
        return None
    wait_port(port, child)
    # By CONNECT: it closes after each absolute-form request.
    return Way(name, "connect", port, f"127.0.0.1:{to}", [child])


def privoxy(programs, to):
    port, folder = free_port(), programs.dir / "privoxy"
    folder.mkdir()
    (folder / "config").write_text(
        f"confdir {folder}\nlogdir {folder}\nlisten-address 127.0.0.1:{port}\n"
        "toggle 0\nkeep-alive-timeout 300\nsocket-timeout 300\n"
        "tolerate-pipelining 1\nmax-client-connections 12000\n")
    child = start(programs, "privoxy", "--no-daemon", folder / "config")
    if child is None:
        return None
    wait_port(port, child)
    return Way("privoxy", "http", port, f"127.0.0.1:{to}", [child])


def microsocks(programs, to):
    port = free_port()
    child = start(programs, "microsocks", "-i", "127.0.0.1", "-p", port)
    if child is None:
        return None
    wait_port(port, child)
    return Way("microsocks", "socks5", port, f"127.0.0.1:{to}", [child])


def shadowsocks(programs, to):
    server, local = free_port(), free_port()
    common = ["-s", "127.0.0.1", "-p", server, "-k", "bench", "-m", "aes-256-gcm"]
    far = start(programs, "ss-server", *common)
    near = start(programs, "ss-local", *common, "-b", "127.0.0.1", "-l", local)
    if far is None or near is None:
        return None
    wait_port(server, far)
    wait_port(local, near)
    return Way("shadowsocks", "socks5", local, f"127.0.0.1:{to}", [near, far])


def stunnel(programs, to):
    """TLS between two stunnels, with tinyproxy behind the second."""
    far = tinyproxy(programs, to, "stunnel+tinyproxy")
    if far is None or shutil.which("stunnel", path=PATH) is None:
        return None
    folder = programs.dir / "stunnel"
    folder.mkdir()
    make_certificate(folder / "cert", folder / "key", "DNS:bench.test")
    server, local = free_port(), free_port()
    common = "foreground = yes\npid =\nsyslog = no\ndebug = err\n"
    (folder / "server").write_text(
        f"{common}[s]\naccept = 127.0.0.1:{server}\nconnect = 127.0.0.1:{far.port}\n"
        f"cert = {folder}/cert\nkey = {folder}/key\n")
    (folder / "client").write_text(
        f"{common}[c]\nclient = yes\naccept = 127.0.0.1:{local}\n"
        f"connect = 127.0.0.1:{server}\nCAfile = {folder}/cert\nverifyChain = yes\n")
    children = [start(programs, "stunnel", folder / n) for n in ("client", "server")]
    wait_port(server, children[1])
    wait_port(local, children[0])
    way = Way("stunnel+tinyproxy", "connect", local, f"127.0.0.1:{to}", children)
    way.pids += far.pids
    return way


def ssh_dynamic(programs, to):
    """An `ssh -D` of our own."""
    if None in (shutil.which("sshd", path=PATH), shutil.which("ssh", path=PATH)):
        return None
    d = programs.dir / "ssh"
    d.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        d / name], check=True)
    (d / "authorized").write_text((d / "user.pub").read_text())
    Path("/run/sshd").mkdir(exist_ok=True)
    port, socks = free_port(), free_port()
    (d / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {d}/host\nPidFile none\n"
        f"AuthorizedKeysFile {d}/authorized\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nMaxSessions 100\n")
    far = start(programs, "sshd", "-D", "-e", "-f", d / "config")
    wait_port(port, far)
    near = start(programs, "ssh", "-F", "none", "-N", "-D", f"127.0.0.1:{socks}", "-p",
                 port, "-i", d / "user", "-o", "StrictHostKeyChecking=no", "-o",
                 f"UserKnownHostsFile={d}/known", "-l", getpass.getuser(), "127.0.0.1")
    wait_port(socks, near)
    return Way("ssh -D", "socks5", socks, f"127.0.0.1:{to}", [near, far])


def veritee(server, proxy):
    """The three ways into one proxy."""
    return [Way(f"veritee {name}", kind, proxy.port, f"{HOST}:80", [proxy, server])
            for name, kind in (("http", "http"), ("CONNECT", "connect"),
                               ("SOCKS5", "socks5"))]


PEERS = {"ssh -D": ssh_dynamic, "two relays": relay, "shadowsocks": shadowsocks,
         "stunnel+tinyproxy": stunnel, "tinyproxy": tinyproxy,
         "microsocks": microsocks, "privoxy": privoxy}
