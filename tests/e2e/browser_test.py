#!/usr/bin/python3
"""Chromium through the proxy: the demo, the status page, refusals.

usage: browser_test.py BUILD_DIR [NAME...]. Exit status 77 without chromium and
chromedriver. Pictures of every page are left in BUILD_DIR/screenshots.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import npm  # noqa: E402
import teekit_peers  # noqa: E402
from browser import DESKTOP, PHONE, Driver  # noqa: E402
from mitm import Mitm  # noqa: E402
from ports import free_port  # noqa: E402
from programs import (HOST, Programs, check, curl, run_tests,  # noqa: E402
                      skip_without)

AXE = ("axe-core", "4.11.0")
STATUS = "http://veritee.invalid/"
TAB = "\ue004"  # WebDriver section 17.4.2
ENTER = "\ue007"


def by_server(proxy):
    """All of a browser's traffic goes to the proxy."""
    return [f"--proxy-server=http://127.0.0.1:{proxy.port}"]


def by_pac(proxy):
    """What proxy.pac names does."""
    return [f"--proxy-pac-url={proxy.url}/proxy.pac"]


def policy_for(programs, server, **more):
    return programs.policy([f"ws://127.0.0.1:{server.port}/__ra__"],
                           server.sim_dir, **more)


def other_release(server):
    """What to accept, but for one digit of a measurement."""
    accept = (Path(server.sim_dir) / "accept.yaml").read_text()
    return accept.replace("d1d1d1d1", "d1d1d1d2", 1)


def counted(server):
    """What ever reached the demo site, which does not count this."""
    r = curl(f"http://127.0.0.1:{server.demo_port}/count")
    return json.loads(r.stdout)


class Photographer:
    """Leaves pictures behind and sees that nothing is cut off."""

    def __init__(self, build):
        self.dir = Path(build) / "screenshots"

    def shoot(self, browser, name, screens=("desktop", "dark", "phone")):
        for screen in screens:
            browser.look(*(PHONE if screen == "phone" else DESKTOP),
                         dark=screen == "dark")
            check(not browser.is_cut_off(), f"{name}, {screen}: too wide")
            browser.shoot(self.dir / f"{name}-{screen}.png")
        browser.look(*DESKTOP)


def no_barriers(browser, name):
    """axe-core has nothing serious to say, in light and dark."""
    folder = npm.install(*AXE)
    if folder is None:
        return
    axe = (Path(folder) / "node_modules/axe-core/axe.min.js").read_text()
    for dark in False, True:
        browser.look(*DESKTOP, dark=dark)
        browser.run(axe)  # by the debugger: no policy of the page's lets it in
        found = browser.run("return axe.run({ resultTypes: ['violations'] })"
                            ".then(r => r.violations.map(v => [v.impact, v.id,"
                            " v.nodes.map(n => n.html + n.failureSummary)]))")
        bad = [v for v in found if v[0] in ("serious", "critical")]
        check(not bad, f"{name}: {json.dumps(bad, indent=1)[:4000]}")
    browser.look(*DESKTOP)


def unfold(browser):
    browser.run("for (const d of document.querySelectorAll('details'))"
                " d.open = true")


def enter_demo(browser, scheme="http"):
    browser.visit(f"{scheme}://{HOST}/")
    browser.wait_text("In the room", "#live")
    browser.wait_text("SIMULATED", "#state")


def say(browser, text):
    browser.type("#line", text)
    browser.click("#say button")
    browser.wait_text(text, "#said")


# --- the demo ----------------------------------------------------------------


def chat_in_two_tabs(browser, scheme="http"):
    enter_demo(browser, scheme)
    first = browser.here()
    say(browser, "is anybody here?")
    browser.tab()
    enter_demo(browser, scheme)
    browser.wait_text("is anybody here?", "#said")  # said before
    say(browser, "<b>I am</b>")
    browser.go(first)
    browser.wait_text("<b>I am</b>", "#said")  # and text stays text
    check(browser.run("return document.querySelectorAll('#said p').length")
          == 2, "each line once")


def ticker(browser):
    browser.click("#tick")
    browser.wait_number("#ticker", 3)
    browser.click("#tick")
    browser.wait_text("Start", "#tick")


def small_things(browser, scratch):
    browser.click("#press")
    browser.wait_text("1", "#counter")
    upload = scratch / "upload.bin"
    upload.write_bytes(bytes(range(256)) * 12000)
    browser.type("#file", str(upload))
    browser.wait_text("3072000 bytes", "#uploaded")
    before = browser.wait_number("#visits", 1)
    browser.click("#visit")
    before = browser.wait_number("#visits", before + 1)
    browser.visit(browser.url())
    browser.wait_number("#visits", before + 1)  # it was kept
    browser.click("#download")
    saved = browser.downloads / "from-the-tee.bin"
    browser.wait_file(saved, 1000000)
    check(saved.read_bytes() == (bytes(range(251)) * 4000)[:1000000],
          "another file")


