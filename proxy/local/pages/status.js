/* Keeps the status page as the proxy is. The proxy says that something has
 * changed; the page is asked for anew, and those parts that differ replace
 * what is shown. What a reader has unfolded stays so. */
"use strict";

const live = document.getElementById("live");
const news = document.getElementById("news");
const shown = new Map(); /* part's id -> the markup it was made of */
let asking = false;
let askAgain = false;

function say(state, text) {
    if (live.textContent === text)
        return;
    live.className = "live " + state;
    live.textContent = text;
    document.body.classList.toggle("stale", state === "off");
}

/* Put what a reader did to |before| into |after|: unfolded details, focus. */
function carryOver(before, after) {
    for (const open of before.querySelectorAll("details[open]"))
        after.querySelector("#" + open.id)?.setAttribute("open", "");
    return before.contains(document.activeElement)
        ? document.activeElement.closest("[id]")?.id : undefined;
}

function refocus(id) {
    const at = id && document.getElementById(id);

    (at?.querySelector("summary") ?? at)?.focus({ preventScroll: true });
}

/* Every child of main is a part with an id. */
function showParts(page) {
    const main = document.querySelector("main");
    let next = main.firstElementChild;

    for (const part of [...page.querySelector("main").children]) {
        const old = document.getElementById(part.id);

        if (old !== null && shown.get(part.id) === part.outerHTML) {
            if (old === next)
                next = next.nextElementSibling;
            else
                main.insertBefore(old, next);
            continue;
        }
        shown.set(part.id, part.outerHTML);
        const focus = old !== null ? carryOver(old, part) : undefined;
        if (old !== null && old === next)
            next = next.nextElementSibling;
        old?.remove();
        main.insertBefore(document.adoptNode(part), next);
        refocus(focus);
    }
    while (next !== null) {
        const gone = next;

        next = next.nextElementSibling;
        shown.delete(gone.id);
        gone.remove();
    }
    if (document.title !== page.title)
        news.textContent = page.title; /* for who listens to the page */
    document.title = page.title;
}

async function ask() {
    askAgain = true;
    if (asking)
        return;
    asking = true;
    while (askAgain) {
        askAgain = false;
        try {
            const answer = await fetch("/", { cache: "no-store" });

            if (!answer.ok)
                throw new Error("the proxy answers " + answer.status);
            showParts(new DOMParser().parseFromString(await answer.text(),
                                                      "text/html"));
            say("on", "Live");
        } catch {
            say("off", "Not live: the proxy does not answer");
        }
    }
    asking = false;
}

function listen() {
    const events = new EventSource("/events");

    events.addEventListener("status", ask);
    events.addEventListener("error", () => {
        if (events.readyState !== EventSource.CLOSED) {
            say("off", "Not live: the proxy does not answer");
            return;
        }
        say("off", "Not live: too many pages are open");
        setTimeout(listen, 5000);
    });
}

for (const part of document.querySelectorAll("main > [id]"))
    shown.set(part.id, part.outerHTML);
listen();
