/* proxy/local/peer.h: one server, from dialling to the end of its session.
 *
 * Dials an endpoint, has its evidence attested, and only then completes the
 * handshake. Until on_ready() no stream can be opened: there is nothing that
 * could carry a byte of the application (P1). Which peers a service has, and
 * when to make another, is upstream.h's business. */
#ifndef PROXY_LOCAL_PEER_H
#define PROXY_LOCAL_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/carrier.h"
#include "proxy/local/attest_desk.h"
#include "proxy/local/forecast.h"

struct peer;
struct far_tunnel;
struct far_tunnel_list;

enum peer_state {
    PEER_NONE,      /* illegal */
    PEER_DIALLING,  /* until the server has announced itself */
    PEER_ATTESTING, /* until the decision */
    PEER_AGREEING,  /* accepted; until the handshake is complete */
    PEER_READY,     /* streams may be opened */
    PEER_DRAINING,  /* open streams go on, no new ones */
    PEER_CLOSED     /* on_closed() was called; only memory is left */
};

/* "ready" ...; static. */
const char *peer_state_name(enum peer_state s);

struct peer_events {
    /* The session takes streams. */
    void (*on_ready)(void *ctx, struct peer *p);
    /* The server takes no new streams; open ones go on. */
    void (*on_goaway)(void *ctx, struct peer *p);
    /* What it proved is not accepted any more, for |why|, and its service lets
     * open streams go on for a while. It takes no new ones. */
    void (*on_refused)(void *ctx, struct peer *p, const struct why *why);
    /* It is over; |why| is not OK unless the session ended as agreed. |p| and
     * all it holds are gone once this returns. May come from within
     * peer_close(). */
    void (*on_closed)(void *ctx, struct peer *p, const struct why *why);
};

struct peer_config {
    uv_loop_t *loop;
    struct carrier_hub *hub;
    struct attest_line line;
    const struct log *log;
    struct snapshot *snapshot; /* these three: borrowed until closed */
    const struct service *service;
    const struct endpoint *endpoint;
    bool forecast; /* also judge by the TCB data that is to come */
    const struct peer_events *events; /* static */
    void *ctx;
};

/* Start. No callback from within. Returns STATUS_OK, STATUS_NO_MEMORY or
 * STATUS_BAD_ADDRESS; |*out| is NULL unless OK. */
MUST_CHECK enum status peer_open(const struct peer_config *config,
                                 struct peer **out);

enum peer_state peer_state_of(const struct peer *p);

const struct endpoint *peer_endpoint(const struct peer *p);

/* Lead |f|, which waits, through its session; |opening| as
 * far_tunnel_attach() has it. Only when ready or draining. Returns STATUS_OK;
 * STATUS_GOING_AWAY or STATUS_LIMIT when it takes no more;
 * STATUS_BAD_ADDRESS or STATUS_NO_MEMORY; unless OK nothing has changed. */
MUST_CHECK enum status peer_attach(struct peer *p, struct far_tunnel *f,
                                   struct far_tunnel_list *opening,
                                   int64_t now_ms);

struct peer_traffic {
    const char *suite; /* "AESGCM"; "" before; static */
    size_t streams;    /* open now */
    uint64_t bytes_in; /* of applications */
    uint64_t bytes_out;
};

/* What went through its session; good also within on_closed(). */
struct peer_traffic peer_traffic(const struct peer *p);

/* What attestation found; NULL until decided. Borrowed while |p| lives. */
const struct attestation *peer_attestation(const struct peer *p);

/* What is to come for it; OUTLOOK_NONE while nothing is known. Borrowed, as
 * above. */
const struct forecast *peer_forecast(const struct peer *p);

/* Monotonic ms, when the current state was reached. */
int64_t peer_since_ms(const struct peer *p);

/* Judge once more what the server proved: with the collateral of now, on a later
 * turn of the loop. A session that does not pass any more ends with the reason,
 * as on-refusal says; one about which nothing can be said now goes on to its deadline.
 * Harmless unless ready or draining. */
void peer_rejudge(struct peer *p);

/* True until what peer_rejudge() began has come to an end. */
bool peer_is_judging(const struct peer *p);

/* The policy has changed: from now on |service| of |snapshot| decides, which
 * replace those of the config; what peer_rejudge() began, begins anew. Ends |p|
 * as its on-refusal says, with the reason, which is returned, if that does not
 * accept what was proved; else returns STATUS_OK. Where an external check or revocation
 * lists have to be asked, |p| lives until they were; where they cannot be, it is
 * closed, and the status as attest_desk_get() has it. Only when ready or
 * draining. */
enum status peer_judge_by(struct peer *p, struct snapshot *snapshot,
                          const struct service *service);

/* Close it if its service lets it go on no longer: refused, or past the deadline
 * that it was accepted for, whichever comes first. To be called once a second. */
void peer_tick(struct peer *p, int64_t now_ms, int64_t now_unix);

/* Take no new streams; end when the open ones have. */
void peer_drain(struct peer *p);

/* End it now, for |why|. */
void peer_close(struct peer *p, const struct why *why);

#endif
