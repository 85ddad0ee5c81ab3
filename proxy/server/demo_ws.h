/* proxy/server/demo_ws.h: a WebSocket that says what it hears (RFC 6455).
 *
 * Text and binary messages come back piece by piece, however long they are;
 * pings are answered, and the closing handshake is taken part in. */
#ifndef PROXY_SERVER_DEMO_WS_H
#define PROXY_SERVER_DEMO_WS_H

#include "proxy/server/demo_conn.h"

/* Answer the upgrade request that was read; DEMO_SOCKET when it was one. */
void demo_ws_begin(struct demo_conn *c);

/* Use all of c->in. */
void demo_ws_read(struct demo_conn *c);

#endif
