#include "proxy/io/ws_queue.h"

#include <assert.h>

static struct ws_packet *take_first(struct ws_queue *q)
{
    struct ws_packet *p = q->first;

    q->first = p->next;
    if (q->first == NULL)
        q->last = NULL;
    q->bytes -= p->out.len;
    return p;
}

static void release(struct ws_queue *q, size_t count)
{
    for (; count > 0; count--) {
        struct ws_packet *p = take_first(q);

        p->done(p);
    }
}

/* Messages of one kind from the first on, as many as may be lent at once. */
static size_t gather(const struct ws_queue *q, struct ws_out *out)
{
    size_t count = 0;

    for (const struct ws_packet *p = q->first; p != NULL; p = p->next) {
        if (count == CONN_RUNS_MAX || p->opcode != q->first->opcode)
            break;
        out[count++] = p->out;
    }
    return count;
}

/* Lend the next ones, until the link is busy or nothing is left. */
static enum status send_next(struct ws_queue *q)
{
    struct ws_out out[CONN_RUNS_MAX];
    enum status st;

    while (q->first != NULL && q->link != NULL && ws_link_is_idle(q->link)) {
        enum ws_opcode opcode = q->first->opcode;

        q->lent = gather(q, out);
        st = ws_link_send(q->link, opcode, out, q->lent);
        if (st != STATUS_OK)
            return st;
        if (!ws_link_is_idle(q->link))
            return STATUS_OK; /* until ws_queue_sent() */
        release(q, q->lent);
        q->lent = 0;
    }
    return STATUS_OK;
}

void ws_queue_append(struct ws_queue *q, struct ws_packet *p)
{
    p->next = NULL;
    if (q->last == NULL)
        q->first = p;
    else
        q->last->next = p;
    q->last = p;
    q->bytes += p->out.len;
}

enum status ws_queue_flush(struct ws_queue *q)
{
    return q->lent > 0 ? STATUS_OK : send_next(q);
}

enum status ws_queue_add(struct ws_queue *q, struct ws_packet *p)
{
    ws_queue_append(q, p);
    return ws_queue_flush(q);
}

enum status ws_queue_sent(struct ws_queue *q)
{
    release(q, q->lent);
    q->lent = 0;
    return send_next(q);
}

void ws_queue_drop(struct ws_queue *q)
{
    while (q->first != NULL) {
        struct ws_packet *p = take_first(q);

        p->done(p);
    }
    *q = (struct ws_queue){ 0 };
}
