/* proxy/local/attempts.h: what came of trying the endpoints of a service.
 *
 * The last result of each endpoint, and all that is known of the last server
 * that was refused. For people to read: decides nothing. */
#ifndef PROXY_LOCAL_ATTEMPTS_H
#define PROXY_LOCAL_ATTEMPTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "proxy/local/attest.h"

struct attempt {
    uint64_t order;    /* among those of the service, from 1; 0: none yet */
    int64_t at_unix;   /* when it ended, or what it led to */
    struct why why;    /* STATUS_OK: accepted */
    unsigned failures; /* in a row, with this one */
};

struct attempts {
    uint64_t ended;
    size_t count;                /* endpoints */
    struct attempt *last;        /* owned; one an endpoint */
    struct attestation *refused; /* owned; the last, with its reason; NULL if
                                  * none was since a success */
};

/* Returns STATUS_OK or STATUS_NO_MEMORY, and then |a| is all zero. */
MUST_CHECK enum status attempts_init(struct attempts *a, size_t endpoint_count);

void attempts_fini(struct attempts *a);

/* An attempt at endpoint |i| ended by |why|: STATUS_OK, or why there is no
 * session, or none any longer. |found| (copied) is what attestation said; NULL
 * if it did not come to that. */
void attempts_note(struct attempts *a, size_t i, int64_t now_unix,
                   const struct attestation *found, const struct why *why);

/* True when |st| says something of the far end, not only of the way to it. */
bool attempts_is_refusal(enum status st);

/* What is wrong, refusals first; NULL if nothing was tried or the last attempt
 * succeeded. */
const struct attempt *attempts_failure(const struct attempts *a);

#endif
