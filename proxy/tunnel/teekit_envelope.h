/* proxy/tunnel/teekit_envelope.h: the outer messages of teekit, which stand
 * on the wire in clear.
 *
 *   server                                        client
 *     server_kx: key, quote, binding data ------->
 *     <-----------------------------------  client_kx_ready
 *     <-----------------------------------  client_kx: a sealed key
 *     <------------------ enc ------------------->
 *
 * Encodes and decodes; opens nothing (teekit_seal.h) and judges no quote. One
 * message is one CBOR map. A reader takes maps of any width, keys in any
 * order, byte strings with tag 64 or without, and undefined, null and absent
 * as the same; keys that it does not know are passed over.
 *
 * docs/PROTOCOL.md section 13. */
#ifndef PROXY_TUNNEL_TEEKIT_ENVELOPE_H
#define PROXY_TUNNEL_TEEKIT_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/tunnel/teekit_write.h"

#define TEEKIT_KEY_BYTES    32 /* X25519 keys, and the session's key */
#define TEEKIT_SEALED_BYTES 80 /* a session's key, sealed */
#define TEEKIT_NONCE_BYTES  24
#define TEEKIT_TAG_BYTES    16

/* All that a client has to say before it has a key; more is refused then. */
#define TEEKIT_EARLY_MAX_BYTES 1024

/* An announcement at most: a quote, certificates and binding data. */
#define TEEKIT_KX_MAX_BYTES (256 * 1024)

enum teekit_outer {
    TEEKIT_OTHER, /* well-formed, of a type that is not known here */
    TEEKIT_SERVER_KX,
    TEEKIT_CLIENT_READY,
    TEEKIT_CLIENT_KX,
    TEEKIT_ENC,
};

/* What a quote is bound to besides the key, as its server says. */
enum teekit_data {
    TEEKIT_DATA_NONE,
    TEEKIT_DATA_BYTES, /* |val| alone: SEV-SNP */
    TEEKIT_DATA_MAP,   /* |iat|, |val| and |signature|: Intel */
};

/* The fields of every type; those of other types are empty. All slices are
 * borrowed: when parsed, from the message. */
struct teekit_envelope {
    enum teekit_outer type;
    /* server_kx */
    struct slice public_key; /* TEEKIT_KEY_BYTES */
    struct slice quote;      /* 1 to QUOTE_MAX_BYTES */
    struct slice runtime;    /* of no use to anybody; empty for null */
    enum teekit_data data;
    struct slice val;
    struct slice iat;
    struct slice signature; /* nobody verifies it */
    bool has_certs;         /* sev_snp_data is there */
    struct slice vcek;      /* PEM; empty for null, so are the next two */
    struct slice ask;
    struct slice ark;
    bool veritee; /* the server speaks veritee/2 too; not written */
    /* client_kx */
    struct slice sealed; /* TEEKIT_SEALED_BYTES */
    /* enc */
    struct slice nonce;      /* TEEKIT_NONCE_BYTES */
    struct slice ciphertext; /* tag, then text: at least TEEKIT_TAG_BYTES */
};

/* Parse |message|, whose length the caller has bounded. Returns STATUS_OK,
 * STATUS_BAD_FIELD or STATUS_TRAILING, with |why| filled. |out| is all zero
 * unless OK; of TEEKIT_OTHER it is but for |type|. */
MUST_CHECK enum status teekit_envelope_parse(struct slice message,
                                             struct teekit_envelope *out,
                                             struct why *why);

/* Bytes that suffice for teekit_envelope_encode(). */
size_t teekit_envelope_room(const struct teekit_envelope *e);

/* Append the message to |out|, whose failure is the only error. |e| is of a
 * known type and complete. */
void teekit_envelope_encode(const struct teekit_envelope *e,
                            enum teekit_style style, struct builder *out);

#endif
