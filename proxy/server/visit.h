/* proxy/server/visit.h: a connection from its accept to its upgrade.
 *
 * Reads one request head, within a deadline and SERVER_HEAD_MAX_BYTES, and
 * answers it; orders the quote that an upgrade asks for, and hands the
 * connection to a guest once it is there. What it answers is all that this
 * port ever says in plain HTTP. */
#ifndef PROXY_SERVER_VISIT_H
#define PROXY_SERVER_VISIT_H

#include "proxy/io/conn.h"
#include "proxy/server/serve.h"

/* Take over |conn|, or reset it when there are too many. */
void visit_open(struct serve *serve, struct conn *conn);

#endif
