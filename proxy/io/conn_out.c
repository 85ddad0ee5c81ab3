/* Output of a connection.
 * names: conn_write of conn.h
 * names: conn_write_runs of conn.h
 * names: conn_write_borrowed of conn.h
 * names: conn_finish of conn.h
 * names: conn_pending of conn.h
 * names: conn_room of conn.h */
#include <assert.h>

#include "proxy/io/conn_parts.h"
#include "proxy/io/status_from_uv.h"

static void start_next(struct conn *c);

static void on_shutdown(uv_shutdown_t *req, int rc)
{
    struct conn *c = req->handle->data;

    c->shutting = false;
    if (c->state == CONN_CLOSING)
        return;
    if (rc < 0) {
        conn_parts_fail(c, status_from_uv(rc), "ending: %s", uv_strerror(rc));
        return;
    }
    c->finished = true;
    conn_parts_finished(c);
}

void conn_out_finish(struct conn *c)
{
    int rc;

    if (!c->finish || c->writing || c->gathered > 0 || c->shutting ||
        c->finished)
        return;
    rc = uv_shutdown(&c->shutdown, &c->io.stream, on_shutdown);
    assert(rc == 0); /* it is connected, and this is the only time */
    c->shutting = rc == 0;
}

static void on_out_written(uv_write_t *req, int rc)
{
    struct conn *c = req->handle->data;

    c->writing = false;
    buffer_free(&c->flight);
    if (c->state == CONN_CLOSING || c->state == CONN_FAILED)
        return;
    if (rc < 0) {
        conn_parts_fail(c, status_from_uv(rc), "writing: %s", uv_strerror(rc));
        return;
    }
    conn_parts_moved(c);
    start_next(c);
    conn_out_finish(c);
    if (c->state == CONN_OPEN)
        c->events->on_written(c->ctx);
}

/* Write what gathered while the last write was on its way. */
static void start_next(struct conn *c)
{
    uv_buf_t buf;
    int rc;

    if (c->writing || c->next.len == 0)
        return;
    c->flight = c->next;
    c->next = buffer_with_max(c->next.max);
    buf = uv_buf_init((char *)c->flight.at, (unsigned)c->flight.len);
    rc = uv_write(&c->write, &c->io.stream, &buf, 1, on_out_written);
    assert(rc == 0); /* one buffer needs no memory; the socket is open */
    c->writing = rc == 0;
}

/* How many bytes the system took at once. Errors count as none: the write
 * that follows meets them again, and reports them from the loop. */
static size_t try_now(struct conn *c, const uv_buf_t *bufs, size_t count)
{
    int n = c->writing ? UV_EAGAIN
                       : uv_try_write(&c->io.stream, bufs, (unsigned)count);

    if (n <= 0)
        return 0;
    conn_parts_moved(c);
    return (size_t)n;
}

/* Drop the first |sent| bytes of |bufs|; returns where the rest begins. */
static size_t skip_sent(uv_buf_t *bufs, size_t count, size_t sent)
{
    size_t i;

    for (i = 0; i < count && sent >= bufs[i].len; i++)
        sent -= bufs[i].len;
    if (i < count) {
        bufs[i].base += sent;
        bufs[i].len -= sent;
    }
    return i;
}

static void set_bufs(uv_buf_t bufs[CONN_RUNS_MAX], const struct slice *runs,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        bufs[i] = uv_buf_init((char *)runs[i].at, (unsigned)runs[i].len);
}

enum status conn_out_runs(struct conn *c, const struct slice *runs,
                          size_t count)
{
    uv_buf_t bufs[CONN_RUNS_MAX] = { 0 };

    if (c->state == CONN_FAILED)
        return STATUS_OK;
    set_bufs(bufs, runs, count);
    for (size_t i = skip_sent(bufs, count, try_now(c, bufs, count)); i < count;
         i++)
        buffer_add(&c->next,
                   slice_of((const uint8_t *)bufs[i].base, bufs[i].len));
    if (!buffer_ok(&c->next))
        return STATUS_NO_MEMORY;
    start_next(c);
    return STATUS_OK;
}

enum status conn_out_copy(struct conn *c, struct slice data)
{
    return data.len > 0 ? conn_out_runs(c, &data, 1) : STATUS_OK;
}

/* What stays where it is. */
static enum status send_borrowed(struct conn *c, const struct slice *runs,
                                 size_t count)
{
    uv_buf_t bufs[CONN_RUNS_MAX] = { 0 };
    size_t first;
    int rc;

    if (c->state == CONN_FAILED)
        return STATUS_OK;
    assert(!c->writing && c->next.len == 0);
    set_bufs(bufs, runs, count);
    first = skip_sent(bufs, count, try_now(c, bufs, count));
    if (first == count)
        return STATUS_OK;
    rc = uv_write(&c->write, &c->io.stream, bufs + first,
                  (unsigned)(count - first), on_out_written);
    c->writing = rc == 0;
    return status_from_uv(rc);
}

static enum status write_secured(struct conn *c, const struct slice *runs,
                                 size_t count)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = conn_tls_write(c, runs[i]);
    return st;
}

enum status conn_write(struct conn *c, struct slice data)
{
    enum status st;

    assert(c->state == CONN_FAILED || (c->state == CONN_OPEN && !c->finish));
    if (c->state == CONN_FAILED)
        return STATUS_OK;
    if (data.len > conn_room(c))
        return STATUS_LIMIT;
    if (c->tls != NULL)
        return conn_tls_write(c, data);
    st = gather_parts_send(c); /* what was written before comes before */
    return st == STATUS_OK ? conn_out_copy(c, data) : st;
}

enum status conn_write_runs(struct conn *c, const struct slice *runs,
                            size_t count)
{
    size_t len = 0;
    enum status st;

    assert(c->state == CONN_FAILED || (c->state == CONN_OPEN && !c->finish));
    assert(count > 0 && count <= CONN_RUNS_MAX);
    for (size_t i = 0; i < count; i++)
        len += runs[i].len;
    if (c->state == CONN_FAILED)
        return STATUS_OK;
    if (len > conn_room(c))
        return STATUS_LIMIT;
    if (c->tls != NULL)
        return write_secured(c, runs, count);
    st = gather_parts_send(c); /* what was written before comes before */
    return st == STATUS_OK ? conn_out_runs(c, runs, count) : st;
}

enum status conn_write_borrowed(struct conn *c, const struct slice *runs,
                                size_t count)
{
    assert(c->state == CONN_FAILED || (c->state == CONN_OPEN && !c->finish));
    assert(count > 0 && count <= CONN_RUNS_MAX);
    return c->tls == NULL ? send_borrowed(c, runs, count)
                          : write_secured(c, runs, count);
}

void conn_finish(struct conn *c)
{
    if (c->finish)
        return;
    c->finish = true;
    if (c->state == CONN_FAILED)
        return;
    if (c->tls != NULL)
        conn_tls_end(c);
    conn_out_finish(c);
}

size_t conn_pending(const struct conn *c)
{
    size_t flying = uv_stream_get_write_queue_size(&c->io.stream);

    /* A write can be complete before its callback has come; as long as it is
     * not over for us, it counts. */
    return MAX_OF(flying, (size_t)c->writing) + c->next.len + c->gathered;
}

size_t conn_room(const struct conn *c)
{
    size_t pending = conn_pending(c);

    return pending < c->queue_max ? c->queue_max - pending : 0;
}

void conn_out_free(struct conn *c)
{
    buffer_free(&c->flight);
    buffer_free(&c->next);
}
