/* proxy/server/metrics_door.h: an address of its own for who watches the
 * server.
 *
 *   GET /metrics   what the owner writes
 *   GET /healthz   200 "ok", or 503 and why not
 *
 * At a loopback address only to tools, and to nobody who came by another name
 * than this machine's: a browser may be made to (DNS rebinding).
 * One request a connection, few connections at once, all of them short. On the
 * main thread's loop. */
#ifndef PROXY_SERVER_METRICS_DOOR_H
#define PROXY_SERVER_METRICS_DOOR_H

#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/status.h"

#define METRICS_DOOR_CONNS_MAX   32
#define METRICS_DOOR_DEADLINE_MS 5000
#define METRICS_DOOR_PAGE_BYTES  (256 * 1024)

struct metrics_door;

struct metrics_door_config {
    const char *address; /* as listener_config has it */
    const struct log *log;
    void (*write)(void *ctx, struct buffer *out); /* the page */
    const char *(*sick)(void *ctx); /* NULL: well; else a static reason */
    void *ctx;
};

/* |config| is copied. Returns STATUS_OK; or as listener_open() with |why|
 * filled, and |*out| is NULL. */
MUST_CHECK enum status
metrics_door_open(uv_loop_t *loop, const struct metrics_door_config *config,
                  struct metrics_door **out, struct why *why);

/* 0 for a UNIX socket. */
uint16_t metrics_door_port(const struct metrics_door *d);

/* Ends its connections too. NULL is allowed. */
void metrics_door_close(struct metrics_door *d);

#endif
