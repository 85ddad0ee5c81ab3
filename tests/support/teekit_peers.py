"""Peers of the teekit protocol in Node, for tests: a server and a client.

They use the libraries that teekit uses, which npm installs into a folder that
is kept from run to run. Neither becomes part of a product."""

import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from pcs_server import PcsServer
from ports import free_port
from programs import PATIENCE, Failed

SOURCE = Path(__file__).resolve().parent / "teekit"


def install():
    """The folder that holds node_modules, or None and the reason on stdout."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("skipped: there is no node or no npm")
        return None
    lock = (SOURCE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "veritee-tests" / (
        "teekit-" + hashlib.sha256(lock).hexdigest()[:16])
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in "package.json", "package-lock.json":
        shutil.copy(SOURCE / name, folder / name)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
             "--omit=optional"], cwd=folder, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        print("skipped: npm took over 90 s")
        return None
    if done.returncode != 0:
        print("skipped: npm cannot install what the peers need")
        sys.stderr.write(done.stdout.decode(errors="replace")[-1000:])
        return None
    (folder / "complete").touch()
    return folder


def peers(programs):
    """The peers' folder among |programs|' files; made when first asked for."""
    folder = programs.dir / "teekit"
    if not folder.exists():
        installed = install()
        if installed is None:
            raise Failed("the peers cannot be installed")
        shutil.copytree(SOURCE, folder)
        (folder / "node_modules").symlink_to(installed / "node_modules")
    return folder


class Server:
    """A teekit server on |programs|. |options| are those of server.mjs."""

    def __init__(self, programs, tee="tdx", sim_dir=None, **options):
        self.programs = programs
        self.sim_dir = sim_dir or programs.dir / f"teekit-{tee}"
        options["quote"] = [str(programs.bin / "teekit_quote"), tee,
                            str(self.sim_dir)]
        self.options = {"tee": tee, **options}
        self.port = free_port()
        self.start()

    def start(self):
        """Start it, on the port it had before."""
        self.process = self.programs.start(
            shutil.which("node"), peers(self.programs) / "server.mjs",
            json.dumps({**self.options, "port": self.port}))
        # killed by a frame that nobody should send: for the test to notice
        self.process.expected = (0, 1, 70, -9)
        self.process.wait_line(rf"^ready: {self.port}$")

    @property
    def endpoint(self):
        return f"ws://127.0.0.1:{self.port}/__ra__"

    def alive(self):
        return self.process.process.poll() is None

    def stats(self):
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/test/stats", timeout=PATIENCE) as r:
            return json.load(r)

    def trick(self, name):
        """Do what tricks.mjs has under |name|, on every session."""
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/test/{name}", timeout=PATIENCE) as r:
            r.read()


class Client:
    """A teekit client of the server at |port|, driven one command a time."""

    def __init__(self, programs, port, tee="tdx", path=""):
        self.log = open(programs.dir / "client.log", "ab")
        self.process = subprocess.Popen(
            [shutil.which("node"), str(peers(programs) / "driver.mjs"),
             f"http://127.0.0.1:{port}{path}", tee], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log)
        self._partial = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def alive(self):
        return self.process.poll() is None

    def do(self, what, seconds=PATIENCE, **arguments):
        """The answer to a command of driver.mjs."""
        self.process.stdin.write(json.dumps({"do": what, **arguments}).encode()
                                 + b"\n")
        self.process.stdin.flush()
        return json.loads(self._line(what, time.monotonic() + seconds))

    def _line(self, what, deadline):
        out = self.process.stdout
        while b"\n" not in self._partial:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise Failed(f"teekit client: no answer to {what}")
            chunk = os.read(out.fileno(), 1 << 20)
            if not chunk:
                raise Failed(f"teekit client: ended at {what} with "
                             f"{self.process.wait()}")
            self._partial += chunk
        line, self._partial = self._partial.split(b"\n", 1)
        return line

    def fetch(self, url, **arguments):
        return self.do("fetch", url=url, **arguments)


class Desk:
    """Collateral for simulated quotes, and policies that know where it is:
    teekit's servers staple none."""

    def __init__(self, programs, **folders):
        scratch = programs.dir / "pcs"
        scratch.mkdir()
        self.programs = programs
        self.pcs = PcsServer(folders, scratch)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pcs.close()

    def policy(self, servers, more="", max_age="1h"):
        """A policy for |servers|, which share a folder of evidence."""
        path = self.programs.policy(
            [s.endpoint for s in servers], servers[0].sim_dir,
            service="    protocol: teekit\n    freshness: epoch\n"
                    f"    max-age: {max_age}\n{more}")
        accept = (Path(servers[0].sim_dir) / "accept.yaml").read_text()
        kind = "kds" if "sev-snp" in accept else "pcs"
        source = (f'{{ kind: {kind}, url: "{self.pcs.url}", '
                  f'ca-file: "{self.pcs.ca_file}" }}')
        path.write_text(path.read_text().replace("[ stapled ]",
                                                 f"[ store, {source} ]"))
        return path
