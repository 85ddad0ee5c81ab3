#include "proxy/local/weakness.h"

#include "common/compiler.h"

/* clang-format off */
static const struct weakness of_teekit[] = {
    { "W2",  "who is on the way can repeat messages inside of a session" },
    { "W3",  "who has recorded a session can play it to the server again, as "
             "long as that keeps its key" },
    { "W4",  "who is on the way can send messages of a WebSocket back to where "
             "they came from" },
    { "W8",  "who gets the server's key can read all that was recorded" },
    { "W10", "who is on the way can drop messages and change their order" },
    { "W16", "lengths and times of all messages are visible, one request a "
             "message" },
};
/* clang-format on */

const struct weakness *weakness_list(enum protocol p, size_t *count)
{
    *count = p == PROTOCOL_TEEKIT ? COUNT_OF(of_teekit) : 0;
    return of_teekit;
}
