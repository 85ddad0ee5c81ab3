#!/usr/bin/python3
"""Firefox through the proxy: the demo by http and by https that ends at the
proxy, and what `veritee ca` changes about it.

usage: firefox_test.py BUILD_DIR [NAME...]. Exit status 77 without firefox-esr
and certutil. Profile and CA are in the test's own HOME. Pictures are left in
BUILD_DIR/screenshots.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from firefox import Profile, by_pac, by_server  # noqa: E402
from https_rig import INTERCEPT, make_ca, state  # noqa: E402
from programs import (HOST, Failed, Programs, check, curl, run_tests,  # noqa: E402
                      skip_without)

URL = f"https://{HOST}/"
ZERO = {"connections": 0, "requests": 0, "bytes": 0}


def counted(server):
    """What ever reached the demo site, which does not count this."""
    return json.loads(curl(f"http://127.0.0.1:{server.demo_port}/count").stdout)


def policy_for(programs, server, **more):
    return programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                           server.sim_dir, **more)


def chat(browser, url, line):
    browser.visit(url)
    browser.wait_text("In the room", "#live")
    browser.wait_text("SIMULATED", "#state")
    browser.type("#line", line)
    browser.click("#say button")
    browser.wait_text(line, "#said")


def uses_the_demo(browser, programs):
    browser.click("#tick")
    browser.wait_number("#ticker", 3)
    browser.click("#tick")
    upload = programs.dir / "upload.bin"
    upload.write_bytes(bytes(range(256)) * 12000)
    browser.type("#file", str(upload))
    browser.wait_text("3072000 bytes", "#uploaded")
    echoed = browser.run("return fetch('/echo', {method: 'POST',"
                         " body: 'x'.repeat(300000)}).then(r => r.text())"
                         ".then(t => t.length)")
    check(echoed > 300000, echoed)


def is_not_trusted(browser):
    try:
        browser.visit(URL)
    except Failed as error:
        check("insecure certificate" in str(error) or "certerror" in str(error),
              error)
        return
    raise Failed(f"it shows {browser.text()}")


def the_demo_works_by_pac(build):
    """By http, which Firefox tries by https first."""
    with Programs(build) as programs:
        server, proxy = programs.pair()
        with Profile(programs).open(by_pac(proxy)) as browser:
            chat(browser, f"http://{HOST}/", "by PAC")
            check(browser.url() == f"http://{HOST}/", browser.url())
            uses_the_demo(browser, programs)
        check(counted(server)["requests"] > 3, "it came from the demo")


def https_takes_the_ca_and_ends_without_it(build):
    with Programs(build) as programs:
        server = programs.server()
        policy = policy_for(programs, server, service=INTERCEPT)
        make_ca(programs, policy)
        proxy = programs.proxy(policy)
        profile = Profile(programs)
        with profile.open(by_server(proxy)) as browser:
            is_not_trusted(browser)
        check(counted(server) == ZERO, f"{counted(server)} reached it")
        make_ca(programs, policy, "install")
        stores = json.loads(make_ca(programs, policy, "show", "--json"))["stores"]
        check({"kind": "Firefox", "path": str(profile.path), "trusts": True}
              in stores, stores)
        with profile.open(by_server(proxy)) as browser:
            chat(browser, URL, "by https")
            check(browser.url() == URL, browser.url())
            check(browser.run("return isSecureContext"), "not secure")
            uses_the_demo(browser, programs)
            browser.shoot(Path(build) / "screenshots/firefox-https.png")
        before = counted(server)
        check(before["requests"] > 3, before)
        make_ca(programs, policy, "remove")
        check(state(programs).exists(), "the files of the CA stay")
        with profile.open(by_server(proxy)) as browser:
            is_not_trusted(browser)
        check(counted(server) == before, f"{counted(server)} reached it")


def a_refusal_is_shown_by_https(build):
    with Programs(build) as programs:
        server = programs.server()
        accept = (Path(server.sim_dir) / "accept.yaml").read_text()
        policy = policy_for(programs, server, service=INTERCEPT,
                            accept=accept.replace("d1d1d1d1", "d1d1d1d2", 1))
        make_ca(programs, policy)
        proxy = programs.proxy(policy)
        profile = Profile(programs, config="elsewhere")
        with profile.open({}):
            pass  # which makes its store
        make_ca(programs, policy, "install", env=profile.env())
        with profile.open(by_server(proxy)) as browser:
            browser.visit(URL + "?secret=1")
            text = browser.text()
            for words in ("Your policy does not accept this server",
                          "accept.mrtd", "Whose side"):
                check(words in text, f"{words}: {text}")
            browser.shoot(Path(build) / "screenshots/firefox-refusal.png")
        check(counted(server) == ZERO, f"{counted(server)} reached it")


if __name__ == "__main__":
    skip_without("firefox-esr", "certutil")
    sys.exit(run_tests([
        the_demo_works_by_pac,
        https_takes_the_ca_and_ends_without_it,
        a_refusal_is_shown_by_https,
    ]))
