#include "proxy/local/tally.h"

#include <stdbool.h>
#include <stdio.h>

#include "common/compiler.h"

void tally_refusal(struct tally *t, int64_t now_unix, const char *service,
                   const char *endpoint, const struct why *why)
{
    struct tally_refusal *r =
        &t->refusals[t->refusal_count % COUNT_OF(t->refusals)];

    t->refusal_count++;
    t->refused[why->status]++;
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

/* The last refusals of |a| and |b|, latest first; how many there are. */
static size_t merge(const struct tally *a, const struct tally *b,
                    struct tally_refusal out[TALLY_REFUSALS_MAX])
{
    size_t from_a = 0, from_b = 0, count = 0;

    while (count < TALLY_REFUSALS_MAX) {
        const struct tally_refusal *x = tally_last(a, from_a);
        const struct tally_refusal *y = tally_last(b, from_b);
        const bool take_a =
            x != NULL && (y == NULL || x->at_unix >= y->at_unix);

        if (x == NULL && y == NULL)
            break;
        out[count++] = take_a ? *x : *y;
        from_a += take_a;
        from_b += !take_a;
    }
    return count;
}

static void add_refusals(struct tally *to, const struct tally *from)
{
    struct tally_refusal last[TALLY_REFUSALS_MAX];
    const size_t all = to->refusal_count + from->refusal_count;
    const size_t kept = merge(to, from, last);

    for (size_t back = 0; back < kept; back++)
        to->refusals[(all - 1 - back) % TALLY_REFUSALS_MAX] = last[back];
    to->refusal_count = all;
}

void tally_add(struct tally *to, const struct tally *from)
{
    to->connections += from->connections;
    to->blocked += from->blocked;
    to->direct += from->direct;
    to->streams += from->streams;
    to->accepted += from->accepted;
    for (size_t i = 0; i < COUNT_OF(to->failed); i++)
        to->failed[i] += from->failed[i];
    for (size_t i = 0; i < COUNT_OF(to->refused); i++)
        to->refused[i] += from->refused[i];
    to->lost += from->lost;
    to->ended_in += from->ended_in;
    to->ended_out += from->ended_out;
    add_refusals(to, from);
}
