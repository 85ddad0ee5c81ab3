// What both peers have in common: the messages of the teekit protocol, as
// cbor-x writes them, and the two boxes they travel in.
import { blake2b } from "@noble/hashes/blake2.js";
import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { createHash, randomBytes } from "node:crypto";
import { decode, encode } from "cbor-x";

export { decode, encode };

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
export const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"));
export const random = (n) => new Uint8Array(randomBytes(n));

export function hash(name, ...parts) {
  const h = createHash(name);
  parts.forEach((part) => h.update(part));
  return new Uint8Array(h.digest());
}

export function keyPair() {
  const secret = random(32);
  return { secret, public: x25519.getPublicKey(secret) };
}

// What a quote of each TEE carries for a key, by default. |nonce| and |issued|
// are bytes.
export function binding(tee, key, nonce, issued) {
  if (tee === "sgx") {
    const data = new Uint8Array(64);
    data.set(hash("sha256", key));
    return data;
  }
  return tee === "sev-snp" ? hash("sha512", nonce, key)
                           : hash("sha512", nonce, issued, key);
}

// --- crypto_box_seal ---------------------------------------------------------

const words = (bytes) => new Uint32Array(bytes.buffer.slice(
  bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const sigma = words(new TextEncoder().encode("expand 32-byte k"));

function boxKey(secret, peer) {
  const out = new Uint32Array(8);
  hsalsa(sigma, words(x25519.getSharedSecret(secret, peer)),
         new Uint32Array(4), out);
  return new Uint8Array(out.buffer);
}

const boxNonce = (ephemeral, recipient) => blake2b(
  new Uint8Array([...ephemeral, ...recipient]), { dkLen: 24 });

export function seal(message, recipient) {
  const pair = keyPair();
  const box = xsalsa20poly1305(boxKey(pair.secret, recipient),
                               boxNonce(pair.public, recipient));
  return new Uint8Array([...pair.public, ...box.encrypt(message)]);
}

export function unseal(sealed, pair) {
  const ephemeral = sealed.subarray(0, 32);
  const box = xsalsa20poly1305(boxKey(pair.secret, ephemeral),
                               boxNonce(ephemeral, pair.public));
  return box.decrypt(sealed.subarray(32));
}

// --- crypto_secretbox --------------------------------------------------------

export function encryptBytes(key, plain) {
  const nonce = random(24);
  const ciphertext = xsalsa20poly1305(key, nonce).encrypt(plain);
  return encode({ type: "enc", nonce, ciphertext });
}

export const encrypt = (key, message) => encryptBytes(key,
                                                       new Uint8Array(encode(message)));

export function decrypt(key, envelope) {
  return decode(xsalsa20poly1305(key, envelope.nonce).decrypt(
    envelope.ciphertext));
}

// Like every guard of that protocol it looks at nothing but the type.
export const isType = (message, type) => typeof message === "object" &&
  message !== null && message.type === type;
