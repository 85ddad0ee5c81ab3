// A server of the teekit protocol, for tests: node server.mjs OPTIONS
//
// OPTIONS is JSON: quote, a program that writes a hex quote for each hex report
// data it reads; tee; style, "express" or "hono", whose habits it takes on;
// heartbeat, milliseconds between pings, 0 for none; late, to announce itself
// only when the client has spoken, as on platforms where nothing tells a server
// that a socket is open; backend, a port of this machine that answers instead of
// app.mjs. Prints "ready: PORT".
//
// Dies where the ones it stands for die: a frame that the WebSocket library
// refuses ends an express one, as does a tunnelled content-length.
//
// Tests see and move it by plain requests: GET /test/stats, and POST
// /test/NAME, which does what |tricks| has under that name on every session.
import { spawn } from "node:child_process";
import { Agent, createServer, request as ask } from "node:http";
import { createInterface } from "node:readline";
import { WebSocketServer } from "ws";
import { answer, openSocket } from "./app.mjs";
import { tricks } from "./tricks.mjs";
import { binding, decode, decrypt, encode, encrypt, hex, isType, keyPair,
         random, unhex, unseal } from "./wire.mjs";

const options = { tee: "tdx", style: "express", heartbeat: 30000,
                  ...JSON.parse(process.argv[2] ?? "{}") };
const server = { options, sessions: new Set(), requests: [], sessionCount: 0,
                 pongs: 0 };

// --- evidence ----------------------------------------------------------------

const maker = spawn(options.quote[0], options.quote.slice(1),
                    { stdio: ["pipe", "pipe", "inherit"] });
const quotes = createInterface({ input: maker.stdout })[Symbol.asyncIterator]();

async function quoteFor(reportData) {
  maker.stdin.write(hex(reportData) + "\n");
  return JSON.parse((await quotes.next()).value);
}

function issuedNow() {
  const at = (options.issued ?? Date.now() / 1000) | 0;
  if (options.issuedAs === "text") // as Intel Trust Authority has it
    return new TextEncoder().encode(new Date(at * 1000).toISOString()
      .replace("T", " ").replace(/\.000Z$/, " +0000 UTC"));
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(at));
  return bytes;
}

// All three, or those that |options.certs| names.
function certificates({ sev_snp_data: all }) {
  const names = options.certs ?? Object.keys(all);
  return Object.fromEntries(Object.keys(all).map(
    (name) => [name, names.includes(name) ? all[name] : null]));
}

// A key, and the quote for it: once a process, as the ones it stands for do.
export async function makeIdentity() {
  const pair = keyPair();
  const nonce = random(32);
  const issued = issuedNow();
  const bound = options.bindTo ? random(32) : pair.public;
  const data = binding(options.tee, bound, nonce, issued);
  if (options.upperHalf)
    data.fill(options.upperHalf, 32);
  const made = await quoteFor(data);
  server.pair = pair;
  server.announcement = {
    type: "server_kx",
    x25519PublicKey: pair.public,
    quote: unhex(made.quote),
    runtime_data: null,
    verifier_data: options.tee === "tdx"
      ? { iat: issued, val: nonce, signature: random(64) }
      : options.tee === "sev-snp" ? nonce : null,
    sev_snp_data: options.tee === "sev-snp" ? certificates(made) : null,
    ...(options.announce ?? {}),
  };
}
server.makeIdentity = makeIdentity;

// --- sessions ----------------------------------------------------------------

const all = new WebSocketServer({ noServer: true });

function begin(ws, request) {
  const session = {
    ws, sockets: new Map(), alive: true,
    number: ++server.sessionCount, pair: server.pair,
    send: (message) => ws.send(encrypt(session.key, message)),
  };

  server.sessions.add(session);
  server.upgrade = request.headers;
  ws.on("message", (data) => onMessage(session, data));
  ws.on("pong", () => {
    session.alive = true;
    server.pongs++;
  });
  ws.on("close", (code, reason) => {
    server.sessions.delete(session);
    server.lastClose = [code, reason.toString()];
    session.sockets.forEach((s) => s.end(1006, "tunnel closed"));
  });
  if (options.style !== "express")
    ws.on("error", () => {}); // an express one has no such listener, and dies
  if (!options.late)
    ws.send(encode(server.announcement));
}

