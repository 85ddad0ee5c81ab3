#include "proxy/local/tally.h"

#include <stdio.h>

#include "common/compiler.h"

void tally_refusal(struct tally *t, int64_t now_unix, const char *service,
                   const char *endpoint, const struct why *why)
{
    struct tally_refusal *r =
        &t->refusals[t->refusal_count % COUNT_OF(t->refusals)];

    t->refusal_count++;
    *r = (struct tally_refusal){ .at_unix = now_unix, .why = *why };
    (void)snprintf(r->service, sizeof(r->service), "%s", service);
    (void)snprintf(r->endpoint, sizeof(r->endpoint), "%s", endpoint);
}

const struct tally_refusal *tally_last(const struct tally *t, size_t back)
{
    size_t kept = MIN_OF(t->refusal_count, COUNT_OF(t->refusals));

    return back >= kept ? NULL
                        : &t->refusals[(t->refusal_count - 1 - back) %
                                       COUNT_OF(t->refusals)];
}
