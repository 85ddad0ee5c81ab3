// A client of the teekit protocol: fetch() and WebSockets through one session.
//
// As the one it stands for: checks that the quote binds the key, by the rule of
// its TEE, and asks a caller's |check| about the rest; dies of what that one
// dies of, because nobody catches what a message handler throws.
import WebSocket from "ws";
import { binding, decode, decrypt, encode, encrypt, hex, isType, random,
         seal } from "./wire.mjs";

// Where report data stands in a quote.
const places = { tdx: 568, sgx: 368, "sev-snp": 80 };

export function reportData(tee, quote) {
  const at = places[tee] + (tee === "tdx" && quote[0] === 5 ? 6 : 0);
  return quote.subarray(at, at + 64);
}

export function isBound(tee, kx) {
  const data = kx.verifier_data;
  const nonce = data instanceof Uint8Array ? data : data?.val;

  return hex(reportData(tee, kx.quote)) === hex(binding(
    tee, kx.x25519PublicKey, nonce, data?.iat));
}

const newId = () => `${Date.now()}${Math.random().toString(36).slice(2, 11)}`;

export class Client {
  #pending = new Map();
  #sockets = new Map();

  constructor(origin, { tee = "tdx", check = () => true, reconnect = 1000,
                        timeout = 30000 } = {}) {
    const url = new URL(origin);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.pathname = "/__ra__";
    Object.assign(this, { url, tee, check, reconnect, timeout });
  }

  // Resolves when the key has been sent: nothing confirms it.
  connect() {
    this.ready ??= new Promise((resolve, reject) => {
      this.ws = new WebSocket(this.url, { maxPayload: 128 * 1024 * 1024 });
      this.ws.binaryType = "nodebuffer";
      this.ws.on("open", () => this.ws.send(encode(
        { type: "client_kx_ready" })));
      this.ws.on("error", () => reject(new Error(
        "WebSocket connection failed")));
      this.ws.on("message", (data) => this.#onMessage(data, resolve, reject));
      this.ws.on("close", (code, reason) => this.#onClose(code, reason));
    });
    return this.ready;
  }

  close(code = 1000, reason = "client closed") {
    this.closed = true;
    this.ws?.close(code, reason);
  }

  #onMessage(data, resolve, reject) {
    let message = decode(data);

    if (isType(message, "server_kx")) {
      this.#onAnnounced(message, resolve, reject);
      return;
    }
    if (!isType(message, "enc"))
      return;
    message = decrypt(this.key, message); // throws: and the process is gone
    if (isType(message, "http_response"))
      this.#onResponse(message);
    else if (isType(message, "ws_message") || isType(message, "ws_event"))
      this.#sockets.get(message.connectionId)?.receive(message);
  }

  #onAnnounced(kx, resolve, reject) {
    this.announced = kx;
    if (!isBound(this.tee, kx) || this.check(kx) !== true) {
      reject(new Error("the quote does not bind the key"));
      return;
    }
    this.key = random(32);
    this.ws.send(encode({ type: "client_kx",
                          sealedSymmetricKey: seal(this.key,
                                                   kx.x25519PublicKey) }));
    resolve();
  }

  #onClose(code, reason) {
    this.key = undefined;
    this.ready = undefined;
    for (const { reject } of this.#pending.values())
      reject(new Error(this.closed ? "Tunnel closed" : "Tunnel disconnected"));
    this.#pending.clear();
    this.#sockets.forEach((s) => s.ended(code, reason.toString()));
    this.#sockets.clear();
    if (!this.closed)
      setTimeout(() => this.connect(), this.reconnect);
  }

  send(message) {
    if (this.key === undefined)
      throw new Error("Encryption not ready: missing symmetric key");
    this.ws.send(encrypt(this.key, message));
  }

  // --- fetch ---

  async fetch(url, { method = "GET", headers = {}, body } = {}) {
    await this.connect();
    const requestId = newId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.#pending.delete(requestId);
                                       reject(new Error("Request timeout")); },
                               this.timeout);
      const settle = (act) => (value) => { clearTimeout(timer); act(value); };
      this.#pending.set(requestId, { resolve: settle(resolve),
                                     reject: settle(reject) });
      this.send({ type: "http_request", requestId, method, url, headers,
                  body });
    });
  }

  #onResponse(message) {
    const pending = this.#pending.get(message.requestId);

    if (pending === undefined)
      return;
    this.#pending.delete(message.requestId);
    if (message.error) {
      pending.reject(new Error(message.error));
      return;
    }
    const headers = new Headers();
    for (const [name, value] of Object.entries(message.headers))
      for (const one of Array.isArray(value) ? value : [value])
        headers.append(name, String(one));
    pending.resolve(new Response(message.status === 204 ? null : message.body,
      { status: message.status, statusText: message.statusText ?? "",
        headers }));
  }

  // --- WebSockets ---

  // An object with send(), close(), and next(): the next thing that happens,
  // as ["open"], ["message", data], ["error", text] or ["close", code, reason].
  open(url, protocols) {
    const connectionId = "ws_" + newId();
    const events = [], takers = [];
    const tell = (event) => (takers.shift() ?? ((e) => events.push(e)))(event);
    const socket = {
      receive: (m) => {
        if (m.type === "ws_message")
          tell(["message", m.dataType === "arraybuffer"
            ? new Uint8Array(m.data.buffer, m.data.byteOffset,
                             m.data.byteLength).slice() : m.data]);
        else if (m.eventType === "close")
          tell(["close", m.code || 1000, m.reason ?? ""]);
        else
          tell([m.eventType, ...(m.error === undefined ? [] : [m.error])]);
      },
      ended: (code, reason) => tell(["close", code, reason]),
      next: () => new Promise((take) => events.length > 0
        ? take(events.shift()) : takers.push(take)),
      send: (data) => this.send({ type: "ws_message", connectionId, data,
        dataType: typeof data === "string" ? "string" : "arraybuffer" }),
      close: (code, reason) => this.send({ type: "ws_close", connectionId, code,
                                           reason }),
    };

    this.#sockets.set(connectionId, socket);
    this.send({ type: "ws_connect", connectionId, url, protocols });
    return socket;
  }
}
