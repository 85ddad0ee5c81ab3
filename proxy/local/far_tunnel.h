/* proxy/local/far_tunnel.h: a far side that is a stream in an attested
 * session.
 *
 * Made waiting; upstream.h attaches it to a session once there is an accepted
 * one, or fails it. */
#ifndef PROXY_LOCAL_FAR_TUNNEL_H
#define PROXY_LOCAL_FAR_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/list.h"
#include "common/status.h"
#include "proxy/local/far.h"
#include "proxy/local/target.h"
#include "proxy/tunnel/session.h"

struct far_tunnel {
    struct far far;
    struct list link;              /* in list.all */
    struct far_tunnel_list *list;  /* where it waits for a session or for its
                                    * target; NULL if neither */
    struct stream *stream;         /* NULL until attached, and once ended */
    struct far_teekit *teekit;     /* in its place, in a teekit session */
    const char *service;           /* names, borrowed from the policy */
    const char *endpoint;          /* NULL until attached */
    int64_t since_ms;              /* when it joined |list| */
    unsigned retries;              /* sessions that ended before its target
                                    * was reached */
    struct buffer early;           /* see far_early() */
    char target[TARGET_TEXT_ROOM]; /* "host:port" */
};

/* In order of arrival; zero is empty. */
struct far_tunnel_list {
    struct list all;
    size_t count;
    /* Where those wait whose session ends before their target was reached,
     * unless something was sent that may have arrived. NULL: they fail. */
    struct far_tunnel_list *again;
    bool early; /* far_early() is for those who wait here */
};

/* A far side for |service|, waiting in |list|. |gather| is of the loop's
 * carriers. Returns STATUS_OK or
 * STATUS_NO_MEMORY; |*out| is NULL unless OK, else the owner's to
 * far_close(). */
MUST_CHECK enum status far_tunnel_new(const char *service,
                                      const struct target *target,
                                      const struct far_events *events,
                                      void *ctx, struct gather *gather,
                                      struct far_tunnel_list *list,
                                      int64_t now_ms, struct far_tunnel **out);

/* Open its stream in |session| of |endpoint|; it moves to |opening|, where it
 * stays until the server has reached the target. Returns what stream_open()
 * says; unless OK nothing has changed. */
MUST_CHECK enum status far_tunnel_attach(struct far_tunnel *f,
                                         struct session *session,
                                         const char *endpoint,
                                         struct far_tunnel_list *opening,
                                         int64_t now_ms);

/* It waits for nothing any more: another kind of session has it. */
void far_tunnel_unlist(struct far_tunnel *f);

/* Free |f|, whose owner is done with it and which no session has. */
void far_tunnel_free(struct far_tunnel *f);

/* It waits in |list| of another |service| from now on. Only while it waits for
 * a session. */
void far_tunnel_move(struct far_tunnel *f, const char *service,
                     struct far_tunnel_list *list);

/* Who has waited longest; NULL: nobody. */
struct far_tunnel *far_tunnel_first(const struct far_tunnel_list *list);

/* Tell the owner that it cannot be had. |f| may be gone afterwards. */
void far_tunnel_fail(struct far_tunnel *f, const struct far_failure *failure);

/* The same for each of |list|. */
void far_tunnel_fail_all(struct far_tunnel_list *list,
                         const struct far_failure *failure);

/* Fail those of |opening| that have waited for their target too long. */
void far_tunnel_expire(struct far_tunnel_list *opening, int64_t now_ms);

/* For struct session_events; |ctx| is not used. */
void far_tunnel_on_opened(void *ctx, struct stream *s);
void far_tunnel_on_data(void *ctx, struct stream *s, struct slice data);
void far_tunnel_on_fin(void *ctx, struct stream *s);
void far_tunnel_on_reset(void *ctx, struct stream *s, enum status reason);
void far_tunnel_on_room(void *ctx, struct stream *s);

#endif
