#include "proxy/tunnel/flow.h"

#include <assert.h>

void flow_budget_init(struct flow_budget *b, struct budget *from)
{
    purse_open(&b->purse, from);
    b->left = SESSION_QUEUED_MAX_BYTES - STREAMS_MAX * STREAM_CREDIT_BYTES;
}

void flow_budget_fini(struct flow_budget *b)
{
    purse_close(&b->purse);
}

void flow_init(struct flow *f)
{
    *f = (struct flow){ .window = STREAM_CREDIT_BYTES,
                        .credit = STREAM_CREDIT_BYTES,
                        .granted_ms = INT64_MIN / 2 };
}

bool flow_claim(struct flow *f, struct flow_budget *b)
{
    assert(f->paid == 0);
    if (!purse_take(&b->purse, STREAM_CREDIT_BYTES))
        return false;
    f->paid = STREAM_CREDIT_BYTES;
    return true;
}

void flow_fini(struct flow *f, struct flow_budget *b)
{
    purse_give(&b->purse, f->paid);
    if (f->window > STREAM_CREDIT_BYTES)
        b->left += f->window - STREAM_CREDIT_BYTES;
    *f = (struct flow){ 0 };
}

void flow_raise(struct flow *f, struct flow_budget *b, uint32_t window)
{
    uint32_t more;

    if (window <= f->window)
        return;
    more = MIN_OF(window - f->window, b->left / 8);
    more = (uint32_t)MIN_OF(more, purse_spare(&b->purse) / 8);
    if (!purse_take(&b->purse, more))
        return;
    f->window += more;
    f->paid += more;
    b->left -= more;
}

bool flow_arrived(struct flow *f, size_t len)
{
    if (len > f->credit)
        return false;
    f->credit -= (uint32_t)len;
    f->unread += (uint32_t)len;
    return true;
}

void flow_consumed(struct flow *f, size_t len)
{
    assert(len <= f->unread);
    f->unread -= (uint32_t)len;
}

static uint32_t grantable(const struct flow *f)
{
    return f->window - f->unread - f->credit;
}

bool flow_is_due(const struct flow *f)
{
    return grantable(f) >= f->window / 2;
}

uint32_t flow_grant(struct flow *f, struct flow_budget *b, int64_t now_ms)
{
    uint32_t more;

    if (f->unread == 0 && flow_is_due(f) &&
        now_ms - f->granted_ms < FLOW_FAST_MS)
        flow_raise(f, b, MIN_OF(f->window * 2, STREAM_WINDOW_MAX_BYTES));
    more = grantable(f);
    f->credit += more;
    f->granted_ms = now_ms;
    return more;
}

bool flow_add_credit(uint32_t *credit, uint64_t granted)
{
    if (granted == 0 || granted > FLOW_CREDIT_MAX - *credit)
        return false;
    *credit += (uint32_t)granted;
    return true;
}
