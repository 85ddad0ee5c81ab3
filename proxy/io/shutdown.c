#include "proxy/io/shutdown.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

struct shutdown {
    uv_signal_t signals[3];
    size_t open; /* of those, how many are not closed yet */
    bool over;
    unsigned stops; /* how often a stop was asked for */
    const struct shutdown_events *events;
    void *ctx;
};

static const int watched[] = { SIGINT, SIGTERM, SIGHUP };

static void on_closed(uv_handle_t *handle)
{
    struct shutdown *s = handle->data;

    if (--s->open == 0)
        free(s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct shutdown *s = handle->data;

    if (s->over)
        return;
    if (number == SIGHUP)
        s->events->on_reload(s->ctx);
    else
        s->events->on_stop(s->ctx, ++s->stops);
}

void shutdown_unwatch(struct shutdown *s)
{
    if (s == NULL || s->over)
        return;
    s->over = true;
    for (size_t i = s->open; i > 0; i--)
        uv_close((uv_handle_t *)&s->signals[i - 1], on_closed);
}

enum status shutdown_watch(uv_loop_t *loop,
                           const struct shutdown_events *events, void *ctx,
                           struct shutdown **out)
{
    struct shutdown *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return STATUS_NO_MEMORY;
    s->events = events;
    s->ctx = ctx;
    /* a peer that went away shows as an error of the write, not as a death */
    (void)signal(SIGPIPE, SIG_IGN); /* the number is valid: cannot fail */
    for (size_t i = 0; i < COUNT_OF(watched); i++) {
        int rc = uv_signal_init(loop, &s->signals[i]);

        if (rc == 0) {
            s->open++;
            s->signals[i].data = s;
            uv_unref((uv_handle_t *)&s->signals[i]);
            rc = uv_signal_start(&s->signals[i], on_signal, watched[i]);
        }
        if (rc != 0) {
            if (s->open == 0)
                free(s);
            else
                shutdown_unwatch(s);
            return STATUS_NO_MEMORY;
        }
    }
    *out = s;
    return STATUS_OK;
}

struct census {
    FILE *complaints; /* borrowed; NULL is silence */
    size_t left;
};

static void count(uv_handle_t *handle, void *ctx)
{
    struct census *c = ctx;

    if (uv_is_closing(handle))
        return;
    c->left++;
    if (c->complaints != NULL) /* its own output is all it has */
        (void)fprintf(c->complaints, "left on the loop: %s\n",
                      uv_handle_type_name(uv_handle_get_type(handle)));
}

bool shutdown_loop(uv_loop_t *loop, FILE *complaints)
{
    struct census census = { .complaints = complaints };

    uv_walk(loop, count, &census);
    if (census.left > 0)
        return false;
    (void)uv_run(loop, UV_RUN_DEFAULT); /* close callbacks, look-ups */
    return uv_loop_close(loop) == 0;
}
