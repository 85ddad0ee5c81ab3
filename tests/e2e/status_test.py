#!/usr/bin/python3
"""The proxy's own pages, before a request, after acceptance, after refusal."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from ports import free_port  # noqa: E402
from programs import (HOST, PATIENCE, Failed, Programs, check,  # noqa: E402
                      curl, run_tests, wait_for)
from wire import connect, read_head  # noqa: E402

PAGES = ["/", "/status.json", "/status.txt", "/readyz", "/metrics", "/proxy.pac",
         "/healthz"]


def get(proxy, path, *args):
    """Status code, media type and body of one of our own pages."""
    r = curl("-w", "\n%{http_code} %{content_type}", *args, proxy.url + path)
    check(r.returncode == 0, f"{path}: {r.stderr}")
    body, _, last = r.stdout.decode().rpartition("\n")
    code, _, kind = last.partition(" ")
    return int(code), kind, body


def status(proxy):
    return json.loads(get(proxy, "/status.json")[2])


def metric(proxy, name):
    text = get(proxy, "/metrics")[2]
    found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
    check(found, f"no {name} in\n{text}")
    return int(found.group(1))


def ask(proxy):
    r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
             f"http://{HOST}/")
    return r.stdout.decode()


def refused(programs):
    """A proxy whose policy asks for another measurement."""
    server = programs.server()
    accept = (Path(server.sim_dir) / "accept.yaml").read_text()
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir,
                             accept=accept.replace("d1d1d1d1", "d1d1d1d2", 1))
    return programs.proxy(policy)


def every_page_is_there_before_any_request(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        for path in PAGES:
            check(get(proxy, path)[0] == 200, path)
        now = status(proxy)
        check(now["version"] == 1, now)
        service = now["services"][0]
        check(service["state"] == "waiting", service)
        check(service["attestation"] is None, service)
        check(service["endpoints"][0]["state"] == "untried", service)
        check("waiting" in get(proxy, "/")[2], "the page says waiting")
        check(get(proxy, "/other")[0] == 404, "no other page")


def an_accepted_service_shows_what_it_proved(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        check(ask(proxy) == "200", "a request")
        service = status(proxy)["services"][0]
        found = service["attestation"]
        check(service["state"] == "SIMULATED", service)
        check(found["accepted"] and found["simulated"], found)
        check(found["release"] == "simulated", found["release"])
        check(found["claims"]["tdx"]["mr_td"] == "d1" * 48, found["claims"])
        check(len(found["verification"]["checks"]) > 20, "all checks")
        check(all(c["outcome"] != "fail" for c in
                  found["verification"]["checks"] + found["policy"]["checks"]),
              "none failed")
        session = service["sessions"][0]
        check(session["state"] == "ready" and session["bytes_in"] > 0, session)
        page = get(proxy, "/")[2]
        for words in ("SIMULATED", "UpToDate", "d1" * 48, "Every check",
                      "Expires first"):
            check(words in page, words)
        check("<script>" not in page and "http-equiv" not in page, "no script")
        check(metric(proxy, 'veritee_attestations_total{result="accepted"}') == 1,
              "one acceptance")
        check(metric(proxy, 'veritee_service_simulated{service="demo"}') == 1,
              "simulated")
        check(metric(proxy, 'veritee_service_verified{service="demo"}') == 0,
              "simulated is not verified")
        check(metric(proxy, "veritee_received_bytes_total") > 0, "bytes")
        check(metric(proxy, "veritee_streams_total") == 1, "streams")
        age = time.time() - metric(
            proxy, 'veritee_service_attested_timestamp_seconds{service="demo"}')
        check(0 <= age + 1 < 60, f"attested {age} s ago")


def read_event(stream):
    """The data of the next event called "status"."""
    for line in stream:
        if line.startswith(b"data: "):
            return json.loads(line[6:])
    raise Failed("the events end")


def events_tell_what_changes(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with connect(proxy.port) as s, s.makefile("rb") as stream:
            s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = read_head(s).decode()
            check(head.startswith("HTTP/1.1 200 "), head)
            check("\r\nContent-Type: text/event-stream\r\n" in head, head)
            check("\r\nCache-Control: no-store\r\n" in head, head)
            first = read_event(stream)
            check(first["version"] == 1, first)
            check(first["services"] == [{"name": "demo", "state": "waiting"}],
                  first)
            check(ask(proxy) == "200", "a request")
            now = read_event(stream)
            while now["services"][0]["state"] != "SIMULATED":
                now = read_event(stream)
            check(now["page"] != first["page"], "the page says something else")
            check(proxy.stop() == 0, "who listens holds nothing up")
            stream.read()  # to its end


def a_refused_service_shows_the_reason(build):
    with Programs(build) as programs:
        proxy = refused(programs)
        check(ask(proxy) == "502", "a request")
        now = status(proxy)
        service = now["services"][0]
        check(service["state"] == "refused", service["state"])
        check(service["failure"]["field"] == "accept.mrtd", service["failure"])
        check(service["failure"]["found"].startswith("d1d1d1d1"), service)
        check(service["failure"]["expected"].startswith("d1d1d1d2"), service)
        failed = [c for c in service["attestation"]["policy"]["checks"]
                  if c["outcome"] == "fail"]
        check(len(failed) == 1, failed)
        check(now["refusals"][0]["service"] == "demo", now["refusals"])
        page = get(proxy, "/")[2]
        check('<span class="pill">refused' in page, "the verdict")
        check("accept.mrtd" in page and "d1d1d1d2" in page, "the reason")
        check(metric(proxy, 'veritee_attestations_total{result="policy"}') == 1,
              "one refusal")
        check(metric(proxy, 'veritee_refusals_total{status="POLICY"}') == 1,
              "by its status")
        check(metric(proxy, 'veritee_service_attested_timestamp_seconds'
                            '{service="demo"}') == 0, "nothing in use")
        check(get(proxy, "/readyz")[0] == 200, "ready nevertheless")
        # The application is told the same checks, in the same order.
        told = json.loads(curl("-x", proxy.url, "-H",
                               "Accept: application/json",
                               f"http://{HOST}/").stdout)["verdict"]
        check(told["failed_check"] == "policy-mrtd", told["failed_check"])
        found = service["attestation"]
        both = found["verification"]["checks"] + found["policy"]["checks"]
        check([c["id"] for c in told["checks"]] == [c["id"] for c in both],
              told["checks"])
        check(told["checks"][0]["id"] == "quote-format", told["checks"][0])
        for shown in (get(proxy, "/")[2],
                      curl("-x", proxy.url, "-H", "Accept: text/html",
                           f"http://{HOST}/").stdout.decode()):
            check(shown.count('<span class="no">') == len(both), "numbered")


def the_schema_describes_it(build):
    try:
        import jsonschema
    except ImportError:
        print("skipped - no python3-jsonschema to check the schema", flush=True)
        return
    schema = json.loads((Path(__file__).resolve().parents[2] / "docs" /
                         "schema" / "status.schema.json").read_text())
    with Programs(build) as programs:
        _, good = programs.pair()
        bad = refused(programs)
        for proxy, want in ((good, "waiting"), (good, "SIMULATED"),
                            (bad, "waiting"), (bad, "refused")):
            if want != "waiting":
                ask(proxy)
            now = status(proxy)
            check(now["services"][0]["state"] == want, now)
            jsonschema.Draft202012Validator(schema).validate(now)
            now["services"][0]["state"] = "fine"
            check(not jsonschema.Draft202012Validator(schema).is_valid(now),
                  "the schema says something")


def a_lost_server_shows_and_comes_back(build):
    with Programs(build) as programs:
        server, proxy = programs.pair(port=free_port())
        check(ask(proxy) == "200", "a request")
        server.kill()
        wait_for("it is unreachable", lambda: status(proxy)
                 ["services"][0]["state"] == "unreachable")
        now = status(proxy)
        check(now["totals"]["sessions_lost"] == 1, now["totals"])
        check(now["totals"]["bytes_in"] > 0, "bytes stay counted")
        again = programs.server(port=server.port, sim_dir=server.sim_dir)
        check(again.port == server.port and ask(proxy) == "200", "it is back")
        service = status(proxy)["services"][0]
        check(service["state"] == "SIMULATED", service)
        check(service["failure"] is None, service["failure"])


def counts_outlive_a_change_of_policy(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(policy)
        check(ask(proxy) == "200", "a request")
        before = status(proxy)
        policy.write_text(policy.read_text().replace("  demo:", "  other:", 1))
        proxy.process.send_signal(signal.SIGHUP)
        proxy.wait_log("policy.reloaded")
        after = status(proxy)
        check(after["services"][0]["name"] == "other", after["services"])
        check(after["services"][0]["state"] == "waiting", after["services"])
        for name in ("bytes_in", "bytes_out", "streams", "sessions"):
            check(after["totals"][name] >= before["totals"][name] > 0, name)


def command(programs, *args):
    return subprocess.run([programs.bin / "veritee", "status", *args],
                          capture_output=True, timeout=PATIENCE)


def the_command_prints_the_status(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        check(ask(proxy) == "200", "a request")
        here = ["--proxy", f"127.0.0.1:{proxy.port}"]
        r = command(programs, *here)
        check(r.returncode == 0 and r.stderr == b"", r)
        check(b"demo: SIMULATED\n" in r.stdout, r.stdout)
        check(b"release         simulated\n" in r.stdout, r.stdout)
        r = command(programs, "--json", *here)
        check(json.loads(r.stdout)["version"] == 1, r.stdout)
        check(proxy.stop() == 0, "stopped")
        r = command(programs, *here)
        check(r.returncode == 1 and b"refused" in r.stderr, r)


def the_command_asks_on_this_machine_only(build):
    with Programs(build) as programs:
        for bad in ("192.0.2.1:8118", "example.com", "localhost:0", "a b"):
            r = command(programs, "--proxy", bad)
            check(r.returncode == 2 and r.stdout == b"", f"{bad}: {r}")


def the_command_believes_no_other_program(build):
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"
    answers = {
        b"": None, b"SSH-2.0-x\r\n": None, good: None, good + b"short": None,
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n": None,
        b"HTTP/1.1 200 OK\r\n\r\nContent-Length: 21\r\n": None,
        good + b"a\x1b[31m\xff\xc2\x9b\xc3\xa9\n": b"a?[31m??\xc3\xa9\n",
        good + b"a\0bcdefghij\n": None,
        b"x" * (3 << 20): None,
    }
    with Programs(build) as programs, socket.create_server(
            ("127.0.0.1", 0)) as listener:
        def serve(answer):
            sock, _ = listener.accept()
            with sock:
                sock.recv(4096)
                try:
                    sock.sendall(answer)
                except OSError:
                    pass  # it had heard enough

        for answer, want in answers.items():
            thread = threading.Thread(target=serve, args=(answer,))
            thread.start()
            r = command(programs, "--proxy",
                        "127.0.0.1:%d" % listener.getsockname()[1])
            thread.join()
            check(r.returncode == (want is None), f"{answer[:60]}: {r}")
            check(r.stdout == (want or b""), f"{answer[:60]}: {r}")


def the_pages_are_reached_through_the_proxy_too(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        for path in PAGES:
            r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
                     f"http://veritee.invalid{path}")
            check(r.stdout == b"200", f"{path}: {r.stdout}")


def many_services_fit_on_a_page(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        head, _, one = policy.read_text().partition("services:\n")
        policy.write_text(head + "services:\n" + "".join(
            one.replace("  demo:", f"  demo{i}:").replace(HOST, f"{i}.{HOST}")
            for i in range(300)))
        proxy = programs.proxy(policy)
        code, _, page = get(proxy, "/")
        check(code == 200 and page.rstrip().endswith("</html>"), page[-99:])
        check("300 services" in page and "300 waiting" in page, page[:2000])
        check(len(status(proxy)["services"]) == 300, "all of them")
        # Many at once, and nobody reads: each waits for the one before.
        one = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        with socket.create_connection(("127.0.0.1", proxy.port)) as sock:
            sock.sendall(one * 63 + last)
            check(get(proxy, "/readyz")[0] == 200, "others are served")
            sock.settimeout(PATIENCE)
            heard = bytearray()
            for got in iter(lambda: sock.recv(1 << 20), b""):
                heard += got
        check(heard.count(b"HTTP/1.1 200 OK\r\n") == 64, "every answer")
        check(heard.count(b"</html>") == 64, "every answer, whole")


def other_sites_get_nothing(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        check(ask(proxy) == "200", "a request")
        attacks = {
            "a name that was rebound": ["-H", "Host: evil.example"],
            "with our port": ["-H", f"Host: evil.example:{proxy.port}"],
            "one that looks like ours": ["-H", "Host: localhost.evil.example"],
            "an address of the network": ["-H", "Host: 192.168.1.2"],
            "a foreign origin": ["-H", "Origin: http://evil.example"],
            "no origin": ["-H", "Origin: null"],
            "another port": ["-H", "Origin: http://127.0.0.1:1"],
            "a script tag": ["-H", "Sec-Fetch-Site: cross-site",
                             "-H", "Sec-Fetch-Mode: no-cors"],
            "a fetch": ["-H", "Sec-Fetch-Site: same-site",
                        "-H", "Sec-Fetch-Mode: cors"],
            "a post": ["-d", "x=y"],
            "a post from elsewhere": ["-d", "x=y", "-H", "Origin: http://e.vil"],
            "a preflight": ["-X", "OPTIONS", "-H", "Origin: http://e.vil",
                            "-H", "Access-Control-Request-Method: GET"],
        }
        for name, args in attacks.items():
            for path in [*PAGES, "/events", "/status.js", "/icon.svg"]:
                code, kind, body = get(proxy, path, *args)
                check(code in (403, 405, 421), f"{name}, {path}: {code}")
                check("demo" not in body and len(body) < 100, f"{name}: {body}")
                check(kind.startswith("text/plain"), f"{name}: {kind}")
        r = curl("-i", proxy.url + "/")
        head = r.stdout.decode().partition("\r\n\r\n")[0].lower()
        check("access-control" not in head, head)
        check("default-src 'none'" in head and "nosniff" in head, head)


def a_browser_sends_only_the_services_here(build):
    node = shutil.which("node")
    if node is None:
        print("skipped - no node to run proxy.pac", flush=True)
        return
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        policy.write_text(policy.read_text().replace(
            f'"{HOST}"', f'"{HOST}", "*.below.test", "only.test:81", '
            '"[2001:db8::1]"'))
        proxy = programs.proxy(policy)
        code, kind, text = get(proxy, "/proxy.pac")
        check(code == 200 and kind == "application/x-ns-proxy-autoconfig", kind)
        here = f"PROXY 127.0.0.1:{proxy.port}"
        cases = {
            HOST: here, HOST.upper(): here, HOST + ".": here,
            "a.below.test": here, "a.b.below.test": here,
            "only.test": here, "2001:db8::1": here, "[2001:db8::1]": here,
            "veritee.invalid": here, "below.test": "DIRECT",
            "xbelow.test": "DIRECT", "x" + HOST: "DIRECT",
            "example.com": "DIRECT", "__proto__": "DIRECT", "": "DIRECT",
        }
        script = text + "\nconsole.log(JSON.stringify(" + json.dumps(
            list(cases)) + ".map(h => FindProxyForURL('http://' + h, h))))"
        out = subprocess.run([node, "-e", script], capture_output=True,
                             timeout=PATIENCE)
        check(out.returncode == 0, out.stderr)
        for host, got in zip(cases, json.loads(out.stdout)):
            check(got == cases[host], f"{host}: {got}")


if __name__ == "__main__":
    sys.exit(run_tests([
        every_page_is_there_before_any_request,
        an_accepted_service_shows_what_it_proved,
        events_tell_what_changes,
        a_refused_service_shows_the_reason,
        the_schema_describes_it,
        a_lost_server_shows_and_comes_back,
        counts_outlive_a_change_of_policy,
        the_command_prints_the_status,
        the_command_asks_on_this_machine_only,
        the_command_believes_no_other_program,
        the_pages_are_reached_through_the_proxy_too,
        many_services_fit_on_a_page,
        other_sites_get_nothing,
        a_browser_sends_only_the_services_here,
    ]))
