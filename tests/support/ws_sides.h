/* tests/support/ws_sides.h: what a test sees of the two ends of a WebSocket. */
#ifndef TESTS_SUPPORT_WS_SIDES_H
#define TESTS_SUPPORT_WS_SIDES_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "proxy/io/ws_link.h"
#include "tests/support/loop.h"

/* One end as its owner sees it. */
struct side {
    struct purse purse;
    struct ws_link *link; /* NULL once given up */
    struct buffer got;    /* payloads, one after another */
    size_t messages;
    enum ws_opcode opcode; /* of the last */
    bool sent;             /* on_sent() was called */
    unsigned pongs;
    size_t wanted, told; /* messages; |told| at the end of a read */
    bool ended;
    struct why why;
    bool close_on_message, close_on_end;
};

struct pair {
    uv_loop_t loop;
    struct scratch *scratch;
    struct side client, server;
    struct end raw; /* instead of one of them: bytes by hand */
};

#endif
