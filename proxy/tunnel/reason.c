#include "proxy/tunnel/reason.h"

#include <assert.h>

/* clang-format off */
/* The first row of a reason says what it means here, the first row of a
 * status what the peer is told. */
static const struct row {
    enum reason reason;
    enum status status;
} rows[] = {
    { REASON_NONE,        STATUS_OK },
    { REASON_CANCELLED,   STATUS_RESET },
    { REASON_REFUSED,     STATUS_REFUSED },
    { REASON_UNREACHABLE, STATUS_UNREACHABLE },
    { REASON_NO_NAME,     STATUS_NO_NAME },
    { REASON_TIMED_OUT,   STATUS_TIMED_OUT },
    { REASON_NOT_ALLOWED, STATUS_NOT_ALLOWED },
    { REASON_CUT,         STATUS_CUT },
    { REASON_BUSY,        STATUS_BUSY },
    { REASON_BUSY,        STATUS_LIMIT },
    { REASON_GOING_AWAY,  STATUS_GOING_AWAY },
    { REASON_GOING_AWAY,  STATUS_SHUTTING_DOWN },
};
/* clang-format on */

static enum reason of_class(enum status_class class)
{
    switch (class) {
    case CLASS_NONE:
        return REASON_NONE;
    case CLASS_LOCAL:
        return REASON_INTERNAL;
    case CLASS_NETWORK:
        return REASON_CUT;
    case CLASS_REQUEST:
        return REASON_NOT_ALLOWED;
    case CLASS_PEER:
        return REASON_PROTOCOL;
    case CLASS_EVIDENCE:
    case CLASS_COLLATERAL:
    case CLASS_POLICY:
        return REASON_POLICY;
    }
    assert(!"a class without a reason");
    return REASON_INTERNAL;
}

enum reason reason_of(enum status s)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].status == s)
            return rows[i].reason;
    return of_class(status_class(s));
}

enum status reason_status(uint64_t number)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (number != REASON_NONE && rows[i].reason == number)
            return rows[i].status;
    return STATUS_RESET;
}