def the_demo_works(build, flags):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        with Driver(programs).open(*flags(proxy)) as browser:
            chat_in_two_tabs(browser)
            ticker(browser)
            small_things(browser, programs.dir)
            check(browser.complaints() == [], "nothing on the console")
        check(counted(server)["requests"] > 10, "it came from the demo")


def the_demo_works_by_proxy_server(build):
    the_demo_works(build, by_server)


def the_demo_works_by_pac(build):
    the_demo_works(build, by_pac)


def the_demo_works_with_teekit(build):
    """All but the ticker: there an answer is one message, at its end."""
    with Programs(build) as programs:
        server = programs.server()
        server.endpoint = f"ws://127.0.0.1:{server.port}/__ra__"
        with teekit_peers.Desk(programs, tdx=server.sim_dir) as desk:
            proxy = programs.proxy(desk.policy([server]))
            with Driver(programs).open(*by_pac(proxy)) as browser:
                chat_in_two_tabs(browser)
                browser.wait_text("teekit", "#facts")
                small_things(browser, programs.dir)
                check(browser.complaints() == [], "nothing on the console")
                browser.visit(STATUS)
                browser.wait_text("It speaks teekit", "#service-0")
                Photographer(build).shoot(browser, "teekit", ["desktop"])


def the_demo_says_what_the_proxy_found(build):
    with Programs(build) as programs:
        server, proxy = programs.pair()
        with Driver(programs).open(*by_server(proxy)) as browser:
            enter_demo(browser)
            for words in ("simulated", "UpToDate", "d1" * 48,
                          "nothing here is protected"):
                browser.wait_text(words, "#proof")
            say(browser, "It works in a browser.")
            say(browser, "Two tabs, one room.")
            Photographer(build).shoot(browser, "demo")
            no_barriers(browser, "demo")
            # Another site learns nothing, not even that it is there.
            found = browser.run(
                "return fetch('http://veritee.invalid/status.json')"
                ".then(() => 'read', () => 'refused')")
            check(found == "refused", found)
        # Where no proxy answers, the page claims nothing.
        with Driver(programs).open() as browser:
            browser.visit(f"http://127.0.0.1:{server.demo_port}/")
            browser.wait_text("nothing was verified", "#proof")
            check(browser.text("#facts") == "", browser.text("#proof"))


# --- the status page ---------------------------------------------------------


def the_status_page_is_live(build):
    with Programs(build) as programs:
        server = programs.server(port=free_port())
        proxy = programs.proxy(policy_for(programs, server))
        photographer = Photographer(build)
        with Driver(programs).open(*by_server(proxy)) as browser:
            browser.visit(STATUS)
            browser.wait_text("Live", "#live")
            check("waiting" in browser.text(".pill"), browser.text())
            photographer.shoot(browser, "waiting", ["desktop"])
            browser.run("window.same = true")
            check(curl("-x", proxy.url, f"http://{HOST}/").returncode == 0, "")
            browser.wait_text("SIMULATED", ".pill")
            photographer.shoot(browser, "simulated")
            unfold(browser)
            browser.wait_text("The quote is well formed", "#checks-0")
            photographer.shoot(browser, "checks")
            no_barriers(browser, "status page")
            # A server with another measurement takes the place of this one.
            server.kill()
            browser.wait_text("unreachable", ".pill")
            check(browser.text("#checks-0") == "", "nothing is proved now")
            other = programs.server("--simulate-fault", "wrong-measurement",
                                    port=server.port, sim_dir=server.sim_dir)
            curl("-x", proxy.url, f"http://{HOST}/")
            browser.wait_text("refused", ".pill")
            browser.wait_text("accept.mrtd", "#service-0 .reason")
            check("refused" in browser.title(), browser.title())
            check(browser.run("return document.querySelector('#news')"
                              ".textContent") == browser.title(), "it is said")
            check(counted(other)["bytes"] == 0, "nothing reached it")
            photographer.shoot(browser, "replaced", ["desktop"])
            # And back again.
            other.kill()
            programs.server(port=server.port, sim_dir=server.sim_dir)
            curl("-x", proxy.url, f"http://{HOST}/")
            browser.wait_text("SIMULATED", ".pill")
            check(browser.text("#service-0 .reason") == "", "nothing is wrong")
            check(browser.run("return window.same"), "it was never reloaded")
            check(browser.complaints() == [], "nothing on the console")


