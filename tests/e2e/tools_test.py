#!/usr/bin/python3
"""The commands beside `run`, as a person or a script uses them."""

import json
import os
import pty
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer  # noqa: E402
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests, wait_for)


def environment(programs, **more):
    """A user of its own: nothing of the machine's settings, nothing kept."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and
           not k.lower().endswith("_proxy")}
    home = programs.dir / "home"
    home.mkdir(exist_ok=True)
    return {**env, "HOME": str(home), **more}


def veritee(programs, *args, seconds=PATIENCE, **options):
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


def each_kind_of_tee_is_pinned_and_judged_again(build):
    for tee, field in (("tdx", "mrtd"), ("sgx", "mrenclave"),
                       ("sev-snp", "measurement")):
        with Programs(build) as programs:
            server = programs.server("--simulate-tee", tee)
            made = expect(pin(programs, server, "--name", "demo"), 0)
            check(f"tee: {tee}" in made.stdout and f"\n      {field}: " in
                  made.stdout, made)
            policy = programs.dir / f"{tee}.yaml"
            policy.write_text(
                'listen: [ "127.0.0.1:0" ]\n'
                f"collateral: {{ cache: {programs.dir}/cache, "
                "sources: [ stapled ] }\n" +
                made.stdout.replace('hosts: [ "127.0.0.1" ]',
                                    f'hosts: [ "{HOST}" ]'))
            at = judged(programs, policy, server)
            again = expect(veritee(programs, "audit", "judge", *at, "last",
                                   "--json"), 0)
            check(json.loads(again.stdout)["claims"]["tee"] == tee, again)


def pin_speaks_teekit_where_it_is_told(build):
    with Programs(build) as programs:
        server = programs.server()
        scratch = programs.dir / "pcs"
        scratch.mkdir()
        with PcsServer({"tdx": server.sim_dir}, scratch) as pcs:
            head = ('listen: [ "127.0.0.1:0" ]\ncollateral:\n'
                    f"  cache: {programs.dir}/cache\n  sources: [ {{ kind: "
                    f'pccs, url: "{pcs.url}", ca-file: "{pcs.ca_file}" }} ]\n')
            sources = programs.dir / "sources.yaml"
            sources.write_text(head)
            made = expect(pin(programs, server, "--name", "demo", "--protocol",
                              "teekit", "--policy", sources), 0)
            check("protocol: teekit" in made.stdout, made)
            policy = programs.dir / "teekit.yaml"
            policy.write_text(head + made.stdout.replace(
                'hosts: [ "127.0.0.1" ]', f'hosts: [ "{HOST}" ]'))
            proxy = programs.proxy(policy)
            got = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                       f"http://{HOST}/")
            check(got.stdout == b"200", got)


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


# --- init, run without a policy ----------------------------------------------

def init_writes_a_right_policy_once(build):
    with Programs(build) as programs:
        made = expect(veritee(programs, "init"), 0)
        path = programs.dir / "home/.config/veritee/policy.yaml"
        check("veritee pin --append" in made.stderr, made)
        check(path.stat().st_mode & 0o777 == 0o600, "readable by the user alone")
        expect(veritee(programs, "check"), 0)
        expect(veritee(programs, "init"), 2)
        other = programs.dir / "elsewhere.yaml"
        expect(veritee(programs, "init", "--out", other), 0)
        check(other.read_text() == path.read_text(), "the same")
        printed = expect(veritee(programs, "init", "--out", "-"), 0)
        check(printed.stdout == path.read_text(), "printed")
        server = programs.server()
        expect(pin(programs, server, "--append", path), 0)
        expect(veritee(programs, "check"), 0)


def without_a_policy_run_says_what_to_do(build):
    with Programs(build) as programs:
        told = expect(veritee(programs, "run"), 2)
        for words in ("veritee init", "veritee pin", "--policy"):
            check(words in told.stderr, told)


# --- env, exec ---------------------------------------------------------------

SHELLS = {"sh": ["sh", "-c"], "fish": ["fish", "-c"]}


def env_is_read_by_shells(build):
    with Programs(build) as programs:
        for name, shell in SHELLS.items():
            if not shutil.which(shell[0]):
                print(f"skipped - no {shell[0]}", flush=True)
                continue
            lines = expect(veritee(programs, "env", "--shell", name, "--proxy",
                                   "127.0.0.1:81"), 0).stdout
            undo = expect(veritee(programs, "env", "--shell", name, "--unset"),
                          0).stdout
            for text, want in ((lines, "http://127.0.0.1:81"),
                               (lines + undo, "")):
                for variable in ("http_proxy", "HTTPS_PROXY"):
                    got = subprocess.run(
                        [*shell, f'{text}\necho "${variable}"'],
                        capture_output=True, text=True,
                        env=environment(programs))
                    check(got.stdout.strip() == want, f"{name}: {got}")
        told = json.loads(expect(veritee(programs, "env", "--json"), 0).stdout)
        check(told["all_proxy"] == "http://localhost:8118", told)
        check(told["no_proxy"] == told["NO_PROXY"], told)
        expect(veritee(programs, "env", "--proxy", "192.0.2.1:8118"), 2)
        expect(veritee(programs, "env", "--shell", "other"), 2)


def env_goes_where_the_policy_listens(build):
    with Programs(build) as programs:
        path = programs.dir / "home/.config/veritee/policy.yaml"
        environment(programs)
        path.parent.mkdir(parents=True)
        path.write_text('listen: [ "[::1]:8222" ]\n')
        told = json.loads(expect(veritee(programs, "env", "--json"), 0).stdout)
        check(told["http_proxy"] == "http://[::1]:8222", told)


def exec_leads_one_program_to_the_proxy(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        at = ("--proxy", f"127.0.0.1:{proxy.port}")
        got = expect(veritee(programs, "exec", *at, "--", "curl", "-q", "-sS",
                             "-o", "/dev/null", "-w", "%{http_code}",
                             f"http://{HOST}/"), 0)
        check(got.stdout == "200", got)
        expect(veritee(programs, "exec", *at, "sh", "-c", "exit 17"), 17)
        expect(veritee(programs, "exec", *at, "/nowhere/program"), 127)
        expect(veritee(programs, "exec", *at, "/etc/passwd"), 126)
        expect(veritee(programs, "exec", *at), 125)
        expect(veritee(programs, "exec", "--proxy", "127.0.0.1:1", "true"), 125)
        with socketserver.TCPServer(("127.0.0.1", 0), Other) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            told = expect(veritee(programs, "exec", "--proxy",
                                  f"127.0.0.1:{other.server_address[1]}",
                                  "true"), 125)
            check("another program" in told.stderr, told)
            other.shutdown()


class Other(socketserver.BaseRequestHandler):
    """A web server that is no veritee."""

    def handle(self):
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n")


# --- doctor ------------------------------------------------------------------

def doctor(programs, policy, code, *args, **options):
    """The findings, by area; the text must number the same."""
    told = json.loads(expect(veritee(programs, "doctor", "--policy", policy,
                                     "--json", *args, **options), code).stdout)
    check([f["number"] for f in told["findings"]] ==
          list(range(1, len(told["findings"]) + 1)), told)
    check(told["verdict"] == ("fail" if code else "pass"), told)
    check(told["errors"] == sum(f["level"] == "error" for f in told["findings"]),
          told)
    check(all(f["next"] for f in told["findings"] if f["level"] == "error"), told)
    found = {}
    for f in told["findings"]:
        found.setdefault(f["area"], []).append(f)
    return found


def a_healthy_setup_has_no_error(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        policy = programs.dir / "policy0.yaml"
        at = ("--proxy", f"127.0.0.1:{proxy.port}")
        env = {"http_proxy": f"http://127.0.0.1:{proxy.port}",
               "XDG_STATE_HOME": str(programs.dir / "state")}
        found = doctor(programs, policy, 0, *at, env=env)
        service = found["service"][0]
        check(service["level"] == "warning" and "SIMULATED" in service["found"],
              service)
        for area in ("clock", "store", "proxy", "audit", "environment"):
            check([f["level"] for f in found[area]] == ["ok"], found[area])
        check("newest" in found["clock"][0]["found"], found["clock"])
        text = expect(veritee(programs, "doctor", "--policy", policy, *at), 0)
        check("0 errors" in text.stdout and "\033" not in text.stdout, text)
        # It is asked, and nothing is sent through it.
        check(server.process.poll() is None, "the server lives")


def each_thing_that_is_wrong_is_found(build):
    with Programs(build) as programs:
        server = programs.server()
        bent = programs.server("--simulate-fault", "wrong-key",
                               sim_dir=server.sim_dir)
        cache = programs.dir / "cache"
        cache.mkdir(mode=0o755)
        cache.chmod(0o755)
        policy = programs.policy(
            [f"ws://127.0.0.1:{server.port}/__ra__",
             f"ws://127.0.0.1:{bent.port}/__ra__", "ws://127.0.0.1:1/",
             "wss://nowhere.invalid/", f"ws://127.0.0.1:{server.demo_port}/"],
            server.sim_dir)
        with socketserver.TCPServer(("127.0.0.1", 0), Other) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            found = doctor(programs, policy, 1, "--proxy",
                           f"127.0.0.1:{other.server_address[1]}",
                           env={"https_proxy": "http://other:3128",
                                "no_proxy": HOST})
            other.shutdown()
        check("another program" in found["proxy"][0]["found"], found["proxy"])
        levels = sorted(f["level"] for f in found["service"])
        check(levels == ["error"] * 4 + ["warning"], found["service"])
        texts = " ".join(f["found"] for f in found["service"])
        for words in ("resolving its name", "connecting", "verifying its "
                      "evidence", "by its protocol"):
            check(words in texts, f"{words}: {texts}")
        check(any("755" in f["found"] for f in found["store"]), found["store"])
        check([f["about"] for f in found["environment"]][:2] ==
              ["https_proxy", "no_proxy"], found["environment"])


def each_source_is_asked_by_itself(build):
    with Programs(build) as programs:
        server = programs.server("--simulate-fault", "no-staple")
        scratch = programs.dir / "pcs"
        scratch.mkdir()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        with PcsServer({"tdx": server.sim_dir}, scratch) as pcs:
            good = f'{{ kind: pccs, url: "{pcs.url}", ca-file: "{pcs.ca_file}" }}'
            policy.write_text(policy.read_text().replace(
                "sources: [ stapled ]",
                f'sources: [ store, {good}, "https://127.0.0.1:1" ]'))
            found = doctor(programs, policy, 1)
            levels = {f["about"]: f["level"] for f in found["source"]}
            check(levels == {pcs.url: "ok", "https://127.0.0.1:1": "error"},
                  found["source"])
            pcs.fault("pckcrl", "page")
            found = doctor(programs, policy, 1)
            check(all(f["level"] == "error" for f in found["source"]), found)
            check("SIMULATED" in found["service"][0]["found"], "from the store")


def without_a_policy_doctor_says_so(build):
    with Programs(build) as programs:
        told = expect(veritee(programs, "doctor"), 2)
        check("veritee init" in told.stderr, told)


# --- audit -------------------------------------------------------------------

def judged(programs, policy, server):
    """A proxy that has decided once; its log, whole because it has ended."""
    proxy = programs.proxy(policy)
    curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/")
    check(proxy.stop() == 0, "a clean stop")
    return ("--dir", programs.dir / "state/veritee/audit")


def audited(programs, accept=None, *server_args):
    server = programs.server(*server_args)
    text = (Path(server.sim_dir) / "accept.yaml").read_text()
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir,
                             accept=accept(text) if accept else text)
    return policy, judged(programs, policy, server)


def decisions_are_written_down_and_judged_again(build):
    with Programs(build) as programs:
        policy, at = audited(programs)
        told = json.loads(expect(veritee(programs, "audit", *at, "--json"),
                                 0).stdout)["decisions"]
        check(len(told) == 1 and told[0]["accepted"] and told[0]["simulated"],
              told)
        check(told[0]["service"] == "demo" and told[0]["id"] == 1, told)
        check("accept" in expect(veritee(programs, "audit", *at), 0).stdout,
              "the list")
        shown = expect(veritee(programs, "audit", "show", *at, "1"), 0).stdout
        quote = re.search(r"quote +(\S+)", shown).group(1)
        expect(veritee(programs, "inspect", quote), 0)
        again = expect(veritee(programs, "audit", "judge", *at, "last"), 0)
        check("accepted: a SIMULATED TEE" in again.stdout, again)
        late = expect(veritee(programs, "audit", "judge", *at, "1", "--at",
                              "2100-01-01T00:00:00Z", "--json"), 1)
        check(json.loads(late.stdout)["status"] == "EXPIRED", late)
        policy.write_text(policy.read_text().replace("d1d1d1d1", "d1d1d1d2", 1))
        other = expect(veritee(programs, "audit", "judge", *at, "1", "--policy",
                               policy), 1)
        check("accept.mrtd" in other.stdout and "it was accepted then" in
              other.stdout, other)
        expect(veritee(programs, "audit", "judge", *at, "1"), 0)
        expect(veritee(programs, "audit", "judge", *at, "2"), 2)
        expect(veritee(programs, "audit", "show", *at, "one"), 2)


def refusals_are_written_down_too(build):
    with Programs(build) as programs:
        _, at = audited(programs,
                        lambda text: text.replace("d1d1d1d1", "d1d1d1d2", 1))
        told = json.loads(veritee(programs, "audit", *at, "--json").stdout)
        told = told["decisions"][0]
        check(not told["accepted"] and told["check"] == "policy-mrtd", told)
        check("d1d1d1d2" in told["reason"], told)
        expect(veritee(programs, "audit", "judge", *at, "1"), 1)
    with Programs(build) as programs:
        _, at = audited(programs, None, "--simulate-fault", "wrong-key")
        told = json.loads(veritee(programs, "audit", *at, "--json").stdout)
        check(told["decisions"][0]["check"] == "binding", told)
        expect(veritee(programs, "audit", "judge", *at, "1"), 1)
    with Programs(build) as programs:
        _, at = audited(programs, None, "--simulate-fault", "no-staple")
        expect(veritee(programs, "audit", "judge", *at, "1"), 3)


def what_a_new_policy_decides_is_written_down(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy, "--workers", "1")
        curl("-x", proxy.url, "-o", "/dev/null", f"http://{HOST}/")
        policy.write_text(policy.read_text().replace("d1d1d1d1", "d1d1d1d2", 1))
        proxy.process.send_signal(signal.SIGHUP)
        at = ("--dir", programs.dir / "state/veritee/audit")

        def decided():
            told = json.loads(veritee(programs, "audit", *at,
                                      "--json").stdout)["decisions"]
            return told if len(told) == 2 else None

        told = wait_for("it is decided again", decided)
        check([d["accepted"] for d in told] == [True, False], told)
        check(told[1]["check"] == "policy-mrtd", told[1])
        check(told[0]["evidence"]["policy"] != told[1]["evidence"]["policy"],
              "each with the policy of its time")
        check(all(told[0]["evidence"][item] == told[1]["evidence"][item]
                  for item in ("quote", "tcb_info", "pck_crl", "root_crl")),
              "what was proved then is what was judged")
        again = expect(veritee(programs, "audit", "judge", *at, "2"), 1)
        check("accept.mrtd" in again.stdout, again)


def what_a_check_outside_answered_is_judged_by_again(build):
    for said, code in (("exit 0", 0), ("echo 'not on my list' >&2; exit 3", 1)):
        with Programs(build) as programs:
            script = programs.dir / "check.sh"
            script.write_text(f"#!/bin/sh\ncat >/dev/null\n{said}\n")
            script.chmod(0o700)
            _, at = audited(programs, lambda text:
                            f"{text}\n  exec: [ {script} ]\n")
            script.unlink()
            told = json.loads(veritee(programs, "audit", *at, "--json").stdout)
            told = told["decisions"][0]
            check(told["exec"] == ("OK" if code == 0 else "POLICY"), told)
            again = expect(veritee(programs, "audit", "judge", *at, "1"), code)
            check(f"exit status {0 if code == 0 else 3}" in told["exec_answer"],
                  told)
            if code != 0:
                check("not on my list" in again.stdout, again)


def files_that_a_policy_names_are_kept_with_it(build):
    with Programs(build) as programs:
        server = programs.server()
        whole = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                server.sim_dir)
        head, services = whole.read_text().split("services:")
        more = programs.dir / "more.yaml"
        more.write_text("services:" + services)
        whole.write_text(head + "include: [ more.yaml ]\n")
        at = judged(programs, whole, server)
        more.write_text("services: { other: nothing }\n")
        expect(veritee(programs, "audit", "judge", *at, "1"), 0)
        expect(veritee(programs, "audit", "verify", *at), 0)


def lists_of_the_users_own_are_kept(build):
    with Programs(build) as programs:
        server = programs.server()
        revoked = programs.dir / "revoked"
        revoked.mkdir()
        shutil.copy(server.sim_dir / "simulation.keys", revoked)
        programs.server("--simulate-fault", "revoked-pck",
                        sim_dir=revoked).stop()
        own = revoked / "pck_crl.der"
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, service=f"    crls: {own}\n")
        at = judged(programs, policy, server)
        own.unlink()
        again = expect(veritee(programs, "audit", "judge", *at, "1"), 1)
        check("is on the list" in again.stdout, again)
        # Without the list there is nothing against it.
        policy.write_text(policy.read_text().replace(f"    crls: {own}\n", ""))
        expect(veritee(programs, "audit", "judge", *at, "1", "--policy", policy),
               0)


def an_altered_log_shows(build):
    with Programs(build) as programs:
        policy, at = audited(programs)
        judged(programs, policy, None)
        judged(programs, policy, None)
        told = json.loads(expect(veritee(programs, "audit", "verify", *at,
                                         "--json"), 0).stdout)
        check(told["decisions"] == 3 and told["problems"] == [], told)
        head = told["head"]
        log = at[1] / "log.jsonl"
        for path in [at[1], *at[1].rglob("*")]:
            check(path.stat().st_mode & 0o077 == 0, f"{path}: for the user alone")
        right = log.read_text()
        lines = right.splitlines(True)
        for name, text in (
                ("a bit", right.replace('"accepted":true', '"accepted":false', 1)),
                ("a line less", lines[0] + lines[2]),
                ("the first less", "".join(lines[1:]).replace('"id":2', '"id":1')),
                ("swapped", lines[1] + lines[0] + lines[2]),
                ("cut", right[:-20])):
            log.write_text(text)
            bad = expect(veritee(programs, "audit", "verify", *at), 1)
            check("log.jsonl:" in bad.stdout, f"{name}: {bad}")
        # The last line again: only a head that was noted shows it.
        log.write_text("".join(lines[:2]))
        expect(veritee(programs, "audit", "verify", *at), 0)
        expect(veritee(programs, "audit", "verify", *at, "--head", head), 1)
        log.write_text(right)
        expect(veritee(programs, "audit", "verify", *at, "--head", head), 0)
        judged(programs, policy, None)
        expect(veritee(programs, "audit", "verify", *at, "--head", head), 0)
        quote = re.search(r"quote +(\S+)",
                          veritee(programs, "audit", "show", *at, "1").stdout)
        Path(quote.group(1)).write_bytes(b"another")
        expect(veritee(programs, "audit", "verify", *at), 1)
        expect(veritee(programs, "audit", "judge", *at, "1"), 3)


def a_cut_line_spoils_no_other(build):
    with Programs(build) as programs:
        policy, at = audited(programs)
        log = at[1] / "log.jsonl"
        log.write_text(log.read_text() + '{"version":1,"id":2,"ti')
        judged(programs, policy, None)
        told = json.loads(veritee(programs, "audit", *at, "--json").stdout)
        check([d["id"] for d in told["decisions"]] == [1, 2], told)
        bad = expect(veritee(programs, "audit", "verify", *at), 1)
        check(bad.stdout.count("log.jsonl:") == 1, bad)


def nothing_is_written_where_the_policy_says_so(build):
    with Programs(build) as programs:
        server = programs.server()
        endpoints = [f"ws://127.0.0.1:{server.port}/__ra__"]
        policy = programs.policy(endpoints, server.sim_dir,
                                 extra="audit: { keep: false }\n")
        at = judged(programs, policy, server)
        check(not at[1].exists(), "no folder")
        check("no decisions" in expect(veritee(programs, "audit", *at), 0).stdout,
              "an empty list")
        policy = programs.policy(endpoints, server.sim_dir,
                                 extra="audit: { dir: /dev/null/audit }\n")
        expect(veritee(programs, "run", "--policy", policy), 2)


# --- how commands end --------------------------------------------------------

def exit_statuses_are_those_of_the_manual(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        at = ("--proxy", f"127.0.0.1:{proxy.port}")
        sim = Path(server.sim_dir)
        policy = programs.dir / "policy0.yaml"
        wrong = programs.dir / "wrong.yaml"
        wrong.write_text("lisen: x\n")
        no_quote = programs.dir / "no.quote"
        no_quote.write_bytes(b"\x04\x00not a quote")
        rows = (
            (0, "status", *at),
            (1, "status", "--proxy", "127.0.0.1:1"),
            (2, "status", "--proxy", "192.0.2.1"),
            (0, "check", policy),
            (1, "check", wrong),
            (2, "check", "/nowhere"),
            (2, "run", "--policy", wrong),
            (1, "inspect", no_quote),
            (2, "inspect", "/nowhere"),
            (1, "verify", "--quote", no_quote, "--collateral", sim),
            (2, "verify", "--quote", "/nowhere", "--collateral", sim),
            (2, "pin", "--out", "a", "--append", "b", "host"),
            (3, "pin", "ws://127.0.0.1:1"),
            (0, "env"),
            (2, "env", "--shell", "none"),
            (0, "completion", "bash"),
            (2, "completion"),
            (0, "exec", *at, "true"),
            (1, "exec", *at, "false"),
            (125, "exec", "--no-such-option"),
            (0, "audit", "--dir", "/nowhere"),
            (2, "audit", "show", "--dir", "/nowhere", "1"),
            (0, "audit", "verify", "--dir", "/nowhere"),
            (2, "audit", "judge", "--dir", "/nowhere", "1"),
            (2, "doctor", "--policy", "/nowhere"),
            (0, "--help"),
            (0, "--version"),
            (2, "no-such-command"),
        )
        for code, *words in rows:
            expect(veritee(programs, *words), code)


# --- help, completion, the unit ----------------------------------------------

def usual_mistakes_are_said_with_what_to_do(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        taken = programs.dir / "taken.yaml"
        taken.write_text(policy.read_text().replace(
            "127.0.0.1:0", f"127.0.0.1:{server.port}"))
        for line, code, words in (
                ("rnu", 2, "did you mean 'run'?"),
                ("frobnicate", 2, "try 'veritee --help'"),
                ("ca instal", 2, "did you mean 'install'?"),
                ("collateral forcast", 2, "did you mean 'forecast'?"),
                ("run --polcy x", 2, "did you mean '--policy'?"),
                ("run --frobnicate", 2, "try 'veritee run --help'"),
                ("check --jsn", 2, "did you mean '--json'?"),
                ("run --policy", 2, "a value is missing"),
                ("run --policy /nowhere", 2, "/nowhere: No such file"),
                (f"run --policy {programs.dir}", 2, str(programs.dir)),
                (f"run --policy {taken}", 1, "that no other program listens"),
                (f"pin --root {server.sim_dir}/root.pem http://127.0.0.1:1/", 3,
                 "connection refused"),
                (f"exec --proxy 127.0.0.1:{server.port} true", 125,
                 "start the proxy by 'veritee run'")):
            r = expect(veritee(programs, *line.split()), code)
            check(words in r.stderr and len(r.stderr.splitlines()) < 8,
                  f"{line}: {r.stderr}")
        r = subprocess.run([programs.bin / "veriteed", "--listen",
                            f"127.0.0.1:{server.port}", "--simulate", "--demo"],
                           capture_output=True, text=True, timeout=PATIENCE)
        check(r.returncode == 1 and "no other program listens" in r.stderr, r)


def help_fits_a_terminal(build):
    with Programs(build) as programs:
        told = [subprocess.run([programs.bin / "veriteed", "--help"], text=True,
                               capture_output=True, check=True).stdout]
        for words in commands(programs):
            told.append(expect(veritee(programs, *words, "--help"), 0).stdout)
        wide = [line for text in told for line in text.splitlines()
                if len(line) > 80]
        check(not wide, wide)
        lacking = [text for text in told if "Examples:" not in text]
        check(not lacking, lacking)


def commands(programs, *above):
    """Every command that can be run, as a list of words each."""
    text = expect(veritee(programs, *above, "--help"), 0).stdout
    if above and "\nCommands:\n" not in text:
        return [list(above)]
    part = text.partition("\nCommands:\n")[2].partition("\n\n")[0] or text
    words = re.findall(r"^  ([a-z]+) {2,}", part, re.M)
    return [c for word in words for c in commands(programs, *above, word)]


def manual(name):
    return (Path(__file__).resolve().parents[2] / "docs/man" / name).read_text()


def synopsis_of(page, words):
    """What the manual's synopsis says of a command."""
    text = page.partition(".Sh SYNOPSIS\n")[2].partition("\n.Sh ")[0]
    ways = (way.partition("\n") for way in text.split(".Nm\n")[1:])
    return "".join(rest + "\n" for head, _, rest in ways
                   if head.startswith(f".Cm {words[0]}") and
                   words[-1] in re.split(r"[ |]+", head))


