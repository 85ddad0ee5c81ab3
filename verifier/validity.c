#include "verifier/validity.h"

#include "common/compiler.h"

struct validity_claims validity_none(void)
{
    return (struct validity_claims){ .earliest_issue_unix = INT64_MAX,
                                     .latest_issue_unix = INT64_MIN,
                                     .earliest_expiry_unix = INT64_MAX,
                                     .earliest_expiry_item = "" };
}

void validity_add(struct validity_claims *c, const struct window *w,
                  const char *item)
{
    c->earliest_issue_unix = MIN_OF(c->earliest_issue_unix, w->from_unix);
    c->latest_issue_unix = MAX_OF(c->latest_issue_unix, w->from_unix);
    if (w->until_unix >= c->earliest_expiry_unix)
        return;
    c->earliest_expiry_unix = w->until_unix;
    c->earliest_expiry_item = item;
}
