/* proxy/tunnel/stream_state.h: how far each direction of a stream has come.
 *
 * A stream is two halves, one a direction, and both are the same machine; the
 * table is the drawing in docs/PROTOCOL.md section 6, as data. A half steps
 * when a frame that concerns it is sent or arrives. Credit concerns neither.
 *
 *            opened          fin
 *   HELD ------------> FLOWING ----> ENDED
 *     |                 | data |       |
 *     +----- reset -----+-> GIVEN_UP <-+
 *
 * The client's half begins FLOWING, the server's HELD until it has reached the
 * target. The stream is over when both halves are ENDED or GIVEN_UP. */
#ifndef PROXY_TUNNEL_STREAM_STATE_H
#define PROXY_TUNNEL_STREAM_STATE_H

#include <stdbool.h>

#include "common/compiler.h"

enum stream_state {
    STREAM_ILLEGAL, /* in the table only */
    STREAM_HELD,
    STREAM_FLOWING,
    STREAM_ENDED,
    STREAM_GIVEN_UP,
    STREAM_STATE_COUNT
};

enum stream_event {
    STREAM_ON_OPENED,
    STREAM_ON_DATA,
    STREAM_ON_FIN,
    STREAM_ON_RESET,
    STREAM_EVENT_COUNT
};

/* What follows |state| on |event|; STREAM_ILLEGAL when it may not happen. */
enum stream_state stream_state_next(enum stream_state state,
                                    enum stream_event event);

/* Nothing more will pass. */
bool stream_state_over(enum stream_state state);

/* For logs. Static. */
const char *stream_state_name(enum stream_state state);

#endif
