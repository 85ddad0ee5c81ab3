/* proxy/server/ask_pool.h: connections to backends that wait for another
 * request.
 *
 * Kept FAR_IDLE_MS, unless their backend ends them or says something unasked.
 * Requests that came sealed and requests that came in clear never share one:
 * who can confuse a backend in clear shall not get at answers for others. */
#ifndef PROXY_SERVER_ASK_POOL_H
#define PROXY_SERVER_ASK_POOL_H

#include <stdbool.h>
#include <uv.h>

#include "common/list.h"
#include "proxy/io/conn.h"
#include "proxy/server/rules.h"

#define ASK_POOL_MAX 256 /* connections kept, of one loop */

/* A plain struct, all zero at first; only ask_pool.c writes it. */
struct ask_pool {
    struct list kept; /* the latest first */
    size_t count;
    bool closed; /* nothing is kept any more */
};

/* The connection to |to| that was kept last, without an owner; NULL if there
 * is none. */
struct conn *ask_pool_take(struct ask_pool *pool,
                           const struct rules_backend *to, bool sealed);

/* Keep |conn|, which has no owner and nothing to say, for |to|; or end it. */
void ask_pool_keep(struct ask_pool *pool, const struct rules_backend *to,
                   bool sealed, struct conn *conn);

/* End all that are kept, and keep no more. */
void ask_pool_close(struct ask_pool *pool);

#endif
