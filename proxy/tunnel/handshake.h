/* proxy/tunnel/handshake.h: from the server's announcement to two keys.
 *
 *   client                                              server
 *                                         <-- server_kx (announce.h)
 *   (evidence is judged, elsewhere)
 *   suite (1 byte) || Noise NK message 1 { client's settings } -->
 *                <-- Noise NK message 2 { server's settings }
 *
 * The prologue binds the challenge and every byte of the announcement, so that
 * neither can be altered; the suite is in the name that Noise hashes. Messages
 * in, messages and keys out; states and deadlines are session.c's.
 * docs/PROTOCOL.md sections 2 and 4. */
#ifndef PROXY_TUNNEL_HANDSHAKE_H
#define PROXY_TUNNEL_HANDSHAKE_H

#include "proxy/tunnel/announce.h"
#include "proxy/tunnel/noise.h"

#define HANDSHAKE_PROLOGUE_BYTES     (9 + 1 + SESSION_CHALLENGE_BYTES + 64)
#define HANDSHAKE_SETTINGS_MAX_BYTES 512 /* room for what may come later */

/* Either Noise message at most. */
#define HANDSHAKE_MAX_BYTES                                                    \
    (1 + NOISE_OVERHEAD_BYTES + HANDSHAKE_SETTINGS_MAX_BYTES)

/* One side of a handshake. Secret; all zero is valid and empty. */
struct handshake {
    bool aes; /* suites that we have */
    bool chacha;
    enum aead_suite suite; /* the chosen one; AEAD_NONE before */
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    uint8_t prologue[HANDSHAKE_PROLOGUE_BYTES];
    struct noise noise;
    uint8_t secret_key[SESSION_KEY_BYTES]; /* server */
    uint8_t *message;                      /* client, owned: the announcement */
    struct announce announce;              /* client: borrows from |message| */
};

/* What a complete handshake yields. Secret. */
struct handshake_result {
    struct noise_keys keys;
    uint32_t first_credit; /* ours, on each new stream */
};

/* Begin a side with the suites that |config| allows. */
void handshake_init(struct handshake *h, const struct session_config *config,
                    const uint8_t challenge[static SESSION_CHALLENGE_BYTES]);

/* Wipe and free; all zero afterwards, but for |suite|. */
void handshake_fini(struct handshake *h);

/* Server: what is announced of |identity|; borrows from it. */
void handshake_identify(struct handshake *h,
                        const struct session_config *config,
                        const struct session_identity *identity,
                        struct announce *out);

/* Server: |message| is what was announced. Client: see below. */
void handshake_bind(struct handshake *h, struct slice message);

/* Client: the announcement came. Returns STATUS_OK, STATUS_NO_MEMORY, those of
 * announce_parse(), or STATUS_BAD_HANDSHAKE when there is no common suite;
 * with |why| filled. */
MUST_CHECK enum status handshake_take_announcement(struct handshake *h,
                                                   struct slice message,
                                                   struct why *why);

/* Client: what is to be judged. Borrows from |h|. */
struct session_evidence handshake_evidence(const struct handshake *h);

/* Client: append its message to |out|, which has HANDSHAKE_MAX_BYTES. Returns
 * STATUS_OK, STATUS_NO_MEMORY, or STATUS_BAD_HANDSHAKE for a key of small
 * order; with |why| filled. */
MUST_CHECK enum status handshake_write_hello(struct handshake *h,
                                             struct builder *out,
                                             struct why *why);

/* Server: read the client's message in place and append the answer to |out|,
 * which has HANDSHAKE_MAX_BYTES. Returns STATUS_OK, STATUS_NO_MEMORY, or
 * STATUS_BAD_HANDSHAKE with |why| filled. |result| is all zero unless OK. */
MUST_CHECK enum status handshake_take_hello(struct handshake *h,
                                            uint8_t *message, size_t len,
                                            struct builder *out,
                                            struct handshake_result *result,
                                            struct why *why);

/* Client: read the server's message in place. As handshake_take_hello(). */
MUST_CHECK enum status handshake_take_reply(struct handshake *h,
                                            uint8_t *message, size_t len,
                                            struct handshake_result *result,
                                            struct why *why);

#endif
