/* proxy/io/shutdown.h: signals as callbacks, and the proof that a loop is
 * empty at the end. */
#ifndef PROXY_IO_SHUTDOWN_H
#define PROXY_IO_SHUTDOWN_H

#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

#include "common/status.h"

struct shutdown;

struct shutdown_events {
    /* SIGINT or SIGTERM; |count| is 1 the first time, more when someone is
     * impatient. */
    void (*on_stop)(void *ctx, unsigned count);
    void (*on_reload)(void *ctx); /* SIGHUP */
};

/* Watch the signals on |loop|, which they do not keep alive; SIGPIPE is
 * ignored from now on. One a process. Returns STATUS_OK or
 * STATUS_NO_MEMORY; |*out| is NULL unless OK. */
MUST_CHECK enum status shutdown_watch(uv_loop_t *loop,
                                      const struct shutdown_events *events,
                                      void *ctx, struct shutdown **out);

/* Stop watching. NULL is allowed; no callback follows. */
void shutdown_unwatch(struct shutdown *s);

/* After the last uv_run(): let what was closed finish, and close the loop.
 * True when that was all; else each handle that nobody closed is named on
 * |complaints| (NULL: silently), and the loop stays. */
MUST_CHECK bool shutdown_loop(uv_loop_t *loop, FILE *complaints);

#endif
