/* proxy/local/daemon.h: all parts of the running proxy, from start to an
 * empty loop. */
#ifndef PROXY_LOCAL_DAEMON_H
#define PROXY_LOCAL_DAEMON_H

#include <stdbool.h>
#include <stdio.h>

#include "common/log.h"
#include "common/status.h"
#include "policy/policy.h"
#include "proxy/local/audit.h"
#include "proxy/local/local_worker.h"

struct daemon_options {
    const struct policy *policy; /* borrowed; the first one */
    const char *policy_path;     /* of it, to be read again on SIGHUP */
    const char *cache_dir;       /* of collateral; NULL: nothing is kept */
    size_t workers;              /* 1 to WORKERS_MAX */
    size_t conns_max;            /* local connections of all workers */
    struct local_worker_idle idle;
    int64_t drain_ms;    /* from a signal to the end of requests */
    struct audit *audit; /* is told decisions; NULL: nobody */
    const struct log *log;
    FILE *out;    /* what a person or script waits for: the "ready:" line */
    bool explain; /* attest each service at start; print the verdicts */
    bool colour;  /* of the verdicts */
};

/* How many workers there are unless somebody says: half as many as processors,
 * for those who ask need some, too; at least one, and no more than four, since
 * each has a session, and a quote, of its own for each service. */
size_t daemon_default_workers(void);

/* Run until a signal says stop. SIGHUP reads the policy again: one that cannot
 * be read changes nothing; one that can judges every live session. Where to
 * listen is read at start only. Returns STATUS_OK after a clean stop, else
 * what kept it from starting, with |why| filled. */
MUST_CHECK enum status daemon_run(const struct daemon_options *options,
                                  struct why *why);

#endif
