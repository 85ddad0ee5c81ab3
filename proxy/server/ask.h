/* proxy/server/ask.h: one HTTP/1.1 request to a backend, and its answer.
 *
 * The request is there whole; the answer's body goes where the owner says, as
 * it comes. Connections come from a pool and go back to it. One that was kept
 * and turns out to be dead before anything was answered is replaced once, if
 * the request may be repeated (RFC 9110 section 9.2.2). Interim answers are
 * passed over. */
#ifndef PROXY_SERVER_ASK_H
#define PROXY_SERVER_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/status.h"
#include "proxy/io/http_reader.h"
#include "proxy/io/scratch.h"
#include "proxy/server/ask_pool.h"
#include "proxy/server/rules.h"

/* So long a backend may say nothing, and take nothing. */
#define ASK_IDLE_MS 60000

struct ask;

/* Only on_end() may give up the ask, or things that do. */
struct ask_events {
    /* The head of the answer is complete; borrowed during the call. Another
     * status than STATUS_OK ends the ask with it. */
    enum status (*on_head)(void *ctx, const struct http_reader *head);
    /* Where up to |want| bytes of the body go, and how many fit; NULL: there
     * is no room for any, and the ask ends with STATUS_LIMIT. */
    uint8_t *(*on_room)(void *ctx, size_t want);
    /* |len| bytes were put where on_room() said last. */
    void (*on_body)(void *ctx, size_t len);
    /* It is over, and |ask| is gone. |why| NULL: the answer is complete. Else
     * those of dial.h; STATUS_TIMED_OUT; STATUS_CUT, BAD_FIELD and such for
     * what the backend did; on_head()'s status. Called once. */
    void (*on_end)(void *ctx, const struct why *why);
};

struct ask_config {
    uv_loop_t *loop;
    struct ask_pool *pool;           /* outlives the ask */
    struct scratch *scratch;         /* of the loop */
    const struct rules_backend *to;  /* copied, with its host */
    bool sealed;                     /* see ask_pool.h */
    bool is_head;                    /* the method is HEAD */
    bool repeatable;                 /* the method may be repeated */
    const struct ask_events *events; /* static */
    void *ctx;
};

/* A request. |head| may have the body behind it; else |body| is that, and lies
 * in |memory|, or is empty. */
struct ask_request {
    struct buffer head;
    struct buffer memory;
    struct slice body;
};

/* Begin. |request| is taken over and emptied in every case. No callback from
 * within. Returns STATUS_OK; STATUS_NO_MEMORY or STATUS_BAD_ADDRESS, and then
 * |*out| is NULL. */
MUST_CHECK enum status ask_open(const struct ask_config *config,
                                struct ask_request *request, struct ask **out);

/* Give it up; on_end() will not be called. NULL is allowed. */
void ask_cancel(struct ask *a);

#endif
