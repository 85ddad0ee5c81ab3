#include "proxy/server/ask_pool.h"

#include <stdlib.h>

#include "common/limits.h"

/* Freed by forget() only. */
struct ask_kept {
    struct ask_pool *pool;
    struct list link;  /* in pool.kept */
    struct conn *conn; /* owned */
    bool sealed;
    char host[RULES_HOST_ROOM];
    struct rules_backend to; /* borrowed from |host| */
    uint8_t unasked[1];      /* where a first byte nobody asked for goes */
};

static void forget(struct ask_kept *k)
{
    list_remove(&k->link);
    k->pool->count--;
    free(k);
}

static void give_up(struct ask_kept *k)
{
    conn_close(k->conn);
    forget(k);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct ask_kept *k = ctx;

    *room = sizeof(k->unasked);
    return k->unasked;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    (void)at;
    (void)len; /* an answer to nothing */
    give_up(ctx);
}

static void on_eof(void *ctx)
{
    give_up(ctx);
}

static void on_written(void *ctx)
{
    (void)ctx; /* nothing is written */
}

static void on_failed(void *ctx, const struct why *why)
{
    (void)why; /* the usual end of one that is kept */
    give_up(ctx);
}

static const struct conn_events events = {
    .on_alloc = on_alloc,
    .on_read = on_read,
    .on_eof = on_eof,
    .on_written = on_written,
    .on_failed = on_failed,
};

struct conn *ask_pool_take(struct ask_pool *pool,
                           const struct rules_backend *to, bool sealed)
{
    LIST_EACH(link, &pool->kept) {
        struct ask_kept *k = CONTAINER_OF(link, struct ask_kept, link);
        struct conn *conn = k->conn;

        if (k->sealed != sealed || k->to.port != to->port ||
            !slice_equal(k->to.host, to->host))
            continue;
        forget(k);
        if (conn_detach(conn, (struct slice){ 0 }) == STATUS_OK)
            return conn;
        conn_close(conn);
        return NULL;
    }
    return NULL;
}

void ask_pool_keep(struct ask_pool *pool, const struct rules_backend *to,
                   bool sealed, struct conn *conn)
{
    struct ask_kept *k = NULL;

    if (!pool->closed && pool->count < ASK_POOL_MAX)
        k = calloc(1, sizeof(*k));
    if (k == NULL) {
        conn_close(conn);
        return;
    }
    k->pool = pool;
    k->conn = conn;
    k->sealed = sealed;
    k->to = rules_backend_keep(to, k->host);
    list_add_first(&pool->kept, &k->link);
    pool->count++;
    conn_start(conn, &events, k, 0);
    conn_set_deadline(conn, FAR_IDLE_MS, "another request");
}

void ask_pool_close(struct ask_pool *pool)
{
    pool->closed = true;
    LIST_EACH(link, &pool->kept) {
        give_up(CONTAINER_OF(link, struct ask_kept, link));
    }
}
