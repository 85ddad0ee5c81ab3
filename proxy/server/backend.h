/* proxy/server/backend.h: one stream of a session, carried to its backend.
 *
 *   session stream  --on_data-->  conn_write()  -->  backend
 *                   <--stream_reserve()--  on_alloc()  <--
 *
 * The stream counts as opened once the connection stands. Bytes go both ways
 * with back-pressure and without a queue of ours: a byte from the client
 * counts against its credit until the system has taken it, and the backend is
 * read only into room that the session has. Each direction ends by itself;
 * whatever ends before its time ends as a reset on the other side too. */
#ifndef PROXY_SERVER_BACKEND_H
#define PROXY_SERVER_BACKEND_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/server/meter.h"
#include "proxy/server/rules.h"
#include "proxy/tunnel/session.h"

struct backend;

/* Last bytes to a backend may take so long after the client has gone. */
#define BACKEND_FLUSH_MS 30000

/* All backends of one loop. A plain struct, all zero but for the first six;
 * only backend.c writes the others. */
struct backend_set {
    uv_loop_t *loop;
    struct gather *gather;       /* of the carriers of that loop */
    struct meter *meter;         /* NULL: nothing is counted */
    struct budget *budget;       /* pays for what outlives its stream */
    void (*on_empty)(void *ctx); /* the last one has gone */
    void *ctx;
    struct list all;
};

/* Connect |s|, just opened by the client, to |to|. From now on |s| is ours:
 * its events are to be passed on to backend_on_x() until it is released, which
 * any of them may do. Returns STATUS_OK, or a status to reset |s| with, and
 * then |s| stays the caller's. */
MUST_CHECK enum status backend_open(struct backend_set *set,
                                    const struct rules_backend *to,
                                    struct stream *s);

/* As session_events has them, for a stream that backend_open() took. */
void backend_on_data(struct stream *s, struct slice data);
void backend_on_fin(struct stream *s);
void backend_on_reset(struct stream *s, enum status reason);
void backend_on_room(struct stream *s);

/* Cut those that stand, and moved no byte for |idle_ms|. */
void backend_set_sweep(struct backend_set *set, uint64_t now_ms,
                       uint64_t idle_ms);

/* Give up those whose stream has ended and that only flush. */
void backend_set_abort(struct backend_set *set);

#endif
