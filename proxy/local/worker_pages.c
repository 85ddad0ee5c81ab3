#include "proxy/local/worker_pages.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/route.h"
#include "proxy/local/local_worker_parts.h"
#include "proxy/local/own_pages.h"
#include "proxy/local/status_page.h"

/* "localhost:8118": where the first door is reached from this machine; the path
 * of a UNIX socket if there is no other. */
static void own_address(const struct local_worker *w,
                        char text[POLICY_ADDRESS_ROOM])
{
    const struct policy *policy = w->config.snapshot->policy;
    struct policy_address own;
    size_t i = 0;

    while (i + 1 < w->door_count && w->doors[i].port == 0)
        i++;
    if (w->config.passed->count > 0) {
        activation_text(w->config.passed, i, text);
        return;
    }
    own = policy->listen[i];
    own.port = w->doors[i].port;
    if (strcmp(own.host, "0.0.0.0") == 0 || strcmp(own.host, "::") == 0)
        own.host = "localhost";
    policy_address_text(&own, text, POLICY_ADDRESS_ROOM);
}

/* The state of this worker; false: there is no memory for it. */
static bool take_own(const struct local_worker *w, struct status_data *data)
{
    *data = (struct status_data){
        .now_unix = (int64_t)time(NULL),
        .started_unix = w->config.started_unix,
        .policy = local_worker_policy(w),
        .ca = w->generation->snapshot->ca,
        .connections = w->front != NULL ? front_count(w->front) : 0,
        .tally = &w->tally,
        .bytes_in = w->tally.ended_in,
        .bytes_out = w->tally.ended_out,
    };
    for (const struct generation *g = w->generation; g != NULL; g = g->older)
        status_data_traffic(data, g->upstreams);
    return status_data_services(data, w->generation->upstreams) == STATUS_OK;
}

/* The state of all workers, as each of our pages tells it. */
struct state {
    struct status_data data;
    struct tally tally;
    char address[POLICY_ADDRESS_ROOM];
};

/* False: there is no memory for it, or we are stopping. */
static bool take_all(const struct local_worker *w, struct state *s)
{
    bool good = true;

    if (w->door_count == 0 || !take_own(w, &s->data))
        return false;
    s->tally = w->tally;
    s->data.tally = &s->tally;
    own_address(w, s->address);
    s->data.address = s->address;
    for (size_t i = 0; i < COUNT_OF(w->others); i++)
        if (w->others[i] != NULL && good)
            good = figures_add(w->others[i], w->generation->snapshot, &s->tally,
                               &s->data) == STATUS_OK;
    if (!good)
        status_data_fini(&s->data);
    return good;
}

bool worker_pages_local(void *ctx, struct slice path, struct front_page *page)
{
    struct state state;
    bool found;

    if (!take_all(ctx, &state)) {
        page->code = status_http(STATUS_NO_MEMORY);
        return true;
    }
    found = own_pages_find(&state.data, path, page);
    status_data_fini(&state.data);
    return found;
}

bool worker_pages_service(void *ctx, const struct target *target,
                          struct front_page *page)
{
    struct local_worker *w = ctx;
    struct state state;
    struct route route;
    struct why why;

    if (route_find(local_worker_policy(w), slice_text(target->host),
                   target->port, &route, &why) != STATUS_OK ||
        route.kind != ROUTE_SERVICE)
        return false;
    page->code = status_http(STATUS_NO_MEMORY);
    if (!take_all(w, &state))
        return true;
    own_pages_of_service(&state.data, route.service, page);
    status_data_fini(&state.data);
    return true;
}

/* --- figures of the others ----------------------------------------------- */

/* One worker asks another. */
struct inquiry {
    struct errand errand;
    struct local_worker *from, *to;
    struct figures *figures; /* NULL: there is no memory for them */
};

static struct inquiry *inquiry_of(struct errand *e)
{
    return CONTAINER_OF(e, struct inquiry, errand);
}

/* On the thread of the one who is asked. */
static void on_inquiry(struct errand *e)
{
    struct inquiry *q = inquiry_of(e);
    struct status_data data;

    if (q->to->generation != NULL && take_own(q->to, &data)) {
        q->figures = figures_new(&data, q->to->generation->snapshot);
        status_data_fini(&data);
    }
    errand_finish(e);
}

static void on_inquiry_abandoned(struct errand *e)
{
    (void)e; /* nothing lasts */
}

static void on_told(struct errand *e)
{
    struct inquiry *q = inquiry_of(e);
    struct local_worker *w = q->from;
    size_t i = 0;

    while (w->config.workers[i] != q->to)
        i++;
    if (q->figures != NULL) { /* else those of before */
        figures_free(w->others[i]);
        w->others[i] = q->figures;
        q->figures = NULL;
    }
    w->asked--;
    if (w->asked == 0 && w->front != NULL)
        front_refreshed(w->front);
}

static void on_inquiry_free(struct errand *e)
{
    figures_free(inquiry_of(e)->figures);
    free(inquiry_of(e));
}

static const struct errand_ops inquiry_ops = {
    .begin = on_inquiry,
    .abandon = on_inquiry_abandoned,
    .done = on_told,
    .free = on_inquiry_free,
};

static void inquire(struct local_worker *w, struct local_worker *other)
{
    struct inquiry *q = calloc(1, sizeof(*q));

    if (q == NULL)
        return;
    q->from = w;
    q->to = other;
    /* Else it is stopping, or has more to do than to tell. */
    if (errand_send(&q->errand, &inquiry_ops, &other->office,
                    w->thread.mailbox) == STATUS_OK)
        w->asked++;
}

/* Who asks while others are being asked gets the same answer. */
bool worker_pages_refresh(void *ctx)
{
    struct local_worker *w = ctx;

    if (w->asked > 0)
        return false;
    for (size_t i = 0; i < w->config.count; i++)
        if (w->config.workers[i] != w)
            inquire(w, w->config.workers[i]);
    return w->asked == 0;
}

/* What was gathered a second ago will do; and again for the next. */
void worker_pages_event(void *ctx, struct buffer *out)
{
    struct state state;

    if (!take_all(ctx, &state))
        return;
    status_page_event(&state.data, out);
    status_data_fini(&state.data);
    (void)worker_pages_refresh(ctx);
}
