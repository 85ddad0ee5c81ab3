// The application behind the server: what it answers, by path.
//
// An answer is what a teekit server of the given style makes of it: "hono" has
// bodies as bytes and joins values, "express" has text where it can, and says
// "OK" for every status.
import { createHash } from "node:crypto";
import { encryptBytes, random } from "./wire.mjs";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const bytes = (text) => new TextEncoder().encode(text);

// --- requests ----------------------------------------------------------------

const plain = (status, body, headers = {}) => ({ status, body, headers });

function bodyBytes(body) {
  return typeof body === "string" ? bytes(body) : new Uint8Array(body ?? []);
}

let counter = 0;
let blockMade = new Uint8Array();

function block(n) {
  if (blockMade.length !== n)
    blockMade = new Uint8Array(n).fill(0x61);
  return blockMade;
}

const pages = {
  hello: () => plain(200, "world", { "content-type": "text/plain" }),
  echo: (request) => plain(200, bodyBytes(request.body), {
    "content-type": request.headers["content-type"] ??
                    "application/octet-stream",
    "x-method": request.method,
    "x-kind": request.body === undefined ? "none" : typeof request.body,
  }),
  text: (request) => plain(200, typeof request.body === "string"
    ? request.body : "not text"),
  digest: (request) => plain(200, createHash("sha256").update(
    bodyBytes(request.body)).digest("hex")),
  seen: (request) => plain(200, JSON.stringify(
    { method: request.method, url: request.url, headers: request.headers })),
  status: (request, [status]) => plain(Number(status), "body"),
  empty: () => plain(200, new Uint8Array()),
  // As quick as can be, for benchmarks: nothing is made but the answer.
  bytes: (request, [n]) => plain(200, block(Number(n))),
  sink: (request) => plain(200, String(request.body?.length ?? 0)),
  size: (request, [n]) => plain(200, new Uint8Array(Number(n)).fill(0x61)),
  random: (request, [n]) => {
    const body = random(Number(n));
    return plain(200, body, { "x-sha256": createHash("sha256").update(body)
      .digest("hex") });
  },
  inc: () => plain(200, String(++counter)),
  count: () => plain(200, String(counter)),
  slow: async (request, [ms]) => { await sleep(Number(ms));
                                   return plain(200, `${ms}`); },
  never: () => new Promise(() => {}),
  session: (request, rest, session) => plain(200, String(session.number)),
  headers: () => plain(200, "headers", {
    "set-cookie": ["a=1; Path=/", "b=2"],
    "x-multi": ["B1", "B2"],
    "x-number": 7,
    "x-latin": "caf\u00e9",
    "x-empty": "",
    "content-type": "text/plain; charset=utf-8",
    "content-length": "999999",
    "transfer-encoding": "chunked",
    "connection": "keep-alive",
    "keep-alive": "timeout=5",
  }),
  cut: (request, rest, session) => { session.ws.terminate(); },
};

function styled(page, style) {
  const { status, headers } = page;
  const body = typeof page.body === "string" && style === "hono"
    ? bytes(page.body) : page.body;
  const known = { 200: "OK", 201: "Created", 204: "No Content",
                  400: "Bad Request", 404: "Not Found" };

  return { status, statusText: style === "hono" ? known[status] ?? "Unknown"
                                                : "OK",
           headers, body };
}

