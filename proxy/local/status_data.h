/* proxy/local/status_data.h: the state of the proxy at one moment, as its
 * pages, its JSON and its metrics tell it.
 *
 * Reads only. What it points to is borrowed from policies, sessions and the
 * tally: it is good until the next turn of the loop. */
#ifndef PROXY_LOCAL_STATUS_DATA_H
#define PROXY_LOCAL_STATUS_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "proxy/local/tally.h"
#include "proxy/local/upstream.h"

/* What a person asks first of a service. */
enum standing {
    STANDING_WAITING,     /* no session, and nothing wrong: nobody asked */
    STANDING_CONNECTING,  /* a session is being made */
    STANDING_UNREACHABLE, /* tried; nothing is known of what it is */
    STANDING_REFUSED,     /* it did not prove that it is acceptable */
    STANDING_SIMULATED,   /* accepted, but no real TEE */
    STANDING_VERIFIED
};

struct status_session {
    const char *endpoint; /* URL */
    const char *state;    /* of peer.h; static */
    struct peer_traffic traffic;
};

struct status_service {
    const struct service *service;
    enum standing standing;
    size_t waiting;                 /* requests, for a session */
    const struct attempt *attempts; /* the last of each endpoint */
    struct attempt *merged; /* owned: |attempts|, unless it is borrowed */
    const struct attempt *failure;         /* NULL unless something is wrong */
    const struct attestation *attestation; /* of the present session, else the
                                            * last refused; NULL if none */
    const struct forecast *forecast; /* of the present session; NULL if none */
    struct why https; /* why https to it cannot end here, where it should;
                       * STATUS_OK: it can, or should not */
    size_t session_count;
    struct status_session *sessions; /* owned */
};

struct status_data {
    int64_t now_unix;
    int64_t started_unix;
    const struct policy *policy;
    const struct ca *ca; /* NULL: there is none, or nothing needs it */
    const char *address; /* "localhost:8118", the first listened on */
    size_t connections;  /* of applications, open now */
    const struct tally *tally;
    uint64_t bytes_in; /* of applications, since the start */
    uint64_t bytes_out;
    size_t service_count;
    struct status_service *services; /* owned, in the order of the policy */
};

/* "verified", "refused" ...; static. */
const char *status_data_word(enum standing s);

/* Add to |data| the services of |set|, whose policy is data->policy. Returns
 * STATUS_OK or STATUS_NO_MEMORY, and then there are none. */
MUST_CHECK enum status status_data_services(struct status_data *data,
                                            const struct upstream_set *set);

/* Count into |data| the bytes of |set|'s live sessions. */
void status_data_traffic(struct status_data *data,
                         const struct upstream_set *set);

/* How many checks of |a|, the policy's among them, came to |outcome|. */
size_t status_data_checks(const struct attestation *a, enum outcome outcome);

/* Free what status_data_services() made. */
void status_data_fini(struct status_data *data);

/* The endpoint's state in a word: "ready" ... of its session, else "accepted",
 * "failed" or "untried"; static. */
const char *status_data_endpoint(const struct status_service *s, size_t i);

#endif
