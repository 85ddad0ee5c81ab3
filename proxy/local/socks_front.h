/* proxy/local/socks_front.h: a client that speaks SOCKS.
 *
 * Reads the request, opens the far side, answers, and relays. The answer is
 * success only once the far side is open (P3). */
#ifndef PROXY_LOCAL_SOCKS_FRONT_H
#define PROXY_LOCAL_SOCKS_FRONT_H

#include "proxy/local/client.h"

extern const struct client_protocol socks_front_protocol;

/* Called once, before the first on_input(). */
void socks_front_start(struct client *c);

#endif