function onMessage(session, data) {
  let message = decode(data);

  if (options.late && !session.spoken)
    session.ws.send(encode(server.announcement));
  session.spoken = true;

  if (isType(message, "client_kx") && session.key === undefined) {
    try {
      session.key = unseal(message.sealedSymmetricKey, session.pair);
    } catch {
      console.error("a key that does not open");
    }
    return;
  }
  if (!isType(message, "enc") || session.key === undefined)
    return;
  try {
    message = decrypt(session.key, message);
  } catch {
    console.error("Failed to decrypt envelope");
    return;
  }
  if (isType(message, "http_request"))
    onRequest(session, message);
  else if (isType(message, "ws_connect"))
    onConnect(session, message);
  else if (isType(message, "ws_message"))
    session.sockets.get(message.connectionId)?.message(message.data);
  else if (isType(message, "ws_close"))
    onClose(session, message);
}

async function onRequest(session, request) {
  server.requests.push({ method: request.method, url: request.url,
                         headers: request.headers, id: request.requestId,
                         kind: typeof request.body, session: session.number });
  if (options.style === "express" && Object.keys(request.headers ?? {}).some(
    (name) => name.toLowerCase() === "content-length")) {
    console.error("a tunnelled content-length kills this server");
    process.exit(70);
  }
  const response = await (options.backend ? answerFrom(options.backend, request)
    : answer(request, options.style, session, encode));
  if (response === undefined || session.ws.readyState !== session.ws.OPEN)
    return;
  session.send({ type: "http_response", requestId: request.requestId,
                 ...response });
}

const agent = new Agent({ keepAlive: true });

// What a backend on |port| answers.
const answerFrom = (port, { method, url, headers, body }) => new Promise(
  (resolve, reject) => {
    const path = new URL(url, "http://localhost").pathname;
    const asked = ask({ agent, host: "127.0.0.1", port, method, path, headers },
      (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("end", () => resolve({ status: response.statusCode,
          statusText: response.statusMessage, headers: response.headers,
          body: Buffer.concat(parts) }));
      });
    asked.on("error", reject);
    asked.end(body);
  });

function onConnect(session, { connectionId, url, protocols }) {
  const socket = openSocket(url, protocols, {
    event: (eventType, more) => session.send(
      { type: "ws_event", connectionId, eventType, ...more }),
    message: (data) => session.send(typeof data === "string"
      ? { type: "ws_message", connectionId, data, dataType: "string" }
      : { type: "ws_message", connectionId, data, dataType: "arraybuffer" }),
    session,
  });
  session.sockets.set(connectionId, socket);
}

function onClose(session, { connectionId, code, reason }) {
  server.lastSocketClose = [code, reason];
  session.sockets.get(connectionId)?.end(code ?? 1000, reason ?? "");
  session.sockets.delete(connectionId);
}

// --- the port ----------------------------------------------------------------

function heartbeat() {
  for (const session of server.sessions) {
    if (!session.alive)
      session.ws.terminate();
    session.alive = false;
    session.ws.ping();
  }
}

function stats() {
  return { sessions: server.sessions.size, made: server.sessionCount,
           pongs: server.pongs,
           requests: server.requests, upgrade: server.upgrade,
           lastClose: server.lastClose, sockets: [...server.sessions].reduce(
             (n, s) => n + s.sockets.size, 0),
           lastSocketClose: server.lastSocketClose };
}

const http = createServer(async (request, response) => {
  const [, test, name] = request.url.split("/");

  if (test === "test" && name === "stats") {
    response.end(JSON.stringify(stats()));
  } else if (test === "test" && tricks[name] !== undefined) {
    await tricks[name](server);
    response.end("done\n");
  } else {
    response.statusCode = 404;
    response.end();
  }
});

http.on("upgrade", (request, socket, head) => {
  const path = request.url.split("?")[0];

  if (options.style === "express" ? request.url.startsWith("/__ra__")
                                  : path === "/__ra__")
    all.handleUpgrade(request, socket, head, (ws) => begin(ws, request));
  else if (options.style === "express")
    socket.destroy();
  else
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" +
               "Content-Length: 0\r\n\r\n");
});

await makeIdentity();
if (options.style === "express" && options.heartbeat > 0)
  setInterval(heartbeat, options.heartbeat);
http.listen(options.port ?? 0, "127.0.0.1", () => {
  console.log(`ready: ${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
