/* proxy/server/caps.h: how much is served at once, and for how long: what
 * --limit NAME=NUMBER sets.
 *
 * docs/man/veriteed.8 describes each. */
#ifndef PROXY_SERVER_CAPS_H
#define PROXY_SERVER_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proxy/server/peers.h"

struct caps {
    struct peers_limits peers;
    size_t streams;        /* open at once in one session */
    size_t quote_rate;     /* quotes for clients in a second */
    size_t teekit_body;    /* bytes of a request, and of an answer */
    size_t session_idle_s; /* without a stream; 0: for ever */
    size_t stream_idle_s;  /* without a byte; 0: for ever */
};

/* The defaults. */
struct caps caps_defaults(void);

/* "NAME=NUMBER". False when there is no such name, or it is out of range. */
bool caps_read(struct caps *c, const char *text);

/* All names, with their defaults, one a line. */
void caps_print(FILE *to);

#endif
