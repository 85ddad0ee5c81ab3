/* policy/read_listen.h: reads where the proxy listens. */
#ifndef POLICY_READ_LISTEN_H
#define POLICY_READ_LISTEN_H

#include "policy/read.h"

/* One address of this machine, a struct policy_address: "host:port", or the
 * absolute path of a UNIX socket. Results as read.h has
 * them. */
MUST_CHECK enum status read_listen_item(struct reader *r,
                                        const struct node *node, void *item);

/* What a policy says that has no `listen`: localhost:8118. */
MUST_CHECK enum status read_listen_default(struct reader *r, struct policy *p);

/* The list of the key `listen`, in the place of the default. */
MUST_CHECK enum status
read_listen_list(struct reader *r, const struct node *key, struct policy *p);

/* The list of the key `unsafe-listen`, after those of `listen`. */
MUST_CHECK enum status
read_listen_unsafe(struct reader *r, const struct node *key, struct policy *p);

/* The list of the key `allow-users`. */
MUST_CHECK enum status
read_listen_users(struct reader *r, const struct node *key, struct policy *p);

/* What can be judged only when all of these were read. */
MUST_CHECK enum status read_listen_check(struct reader *r,
                                         const struct policy *p);

/* True when both would bind the same port, as far as can be told without
 * asking the system. */
bool read_listen_collides(const struct policy_address *a,
                          const struct policy_address *b);

#endif
