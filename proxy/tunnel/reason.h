/* proxy/tunnel/reason.h: why a stream or session was given up, on the wire.
 *
 * Few and stable, where enum status may grow. What a peer says is only as
 * good as the peer: it never becomes a status of evidence or policy, and an
 * unknown number is a plain reset. docs/PROTOCOL.md section 8. */
#ifndef PROXY_TUNNEL_REASON_H
#define PROXY_TUNNEL_REASON_H

#include <stdint.h>

#include "common/status.h"

enum reason {
    REASON_NONE = 0, /* goaway only: nothing is wrong */
    REASON_CANCELLED = 1,
    REASON_REFUSED = 2,
    REASON_UNREACHABLE = 3,
    REASON_NO_NAME = 4,
    REASON_TIMED_OUT = 5,
    REASON_NOT_ALLOWED = 6,
    REASON_CUT = 7,
    REASON_BUSY = 8,
    REASON_INTERNAL = 9,
    REASON_GOING_AWAY = 10,
    REASON_PROTOCOL = 11,
    REASON_POLICY = 12,
};

#define REASON_MAX UINT16_MAX /* on the wire */

/* What the peer is told of |s|. */
enum reason reason_of(enum status s);

/* What a number from the peer means here: never STATUS_OK. */
enum status reason_status(uint64_t number);

#endif
