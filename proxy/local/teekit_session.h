/* proxy/local/teekit_session.h: one session with a teekit server.
 *
 * Dials, hands over the server's evidence and stops; once accepted, seals a
 * key to the server's and carries messages both ways. What they mean is their
 * users' business: each has an id, by which answers find it, and which no
 * other client of the server can guess.
 *
 * No message is sent twice. A message of the handshake outside of it is passed
 * over; one that was not sealed with the session's key ends the session: here
 * nobody can tell what it was instead of. docs/PROTOCOL.md section 13.
 *
 * Lifetime: exactly one on_closed() ends it, never from within a call but
 * teekit_session_close() and teekit_session_accept(); users are told before. */
#ifndef PROXY_LOCAL_TEEKIT_SESSION_H
#define PROXY_LOCAL_TEEKIT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/scratch.h"
#include "proxy/io/teekit_parcel.h"
#include "proxy/io/tls_context.h"
#include "proxy/tunnel/session.h"

struct teekit_session;
struct teekit_user;

struct teekit_user_events {
    /* A message for its id, borrowed during the call. One that is malformed
     * has |why|, and nothing but its type. */
    void (*on_message)(struct teekit_user *u, const struct teekit_message *m,
                       const struct why *why);
    /* What it waited for has not come by |deadline_ms|, which is 0 now. */
    void (*on_deadline)(struct teekit_user *u);
    /* teekit_session_is_full() was true and is not any more. */
    void (*on_room)(struct teekit_user *u);
    /* The session is over, for |why|; |u| has left it. */
    void (*on_lost)(struct teekit_user *u, const struct why *why);
};

/* Who has messages in a session; its owner's storage. */
struct teekit_user {
    const struct teekit_user_events *events; /* static */
    struct teekit_session *session;          /* NULL: in none */
    size_t slot;                             /* of the session's table */
    uint8_t id_bytes[TEEKIT_ID_ROOM];
    struct slice id;     /* of what it waits for; empty: nothing */
    int64_t asked_ms;    /* when that began */
    int64_t deadline_ms; /* 0: none */
};

struct teekit_session_config {
    uv_loop_t *loop;
    struct scratch *scratch; /* of the loop */
    const struct log *log;
    const struct endpoint *endpoint; /* borrowed until closed */
    struct tls_context *tls;         /* NULL for ws:// */
    enum tee_type tee; /* whose rule binds key and quote; the quote may still
                        * be of another */
    /* on_evidence(), on_ready() and on_closed(), as session.h has them. */
    const struct session_events *events;
    void *ctx;
};

/* Start. No callback from within. Returns STATUS_OK, STATUS_NO_MEMORY or
 * STATUS_BAD_ADDRESS; |*out| is NULL unless OK. */
MUST_CHECK enum status
teekit_session_dial(const struct teekit_session_config *config,
                    struct teekit_session **out);

/* The evidence was judged acceptable. Once, after on_evidence(). */
void teekit_session_accept(struct teekit_session *s);

/* Take no new users; end when those there have left. */
void teekit_session_drain(struct teekit_session *s);

/* End it now, for |why|. */
void teekit_session_close(struct teekit_session *s, const struct why *why);

/* Become a user. Returns STATUS_OK, STATUS_GOING_AWAY or STATUS_LIMIT. */
MUST_CHECK enum status teekit_session_join(struct teekit_session *s,
                                           struct teekit_user *u);

/* It is none any longer; harmless if it was none. */
void teekit_session_leave(struct teekit_user *u);

/* |u| begins to wait for messages of a new id, or of the one that
 * teekit_session_begin() gave it, for |ms|. */
void teekit_session_ask(struct teekit_user *u, int64_t ms);

/* Waits for nothing. */
void teekit_session_forget(struct teekit_user *u);

/* Give |u| a new id, and begin to seal |p|, which will have |len| bytes of body
 * of either kind, as the request |m|: teekit_parcel_begin(). */
void teekit_session_begin(struct teekit_user *u, struct teekit_parcel *p,
                          struct teekit_message *m, size_t len);

/* Seal |p| as |m|, with the id of |u|, or end one that was begun, and send it.
 * Takes |p|. */
void teekit_session_send(struct teekit_user *u, struct teekit_parcel *p,
                         struct teekit_message *m, enum teekit_body kind);

/* Enough waits to be sent: no more should be read until on_room(), which will
 * come. */
bool teekit_session_is_full(struct teekit_session *s);

bool teekit_session_is_leaving(const struct teekit_session *s);

/* Within on_message(): the memory that the message lies in becomes the
 * caller's, who frees it. Empty when it can only be copied. */
struct buffer teekit_session_take(struct teekit_session *s);

/* Count |bytes| of a user's memory to the session. False when that would be too
 * much, and then they are not counted. */
MUST_CHECK bool teekit_session_hold(struct teekit_session *s, size_t bytes);
void teekit_session_release(struct teekit_session *s, size_t bytes);

struct teekit_traffic {
    size_t users;
    uint64_t bytes_in; /* of messages, in clear */
    uint64_t bytes_out;
};

struct teekit_traffic teekit_session_traffic(const struct teekit_session *s);

#endif
