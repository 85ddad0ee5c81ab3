#include "proxy/local/live.h"

#include "proxy/local/client.h"
#include "proxy/local/front_parts.h"

#define QUIET_MAX         15 /* sweeps */
#define PENDING_MAX_BYTES ((size_t)2 * LIVE_EVENT_MAX_BYTES)

static bool listens(const struct client *c)
{
    return c->protocol == &http_front_protocol &&
           c->http.state == HTTP_FRONT_LISTENING;
}

static size_t count_listeners(const struct front *f)
{
    size_t count = 0;

    LIST_EACH(link, &f->clients) {
        count += listens(CONTAINER_OF(link, struct client, link));
    }
    return count;
}

bool live_has_room(const struct front *f)
{
    return count_listeners(f) < LIVE_LISTENERS_MAX;
}

static void tell(struct client *c, struct slice text)
{
    struct why why;

    if (conn_pending(c->conn) <= PENDING_MAX_BYTES) {
        (void)client_write(c, text); /* false: it is closed, as it should */
        return;
    }
    (void)why_fail(&why, STATUS_LIMIT, "events", NULL, "nobody reads them");
    client_reset(c, &why);
}

static void tell_all(struct front *f, struct slice text)
{
    f->quiet = 0;
    LIST_EACH(link, &f->clients) {
        struct client *c = CONTAINER_OF(link, struct client, link);

        if (listens(c))
            tell(c, text);
    }
}

void live_tell(struct front *f)
{
    struct buffer *now = front_parts_scratch(f);

    if (count_listeners(f) == 0) {
        buffer_free(&f->told);
        return;
    }
    f->config.owner->local_event(f->config.ctx, now);
    if (!slice_equal(buffer_view(now), buffer_view(&f->told))) {
        buffer_clear(&f->told);
        buffer_add(&f->told, buffer_view(now));
        tell_all(f, buffer_view(&f->told));
    } else if (++f->quiet >= QUIET_MAX) {
        tell_all(f, slice_text(": still here\n\n"));
    }
}