def section_of(page, words):
    """What the manual's description says of it, or of the one above it."""
    return "".join(
        part for name in {words[0], " ".join(words)}
        for part in re.findall(rf"^\.Ss {name}\n(.*?)(?=^\.S[hs] )", page,
                               re.M | re.S))


def names_option(text, letter, name):
    short = letter and re.search(rf"Fl {letter}\b", text)
    return short or re.search(rf"-{name}(?![a-z-])", text)


def every_command_has_help_and_a_manual(build):
    page = manual("veritee.1")
    with Programs(build) as programs:
        found = commands(programs)
        check(["run"] in found and ["completion"] in found, found)
        for words in found:
            text = expect(veritee(programs, *words, "--help"), 0).stdout
            check("Exit status: " in text and "Examples:" in text, text)
            check(any(re.search(rf"^\.Ss {name}$", page, re.M)
                      for name in (words[0], " ".join(words))),
                  f"no .Ss {' '.join(words)} in the manual")
            for letter, name in re.findall(r"^  (?:-(.), |    )--([a-z-]+)", text,
                                           re.M):
                for part in (synopsis_of, section_of):
                    check(name == "help" or
                          names_option(part(page, words), letter, name),
                          f"{words}: --{name} in {part.__name__}")
            expect(veritee(programs, *words, "--no-such-option"),
                   125 if words == ["exec"] else 2)
        expect(veritee(programs), 2)
        expect(veritee(programs, "no-such-command"), 2)


