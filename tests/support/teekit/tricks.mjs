// What a hostile server, or one in front of a sound one, does to every session.
import { encode, encryptBytes, random } from "./wire.mjs";

const each = (act) => (server) => { [...server.sessions].forEach(act); };
const raw = (...head) => each(({ ws }) => ws._socket.write(Buffer.from(head)));

export const tricks = {
  // An envelope under a key that nobody has.
  "bogus-enc": each(({ ws }) => ws.send(encode(
    { type: "enc", nonce: random(24), ciphertext: random(64) }))),
  "short-nonce": each(({ ws }) => ws.send(encode(
    { type: "enc", nonce: random(23), ciphertext: random(64) }))),
  "text-ciphertext": each(({ ws }) => ws.send(encode(
    { type: "enc", nonce: random(24), ciphertext: "text" }))),
  // The announcement once more, which makes a client of theirs change its key.
  "announce-again": (server) => each(({ ws }) => ws.send(
    encode(server.announcement)))(server),
  "plain": each(({ ws }) => ws.send(encode({ type: "ws_event",
                                             connectionId: "x",
                                             eventType: "open" }))),
  "not-cbor": each(({ ws }) => ws.send(Buffer.from([0xff, 0x00]))),
  "unknown-type": each((s) => s.send({ type: "what", x: 1 })),
  "unknown-socket": each((s) => s.send({ type: "ws_message",
    connectionId: "nobody", data: "x", dataType: "string" })),
  "sealed-garbage": each((s) => s.ws.send(encryptBytes(s.key, random(40)))),
  // Frames that may not be.
  "rsv": raw(0xf2, 0x00),
  "text": each(({ ws }) => ws.send("text")),
  "oversize": raw(0x82, 0x7f, 0, 0, 0, 0, 0x40, 0, 0, 0),
  "masked": raw(0x82, 0x81, 1, 2, 3, 4, 5),
  // In order, if unusual.
  "ping": each(({ ws }) => ws.ping(Buffer.from("are you there?"))),
  // The end.
  "close": each(({ ws }) => ws.close(1000, "transfer complete")),
  "terminate": each(({ ws }) => ws.terminate()),
  // A new key and quote, as a restart makes them; those there keep theirs.
  "rotate": (server) => server.makeIdentity(),
};
