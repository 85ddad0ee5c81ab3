#include "proxy/local/local_worker.h"

#include <stdlib.h>

#include "policy/route.h"
#include "proxy/io/carrier.h"
#include "proxy/io/listener.h"
#include "proxy/local/front.h"
#include "proxy/local/local_worker_parts.h"
#include "proxy/local/upstream_retire.h"
#include "proxy/local/worker_access.h"
#include "proxy/local/worker_gates.h"
#include "proxy/local/worker_pages.h"
#include "proxy/local/worker_speech.h"
#include "proxy/local/worker_tls.h"

/* Attest every service, though nobody asks. */
static void explain(struct local_worker *w)
{
    const struct policy *policy = local_worker_policy(w);

    if (!w->config.explain)
        return;
    w->undecided = policy->service_count;
    for (size_t i = 0; i < policy->service_count; i++)
        upstream_connect(
            upstream_find(w->generation->upstreams, &policy->services[i]));
}

/* --- requests ------------------------------------------------------------ */

static enum status refuse(struct far_failure *refusal, enum status st,
                          const struct service *service)
{
    refusal->service = service != NULL ? service->name : NULL;
    return why_fail(&refusal->why, st, "proxy", NULL, "%s", status_text(st));
}

static enum status open_service(struct local_worker *w,
                                const struct service *service,
                                const struct target *target,
                                const struct far_events *events, void *far_ctx,
                                struct far **out, struct far_failure *refusal)
{
    enum status st =
        upstream_far_open(upstream_find(w->generation->upstreams, service),
                          target, events, far_ctx, out);

    return st == STATUS_OK ? STATUS_OK : refuse(refusal, st, service);
}

static enum status route_and_open(void *ctx, const struct target *target,
                                  const struct far_events *events,
                                  void *far_ctx, struct far **out,
                                  struct far_failure *refusal)
{
    struct local_worker *w = ctx;
    struct route route;
    enum status st;

    *out = NULL;
    *refusal = (struct far_failure){ 0 };
    st = route_find(local_worker_policy(w), slice_text(target->host),
                    target->port, &route, &refusal->why);
    if (st != STATUS_OK) {
        w->tally.blocked++;
        return st;
    }
    if (route.kind == ROUTE_SERVICE)
        return open_service(w, route.service, target, events, far_ctx, out,
                            refusal);
    st = direct_open(&w->directs, target, events, far_ctx, out);
    w->tally.direct++;
    return st == STATUS_OK ? STATUS_OK : refuse(refusal, st, NULL);
}

static enum status service_open(void *ctx, const char *service,
                                const struct target *target,
                                const struct far_events *events, void *far_ctx,
                                struct far **out, struct far_failure *refusal)
{
    struct local_worker *w = ctx;
    const struct service *s = worker_gates_service(w, service);

    *out = NULL;
    *refusal = (struct far_failure){ 0 };
    if (s == NULL)
        return refuse(refusal, STATUS_NOT_SERVICE, NULL);
    return open_service(w, s, target, events, far_ctx, out, refusal);
}

static const struct front_owner front_owner = {
    .route_and_open = route_and_open,
    .check_user = worker_access_check_user,
    .asks_user = worker_access_asks_user,
    .service_target = worker_gates_target,
    .service_open = service_open,
    .ends_tls = worker_tls_ends,
    .end_tls = worker_tls_end,
    .local_page = worker_pages_local,
    .refresh = worker_pages_refresh,
    .local_event = worker_pages_event,
    .service_page = worker_pages_service,
};

static bool admits(void *ctx, uid_t uid)
{
    const struct door *door = ctx;

    return worker_access_admits(door->worker, uid);
}

static void on_accept(void *ctx, struct conn *conn)
{
    const struct door *door = ctx;

    door->worker->tally.connections++;
    front_accept(door->worker->front, conn, door->port);
}

/* --- generations --------------------------------------------------------- */

static void on_generation_closed(void *ctx)
{
    struct generation *g = ctx;
    struct generation **at = &g->worker->generation;

    while (*at != g)
        at = &(*at)->older;
    *at = g->older;
    snapshot_let_go(g->snapshot);
    free(g);
}

/* Make |snapshot| the present one. */
static enum status begin_generation(struct local_worker *w,
                                    struct snapshot *snapshot, struct why *why)
{
    const struct upstream_config config = {
        .loop = &w->thread.loop,
        .hub = w->hub,
        .line = { .desk = w->config.desk, .home = w->thread.mailbox },
        .log = w->config.log,
        .snapshot = snapshot,
        .tally = &w->tally,
        .session_idle_ms = (int64_t)w->config.idle.session_ms,
        .on_decided = worker_speech_decided,
        .ctx = w,
    };
    struct generation *g = calloc(1, sizeof(*g));
    enum status st;

    if (g == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "policy", NULL, "no memory");
    *g = (struct generation){ .worker = w, .older = w->generation };
    st = upstream_set_open(&config, &g->upstreams, why);
    if (st != STATUS_OK) {
        free(g);
        return st;
    }
    g->snapshot = snapshot_hold(snapshot);
    w->generation = g;
    return STATUS_OK;
}