// Answers that no server of either style gives, but that cbor-x takes for one,
// and some that it does not. |raw| writes the message itself.
export const odd = {
  "float-status": { raw: (id) => [...map(6), ...pair("type", "http_response"),
    ...pair("requestId", id), ...text("status"), 0xf9, 0x5a, 0x40,
    ...pair("statusText", "OK"), ...text("headers"), 0xa0,
    ...pair("body", "200 as a float")] },
  "double-status": { raw: (id) => [...map(5), ...pair("type", "http_response"),
    ...pair("requestId", id), ...text("status"), 0xfb, 0x40, 0x69, 0, 0, 0, 0,
    0, 0, ...text("headers"), 0xa0, ...pair("body", "200 as a double")] },
  "wide-status": { raw: (id) => [...map(5), ...pair("type", "http_response"),
    ...pair("requestId", id), ...text("status"), 0x1b, 0, 0, 0, 0, 0, 0, 0,
    200, ...text("headers"), 0xa0, ...pair("body", "200 in eight bytes")] },
  "open-map": { raw: (id) => [0xbf, ...pair("body", "open"),
    ...text("headers"), 0xbf, 0xff, ...text("status"), 0x18, 200,
    ...pair("requestId", id), ...pair("type", "http_response"), 0xff] },
  "wide-map": { raw: (id) => [0xbb, 0, 0, 0, 0, 0, 0, 0, 5,
    ...pair("type", "http_response"), ...pair("requestId", id),
    ...text("status"), 0x18, 200, ...text("headers"), 0xa0,
    ...pair("body", "wide")] },
  "self-described": { raw: (id) => [0xd9, 0xd9, 0xf7, ...map(5),
    ...pair("type", "http_response"), ...pair("requestId", id),
    ...text("status"), 0x18, 200, ...text("headers"), 0xa0,
    ...pair("body", "described")] },
  "unknown-keys": { message: { status: 200, headers: {}, body: "more",
                               trailers: { a: [1, 2, { b: null }] }, x: 1.5 } },
  "null-body": { message: { status: 200, statusText: "OK", headers: {},
                            body: null } },
  "undefined-body": { message: { status: 200, statusText: "OK", headers: {},
                                 body: undefined } },
  "no-body": { message: { status: 200, statusText: "OK", headers: {} } },
  "no-status-text": { message: { status: 200, headers: {}, body: "x" } },
  "null-status-text": { message: { status: 200, statusText: null, headers: {},
                                   body: "x" } },
  "empty-error": { message: { status: 200, headers: {}, body: "x",
                              error: "" } },
  "error": { message: { status: 500, statusText: "Internal Server Error",
                        headers: {}, body: "", error: "it broke" } },
  "untagged-body": { message: { status: 200, headers: {},
                                body: Buffer.from([1, 2, 255]) } },
  // From here on: what kills a client of theirs.
  "no-headers": { message: { status: 200, statusText: "OK", body: "x" } },
  "bad-header-name": { message: { status: 200, headers: { "a b": "c" },
                                  body: "x" } },
  "header-with-line-end": { message: { status: 200, body: "x",
    headers: { "x-a": "b\r\nset-cookie: evil=1" } } },
  "header-beyond-latin": { message: { status: 200, body: "x",
                                      headers: { "x-a": "\u20ac" } } },
  "reason-beyond-latin": { message: { status: 200, statusText: "\u20ac",
                                      headers: {}, body: "x" } },
  "reason-with-line-end": { message: { status: 200, statusText: "a\r\nb: c",
                                       headers: {}, body: "x" } },
  "status-101": { message: { status: 101, headers: {}, body: "x" } },
  "status-100": { message: { status: 100, headers: {}, body: "x" } },
  "status-600": { message: { status: 600, headers: {}, body: "x" } },
  "status-999": { message: { status: 999, headers: {}, body: "x" } },
  "status-205-body": { message: { status: 205, headers: {}, body: "" } },
  "status-304-body": { message: { status: 304, headers: {}, body: "" } },
  "text-status": { message: { status: "200", headers: {}, body: "x" } },
  "no-status": { message: { headers: {}, body: "x" } },
  "bignum": { raw: (id) => [...map(5), ...pair("type", "http_response"),
    ...pair("requestId", id), ...text("status"), 0xc2, 0x41, 200,
    ...text("headers"), 0xa0, ...pair("body", "x")] },
  "deep": { raw: (id) => [...map(3), ...pair("type", "http_response"),
    ...pair("requestId", id), ...text("x"), ...Array(5000).fill(0x81), 0] },
  "cut": { raw: (id) => [...map(5), ...pair("type", "http_response"),
                         ...pair("requestId", id)] },
  "other-id": { message: { status: 200, headers: {}, body: "x",
                           requestId: "nobody" } },
  "number-id": { message: { status: 200, headers: {}, body: "x",
                            requestId: 5 } },
};

