#!/usr/bin/python3
"""`veritee collateral`: fetch, show, export, import, forecast, with a real HTTPS
server and a simulated TEE."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from pcs_server import PcsServer  # noqa: E402
from programs import HOST, PATIENCE, Programs, check, curl, run_tests  # noqa: E402

ITEMS = {"tcb_info", "qe_identity", "pck_crl", "root_ca_crl"}
FMSPC = "0053494d0000"


class Bench:
    """A simulated TEE, its files at a PCS, a policy, and the command."""

    def __init__(self, build):
        self.programs = Programs(build)

    def __enter__(self):
        p = self.programs.__enter__()
        self.dir = p.dir
        self.server = p.server("--simulate-fault", "no-staple")
        self.sim_dir = self.server.sim_dir
        scratch = p.dir / "pcs"
        scratch.mkdir()
        self.pcs = PcsServer({"tdx": self.sim_dir}, scratch)
        policy = p.policy([f"ws://127.0.0.1:{self.server.port}/__ra__"],
                          self.sim_dir)
        source = f'{{ kind: pcs, url: "{self.pcs.url}", ca-file: "{self.pcs.ca_file}" }}'
        policy.write_text(policy.read_text().replace(
            "sources: [ stapled ]", f"sources: [ store, stapled, {source} ]"))
        self.policy = policy
        return self

    def __exit__(self, *error):
        self.pcs.close()
        return self.programs.__exit__(*error)

    def run(self, want, *args):
        done = subprocess.run(
            [self.programs.bin / "veritee", "collateral", *map(str, args)],
            capture_output=True, text=True, timeout=PATIENCE,
            env={**os.environ, "HOME": str(self.dir), "XDG_CONFIG_HOME": "",
                 "XDG_CACHE_HOME": ""})
        check(done.returncode == want,
              f"{args}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, want, *args):
        return json.loads(self.run(want, *args, "--json").stdout)

    def publish(self, name, fault):
        folder = self.dir / name
        folder.mkdir()
        shutil.copy(self.sim_dir / "simulation.keys", folder)
        self.programs.server("--simulate-fault", fault, sim_dir=folder).stop()
        return folder

    def fetched(self, store):
        return self.json(0, "fetch", "--policy", self.policy, "--store", store,
                         "--fmspc", FMSPC, "--root", self.sim_dir / "root.pem")


def names(answer):
    return {item["item"] for item in answer["items"]}


def what_is_fetched_is_shown_with_all_that_is_known(build):
    with Bench(build) as b:
        store = b.dir / "store"
        b.run(1, "show", "--store", store)
        check(names(b.fetched(store)) == ITEMS, "not all was fetched")
        root = ("--root", b.sim_dir / "root.pem")
        shown = b.json(0, "show", "--store", store, *root)
        check(names(shown) == ITEMS, shown)
        info = next(i for i in shown["items"] if i["item"] == "tcb_info")
        check((info["tee"], info["fmspc"]) == ("tdx", FMSPC), info)
        check(info["evaluation_number"] == 18 and info["status"] == "OK", info)
        check(info["origin"].startswith(b.pcs.url), info)
        check(29 * 86400 < info["seconds_left"] <= 30 * 86400, info)
        crl = next(i for i in shown["items"] if i["item"] == "pck_crl")
        check(crl["ca"] == "platform" and crl["crl_number"], crl)
        text = b.run(0, "show", "--store", store, *root).stdout
        check("days left), evaluation number 18" in text, text)
        check("CRL number " in text, text)
        # Without the root, nothing vouches for them.
        for item in b.json(1, "show", "--store", store)["items"]:
            check(item["status"] != "OK", item)


def a_quote_or_the_services_say_what_to_fetch(build):
    with Bench(build) as b:
        store = b.dir / "store"
        by_quote = b.json(0, "fetch", "--policy", b.policy, "--store", store,
                          "--quote", b.sim_dir / "quote.bin",
                          "--root", b.sim_dir / "root.pem")
        check(names(by_quote) == ITEMS, by_quote)
        before = b.pcs.count("tcb")
        services = b.json(0, "fetch", "--policy", b.policy, "--store", store)
        check([s["status"] for s in services["services"]] == ["OK"], services)
        check(b.pcs.count("tcb") > before, "the store was enough")
        b.pcs.fault("all", "status", "500")
        done = b.run(3, "fetch", "--policy", b.policy, "--store", store,
                     "--fmspc", FMSPC, "--root", b.sim_dir / "root.pem")
        check("500" in done.stderr, done.stderr)
        services = b.json(3, "fetch", "--policy", b.policy, "--store", store)
        check("500" in services["services"][0]["reason"], services)
        b.run(2, "fetch", "--store", store)
        b.run(2, "fetch", "--store", store, "--fmspc", "12")


def a_bundle_carries_all_that_is_good_and_nothing_is_believed(build):
    with Bench(build) as b:
        here, there = b.dir / "here", b.dir / "there"
        root = ("--root", b.sim_dir / "root.pem")
        bundle = b.dir / "items.bundle"
        b.run(1, "export", "--store", here, *root, bundle)
        check(not bundle.exists(), "an empty bundle was written")
        b.fetched(here)
        b.json(0, "export", "--store", here, *root, bundle)

        # Without the root: refused, item by item, and nothing is stored.
        for item in b.json(1, "import", "--store", there, bundle)["items"]:
            check(item["outcome"] == "refused" and item["reason"], item)
        check(not list(there.iterdir()), "something was stored")
        stored = b.json(0, "import", "--store", there, *root, bundle)
        check({i["outcome"] for i in stored["items"]} == {"stored"}, stored)
        again = b.json(0, "import", "--store", there, *root, bundle)
        check({i["outcome"] for i in again["items"]} == {"same"}, again)
        text = b.run(0, "import", "--store", there, *root, bundle).stdout
        check("tcb_info-tdx" in text and ": same" in text, text)

        # A proxy without a network lives on it.
        b.pcs.fault("all", "drop")
        text = b.policy.read_text().split("collateral:")
        rest = text[1].split("\n", 1)[1]
        b.policy.write_text(f"{text[0]}collateral: {{ cache: {there},"
                            f" sources: [ store ] }}\n{rest}")
        proxy = b.programs.proxy(b.policy)
        r = curl("-x", proxy.url, f"http://{HOST}/echo", "-d", "hello")
        check(b"hello" in r.stdout, r.stdout)


def older_and_broken_bundles_are_refused(build):
    with Bench(build) as b:
        here, there = b.dir / "here", b.dir / "there"
        root = ("--root", b.sim_dir / "root.pem")
        bundle = b.dir / "old.bundle"
        b.fetched(here)
        b.run(0, "export", "--store", here, *root, bundle)
        newer = b.publish("newer", "tcb-recovery")
        b.pcs.fault("all", "folder", newer)
        b.fetched(there)
        outcomes = {i["item"]: i for i in b.json(1, "import", "--store", there,
                                                 *root, bundle)["items"]}
        check(outcomes["tcb_info"]["outcome"] == "older", outcomes)
        check("earlier" in outcomes["tcb_info"]["reason"]
              or "as seen before" in outcomes["tcb_info"]["reason"], outcomes)
        shown = b.json(0, "show", "--store", there, *root)
        info = next(i for i in shown["items"] if i["item"] == "tcb_info")
        check(info["evaluation_number"] == 19, info)

        whole = bundle.read_bytes()
        for name, bad in {
            "cut": whole[: len(whole) // 2],
            "without its end": whole[: whole.rindex(b"end ")],
            "longer": whole + b"x",
            "another file": b"hello\n",
            "empty": b"",
        }.items():
            broken = b.dir / "broken.bundle"
            broken.write_bytes(bad)
            done = b.run(2, "import", "--store", b.dir / "other", *root, broken)
            check("bundle" in done.stderr, f"{name}: {done.stderr}")
        # One bit in a body: that item is refused, the others are not.
        at = whole.index(b'"tcbType"')
        bent = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
        (b.dir / "bent.bundle").write_bytes(bent)
        bent = b.json(1, "import", "--store", b.dir / "third", *root,
                      b.dir / "bent.bundle")
        check(sorted(i["outcome"] for i in bent["items"])
              == ["refused", "stored", "stored", "stored"], bent)


def a_forecast_says_what_will_break_and_why(build):
    with Bench(build) as b:
        store = b.dir / "store"
        args = ("forecast", "--policy", b.policy, "--store", store)
        calm = b.json(0, *args)["services"][0]
        check(calm["forecast"]["outlook"] == "holds", calm)
        coming = b.publish("coming", "tcb-recovery")
        shutil.copytree(coming, b.sim_dir / "early")
        shutil.copy(coming / "tcb_numbers.json", b.sim_dir)
        args = ("forecast", "--policy", b.policy, "--store", b.dir / "other")
        f = b.json(1, *args)["services"][0]["forecast"]
        check(f["outlook"] == "breaks", f)
        check(f["new_advisories"] == ["INTEL-SA-00002"], f)
        check(f["early_evaluation_number"] == 19 and f["public_since"], f)
        text = b.run(1, *args).stdout
        check("breaks" in text and "INTEL-SA-00002" in text, text)
        check("what to do" in text, text)
        b.server.stop()
        gone = b.json(3, *args)["services"][0]
        check(gone["forecast"] is None and gone["reason"], gone)


def a_policy_that_asks_for_data_nobody_has_is_told(build):
    with Bench(build) as b:
        text = b.policy.read_text()
        b.policy.write_text(text.replace(
            "tee: tdx", "tee: tdx\n        tcb: { min-evaluation-number: 25 }"))
        args = ("forecast", "--policy", b.policy, "--store", b.dir / "store")
        s = b.json(1, *args)["services"][0]
        check(s["status"] == "POLICY" and s["forecast"] is None, s)
        check("25" in s["note"] and "18" in s["note"], s)
        b.policy.write_text(text.replace(
            "tee: tdx", "tee: tdx\n        tcb: { min-evaluation-number: 18 }"))
        check(b.json(0, *args)["services"][0]["note"] == "", "a note")


def answers(b):
    """One of each kind of answer that --json gives."""
    store = b.dir / "store"
    root = ("--root", b.sim_dir / "root.pem")
    yield b.fetched(store)
    yield b.json(0, "fetch", "--policy", b.policy, "--store", store)
    yield b.json(0, "show", "--store", store, *root)
    yield b.json(1, "show", "--store", store)
    yield b.json(0, "export", "--store", store, *root, b.dir / "x")
    yield b.json(0, "import", "--store", b.dir / "y", *root, b.dir / "x")
    yield b.json(0, "forecast", "--policy", b.policy, "--store", store)


def the_schema_describes_all_answers(build):
    try:
        import jsonschema
    except ImportError:
        print("# skipped: no python3-jsonschema")
        return
    root = Path(__file__).resolve().parents[2] / "docs" / "schema"
    schema = json.loads((root / "collateral.schema.json").read_bytes())
    status = json.loads((root / "status.schema.json").read_bytes())
    schema["$defs"]["forecast"] = status["$defs"]["forecast"]
    schema["$defs"]["time_or_null"] = status["$defs"]["time_or_null"]
    schema["$defs"]["time"] = status["$defs"]["time"]
    with Bench(build) as b:
        for answer in answers(b):
            jsonschema.validate(answer, schema)


if __name__ == "__main__":
    sys.exit(run_tests([
        what_is_fetched_is_shown_with_all_that_is_known,
        a_quote_or_the_services_say_what_to_fetch,
        a_bundle_carries_all_that_is_good_and_nothing_is_believed,
        older_and_broken_bundles_are_refused,
        a_forecast_says_what_will_break_and_why,
        a_policy_that_asks_for_data_nobody_has_is_told,
        the_schema_describes_all_answers,
    ]))
