/* proxy/server/peers.h: how many connections there are, and from whom.
 *
 * Counts those before the end of the handshake ("pending") and all, together
 * and for each peer address (proxy/io/origin.h). One count for all workers:
 * every call may come from any thread. */
#ifndef PROXY_SERVER_PEERS_H
#define PROXY_SERVER_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/budget.h"
#include "common/status.h"

struct peers_limits {
    size_t pending;         /* before the handshake's end, in all */
    size_t all;             /* connections in all */
    size_t peer_pending;    /* of one peer, and no more than are left */
    size_t peer_all;        /* of one peer */
    size_t quotes;          /* asked for at once, in all; 0: any */
    size_t peer_quotes;     /* of one peer, and no more than are left, but for
                             * one; 0: any */
    size_t peer_quote_rate; /* of one peer, in a second; 0: any */
    size_t queued_mib;      /* in memory, in all; 0: any */
    size_t peer_queued_mib; /* of one peer; 0: any */
};

/* Which of them was reached. */
enum peers_limit {
    PEERS_ALL,
    PEERS_PENDING,
    PEERS_ONE_ALL,
    PEERS_ONE_PENDING,
    PEERS_LIMITS
};

/* As --limit has it: "peer-pending". Static. */
const char *peers_limit_name(enum peers_limit limit);

struct peers_figures {
    uint64_t entered; /* connections, since the start */
    uint64_t refused[PEERS_LIMITS];
    size_t all; /* now */
    size_t pending;
    size_t peers;  /* addresses with a connection */
    size_t queued; /* bytes, of all */
};

struct peers;

/* Leave to be here. Copied when its connection changes hands; all zero is
 * none. */
struct peers_pass {
    struct peers *peers;
    struct peer *peer;
    bool pending;
    bool asking; /* for a quote */
};

/* Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status peers_new(const struct peers_limits *limits,
                                 struct peers **out);

/* When everybody has left. NULL is allowed. */
void peers_free(struct peers *p);

/* One more, pending, from |address|, which is as conn_peer() has it. Returns
 * STATUS_OK; STATUS_LIMIT with |why| filled, or STATUS_NO_MEMORY, and then
 * |out| is all zero. */
MUST_CHECK enum status peers_enter(struct peers *p, const char *address,
                                   struct peers_pass *out, struct why *why);

/* Not pending any more. */
void peers_ready(struct peers_pass *pass);

/* What its peer may have in memory, in all of its connections and no more than
 * is left for all other peers (common/budget.h). For any thread; borrowed until
 * peers_leave(), when all that was taken for the connection has been given
 * back. NULL for none. */
struct budget *peers_budget(const struct peers_pass *pass);

/* Of all peers together; as long as |p|. */
struct budget *peers_whole(struct peers *p);

/* It asks for a quote, once. Returns STATUS_OK, and then peers_answered() or
 * peers_leave() follows; STATUS_BUSY with |why| filled when its peer asks for
 * too many at once or in a second; that all together do is for the queue of
 * quotes to say. The rate of a peer outlives its
 * connections; peers may have to share one, by chance. */
MUST_CHECK enum status peers_ask(struct peers_pass *pass, uint64_t now_ms,
                                 struct why *why);

/* It does not ask any more. Again is harmless. */
void peers_answered(struct peers_pass *pass);

/* One less; |pass| becomes all zero. None is allowed. */
void peers_leave(struct peers_pass *pass);

void peers_read(struct peers *p, struct peers_figures *out);

#endif
