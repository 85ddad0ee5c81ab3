#!/usr/bin/python3
"""The commands beside `run`, as a person or a script uses them."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import HOST, Programs, check, curl, run_tests  # noqa: E402


def environment(programs, **more):
    """A user of its own: nothing of the machine's settings, nothing kept."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and
           not k.lower().endswith("_proxy")}
    home = programs.dir / "home"
    home.mkdir(exist_ok=True)
    return {**env, "HOME": str(home), **more}


def veritee(programs, *args, seconds=60, **options):
    return subprocess.run([programs.bin / "veritee", *[str(a) for a in args]],
                          capture_output=True, text=True, timeout=seconds,
                          env=environment(programs, **options.pop("env", {})),
                          stdin=subprocess.DEVNULL, **options)


def expect(result, code):
    check(result.returncode == code,
          f"{result.args}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result


# --- pin ---------------------------------------------------------------------

def pin(programs, server, *args):
    return veritee(programs, "pin", "--root", Path(server.sim_dir) / "root.pem",
                   *args, f"http://127.0.0.1:{server.port}/")


def what_pin_prints_lets_the_proxy_in(build):
    with Programs(build) as programs:
        server = programs.server()
        made = expect(pin(programs, server, "--name", "demo"), 0)
        check("SIMULATED" in made.stderr and "SIMULATED" in made.stdout, made)
        check(f'mrtd: "{"d1" * 48}"' in made.stdout, made.stdout)
        policy = programs.dir / "pinned.yaml"
        policy.write_text('listen: [ "127.0.0.1:0" ]\n' + made.stdout.replace(
            'hosts: [ "127.0.0.1" ]', f'hosts: [ "{HOST}" ]'))
        expect(veritee(programs, "check", policy), 0)
        proxy = programs.proxy(policy)
        got = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                   f"http://{HOST}/")
        check(got.stdout == b"200", got)


def pin_writes_and_appends_but_never_over_a_file(build):
    with Programs(build) as programs:
        server = programs.server()
        path = programs.dir / "new.yaml"
        made = expect(pin(programs, server, "--out", path), 0)
        check(made.stdout == "" and "run --policy" in made.stderr, made)
        check(path.stat().st_mode & 0o777 == 0o600, "readable by the user alone")
        before = path.read_text()
        expect(pin(programs, server, "--out", path), 2)
        expect(pin(programs, server, "--append", path), 2)
        check(path.read_text() == before, "left alone")
        path.write_text(before.replace("127.0.0.1\" ]", "other.example\" ]"))
        expect(pin(programs, server, "--append", path, "--name", "second"), 0)
        told = json.loads(expect(veritee(programs, "check", "--json", path),
                                 0).stdout)
        check([s["name"] for s in told["services"]] == ["service", "second"],
              told)


def pin_as_json_has_the_same(build):
    with Programs(build) as programs:
        server = programs.server()
        told = json.loads(expect(pin(programs, server, "--json"), 0).stdout)
        check(told["verdict"] == "pass" and told["simulated"], told)
        check(told["claims"]["tdx"]["mr_td"] == "d1" * 48, told["claims"])
        check(any("SIMULATED" in w for w in told["warnings"]), told)
        path = programs.dir / "json.yaml"
        path.write_text(told["policy"])
        expect(veritee(programs, "check", path), 0)


def pin_refuses_what_does_not_verify(build):
    with Programs(build) as programs:
        server = programs.server()
        other = programs.server()
        url = f"ws://127.0.0.1:{server.port}"
        wrong = veritee(programs, "pin", "--root",
                        Path(other.sim_dir) / "root.pem", url)
        check(wrong.returncode in (1, 3), wrong)
        check("mrtd" not in wrong.stdout, "nothing to rely on")
        for fault in ("wrong-key", "flip-quote-body", "revoked-pck"):
            bent = programs.server("--simulate-fault", fault)
            refused = expect(pin(programs, bent), 1)
            check("FAIL" in refused.stdout and "mrtd:" not in refused.stdout,
                  refused)
        old = programs.server("--simulate-fault", "out-of-date")
        check("OutOfDate" in expect(pin(programs, old), 0).stderr, "a warning")
        expect(veritee(programs, "pin", "ws://127.0.0.1:1/"), 3)
        expect(veritee(programs, "pin", "ftp://127.0.0.1/"), 2)
        expect(veritee(programs, "pin"), 2)
        expect(veritee(programs, "pin", "--root", "/nowhere", url), 2)


if __name__ == "__main__":
    sys.exit(run_tests([
        what_pin_prints_lets_the_proxy_in,
        pin_writes_and_appends_but_never_over_a_file,
        pin_as_json_has_the_same,
        pin_refuses_what_does_not_verify,
    ]))
