/* proxy/local/upstream.h: the accepted sessions of each service.
 *
 * One upstream a service. It makes a session when somebody asks, has all who
 * ask meanwhile wait for that one, tries the endpoints in turn, and makes the
 * next session at two thirds of the time the present one is good for. A
 * session past its deadline takes no new streams, and one that nobody uses for
 * long is ended. A service that cannot be
 * verified fails, with the reason; there is no other way to it (P2). */
#ifndef PROXY_LOCAL_UPSTREAM_H
#define PROXY_LOCAL_UPSTREAM_H

#include <stdbool.h>
#include <uv.h>

#include "common/log.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/carrier.h"
#include "proxy/local/attempts.h"
#include "proxy/local/far.h"
#include "proxy/local/peer.h"
#include "proxy/local/tally.h"
#include "proxy/local/target.h"

/* Sessions of one service that may exist at once: those present, the next, and
 * old ones whose streams have not ended. */
#define UPSTREAM_PEERS_MAX 16

struct upstream;     /* of one service */
struct upstream_set; /* of all services of a policy */

struct upstream_config {
    uv_loop_t *loop;
    struct carrier_hub *hub;
    struct attest_line line;
    const struct log *log;
    struct snapshot *snapshot; /* borrowed until closed */
    struct tally *tally;       /* borrowed until closed; counted in */
    int64_t session_idle_ms;   /* of a service without a stream; 0: for ever */
    /* An endpoint of |service| was accepted or refused, or could not be
     * reached. |a| is NULL if it did not come to evidence. May be NULL. */
    void (*on_decided)(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why);
    void *ctx;
};

/* One upstream for each service of the snapshot. Returns STATUS_OK or
 * STATUS_NO_MEMORY, with |why| filled; |*out| is NULL unless OK. */
MUST_CHECK enum status upstream_set_open(const struct upstream_config *config,
                                         struct upstream_set **out,
                                         struct why *why);

/* Fail who waits and end every session, with |why|; |on_closed| is called on
 * the loop when all is gone. */
void upstream_set_close(struct upstream_set *set, const struct why *why,
                        void (*on_closed)(void *ctx), void *ctx);

/* Collateral has changed: judge every session again. */
void upstream_set_rejudge(struct upstream_set *set);

/* The upstream of |service|, which is one of the policy's. */
struct upstream *upstream_find(struct upstream_set *set,
                               const struct service *service);

/* A far side to |target| through |u|; waits for a session if need be. Returns
 * STATUS_OK, STATUS_NO_MEMORY, STATUS_LIMIT (too many wait) or
 * STATUS_SHUTTING_DOWN; |*out| is NULL unless OK. */
MUST_CHECK enum status upstream_far_open(struct upstream *u,
                                         const struct target *target,
                                         const struct far_events *events,
                                         void *ctx, struct far **out);

/* Make a session now if there is none, though nobody asks. */
void upstream_connect(struct upstream *u);

/* What is known of one service, for the status surface. All is borrowed from
 * the upstream until the next turn of the loop. */
struct upstream_view {
    const struct service *service;
    size_t waiting;                  /* requests, for a session */
    const struct peer *present;      /* takes streams, one of those that do;
                                      * NULL if none does */
    const struct peer *next;         /* being made; NULL if none is */
    const struct peer *const *peers; /* UPSTREAM_PEERS_MAX, some NULL */
    const struct attempts *attempts;
};

size_t upstream_set_count(const struct upstream_set *set);

/* The service at |i| of the policy, below upstream_set_count(). */
struct upstream_view upstream_set_view(const struct upstream_set *set,
                                       size_t i);

#endif
