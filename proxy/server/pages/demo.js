/* The demo's page: a chat, small things to try, and what the proxy found out
 * about the server that this came from. */
"use strict";

const by = id => document.getElementById(id);

function element(name, text, style) {
    const made = document.createElement(name);

    made.textContent = text;
    if (style !== undefined)
        made.className = style;
    return made;
}

/* --- who is at the other end --------------------------------------------- */

const looks = {
    "verified": ["good", "verified", "Every check passed: what you type here "
        + "is read only inside the TEE."],
    "SIMULATED": ["warn", "simulated", "Every check passed, but the processor "
        + "is simulated: nothing here is protected."],
    "unknown": ["calm", "unreachable", "No proxy answers inside this "
        + "connection: SOCKS and https go through it unread, and without it "
        + "nothing was verified."],
};

function measurement(claims) {
    return claims.tdx?.mr_td ?? claims.sgx?.mr_enclave
        ?? claims.snp?.measurement ?? "";
}

const ciphers = { AESGCM: "AES-256-GCM", ChaChaPoly: "ChaCha20-Poly1305" };

function shortTime(text) {
    return text.slice(0, 10) + " " + text.slice(11, 16) + " UTC";
}

function showFacts(known) {
    const found = known.attestation;
    const facts = [
        ["Release", found.release],
        ["TEE", found.claims.tee.toUpperCase()],
        ["TCB status", found.claims.tcb?.status ?? ""],
        ["Checks", found.passed + " passed"],
        ["Attested", shortTime(found.attested)],
        ["Good until", shortTime(found.deadline)],
        ["Protocol", known.protocol],
        ["Cipher", ciphers[known.suite] ?? known.suite ?? ""],
        ["Measured", measurement(found.claims), "code"],
    ];

    by("facts").replaceChildren();
    for (const [name, value, style] of facts.filter(fact => fact[1] !== ""))
        by("facts").append(element("dt", name), element("dd", value, style));
    by("facts").hidden = false;
}

function showVerdict(state, service) {
    const [style, icon, says] = looks[state] ?? looks.unknown;

    by("verdict").className = "verdict " + style;
    by("verdict-icon").setAttribute("href", "/icons.svg#i-" + icon);
    by("state").textContent = state;
    by("service").textContent = service;
    by("says").textContent = says;
}

async function askProxy() {
    try {
        const answer = await fetch("/.well-known/veritee",
                                   { cache: "no-store" });
        const known = await answer.json();

        showVerdict(known.state, "service " + known.service
            + ", says your proxy");
        if (known.attestation !== null)
            showFacts(known);
    } catch {
        showVerdict("unknown", "your proxy did not answer");
    }
}

/* --- the chat ------------------------------------------------------------ */

const said = by("said");
let room = null;

function hear(event) {
    let line;

    try {
        line = JSON.parse(event.data);
    } catch {
        line = { name: "?", text: event.data };
    }
    const item = document.createElement("p");
    item.append(element("b", String(line.name)), String(line.text),
                element("time", String(line.at ?? "")));
    said.querySelector(".nothing")?.remove();
    said.append(item);
    said.scrollTop = said.scrollHeight;
}

function enter() {
    room = new WebSocket("ws" + location.origin.slice(4) + "/chat");
    room.addEventListener("open", () => {
        said.replaceChildren(element("p", "Nobody has said anything yet. "
            + "Open this page in another tab, too.", "nothing"));
        by("live").className = "live on";
        by("live").textContent = "In the room";
    });
    room.addEventListener("message", hear);
    room.addEventListener("close", () => {
        by("live").className = "live off";
        by("live").textContent = "Not in the room: trying again";
        setTimeout(enter, 1000);
    });
}

by("name").value = "guest-" + Math.floor(100 + Math.random() * 900);
by("say").addEventListener("submit", event => {
    event.preventDefault();
    if (room.readyState !== WebSocket.OPEN)
        return;
    room.send(JSON.stringify({
        name: by("name").value,
        text: by("line").value,
        at: new Date().toISOString().slice(11, 16),
    }));
    by("line").value = "";
});

/* --- small things -------------------------------------------------------- */

async function show(id, path, member, options) {
    try {
        const answer = await fetch(path, { cache: "no-store", ...options });

        by(id).textContent = member(await answer.json());
    } catch {
        by(id).textContent = "failed";
    }
}

const counter = options => show("counter", "/counter",
                                found => found.value, options);
const visits = () => show("visits", "/cookie", found => found.visits);
const reached = () => show("reached", "/count",
    found => found.requests + " requests, " + found.bytes + " bytes");
const upload = file => show("uploaded", "/sink", bytes => bytes + " bytes",
                            { method: "POST", body: file });

let ticks = null;

function stopTicker() {
    ticks.close();
    ticks = null;
    by("tick").textContent = "Start";
}

function startTicker() {
    let count = 0;

    ticks = new EventSource("/sse?n=100&ms=250");
    ticks.addEventListener("message", () => {
        by("ticker").textContent = ++count + " events";
    });
    ticks.addEventListener("error", stopTicker);
    by("tick").textContent = "Stop";
}

by("press").addEventListener("click", () => counter({ method: "POST" }));
by("tick").addEventListener("click",
                            () => ticks === null ? startTicker() : stopTicker());
by("file").addEventListener("change", () => upload(by("file").files[0]));
by("download").addEventListener("click", () => {
    by("downloaded").textContent = "asked for";
});
by("visit").addEventListener("click", visits);
by("count").addEventListener("click", reached);

askProxy();
enter();
counter();
visits();
reached();
