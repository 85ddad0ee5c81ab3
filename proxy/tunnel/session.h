/* proxy/tunnel/session.h: one veritee/2 session, without any I/O.
 *
 * Messages and |now_ms| come in, messages and events come out. A message is
 * the payload of one WebSocket binary message; who carries it, over TCP or
 * TLS, is proxy/io's business. Client and server run the same code; they
 * differ in who opens streams and in who proves what.
 *
 *   client                                        server
 *     upgrade request with challenge  ------------>
 *     <------------------------------------  server_kx  (ANNOUNCE)
 *     on_evidence: verify and judge, outside
 *     session_accept()
 *     Noise NK message 1 (+ settings) ------------>
 *     <------------------------------------  Noise message 2 (+ settings)
 *     on_ready                                     on_ready
 *     <=========== records of CBOR frames ========>
 *
 * Memory is bounded: see limits.h. Time is monotonic milliseconds, any zero.
 * One session is used by one thread. secret_init() comes first.
 * docs/PROTOCOL.md has the bytes and the state drawings. */
#ifndef PROXY_TUNNEL_SESSION_H
#define PROXY_TUNNEL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/budget.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"

struct session; /* one session, client or server */
struct stream;  /* one byte stream in it; lives until stream_release(), then
                 * belongs to the session */

#define SESSION_CHALLENGE_BYTES 32
#define SESSION_KEY_BYTES       32

/* Collateral as the server staples it to its evidence: the fields of the
 * verifier's struct collateral_set, in that order, and behind them the
 * revocation list of an SEV-SNP platform's ARK, DER. Borrowed; empty is
 * absent. */
#define SESSION_STAPLED_ITEMS   8
#define SESSION_STAPLED_ARK_CRL 7
struct session_stapled {
    struct slice item[SESSION_STAPLED_ITEMS];
};

/* Certificates above an SEV-SNP report, PEM. Borrowed; empty is unknown. */
struct session_snp {
    struct slice vcek; /* or VLEK */
    struct slice ask;  /* it and the ARK are for teekit's clients: ours have */
    struct slice ark;  /* their own, and never look at a peer's */
};

/* What the server announced, unverified. Borrows from the session until
 * session_accept() or session_close(). */
struct session_evidence {
    struct slice quote;
    struct slice public_key; /* 32 bytes, X25519 */
    struct slice challenge;  /* the one sent, 32 bytes */
    uint8_t report_data[64]; /* what the quote must carry: for this key and
                                 * challenge, or key, nonce and issue time */
    bool challenged;         /* bound to our challenge, else to an epoch */
    int64_t issued_unix;     /* of the epoch; trusted only once the quote
                                 * carries |report_data| and !challenged */
    struct session_stapled stapled; /* all empty if none */
    bool is_snp;       /* the quote is said to be an SEV-SNP report */
    struct slice vcek; /* then its VCEK or VLEK, PEM; empty if none came */
};

/* All callbacks may call any function here but session_free() and
 * session_input(). Any function here may call back before it returns, but
 * the stream_ functions only call on_output(). |ctx| is what session_config
 * carried; stream callbacks may use stream_context(). */
struct session_events {
    /* Client only: decide, now or later, by session_accept() or
     * session_close(). */
    void (*on_evidence)(void *ctx, const struct session_evidence *evidence);
    /* The handshake is complete; streams may be opened (client). */
    void (*on_ready)(void *ctx);
    /* Server only: the client wants |target| ("host:port", not terminated;
     * borrowed during the call). Answer by stream_opened() or
     * stream_reset(), now or later. Until then up to STREAM_CREDIT_BYTES may
     * come by on_data(), and on_fin(): keep them for the target. */
    void (*on_open)(void *ctx, struct stream *s, struct slice target);
    /* Client only: the server has reached the target. */
    void (*on_opened)(void *ctx, struct stream *s);
    /* Bytes arrived; |data| is borrowed during the call and not empty. Every
     * byte must be given back by stream_consumed() once it has left our
     * memory; until then it counts against the stream's credit. */
    void (*on_data)(void *ctx, struct stream *s, struct slice data);
    /* The peer sends no more on |s|; our side may go on. */
    void (*on_fin)(void *ctx, struct stream *s);
    /* |s| ended before its time, for |reason|, never STATUS_OK; nothing more
     * will come and nothing more can be sent. The owner must still call
     * stream_release(), now or later. */
    void (*on_reset)(void *ctx, struct stream *s, enum status reason);
    /* stream_room(s) was 0 and is not any more. Streams that wait for buffers
     * are called in turn, each for one record, so that none starves. */
    void (*on_room)(void *ctx, struct stream *s);
    /* The peer takes no new streams; open ones go on. */
    void (*on_goaway)(void *ctx);
    /* There is something for session_output(). Called when output goes from
     * none to some; the carrier flushes once a loop turn. */
    void (*on_output)(void *ctx);
    /* The session is over; every open stream got on_reset() before. |why| is
     * borrowed during the call; its status is OK after an authenticated,
     * complete close. Called once. What session_output() still yields should
     * be sent before the carrier ends: it tells the peer why. */
    void (*on_closed)(void *ctx, const struct why *why);
};

