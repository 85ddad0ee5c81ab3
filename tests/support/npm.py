"""Packages of npm, for tests and benchmarks only.

They are installed into a folder that is kept from run to run, and never become
part of a product."""

import os
import shutil
import subprocess
import sys


def install(package, version):
    """The folder that holds node_modules, or None and the reason on stdout."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("skipped: there is no node or no npm")
        return None
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    name = package.rpartition("/")[2] + "-" + version
    folder = os.path.join(cache, "veritee-tests", name)
    if os.path.exists(os.path.join(folder, "node_modules", package)):
        return folder
    os.makedirs(folder, exist_ok=True)
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
             "--prefix", folder, "%s@%s" % (package, version)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90,
            check=False)
    except subprocess.TimeoutExpired:
        print("skipped: npm took over 90 s")
        return None
    if done.returncode != 0:
        print("skipped: npm cannot install %s" % package)
        sys.stderr.write(done.stdout.decode(errors="replace")[-1000:])
        return None
    return folder