const map = (pairs) => [0xa0 + pairs];
function text(value) {
  const b = [...bytes(value)];
  return b.length < 24 ? [0x60 + b.length, ...b] : [0x78, b.length, ...b];
}
const pair = (key, value) => [...text(key), ...text(value)];

function oddAnswer(name, request, session) {
  const how = odd[name];

  if (how === undefined)
    return plain(404, "no such oddity");
  if (how.raw !== undefined) {
    session.ws.send(encryptBytes(session.key,
                                 Uint8Array.from(how.raw(request.requestId))));
    return undefined;
  }
  return { odd: how.message };
}

export async function answer(request, style, session) {
  let path;

  try {
    path = new URL(request.url, "http://localhost").pathname;
  } catch {
    return { status: 500, statusText: "Internal Server Error", headers: {},
             body: "", error: "Invalid URL" };
  }
  const [name, ...rest] = path.split("/").slice(1);
  if (name === "odd") {
    const made = oddAnswer(rest[0], request, session);
    return made?.odd ?? (made === undefined ? undefined : styled(made, style));
  }
  const page = await (pages[name] ?? (() => plain(404, "404 Not Found")))(
    request, rest, session);
  return page === undefined ? undefined : styled(page, style);
}

// --- WebSockets --------------------------------------------------------------

const room = { people: new Set(), said: [] };

// What is done with a socket of each path. |ws|: message(data), close(code,
// reason), event(name, more). A value says what comes of each message. Servers
// of the protocol have one application for all; here the path tells them apart.
const rooms = {
  echo: (ws) => (data) => ws.message(data),
  greet: (ws) => { ws.message("hello before anything");
                   ws.message(Uint8Array.of(0, 255));
                   return (data) => ws.message(data); },
  close: (ws, [code, reason]) => () => ws.close(Number(code),
                                                decodeURIComponent(reason ?? "")),
  bare: (ws) => () => ws.event("close", { code: undefined, reason: undefined }),
  large: (ws) => (data) => ws.message("x".repeat(Number(data))),
  error: (ws) => () => ws.event("error", { error: "the socket broke" }),
  protocols: (ws, rest, { protocols }) => () => ws.message(
    JSON.stringify(protocols ?? null)),
  url: (ws, rest, { url }) => () => ws.message(url),
  "text-as-bytes": (ws) => () => ws.raw({ data: "text",
                                          dataType: "arraybuffer" }),
  number: (ws) => () => ws.raw({ data: 5, dataType: "string" }),
  chat: (ws) => {
    room.said.forEach((line) => ws.message(line));
    room.people.add(ws);
    return (line) => { room.said.push(line);
                       room.people.forEach((p) => p.message(line)); };
  },
};

// The application's end of one tunnelled WebSocket. As with the servers it
// stands for, the application runs first and "open" is told behind what it
// said.
export function openSocket(url, protocols, { event, message, session }) {
  const [name, ...rest] = new URL(url, "ws://localhost").pathname.split("/")
    .slice(1);
  const ws = { message, event,
               raw: (more) => session.send({ type: "ws_message",
                 connectionId: [...session.sockets].find(
                   ([, s]) => s.ws === ws)[0], ...more }),
               close: (code, reason) => event("close", { code, reason }) };
  if (name === "silent")
    return { ws, message: () => {}, end: () => {} };
  if (name === "refuse") {
    ws.event("error", { error: "no such room" });
    return { ws, message: () => {}, end: () => {} };
  }
  const onMessage = (rooms[name] ?? rooms.echo)(ws, rest, { protocols, url });

  event("open", {});
  return { ws, message: onMessage, end: () => { room.people.delete(ws); } };
}
