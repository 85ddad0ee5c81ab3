#include <assert.h>
#include <string.h>

#include "proxy/io/conn_parts.h"
#include "proxy/io/tls.h"

/* names: conn_secure declared in conn.h, the other half of this file */

/* Send what TLS has to say. */
static enum status flush(struct conn *c)
{
    struct slice out = tls_output(c->tls);
    enum status st = conn_out_copy(c, out);

    tls_sent(c->tls, out.len);
    return st;
}

/* As flush(), from the loop: there is nobody to return a status to. */
static bool flush_or_fail(struct conn *c)
{
    if (flush(c) == STATUS_OK)
        return true;
    conn_parts_fail(c, STATUS_NO_MEMORY, "no memory to write");
    return false;
}

/* Go on with the handshake. */
static void shake_hands(struct conn *c)
{
    struct why why;
    enum tls_step step = tls_handshake(c->tls, &why);

    if (!flush_or_fail(c)) /* an alert too is worth sending */
        return;
    if (step == TLS_WANT_INPUT) {
        conn_parts_read(c, true);
        return;
    }
    if (step != TLS_DONE) {
        conn_parts_fail_why(c, &why);
        return;
    }
    c->state = CONN_NEW;
    conn_clear_deadline(c);
    conn_parts_read(c, false); /* until conn_start() */
    c->on_secured(c->secured_ctx, NULL);
}

/* Decrypt into the owner's place. False when there is no more to decrypt, or
 * no more to be done. */
static bool deliver(struct conn *c)
{
    struct why why;
    size_t room = 0, len = 0;
    uint8_t *at = conn_parts_place(c, &room);
    enum tls_step step;

    if (room == 0) {
        c->paused = true; /* until conn_resume() */
        return false;
    }
    step = tls_read(c->tls, at, room, &len, &why);
    if (!flush_or_fail(c)) /* a key update may have been answered */
        return false;
    switch (step) {
    case TLS_DONE:
        c->events->on_read(c->ctx, at, len);
        return true;
    case TLS_WANT_INPUT:
        return false;
    case TLS_ENDED:
        c->eof = true;
        c->events->on_eof(c->ctx);
        return false;
    case TLS_FAILED:
        break;
    }
    conn_parts_fail_why(c, &why);
    return false;
}

void conn_tls_pump(struct conn *c)
{
    if (c->state == CONN_SECURING) {
        shake_hands(c);
        return;
    }
    /* The owner may change within: what the last one handed over comes first,
     * and conn.c pumps again when it has been delivered. */
    while (c->state == CONN_OPEN && c->unread.len == 0 && !c->paused && !c->eof)
        if (!deliver(c))
            break;
    if (c->state == CONN_OPEN && c->unread.len == 0)
        conn_parts_read(c, !c->paused);
}

void conn_tls_eof(struct conn *c)
{
    conn_parts_read(c, false);
    if (!tls_ended(c->tls))
        conn_parts_fail(c, STATUS_CUT, "TLS ended without close_notify");
}

enum status conn_tls_write(struct conn *c, struct slice data)
{
    struct why why;

    if (c->state == CONN_FAILED || data.len == 0)
        return STATUS_OK;
    /* with a working handshake behind it, only memory can be missing */
    if (tls_write(c->tls, data, &why) != TLS_DONE)
        return STATUS_NO_MEMORY;
    return flush(c);
}

void conn_tls_end(struct conn *c)
{
    tls_end(c->tls);
    /* without memory the peer sees a cut instead of a close: no secret lost */
    (void)flush(c);
}

/* What came before TLS was put on is the first of it. False: it is too much,
 * or there is no memory. */
static bool take_unread(struct conn *c)
{
    size_t len = c->unread.len, room;
    uint8_t *at;

    if (len == 0)
        return true;
    at = tls_reserve(c->tls, &room);
    if (room < len)
        return false;
    memcpy(at, c->unread.at, len);
    tls_commit(c->tls, len);
    buffer_free(&c->unread);
    return true;
}

void conn_secure(struct conn *c, struct tls *tls, conn_secured_fn *on_secured,
                 void *ctx)
{
    assert(c->state == CONN_NEW && c->tls == NULL);
    c->tls = tls;
    c->state = CONN_SECURING;
    c->on_secured = on_secured;
    c->secured_ctx = ctx;
    if (!take_unread(c))
        c->failed_early = STATUS_NO_MEMORY;
    conn_parts_kick(c);
}
