/* proxy/local/http_exchange.h: one request on its way up, and its answer on
 * its way down.
 *
 * Both are moved as they come, within the room of the far side and the credit
 * it was given. An answer that is cut off is cut off for the client too. */
#ifndef PROXY_LOCAL_HTTP_EXCHANGE_H
#define PROXY_LOCAL_HTTP_EXCHANGE_H

#include "proxy/local/client.h"

/* The head of the request was read, and the far side is open. */
void http_exchange_begin(struct client *c);

/* There is more input, or more room: move the request on. */
void http_exchange_send(struct client *c);

/* A body with a length may be read straight to where the far side wants it:
 * the place and its room, or NULL; and then that |len| bytes are there. */
uint8_t *http_exchange_place(struct client *c, size_t *room);
void http_exchange_placed(struct client *c, size_t len);

/* Bytes from the far side, its end, its failure. */
void http_exchange_receive(struct client *c, struct slice data);
void http_exchange_fin(struct client *c);
void http_exchange_failed(struct client *c, const struct far_failure *failure);

/* Give back what has left. */
void http_exchange_settle(struct client *c);

#endif