struct session_config {
    const struct session_events *events; /* borrowed, static */
    void *ctx;
    const struct log *log; /* borrowed; NULL is silence */
    bool aes;              /* this machine has fast AES (aead_has_aes()) */
    bool allow_chacha;     /* false only in tests of suite choice */
    uint32_t streams_max;  /* server: streams the client may have open, 1 to
                            * STREAMS_MAX; not used by clients */
    /* Server: what pays for SESSION_OWN_BYTES and for what streams may queue;
     * borrowed until on_closed(). NULL: it is free. */
    struct budget *budget;
};

/* What a session may need beside its streams: records to be sent, and one that
 * comes in part. */
#define SESSION_OWN_BYTES ((SESSION_OUT_RECORDS + 2) * 64 * 1024)

/* A client session. |challenge| are 32 unpredictable bytes that the carrier
 * sends in the upgrade request. Returns STATUS_OK or STATUS_NO_MEMORY; |*out|
 * is NULL unless OK. */
MUST_CHECK enum status
session_client_new(const struct session_config *config,
                   const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
                   int64_t now_ms, struct session **out);

/* What a server session announces: made once an epoch or once a challenge.
 * Everything is copied. */
struct session_identity {
    const uint8_t *public_key; /* 32 bytes */
    const uint8_t *secret_key; /* 32 bytes */
    struct slice quote;        /* carries session_challenge_binding() of this
                         * session's challenge, or session_epoch_binding() */
    bool challenged;           /* which of the two */
    uint64_t epoch;            /* of the key; counts up */
    const uint8_t *nonce;      /* 32 bytes, of the epoch; NULL if challenged */
    int64_t issued_unix;       /* when the epoch's key was made */
    const struct session_stapled *stapled; /* NULL for none */
    const struct session_snp
        *snp; /* NULL unless |quote| is an SEV-SNP report */
};

/* A server session. It announces at once: session_output() has something when
 * this returns. |challenge| as the client sent it.
 * Returns STATUS_OK, STATUS_NO_MEMORY, STATUS_BUSY when the budget does not have
 * SESSION_OWN_BYTES, or STATUS_LIMIT when the announcement would be over
 * ANNOUNCE_MAX_BYTES. */
MUST_CHECK enum status
session_server_new(const struct session_config *config,
                   const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
                   const struct session_identity *identity, int64_t now_ms,
                   struct session **out);

/* The 64 bytes a quote must carry as report data, for every TEE alike.
 *
 * challenge: SHA-512("veritee/2 report-data" || 0x00 || challenge || key)
 * epoch:     SHA-512(nonce || issued_unix as 8 bytes, big endian || key), which
 *            is also what a teekit client of a TDX server checks. */
void session_challenge_binding(
    const uint8_t challenge[static SESSION_CHALLENGE_BYTES],
    const uint8_t public_key[static SESSION_KEY_BYTES], uint8_t out[static 64]);
void session_epoch_binding(const uint8_t nonce[static 32], int64_t issued_unix,
                           const uint8_t public_key[static SESSION_KEY_BYTES],
                           uint8_t out[static 64]);

/* Free it and every stream in it. NULL is allowed. Not from a callback. */
void session_free(struct session *s);

/* The evidence was judged acceptable: go on with the handshake. Client, once,
 * after on_evidence. */
void session_accept(struct session *s, int64_t now_ms);

/* One message arrived, complete, at most SESSION_MESSAGE_MAX_BYTES. It is
 * decrypted in place and borrowed during the call. A defect ends the session:
 * on_closed() has the why, and the status is returned too. Once the session is
 * over, messages are ignored and STATUS_OK is returned. Not from a callback. */
#define SESSION_MESSAGE_MAX_BYTES ANNOUNCE_MAX_BYTES
enum status session_input(struct session *s, uint8_t *message, size_t len,
                          int64_t now_ms);

