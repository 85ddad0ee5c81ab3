#!/usr/bin/python3
"""A policy that is read again judges what is already under way."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from programs import (HOST, PATIENCE, Programs, check, curl,  # noqa: E402
                      run_tests)
from wire import read_head  # noqa: E402


def reload(proxy, policy, text, *words):
    """Read the policy again with |text| in the file |policy|; the log says
    |words| of that."""
    before = [(word, proxy.told(word)) for word in words]
    policy.write_text(text)
    proxy.process.send_signal(signal.SIGHUP)
    for word, times in before:
        proxy.wait_log(word, times + 1)


def begin(build, programs, events=12, service=""):
    """A server, a proxy, its policy, and a download of so many |events|, one
    each quarter of a second."""
    server = programs.server()
    policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                             server.sim_dir, service=service)
    proxy = programs.proxy(policy)
    download = subprocess.Popen(
        ["curl", "-qsSN", "-x", proxy.url, f"http://{HOST}/sse?n={events}&ms=250"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not download.stdout.readline().startswith(b"data:"):
        check(download.poll() is None, "the download does not begin")
    return server, policy, proxy, download


def code(proxy):
    r = curl("-x", proxy.url, "-o", "/dev/null", "-w", "%{http_code}",
             f"http://{HOST}/")
    return r.stdout.decode()


def a_policy_that_still_accepts_disturbs_nothing(build):
    with Programs(build) as programs:
        _, policy, proxy, download = begin(build, programs)
        reload(proxy, policy, policy.read_text(), "policy.reloaded")
        check(code(proxy) == "200", "the next request")
        rest = download.communicate(timeout=PATIENCE)[0]
        check(download.returncode == 0, f"curl says {download.returncode}")
        check(rest.count(b"data:") == 11, f"{rest}")


def a_session_that_no_longer_passes_is_closed_with_the_reason(build):
    with Programs(build) as programs:
        server, policy, proxy, download = begin(build, programs, 10000)
        text = policy.read_text().replace("d1d1d1d1", "d1d1d1d2", 1)
        reload(proxy, policy, text, "accept.mrtd", "policy.reloaded")
        download.communicate(timeout=PATIENCE)
        check(download.returncode in (18, 56), f"curl: {download.returncode}")
        check(code(proxy) == "502", "the next request")
        # The first policy again: the service is back.
        reload(proxy, policy, text.replace("d1d1d1d2", "d1d1d1d1", 1),
               "policy.reloaded")
        check(code(proxy) == "200", "after the way back")


def refuse(proxy, policy):
    """Read a policy that does not accept the server."""
    text = policy.read_text().replace("d1d1d1d1", "d1d1d1d2", 1)
    reload(proxy, policy, text, "session.draining", "policy.reloaded")
    check(code(proxy) == "502", "the next request")


def streams_may_end_where_the_policy_lets_them(build):
    with Programs(build) as programs:
        _, policy, proxy, download = begin(
            build, programs, service="    on-refusal: { drain: 60s }\n")
        refuse(proxy, policy)
        rest = download.communicate(timeout=PATIENCE)[0]
        check(download.returncode == 0, f"curl says {download.returncode}")
        check(rest.count(b"data:") == 11, f"{rest}")
        check(proxy.told("session.lost") == 0, proxy.tail())


def and_are_cut_at_the_limit_with_the_reason(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir,
                                 service="    on-refusal: { drain: 5s }\n")
        proxy = programs.proxy(policy)
        download = subprocess.Popen(
            ["curl", "-qsSN", "-x", proxy.url,
             f"http://{HOST}/sse?n=400&ms=250"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not download.stdout.readline().startswith(b"data:"):
            check(download.poll() is None, "the download does not begin")
        refuse(proxy, policy)
        rest = download.communicate(timeout=PATIENCE)[0]
        check(download.returncode in (18, 56), f"curl: {download.returncode}")
        check(rest.count(b"data:") > 3, f"cut before its time: {rest}")
        log = Path(proxy.log_path).read_text()
        lost = [line for line in log.splitlines() if "session.lost" in line]
        check(len(lost) == 1 and "accept.mrtd" in lost[0], log)


def a_file_that_the_policy_names_is_read_again(build, split):
    """|split| moves a part of the policy to a file of its own, which is what
    changes; it returns that file."""
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        named = split(programs, policy)
        before = policy.read_text()
        check("d1d1d1d1" not in before, before)
        proxy = programs.proxy(policy)
        check(code(proxy) == "200", "with the first file")
        text = named.read_text()
        reload(proxy, named, text.replace("d1d1d1d1", "d1d1d1d2", 1),
               "accept.mrtd", "policy.reloaded")
        check(code(proxy) == "502", "with another measurement in it")
        reload(proxy, named, "[", "policy.kept")
        check(named.name in proxy.tail(), proxy.tail())
        check(code(proxy) == "502", "with one that cannot be read")
        reload(proxy, named, text, "policy.reloaded")
        check(code(proxy) == "200", "after the way back")
        check(policy.read_text() == before, "the policy itself has changed")


def an_included_file_is_read_again(build):
    def split(programs, policy):
        head, word, services = policy.read_text().partition("services:\n")
        more = programs.dir / "more.yaml"
        more.write_text(word + services)
        policy.write_text(head + "include: [ more.yaml ]\n")
        return more

    a_file_that_the_policy_names_is_read_again(build, split)


def a_file_of_measurements_is_read_again(build):
    def split(programs, policy):
        head = policy.read_text().partition("    accept:\n")[0]
        measurements = programs.dir / "measurements.json"
        measurements.write_text(json.dumps([{
            "measurement_id": "first", "attestation_type": "dcap-tdx",
            "measurements": {"0": {"expected": "d1" * 48}}}]))
        policy.write_text(head + "    accept: { tee: tdx, measurements: "
                                 "measurements.json }\n")
        return measurements

    a_file_that_the_policy_names_is_read_again(build, split)


def a_service_that_is_gone_is_gone(build):
    with Programs(build) as programs:
        _, policy, proxy, download = begin(build, programs, 10000)
        text = policy.read_text().replace("  demo:", "  other:", 1)
        text = text.replace(HOST, "other.test", 1)
        reload(proxy, policy, text, "policy.reloaded")
        download.communicate(timeout=PATIENCE)
        check(download.returncode in (18, 56), f"curl: {download.returncode}")
        check(code(proxy) == "403", "the next request")


def who_waits_does_not_get_where_the_new_policy_leads_no_more(build):
    with Programs(build) as programs, socket.create_server(
            ("127.0.0.1", 0)) as silent:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{silent.getsockname()[1]}/"],
                                 server.sim_dir)
        proxy = programs.proxy(policy)
        waiting = subprocess.Popen(
            ["curl", "-qsS", "-x", proxy.url, "-o", "/dev/null", "-w",
             "%{http_code}", f"http://{HOST}/"], stdout=subprocess.PIPE)
        held = silent.accept()  # and no answer: the request waits
        text = policy.read_text().replace(HOST, "other.test", 1)
        text = text.replace(f"{silent.getsockname()[1]}/",
                            f"{server.port}/__ra__", 1)
        reload(proxy, policy, text, "policy.reloaded")
        got = waiting.communicate(timeout=PATIENCE)[0]
        check(got == b"403", f"who waits got {got}")
        held[0].close()


def a_root_that_is_empty_is_no_root(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        empty = programs.dir / "empty.pem"
        empty.touch()
        text = policy.read_text().replace(f"{server.sim_dir}/root.pem",
                                          str(empty), 1)
        proxy = programs.proxy(policy)
        reload(proxy, policy, text, "policy.kept")
        check("is empty" in proxy.tail(), proxy.tail())


def the_service_manager_hears_of_it(build):
    with Programs(build) as programs, socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(programs.dir / "notify"))
        manager.settimeout(PATIENCE)
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir)
        proxy = programs.proxy(
            policy, env={"NOTIFY_SOCKET": str(programs.dir / "notify")})
        check(manager.recv(512) == b"READY=1", "ready")
        good = policy.read_text()
        for text, word in ((good, "policy.reloaded"),
                           ("nonsense: [", "policy.kept"),
                           (good + "\n", "policy.reloaded")):
            reload(proxy, policy, text, word)
            said = manager.recv(512)
            check(said.startswith(b"RELOADING=1\nMONOTONIC_USEC="), f"{said}")
            check(manager.recv(512) == b"READY=1", "done")
        proxy.process.terminate()
        check(manager.recv(512) == b"STOPPING=1", "stopping")


def get(client, url):
    """A request on a connection that is kept; the code of the answer."""
    client.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def a_connection_that_is_kept_follows_the_new_policy(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, default="direct")
        proxy = programs.proxy(policy)
        url = f"http://127.0.0.1:{server.demo_port}/"
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.settimeout(PATIENCE)
            check(get(client, url) == 200, "directly")
            text = policy.read_text().replace("default: direct",
                                              "default: block", 1)
            reload(proxy, policy, text, "policy.reloaded")
            check(get(client, url) == 403, "what may not go out any more")


def in_the_clear(build, old, new):
    """A tunnel that was opened directly, after a policy with |new| for |old|."""
    with Programs(build) as programs:
        server = programs.server()
        policy = programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                                 server.sim_dir, default="direct")
        proxy = programs.proxy(policy)
        to = f"127.0.0.1:{server.demo_port}"
        with socket.create_connection(("127.0.0.1", proxy.port)) as tunnel:
            tunnel.settimeout(PATIENCE)
            tunnel.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            check(b" 200 " in read_head(tunnel), "no tunnel")
            text = policy.read_text()
            check(old in text, text)
            reload(proxy, policy, text.replace(old, new, 1), "policy.reloaded")
            try:
                tunnel.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return tunnel.recv(100)
            except ConnectionError:
                return b""


def a_tunnel_in_the_clear_ends_when_its_host_is_a_service(build):
    check(in_the_clear(build, f'"{HOST}"', f'"{HOST}", "127.0.0.1"') == b"",
          "it goes on")


def a_tunnel_in_the_clear_ends_when_that_is_blocked(build):
    check(in_the_clear(build, "default: direct", "default: block") == b"",
          "it goes on")


def a_tunnel_in_the_clear_that_may_go_on_does(build):
    check(in_the_clear(build, f'"{HOST}"', '"other.test"').startswith(b"HTTP/1.1 "),
          "it ended")


def a_policy_that_cannot_be_read_changes_nothing(build):
    with Programs(build) as programs:
        _, policy, proxy, download = begin(build, programs)
        text = policy.read_text().replace("hosts:", "hots:", 1)
        reload(proxy, policy, text, "policy.kept")
        check("hots" in proxy.tail(), proxy.tail())
        check(code(proxy) == "200", "the next request")
        download.communicate(timeout=PATIENCE)
        check(download.returncode == 0, f"curl says {download.returncode}")


if __name__ == "__main__":
    sys.exit(run_tests([
        a_policy_that_still_accepts_disturbs_nothing,
        a_session_that_no_longer_passes_is_closed_with_the_reason,
        streams_may_end_where_the_policy_lets_them,
        and_are_cut_at_the_limit_with_the_reason,
        an_included_file_is_read_again,
        a_file_of_measurements_is_read_again,
        a_service_that_is_gone_is_gone,
        who_waits_does_not_get_where_the_new_policy_leads_no_more,
        a_root_that_is_empty_is_no_root,
        the_service_manager_hears_of_it,
        a_connection_that_is_kept_follows_the_new_policy,
        a_tunnel_in_the_clear_ends_when_its_host_is_a_service,
        a_tunnel_in_the_clear_ends_when_that_is_blocked,
        a_tunnel_in_the_clear_that_may_go_on_does,
        a_policy_that_cannot_be_read_changes_nothing,
    ]))
