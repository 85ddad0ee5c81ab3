#include "proxy/local/attempts.h"

#include <assert.h>
#include <stdlib.h>

enum status attempts_init(struct attempts *a, size_t endpoint_count)
{
    *a = (struct attempts){ 0 };
    a->last = calloc(endpoint_count, sizeof(a->last[0]));
    if (a->last == NULL)
        return STATUS_NO_MEMORY;
    a->count = endpoint_count;
    return STATUS_OK;
}

static void forget_refused(struct attempts *a)
{
    free(a->refused);
    a->refused = NULL;
}

void attempts_fini(struct attempts *a)
{
    forget_refused(a);
    free(a->last);
    *a = (struct attempts){ 0 };
}

static void keep_refused(struct attempts *a, const struct attestation *found)
{
    if (a->refused == NULL)
        a->refused = malloc(sizeof(*a->refused));
    if (a->refused != NULL) /* else the reason alone is known */
        *a->refused = *found;
}

void attempts_note(struct attempts *a, size_t i, int64_t now_unix,
                   const struct attestation *found, const struct why *why)
{
    const bool failed = why->status != STATUS_OK;

    assert(i < a->count);
    a->last[i] = (struct attempt){
        .order = ++a->ended,
        .at_unix = now_unix,
        .why = *why,
        .failures = failed ? a->last[i].failures + 1 : 0,
    };
    if (why->status == STATUS_OK)
        forget_refused(a);
    else if (found != NULL && found->why.status != STATUS_OK)
        keep_refused(a, found);
}

bool attempts_is_refusal(enum status st)
{
    switch (status_class(st)) {
    case CLASS_EVIDENCE:
    case CLASS_COLLATERAL:
    case CLASS_POLICY:
        return true;
    case CLASS_NONE:
    case CLASS_LOCAL:
    case CLASS_NETWORK:
    case CLASS_REQUEST:
    case CLASS_PEER:
        return false;
    }
    assert(!"a class that is none");
    return true;
}

/* Which of two failures says more: a refusal, then the later one. */
static bool says_more(const struct attempt *x, const struct attempt *y)
{
    bool x_refused = attempts_is_refusal(x->why.status);
    bool y_refused = attempts_is_refusal(y->why.status);

    return x_refused != y_refused ? x_refused : x->order > y->order;
}

const struct attempt *attempts_failure(const struct attempts *a)
{
    const struct attempt *failure = NULL;
    uint64_t accepted = 0; /* the last that was */

    for (size_t i = 0; i < a->count; i++)
        if (a->last[i].why.status == STATUS_OK)
            accepted = MAX_OF(accepted, a->last[i].order);
    for (size_t i = 0; i < a->count; i++) {
        const struct attempt *x = &a->last[i];

        if (x->why.status != STATUS_OK && x->order > accepted &&
            (failure == NULL || says_more(x, failure)))
            failure = x;
    }
    return failure;
}