static void end_generations(struct local_worker *w, const struct why *why)
{
    struct generation *g = w->generation;

    while (g != NULL) {
        struct generation *older = g->older;

        upstream_set_close(g->upstreams, why, on_generation_closed, g);
        g = older;
    }
}

static bool goes_direct(void *ctx, const struct target *target)
{
    const struct local_worker *w = ctx;
    struct route route;
    struct why why;

    return route_find(local_worker_policy(w), slice_text(target->host),
                      target->port, &route, &why) == STATUS_OK &&
           route.kind == ROUTE_DIRECT;
}

/* The present generation is a new one: what the older ones began goes on as far
 * as it lets it. */
static void retire_older(struct local_worker *w)
{
    struct why why;

    front_reroute(w->front);
    for (struct generation *g = w->generation->older; g != NULL;) {
        struct generation *older = g->older; /* |g| may go at once */

        upstream_retire_set(g->upstreams, w->generation->upstreams,
                            on_generation_closed, g);
        g = older;
    }
    (void)why_fail(&why, STATUS_NOT_SERVICE, "policy", NULL,
                   "the new policy does not let it go in the clear");
    direct_set_review(&w->directs, goes_direct, w, &why);
}

/* --- orders of the main thread ------------------------------------------- */

/* A policy to follow, and the answer. */
struct course {
    struct letter letter;
    struct local_worker *worker;
    struct snapshot *snapshot; /* held */
    const struct gates *gates; /* borrowed */
    struct why why;            /* STATUS_OK: it is followed */
};

static void course_free(struct course *c)
{
    snapshot_let_go(c->snapshot);
    free(c);
}

/* On the main thread. */
static void on_course_followed(struct letter *letter)
{
    struct course *c = CONTAINER_OF(letter, struct course, letter);
    const struct local_worker_config *config = &c->worker->config;

    config->events->on_followed(config->ctx, &c->why);
    course_free(c);
}

static void on_course(struct letter *letter)
{
    struct course *c = CONTAINER_OF(letter, struct course, letter);
    struct local_worker *w = c->worker;

    if (w->front == NULL) /* it has ended */
        (void)why_fail(&c->why, STATUS_SHUTTING_DOWN, "policy", NULL,
                       "stopping");
    else if (worker_gates_follow(w, c->gates, &c->why) == STATUS_OK &&
             begin_generation(w, c->snapshot, &c->why) == STATUS_OK)
        retire_older(w);
    c->letter.on_letter = on_course_followed;
    if (!mailbox_send(w->config.main, &c->letter))
        course_free(c);
}

struct rejudge {
    struct letter letter;
    struct local_worker *worker;
};

static void on_rejudge(struct letter *letter)
{
    struct rejudge *r = CONTAINER_OF(letter, struct rejudge, letter);

    for (struct generation *g = r->worker->generation; g != NULL; g = g->older)
        upstream_set_rejudge(g->upstreams);
    free(r);
}

static void on_front_closed(void *ctx)
{
    struct local_worker *w = ctx;
    struct why why = { 0 };

    w->front = NULL;
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "proxy", NULL, "stopping");
    end_generations(w, &why);
    carrier_hub_close(w->hub);
    w->hub = NULL;
    mailbox_close(w->thread.mailbox);
    errand_office_fini(&w->office);
}

/* Accept nothing new; requests may end, unless |at_once|. */
static void stop(struct local_worker *w, bool at_once)
{
    for (size_t i = 0; i < w->door_count; i++)
        listener_close(w->doors[i].listener);
    w->door_count = 0;
    worker_gates_close(w);
    if (w->front != NULL)
        front_close(w->front, at_once, on_front_closed, w);
}

static void on_drain(struct letter *letter)
{
    stop(CONTAINER_OF(letter, struct local_worker, drain.letter), false);
}

static void on_abort(struct letter *letter)
{
    stop(CONTAINER_OF(letter, struct local_worker, abort.letter), true);
}

/* --- on the main thread -------------------------------------------------- */

static struct listener_config door_config(struct local_worker *w,
                                          struct door *door)
{
    door->worker = w;
    return (struct listener_config){
        .shared = w->config.count > 1,
        .others = local_worker_policy(w)->allow_user_count > 0,
        .log = w->config.log,
        .admits = admits,
        .on_accept = on_accept,
        .ctx = door,
    };
}

static enum status adopt(struct local_worker *w,
                         const struct listener_sockets *passed, struct why *why)
{
    struct door *door = &w->doors[w->door_count];
    const struct listener_config config = door_config(w, door);
    enum status st =
        listener_adopt(&w->thread.loop, passed, &config, &door->listener, why);

    if (st != STATUS_OK)
        return st;
    door->port = listener_port(door->listener);
    w->door_count++;
    return STATUS_OK;
}

