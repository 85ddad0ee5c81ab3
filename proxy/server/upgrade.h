/* proxy/server/upgrade.h: is this request one that opens a session?
 *
 * One that offers veritee/2 opens such a session; one that offers nothing, one
 * with a client of teekit, as those do not offer anything.
 *
 * Pure: a request in, a judgement out. docs/PROTOCOL.md has the request;
 * RFC 6455 section 4.2 and RFC 9110 sections 7.8 and 15.5.22 the answers. */
#ifndef PROXY_SERVER_UPGRADE_H
#define PROXY_SERVER_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "proxy/server/request.h"
#include "proxy/tunnel/session.h"

struct upgrade {
    int http; /* the answer's code: 101, or why not */
    uint8_t challenge[SESSION_CHALLENGE_BYTES];
    bool epoch;       /* asks for freshness by epoch, not by challenge */
    bool teekit;      /* a client of teekit: neither of the above */
    struct slice key; /* Sec-WebSocket-Key; borrows from the request */
};

/* Judge a request for CARRIER_PATH; clients of teekit are refused unless
 * |teekit|. Returns STATUS_OK with |out| filled; else
 * STATUS_BAD_REQUEST or STATUS_BAD_METHOD with |why| filled, and |out| is all
 * zero but for |http|. */
MUST_CHECK enum status upgrade_check(const struct request *r, bool teekit,
                                     struct upgrade *out, struct why *why);

#endif
