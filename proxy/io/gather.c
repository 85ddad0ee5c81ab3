/* Gathered output of connections.
 * names: conn_write_gathered of conn.h */
#include "proxy/io/gather.h"

#include <assert.h>

#include "proxy/io/conn_parts.h"

static_assert(GATHER_RUNS_MAX <= CONN_RUNS_MAX, "runs leave in one write");

/* Take the runs of |c| out, into |runs|; returns how many there are. */
static size_t take_runs(struct conn *c, struct slice runs[GATHER_RUNS_MAX])
{
    struct gather *g = c->gather;
    size_t taken = 0, kept = 0;

    for (size_t i = 0; i < g->count; i++) {
        if (g->runs[i].conn == c)
            runs[taken++] = g->runs[i].data;
        else
            g->runs[kept++] = g->runs[i];
    }
    g->count = kept;
    c->gather = NULL;
    c->gathered = 0;
    return taken;
}

void gather_parts_forget(struct conn *c)
{
    struct slice runs[GATHER_RUNS_MAX];

    if (c->gathered > 0)
        (void)take_runs(c, runs); /* nobody wants them */
}

enum status gather_parts_send(struct conn *c)
{
    struct slice runs[GATHER_RUNS_MAX];

    if (c->gathered == 0)
        return STATUS_OK;
    return conn_out_runs(c, runs, take_runs(c, runs));
}

void gather_begin(struct gather *g)
{
    assert(!g->on && g->count == 0);
    g->on = true;
}

void gather_flush(struct gather *g)
{
    while (g->count > 0) {
        struct conn *c = g->runs[0].conn;

        if (gather_parts_send(c) != STATUS_OK) {
            conn_parts_fail(c, STATUS_NO_MEMORY, "no memory to write");
            continue;
        }
        conn_out_finish(c);
        if (c->state == CONN_OPEN)
            c->events->on_written(c->ctx);
    }
}

void gather_end(struct gather *g)
{
    assert(g->on);
    g->on = false;
    gather_flush(g);
}

enum status conn_write_gathered(struct conn *c, struct gather *g,
                                struct slice data)
{
    if (g == NULL || !g->on || g->count == GATHER_RUNS_MAX || c->tls != NULL ||
        data.len == 0 || conn_pending(c) > c->gathered)
        return conn_write(c, data);
    assert(c->state == CONN_FAILED || (c->state == CONN_OPEN && !c->finish));
    if (c->state == CONN_FAILED)
        return STATUS_OK;
    if (data.len > conn_room(c))
        return STATUS_LIMIT;
    assert(c->gather == NULL || c->gather == g);
    c->gather = g;
    c->gathered += data.len;
    g->runs[g->count].conn = c;
    g->runs[g->count].data = data;
    g->count++;
    return STATUS_OK;
}