def every_option_of_the_server_is_in_its_manual(build):
    page = manual("veriteed.8")
    synopsis, _, rest = page.partition(".Sh DESCRIPTION")
    with Programs(build) as programs:
        text = subprocess.run([programs.bin / "veriteed", "--help"],
                              capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^  (?:-(.),|   ) --([a-z-]+)", text, re.M)
    check(len(names) > 15 and ("", "rules") in names, names)
    for letter, name in names:
        check(name in ("help", "version") or names_option(synopsis, letter, name),
              f"--{name} in the synopsis")
        check(names_option(rest, letter, name), f"--{name} in the manual")


def complete(script, line):
    """What bash offers for |line|, whose last word is being typed."""
    words = line.split(" ")
    quoted = " ".join(f"'{w}'" for w in words)
    return subprocess.run(
        ["bash", "-c", f"{script}\nCOMP_WORDS=({quoted}); "
         f"COMP_CWORD={len(words) - 1}; "
         f"_veritee veritee '{words[-1]}' '{words[-2]}'; "
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, check=True).stdout.split()


def shells_complete_what_help_tells(build):
    with Programs(build) as programs:
        script = expect(veritee(programs, "completion", "bash"), 0).stdout
        check(complete(script, "veritee ver") == ["verify"], "a command")
        check(complete(script, "veritee verify --tee ") == ["sev-snp"], "a word")
        check(complete(script, "veritee run --log-l") == ["--log-level"], "one")
        for words in commands(programs):
            text = veritee(programs, *words, "--help").stdout
            want = set(re.findall(r"^  (?:-., |    )(--[a-z-]+)", text, re.M))
            got = set(complete(script, f"veritee {' '.join(words)} --"))
            check(got == want, f"{words}: {got ^ want}")
        for shell in ("bash", "zsh", "fish"):
            text = expect(veritee(programs, "completion", shell), 0).stdout
            if not shutil.which(shell):
                print(f"skipped - no {shell}", flush=True)
                continue
            subprocess.run([shell, "-n"], input=text, text=True, check=True)
        expect(veritee(programs, "completion", "ksh"), 2)


def output_has_no_colour_but_on_a_terminal(build):
    with Programs(build) as programs:
        bent = programs.server("--simulate-fault", "wrong-key")
        argv = [str(programs.bin / "veritee"), "pin", "--root",
                f"{bent.sim_dir}/root.pem", f"ws://127.0.0.1:{bent.port}"]
        check("\033" not in pin(programs, bent).stdout, "a pipe")
        for more, want in (({"TERM": "xterm"}, True),
                           ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                           ({"TERM": "dumb"}, False)):
            text = on_terminal(argv, environment(programs, **more))
            check(("\033[1;31m" in text) == want, f"{more}: {text!r}")


def slow_policy(programs, port, timeout):
    """One whose source of collateral is at |port|."""
    path = programs.dir / "slow.yaml"
    path.write_text(
        f"collateral: {{ cache: {programs.dir}/store, timeout: {timeout}, "
        f"sources: [ 'https://127.0.0.1:{port}' ] }}\n")
    return path


def silence():
    """Takes connections, and says nothing."""
    return socket.create_server(("127.0.0.1", 0))


def what_takes_long_says_so_on_a_terminal(build):
    fetch = ("collateral", "fetch", "--fmspc", "00906ed50000", "-p")
    with Programs(build) as programs:
        with silence() as nobody:
            port = nobody.getsockname()[1]
            piped = expect(veritee(programs, *fetch,
                                   slow_policy(programs, port, "2s")), 3)
        check("fetching collateral, " not in piped.stderr + piped.stdout, piped)
        for words, *args in (
                ("fetching collateral, ", *fetch),
                ("waiting for the sources of collateral, ", "doctor", "-p"),
                ("waiting for evidence and collateral, ", "pin", "-p")):
            with silence() as nobody:
                port = nobody.getsockname()[1]

                def heard(said):
                    if words in said:
                        nobody.close()  # it need not wait any longer

                policy = slow_policy(programs, port, "60s")
                where = [f"ws://127.0.0.1:{port}"] if args[0] == "pin" else []
                said = on_terminal([programs.bin / "veritee", *args, policy, *where],
                                   environment(programs, TERM="xterm"), heard)
            check(re.search(words + r"\d+ s", said), f"{args}: {said!r}")
            check(said.rfind("\r\033[K") > said.rfind(words), f"it stays: {said!r}")


def on_terminal(argv, env, heard=lambda said: None):
    """What |argv| writes to a terminal; |heard| is told all of it so far."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs,
                             env=env)
    os.close(theirs)
    text = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        text += chunk
        heard(text.decode(errors="replace"))
    child.wait()
    os.close(ours)
    return text.decode()


if __name__ == "__main__":
    sys.exit(run_tests([
        what_pin_prints_lets_the_proxy_in,
        pin_writes_and_appends_but_never_over_a_file,
        pin_as_json_has_the_same,
        each_kind_of_tee_is_pinned_and_judged_again,
        pin_speaks_teekit_where_it_is_told,
        pin_refuses_what_does_not_verify,
        init_writes_a_right_policy_once,
        without_a_policy_run_says_what_to_do,
        env_is_read_by_shells,
        env_goes_where_the_policy_listens,
        exec_leads_one_program_to_the_proxy,
        a_healthy_setup_has_no_error,
        each_thing_that_is_wrong_is_found,
        each_source_is_asked_by_itself,
        without_a_policy_doctor_says_so,
        decisions_are_written_down_and_judged_again,
        refusals_are_written_down_too,
        what_a_check_outside_answered_is_judged_by_again,
        files_that_a_policy_names_are_kept_with_it,
        lists_of_the_users_own_are_kept,
        what_a_new_policy_decides_is_written_down,
        an_altered_log_shows,
        a_cut_line_spoils_no_other,
        nothing_is_written_where_the_policy_says_so,
        exit_statuses_are_those_of_the_manual,
        usual_mistakes_are_said_with_what_to_do,
        help_fits_a_terminal,
        every_command_has_help_and_a_manual,
        every_option_of_the_server_is_in_its_manual,
        shells_complete_what_help_tells,
        output_has_no_colour_but_on_a_terminal,
        what_takes_long_says_so_on_a_terminal,
    ]))
