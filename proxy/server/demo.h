/* proxy/server/demo.h: a small web site, to try Veritee with.
 *
 * Listens on a loopback port of its own and is reached through the rules like
 * any other backend. HTTP/1.1 with keep-alive; every answer streams with
 * back-pressure. It counts what ever reached it, so that tests can show that
 * nothing did.
 *
 *   /               a page where most of the others can be tried
 *   /echo           method, target, fields and body of the request
 *   /bytes/N        N bytes, up to 16 GiB
 *   /sse            ten events, one each 200 ms (?n=COUNT&ms=PAUSE)
 *   /ws             a WebSocket that echoes
 *   /chat           a WebSocket each: what one says, all hear; who comes in
 *                   hears the last 50 messages
 *   /counter        JSON: how often it was pressed; POST presses it
 *   /cookie         JSON: how often this browser was here, by a cookie
 *   /slow?ms=N      an answer after N ms
 *   /sink           POST: how many bytes the body had
 *   /count          JSON: connections, requests and bytes so far, those of
 *                   /count itself not counted */
#ifndef PROXY_SERVER_DEMO_H
#define PROXY_SERVER_DEMO_H

#include <stdint.h>
#include <uv.h>

#include "common/log.h"
#include "common/status.h"

struct demo;

/* Returns STATUS_OK, or as listener_open() with |why| filled; |*out| is NULL
 * unless OK. */
MUST_CHECK enum status demo_open(uv_loop_t *loop, const struct log *log,
                                 struct demo **out, struct why *why);

/* On 127.0.0.1. */
uint16_t demo_port(const struct demo *d);

/* Ends all its connections. NULL is allowed. */
void demo_close(struct demo *d);

#endif
