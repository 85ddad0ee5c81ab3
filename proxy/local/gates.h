/* proxy/local/gates.h: the sockets of services that have an address of their
 * own (`local`).
 *
 * The main thread listens, before any worker is told of a new policy, so that
 * an address that cannot be had refuses the policy. Workers accept from these
 * sockets (worker_gates.h). An address that two policies in a row have stays
 * open all the time. */
#ifndef PROXY_LOCAL_GATES_H
#define PROXY_LOCAL_GATES_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "policy/policy.h"
#include "proxy/io/listener.h"

/* An address that is listened on; of the main thread. */
struct gate_socket {
    struct listener_sockets sockets;
    char address[POLICY_ADDRESS_ROOM]; /* as asked for */
    uint64_t id;                       /* never used twice */
    size_t holders;                    /* gates that have it */
};

struct gate {
    char service[POLICY_NAME_ROOM];
    struct gate_socket *socket; /* held */
};

/* Does not change once made; workers may read it as long as it lives. */
struct gates {
    struct gate *list;
    size_t count;
    uint64_t next_id;
};

/* Listen at the addresses of |policy|'s services; those that |old| (may be NULL)
 * has are the same sockets. Returns STATUS_OK, or as listener_bind() with |why|
 * filled, and |*out| is NULL. */
MUST_CHECK enum status gates_open(const struct policy *policy,
                                  const struct gates *old, struct gates **out,
                                  struct why *why);

/* Addresses that no other set has are listened on no more. NULL is allowed. */
void gates_close(struct gates *g);

/* Where |g| is reached: "http://127.0.0.1:9001" or the path of a socket, cut at
 * |room| bytes. */
void gates_where(const struct gate *g, char *out, size_t room);

#endif
