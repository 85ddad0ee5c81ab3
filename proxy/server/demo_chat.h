/* proxy/server/demo_chat.h: a room where what one says, all hear.
 *
 * A WebSocket each (RFC 6455). Text messages of at most DEMO_CHAT_LINE_BYTES
 * go to everybody in the room, as they are; who comes in hears the last of
 * them first. What they mean is the page's business. */
#ifndef PROXY_SERVER_DEMO_CHAT_H
#define PROXY_SERVER_DEMO_CHAT_H

#include "proxy/io/ws_reader.h"
#include "proxy/server/demo_conn.h"

/* Come in, by the upgrade request that was read. */
void demo_chat_enter(struct demo_conn *c);

/* A piece of a message that |c|, who is in the room, says. */
void demo_chat_say(struct demo_conn *c, const struct ws_piece *piece);

#endif
