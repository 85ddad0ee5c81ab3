#include "proxy/server/demo.h"

#include <stdlib.h>

#include "proxy/server/demo_conn.h"

static void on_accept(void *ctx, struct conn *conn)
{
    demo_conn_open(ctx, conn);
}

enum status demo_open(uv_loop_t *loop, const struct log *log, struct demo **out,
                      struct why *why)
{
    struct demo *d = calloc(1, sizeof(*d));
    const struct listener_config config = {
        .address = "127.0.0.1:0", .log = log, .on_accept = on_accept, .ctx = d
    };
    enum status st;

    *out = NULL;
    if (d == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "demo", NULL, "out of memory");
    d->loop = loop;
    d->log = log;
    for (size_t i = 0; i < sizeof(d->pattern); i++)
        d->pattern[i] = (uint8_t)(i % DEMO_PATTERN_PERIOD);
    st = listener_open(loop, &config, &d->listener, why);
    if (st != STATUS_OK) {
        free(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}

uint16_t demo_port(const struct demo *d)
{
    return listener_port(d->listener);
}

void demo_close(struct demo *d)
{
    if (d == NULL)
        return;
    listener_close(d->listener);
    LIST_EACH(link, &d->conns) {
        demo_conn_close(CONTAINER_OF(link, struct demo_conn, link));
    }
    free(d);
}
