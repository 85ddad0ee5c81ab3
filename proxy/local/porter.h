/* proxy/local/porter.h: who is let in at the doors of all workers.
 *
 * Counts the local connections of all, and the wrong passwords that an address
 * has tried of late: after so many nothing is tried any more for a while, right
 * or wrong, or the right one would be found. All of this machine count as one
 * address, because anybody on it has all of 127.0.0.0/8. From any thread. */
#ifndef PROXY_LOCAL_PORTER_H
#define PROXY_LOCAL_PORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/rate.h"
#include "common/status.h"

struct porter;

/* At most |conns_max| at once; wrong passwords of one address, |tries|.
 * Returns STATUS_OK or STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status porter_new(size_t conns_max, struct rate_limit tries,
                                  struct porter **out);

/* When everybody has left. NULL is allowed. */
void porter_free(struct porter *p);

/* One more connection; false: there are too many. porter_leave() follows. */
MUST_CHECK bool porter_enter(struct porter *p);
void porter_leave(struct porter *p);

/* May |peer|, as conn_peer() has it, try a password? */
bool porter_may_try(struct porter *p, const char *peer, uint64_t now_ms);

/* It tried a wrong one. True: that was the last for now. */
bool porter_wrong(struct porter *p, const char *peer, uint64_t now_ms);

#endif