static enum status listen_on(struct local_worker *w, const struct door *first,
                             const struct policy_address *address,
                             struct why *why)
{
    char text[POLICY_ADDRESS_ROOM];
    struct door *door = &w->doors[w->door_count];
    struct listener_config config = door_config(w, door);
    enum status st;

    policy_address_text(address, text, sizeof(text));
    config.address = text;
    st = first == NULL
             ? listener_open(&w->thread.loop, &config, &door->listener, why)
             : listener_join(&w->thread.loop, first->listener, &config,
                             &door->listener, why);
    if (st != STATUS_OK)
        return st;
    door->port = listener_port(door->listener);
    w->door_count++;
    return STATUS_OK;
}

static enum status start_doors(struct local_worker *w,
                               const struct local_worker *first,
                               struct why *why)
{
    const struct policy *policy = local_worker_policy(w);
    const struct activation *passed = w->config.passed;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < passed->count && st == STATUS_OK; i++)
        st = adopt(w, &passed->sockets[i], why);
    if (passed->count > 0)
        return st;
    if (policy->listen_count > DOORS_MAX)
        return why_fail(why, STATUS_LIMIT, "listen", NULL, "%zu addresses",
                        policy->listen_count);
    for (size_t i = 0; i < policy->listen_count && st == STATUS_OK; i++)
        st = listen_on(w, first != NULL ? &first->doors[i] : NULL,
                       &policy->listen[i], why);
    return st;
}

static enum status start(struct local_worker *w,
                         const struct local_worker *first, struct why *why)
{
    struct front_config front = front_defaults();
    enum status st;

    front.loop = &w->thread.loop;
    front.log = w->config.log;
    front.porter = w->config.porter;
    front.idle_deadline_ms = (unsigned)w->config.idle.keep_alive_ms;
    front.stream_idle_ms = (unsigned)w->config.idle.stream_ms;
    front.owner = &front_owner;
    front.ctx = w;
    st = front_new(&front, &w->front);
    if (st == STATUS_OK)
        st = carrier_hub_open(&w->thread.loop, &w->hub);
    if (st != STATUS_OK)
        return why_fail(why, st, "proxy", NULL, "%s", status_text(st));
    st = begin_generation(w, w->config.snapshot, why);
    if (st == STATUS_OK)
        st = start_doors(w, first, why);
    if (st == STATUS_OK)
        st = worker_gates_follow(w, w->config.gates, why);
    if (st == STATUS_OK)
        explain(w);
    return st;
}

enum status local_worker_open(const struct local_worker_config *config,
                              const struct local_worker *first,
                              struct local_worker **out, struct why *why)
{
    struct local_worker *w = calloc(1, sizeof(*w));
    enum status st;

    *out = NULL;
    if (w == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "worker", NULL, "no memory");
    st = loop_thread_init(&w->thread, why);
    if (st != STATUS_OK) {
        free(w);
        return st;
    }
    w->config = *config;
    w->drain.letter.on_letter = on_drain;
    w->abort.letter.on_letter = on_abort;
    errand_office_init(&w->office, w->thread.mailbox);
    direct_set_init(&w->directs, &w->thread.loop);
    st = start(w, first, why);
    if (st != STATUS_OK) {
        local_worker_free(w);
        return st;
    }
    *out = w;
    return STATUS_OK;
}

enum status local_worker_start(struct local_worker *w, struct why *why)
{
    return loop_thread_start(&w->thread, w->config.main,
                             w->config.events->on_ended, w->config.ctx, why);
}

uint16_t local_worker_port(const struct local_worker *w, size_t i)
{
    return w->doors[i].port;
}

enum status local_worker_follow(struct local_worker *w,
                                struct snapshot *snapshot,
                                const struct gates *gates)
{
    struct course *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return STATUS_NO_MEMORY;
    c->letter.on_letter = on_course;
    c->worker = w;
    c->snapshot = snapshot_hold(snapshot);
    c->gates = gates;
    if (!mailbox_send(w->thread.mailbox, &c->letter))
        course_free(c);
    return STATUS_OK;
}

enum status local_worker_rejudge(struct local_worker *w)
{
    struct rejudge *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return STATUS_NO_MEMORY;
    *r = (struct rejudge){ .letter.on_letter = on_rejudge, .worker = w };
    if (!mailbox_send(w->thread.mailbox, &r->letter))
        free(r);
    return STATUS_OK;
}

void local_worker_drain(struct local_worker *w)
{
    loop_thread_give(&w->thread, &w->drain);
}

void local_worker_abort(struct local_worker *w)
{
    loop_thread_give(&w->thread, &w->abort);
}

/* It has no thread: close here what there is. */
static void close_here(struct local_worker *w)
{
    const bool has_front = w->front != NULL;

    stop(w, true);
    if (!has_front)
        on_front_closed(w);
}

void local_worker_free(struct local_worker *w)
{
    if (w == NULL)
        return;
    if (!w->thread.started)
        close_here(w);
    loop_thread_fini(&w->thread);
    for (size_t i = 0; i < COUNT_OF(w->others); i++)
        figures_free(w->others[i]);
    leaves_clear(&w->leaves);
    free(w);
}