/* The carrier is gone, for whatever |reason|: without an authenticated goaway
 * this ends the session with STATUS_CUT, and so each open stream; before the
 * handshake is complete, with |reason| unless that is STATUS_OK. Nothing
 * happens if it was over. */
void session_carrier_lost(struct session *s, enum status reason,
                          int64_t now_ms);

/* Output. The session seals what is pending into messages inside buffers of
 * its own, each with |SESSION_HEADROOM| free bytes before the message for the
 * carrier's frame header. Messages must be sent in order and completely. */
#define SESSION_HEADROOM 16
struct session_out {
    uint8_t *message; /* SESSION_HEADROOM writable bytes stand before it */
    size_t len;       /* the message may be masked in place */
};

/* Seal pending frames and hand out up to |max| messages not handed out yet.
 * Returns how many; fewer than |max| means that on_output() will come again.
 * They stay valid until session_output_done(). */
size_t session_output(struct session *s, struct session_out *out, size_t max,
                      int64_t now_ms);

/* The oldest |count| messages handed out have left or never will; their memory
 * is free. Those not reported stay valid until session_free(). */
void session_output_done(struct session *s, size_t count);

/* Absolute time at which session_tick() must be called; INT64_MAX if none. */
int64_t session_deadline(const struct session *s);

/* Pings, and the deadlines of handshake and pong. */
void session_tick(struct session *s, int64_t now_ms);

/* Stop taking new streams; when the last has ended, close by an authenticated
 * goaway. Any number of times. */
void session_drain(struct session *s, int64_t now_ms);

/* Close now: streams are reset with |reason|, an authenticated goaway is made
 * for session_output() if the handshake is complete. on_closed() is called
 * before return. Any number of times; the first reason wins. */
void session_close(struct session *s, const struct why *reason, int64_t now_ms);

/* It takes no new streams, whichever side said so; open ones go on. */
bool session_is_leaving(const struct session *s);

/* True once on_closed() was called, or is about to be. */
bool session_is_over(const struct session *s);

/* For the status surface. */
const char *session_suite(const struct session *s); /* "AESGCM"; "" before */
size_t session_streams(const struct session *s);
uint64_t session_bytes_in(const struct session *s);  /* application bytes */
uint64_t session_bytes_out(const struct session *s); /* application bytes */

/* Client: open a stream to |target| ("host:port", at most TARGET_MAX_BYTES).
 * Data may be written at once up to the first credit, but leaves the server
 * only once the target was reached. Returns STATUS_OK, STATUS_NO_MEMORY,
 * STATUS_GOING_AWAY (also when not ready or closed), STATUS_LIMIT (streams) or
 * STATUS_BAD_ADDRESS; |*out| is NULL unless OK. */
MUST_CHECK enum status stream_open(struct session *s, struct slice target,
                                   void *stream_ctx, struct stream **out);

/* Server, within on_open(), once: have the budget pay for the first credit.
 * Returns STATUS_OK, or STATUS_BUSY: then |s| is to be reset. Without it, what
 * comes before stream_opened() is kept at nobody's cost. */
MUST_CHECK enum status stream_claim(struct stream *s);

/* Server: the target was reached. */
void stream_opened(struct stream *s);

/* Whose the stream is: what stream_open() was given, until it is set anew. */
void *stream_context(const struct stream *s);
void stream_set_context(struct stream *s, void *ctx);
struct session *stream_session(const struct stream *s);

/* Bytes that may be written now; 0 until credit or buffers are back, then
 * on_room() is called. */
size_t stream_room(struct stream *s);

/* Write without a copy: where the next bytes go, and how many fit (at most
 * stream_room()). NULL and 0 when there is no room. The place is good until
 * any other call on this session. */
uint8_t *stream_reserve(struct stream *s, size_t *room);

/* |len| bytes were put where stream_reserve() said. */
void stream_commit(struct stream *s, size_t len);

/* No more bytes from us on this stream. Any number of times; on a server, after
 * stream_opened(). */
void stream_fin(struct stream *s);

/* Give the stream up, both ways, and tell the peer why, as far as
 * docs/PROTOCOL.md has a code for |reason|. No callback follows. Any number of
 * times; the first reason wins. */
void stream_reset(struct stream *s, enum status reason);

/* |len| bytes of on_data() have left our memory: the peer gets credit. */
void stream_consumed(struct stream *s, size_t len);

/* The owner will not touch |s| again. If it is still open, it is reset. */
void stream_release(struct stream *s);

#endif
