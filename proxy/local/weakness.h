/* proxy/local/weakness.h: what a protocol leaves open, whoever speaks it, for
 * the people who rely on it. docs/THREAT-MODEL.md has the same list, and what
 * is done about all that can be mended. */
#ifndef PROXY_LOCAL_WEAKNESS_H
#define PROXY_LOCAL_WEAKNESS_H

#include <stddef.h>

#include "policy/policy.h"

struct weakness {
    const char *id;   /* as in the threat model: "W2" */
    const char *text; /* a sentence without its full stop */
};

/* Those of |p|, |*count| of them, which may be 0; static. */
const struct weakness *weakness_list(enum protocol p, size_t *count);

#endif
