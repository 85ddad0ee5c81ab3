/* proxy/io/ws_queue.h: messages that wait for their turn on a WebSocket.
 *
 * ws_link_send() takes messages when the link is idle; this keeps them in order
 * until then, and sends as many at once as may go. What a message lies in is
 * its maker's business. No limit of its own: who fills it looks at |bytes|. */
#ifndef PROXY_IO_WS_QUEUE_H
#define PROXY_IO_WS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"
#include "proxy/io/ws_link.h"

/* One message; part of a larger thing that |done| knows. */
struct ws_packet {
    struct ws_packet *next;
    enum ws_opcode opcode;
    struct ws_out out; /* as ws_link_send() wants it */
    /* It has left, or never will: free what it is part of. */
    void (*done)(struct ws_packet *p);
};

/* A plain struct, all zero but for |link|; only ws_queue.c writes the rest. */
struct ws_queue {
    struct ws_link *link; /* borrowed; NULL: not there yet, all wait */
    struct ws_packet *first;
    struct ws_packet *last;
    size_t lent;  /* of the first ones, how many the link has */
    size_t bytes; /* of all payloads, the lent ones included */
};

/* Take over |p| and send it when its turn comes. Returns STATUS_OK, or
 * STATUS_NO_MEMORY, after which the link can only be given up. */
MUST_CHECK enum status ws_queue_add(struct ws_queue *q, struct ws_packet *p);

/* The two halves of ws_queue_add(), so that all that is added in one turn of
 * the loop can leave by one system call. */
void ws_queue_append(struct ws_queue *q, struct ws_packet *p);
MUST_CHECK enum status ws_queue_flush(struct ws_queue *q);

/* The link's on_sent(), and once |link| has been set. As ws_queue_add(). */
MUST_CHECK enum status ws_queue_sent(struct ws_queue *q);

/* Drop all that waits. The link has been closed: it may not lend any more. */
void ws_queue_drop(struct ws_queue *q);

static inline bool ws_queue_empty(const struct ws_queue *q)
{
    return q->first == NULL;
}

#endif
