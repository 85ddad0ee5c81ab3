#include "proxy/tunnel/stream_state.h"

#include <assert.h>
#include <stdint.h>

/* clang-format off */
/* Rows: how far the half is. Columns: which frame passes. An empty cell is
 * illegal. */
static const uint8_t next_state[STREAM_STATE_COUNT][STREAM_EVENT_COUNT] = {
    [STREAM_HELD]     = { [STREAM_ON_OPENED] = STREAM_FLOWING,
                          [STREAM_ON_RESET]  = STREAM_GIVEN_UP },
    [STREAM_FLOWING]  = { [STREAM_ON_DATA]   = STREAM_FLOWING,
                          [STREAM_ON_FIN]    = STREAM_ENDED,
                          [STREAM_ON_RESET]  = STREAM_GIVEN_UP },
    [STREAM_ENDED]    = { [STREAM_ON_RESET]  = STREAM_GIVEN_UP },
};
/* clang-format on */

static const char *const names[] = { "illegal", "held", "flowing", "ended",
                                     "given-up" };

enum stream_state stream_state_next(enum stream_state state,
                                    enum stream_event event)
{
    assert(state < STREAM_STATE_COUNT && event < STREAM_EVENT_COUNT);
    return (enum stream_state)next_state[state][event];
}

bool stream_state_over(enum stream_state state)
{
    return state == STREAM_ENDED || state == STREAM_GIVEN_UP;
}

const char *stream_state_name(enum stream_state state)
{
    assert(state < COUNT_OF(names));
    return names[state];
}
