"""A proxy at which https ends, and the CA that it needs, for end-to-end tests.

Everything is in the folder of the `Programs`; nobody else trusts the CA.
"""

import os
import subprocess

from programs import PATIENCE, check

INTERCEPT = "    tls: intercept\n"


def state(programs):
    """Where the CA is kept."""
    return programs.dir / "state/veritee/ca"


def make_ca(programs, policy, command="make", *args, code=0, env=None):
    """Run `veritee ca`; the certificate's file, or what `show` says."""
    r = subprocess.run(
        [programs.bin / "veritee", "ca", command, "--policy", policy, *args],
        capture_output=True, timeout=PATIENCE, text=True,
        env={**os.environ, "HOME": str(programs.dir / "home"),
             "XDG_STATE_HOME": str(programs.dir / "state"), **(env or {})})
    check(r.returncode == code, f"{r.returncode} {r.stdout} {r.stderr}")
    return r.stdout if command == "show" else state(programs) / "ca.pem"


def intercepting(programs, start=True, **more):
    """A server, a proxy (None: do not start it) and the CA's certificate."""
    server = programs.server()
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir, service=INTERCEPT, **more)
    ca = make_ca(programs, policy)
    return server, programs.proxy(policy) if start else None, ca