def keys_reach_everything(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        curl("-x", proxy.url, f"http://{HOST}/")
        with Driver(programs).open(*by_server(proxy)) as browser:
            browser.visit(STATUS)
            browser.wait_text("Live", "#live")
            reached = set()
            for _ in range(12):
                browser.press(TAB)
                reached.add(browser.run("return document.activeElement"
                                        ".closest('details')?.id ??"
                                        " document.activeElement.innerText"))
            for wanted in ("proved-0", "checks-0", "status.json", "metrics"):
                check(wanted in reached, f"{wanted}: {reached}")
            browser.run("document.querySelector('#checks-0 summary').focus()")
            browser.press(ENTER)
            browser.wait("return document.querySelector('#checks-0').open",
                         "unfolding by keys")
            # News keeps what is unfolded, and where the focus is.
            curl("-x", proxy.url, f"http://{HOST}/bytes/5000000", "-o",
                 "/dev/null")
            browser.wait_text("MiB in", "#service-0")
            check(browser.run("return document.querySelector('#checks-0').open"
                              " && document.activeElement.closest('details').id"
                              " === 'checks-0'"), "it stays")


def without_a_script_it_says_the_same(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        curl("-x", proxy.url, f"http://{HOST}/")
        with Driver(programs).open(*by_server(proxy)) as browser:
            browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
            browser.visit(STATUS)
            text = browser.text()
            for words in ("SIMULATED", "UpToDate", "Every check",
                          "reload for news"):
                check(words in text, f"{words}: {text}")


def a_dead_proxy_does_not_look_alive(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with Driver(programs).open() as browser:
            browser.visit(proxy.url + "/")
            browser.wait_text("Live", "#live")
            check(proxy.stop() == 0, "a listener holds nothing up")
            browser.wait_text("Not live", "#live")
            check(browser.run("return document.body.classList"
                              ".contains('stale')"), "it looks old")


# --- refusals ----------------------------------------------------------------


def a_server_of_another_release_is_refused(build):
    with Programs(build) as programs:
        server = programs.server()
        proxy = programs.proxy(policy_for(programs, server,
                                          accept=other_release(server)))
        photographer = Photographer(build)
        with Driver(programs).open(*by_server(proxy)) as browser:
            browser.visit(f"http://{HOST}/")
            text = browser.text()
            for words in ("Your policy does not accept this server",
                          f"{HOST}:80", "TD at its start (MRTD)",
                          "accept.mrtd", "d1d1d1d2", "Whose side",
                          "compare its measurements"):
                check(words in text, f"{words}: {text}")
            photographer.shoot(browser, "refusal")
            no_barriers(browser, "refusal page")
            browser.click("main a")  # to the status page
            browser.wait_text("Live", "#live")
            browser.wait_text("refused", ".pill")
            photographer.shoot(browser, "refused")
            no_barriers(browser, "status page, refused")
        zero = {"connections": 0, "requests": 0, "bytes": 0}
        check(counted(server) == zero, f"{counted(server)} reached it")


def a_tampering_endpoint_shows_the_refusal(build):
    with Programs(build) as programs:
        server = programs.server()
        with Mitm(server.port) as mitm:
            mitm.alter("server", 0, after=b"quote", offset=100, times=None)
            proxy = programs.proxy(programs.policy(
                [f"ws://127.0.0.1:{mitm.port}/__ra__"], server.sim_dir))
            with Driver(programs).open(*by_server(proxy)) as browser:
                browser.visit(f"http://{HOST}/?secret=1")
                check("The server did not prove what it is" in browser.text(),
                      browser.text())
                Photographer(build).shoot(browser, "tampered", ["desktop"])
            check(mitm.altered > 0, "nothing was altered")
        zero = {"connections": 0, "requests": 0, "bytes": 0}
        check(counted(server) == zero, f"{counted(server)} reached it")


def other_places_are_blocked(build):
    with Programs(build) as programs:
        _, proxy = programs.pair()
        with Driver(programs).open(*by_server(proxy)) as browser:
            browser.visit("http://elsewhere.test/")
            check("not one of your services" in browser.text(), browser.text())
            Photographer(build).shoot(browser, "blocked", ["desktop"])


if __name__ == "__main__":
    skip_without("chromium", "chromedriver")
    sys.exit(run_tests([
        the_demo_works_by_proxy_server,
        the_demo_works_by_pac,
        the_demo_works_with_teekit,
        the_demo_says_what_the_proxy_found,
        the_status_page_is_live,
        keys_reach_everything,
        without_a_script_it_says_the_same,
        a_dead_proxy_does_not_look_alive,
        a_server_of_another_release_is_refused,
        a_tampering_endpoint_shows_the_refusal,
        other_places_are_blocked,
    ]))
