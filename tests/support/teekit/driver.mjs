// Drives a client from standard input: node driver.mjs ORIGIN TEE
//
// One command a line, JSON with the key "do"; one answer a line. Bytes travel
// as "hex".
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { Client } from "./client.mjs";
import { hex, unhex } from "./wire.mjs";

const client = new Client(process.argv[2], { tee: process.argv[3] ?? "tdx",
                                             reconnect: 100 });
const sockets = new Map();

async function described(response) {
  const body = new Uint8Array(await response.arrayBuffer());
  const small = body.length <= 65536;

  return { status: response.status, statusText: response.statusText,
           headers: [...response.headers], length: body.length,
           sha256: createHash("sha256").update(body).digest("hex"),
           hex: small ? hex(body) : undefined,
           text: small ? Buffer.from(body).toString() : undefined };
}

function bodyOf({ body, hex: bytes, repeat }) {
  if (repeat !== undefined) // a text of so many bytes
    return "x".repeat(repeat);
  return bytes !== undefined ? unhex(bytes) : body;
}

const fetchOne = async (command) => described(await client.fetch(command.url, {
  method: command.method, headers: command.headers, body: bodyOf(command) }));

const commands = {
  connect: async () => { await client.connect(); return {}; },
  announced: async () => { await client.connect();
    return { keys: Object.keys(client.announced),
             key: hex(client.announced.x25519PublicKey),
             quote: client.announced.quote.length,
             veritee: client.announced.veritee }; },
  fetch: fetchOne,
  // |count| at once; "%" in the URL is the number of each.
  fetchMany: async ({ count, ...command }) => ({ all: await Promise.all(
    Array.from({ length: count }, (_, i) => fetchOne(
      { ...command, url: command.url.replace("%", i) }))) }),
  open: async ({ name, url, protocols }) => {
    await client.connect();
    sockets.set(name, client.open(url, protocols));
    return {};
  },
  send: ({ name, text, hex: bytes }) => {
    sockets.get(name).send(bytes === undefined ? text : unhex(bytes));
    return {};
  },
  next: async ({ name }) => {
    const [event, ...rest] = await sockets.get(name).next();
    return { event, rest: rest.map((r) => r instanceof Uint8Array
      ? { hex: hex(r) } : r) };
  },
  close: ({ name, code, reason }) => {
    sockets.get(name).close(code, reason);
    return {};
  },
  // The control connection goes without a word; the client makes another.
  drop: () => { client.ws.terminate(); return {}; },
  // Any message, sealed as it is.
  sealed: ({ message }) => { client.send(message); return {}; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let said;

  try {
    said = await commands[command.do](command);
  } catch (error) {
    said = { error: error.message };
  }
  console.log(JSON.stringify(said));
}
client.close();
process.exit(0);
