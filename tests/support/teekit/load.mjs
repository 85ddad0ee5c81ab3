// A closed-loop load through a client of the teekit protocol:
// node load.mjs ORIGIN TEE PATH AT-ONCE SECONDS [UPLOAD-BYTES]
//
// So many requests are always under way, for a number of seconds; those that
// were begun by then are waited for, and their time counts. Prints one line of
// figures as JSON, of the form that tests/bench/load prints.
import { Client } from "./client.mjs";

const [origin, tee, path, atOnce, seconds, upload] = process.argv.slice(2);
const client = new Client(origin, { tee, timeout: 120000 });
const body = Number(upload) > 0 ? new Uint8Array(Number(upload)) : undefined;
const samples = [];
let bytes = 0, errors = 0;

async function ask() {
  const began = performance.now();
  const response = await client.fetch(path, { method: body ? "POST" : "GET",
                                              body });
  const got = await response.arrayBuffer();

  samples.push((performance.now() - began) * 1000);
  bytes += got.byteLength + (body?.length ?? 0);
  if (response.status !== 200)
    errors++;
}

async function loop() {
  while (performance.now() < until)
    await ask().catch(() => errors++);
}

await client.connect();
const began = performance.now();
const until = began + Number(seconds) * 1000;
await Promise.all(Array.from({ length: Number(atOnce) }, loop));
const took = (performance.now() - began) / 1000;
samples.sort((a, b) => a - b);
console.log(JSON.stringify({
  requests: samples.length, errors, per_second: samples.length / took,
  mb_per_second: bytes / 1e6 / took,
  p50_us: samples[samples.length >> 1] ?? 0,
  p99_us: samples[Math.floor(samples.length * 0.99)] ?? 0 }));
client.close();
process.exit(0);
