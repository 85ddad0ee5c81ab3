/* proxy/local/tally.h: what happened since the program started, counted.
 *
 * Outlives policies and sessions, so that no count ever goes back. The last
 * refusals of services are kept with their reasons; names that no service has
 * are counted, never kept: they are nobody else's business. */
#ifndef PROXY_LOCAL_TALLY_H
#define PROXY_LOCAL_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

#define TALLY_REFUSALS_MAX 16
#define TALLY_NAME_ROOM    128 /* longer names are cut */

/* A service could not be had at an endpoint, or not any longer. */
struct tally_refusal {
    int64_t at_unix;
    char service[TALLY_NAME_ROOM];
    char endpoint[TALLY_NAME_ROOM];
    struct why why;
};

/* All zero at first. */
struct tally {
    uint64_t connections; /* of applications, accepted */
    uint64_t blocked;     /* requests that the policy did not let through */
    uint64_t direct;      /* requests that it sent in the clear */
    uint64_t streams;     /* requests for a service */
    uint64_t accepted;    /* sessions that were attested and began */
    uint64_t failed[CLASS_POLICY + 1]; /* those that did not, by status_class */
    uint64_t lost;      /* sessions that ended before their time */
    uint64_t ended_in;  /* application bytes of sessions that are over */
    uint64_t ended_out; /* likewise */
    uint64_t refused[STATUS_COUNT]; /* calls of tally_refusal(), by status */
    size_t refusal_count; /* ever; the ring below has the last of them */
    struct tally_refusal refusals[TALLY_REFUSALS_MAX];
};

/* Keep that |service| was refused at |endpoint| for |why|. */
void tally_refusal(struct tally *t, int64_t now_unix, const char *service,
                   const char *endpoint, const struct why *why);

/* Add what |from| counted to |to|, which keeps the last refusals of both. */
void tally_add(struct tally *to, const struct tally *from);

/* The refusal |back| places before the last; NULL if it is not kept. */
const struct tally_refusal *tally_last(const struct tally *t, size_t back);

#endif
