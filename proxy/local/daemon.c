#include "proxy/local/daemon.h"

#include <stdlib.h>
#include <time.h>

#include "collateral/collateral.h"
#include "common/limits.h"
#include "policy/route.h"
#include "proxy/io/carrier.h"
#include "proxy/io/listener.h"
#include "proxy/io/shutdown.h"
#include "proxy/local/direct.h"
#include "proxy/local/front.h"
#include "proxy/local/own_pages.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/status_page.h"
#include "proxy/local/upstream.h"
#include "proxy/local/verdict_text.h"

#define DOORS_MAX              16
#define VERDICT_TEXT_MAX_BYTES (64 * 1024)

struct daemon;

/* One address the proxy listens on. */
struct door {
    struct daemon *daemon;
    struct listener *listener;
};

/* A policy and the sessions that were made under it. */
struct generation {
    struct daemon *daemon;
    const struct policy *policy;
    struct policy *owned; /* |policy|, unless it is the caller's */
    struct upstream_set *upstreams;
    struct generation *older; /* policies before it that still have sessions */
};

/* Lives on daemon_run()'s stack, which outlives the loop. */
struct daemon {
    const struct daemon_options *options;
    uv_loop_t loop;
    struct shutdown *signals;
    struct carrier_hub *hub;
    struct collateral *collateral;
    struct generation *generation; /* the present one; NULL before start */
    struct front *front;
    size_t door_count;
    struct door doors[DOORS_MAX];
    struct tally tally;
    int64_t started_unix;
    size_t undecided; /* services whose first verdict --explain waits for */
    bool ready_told;
};

static void tell_ready(struct daemon *d)
{
    if (d->ready_told || d->undecided > 0)
        return;
    d->ready_told = true;
    for (size_t i = 0; i < d->door_count; i++)
        (void)fprintf(d->options->out, "ready: listening on %s:%u\n",
                      d->options->policy->listen[i].host,
                      (unsigned)listener_port(d->doors[i].listener));
    (void)fflush(d->options->out);
}

/* The tables of verifier and policy, and what they come to. */
static void tell_verdict(const struct daemon *d, const struct service *service,
                         const struct endpoint *endpoint,
                         const struct attestation *a, const struct why *why)
{
    struct buffer text = buffer_with_max(VERDICT_TEXT_MAX_BYTES);
    char line[512];

    buffer_printf(&text, "%s at %s\n\n", service->name, endpoint->url);
    if (a != NULL) {
        verdict_text_table(&a->verdict, d->options->colour, &text);
        verdict_text_table(&a->decision.verdict, d->options->colour, &text);
    }
    if (why->status == STATUS_OK) {
        buffer_text(&text, "\n");
        verdict_text_claims(&a->claims, &text);
        buffer_printf(&text, "\naccepted%s\n",
                      a->claims.simulated
                          ? ": a SIMULATED TEE, which protects nothing"
                          : "");
    } else {
        why_line(why, line, sizeof(line));
        buffer_printf(&text, "\nrefused: %s\n", line);
    }
    if (buffer_ok(&text))
        (void)fwrite(text.at, 1, text.len, d->options->out);
    buffer_free(&text);
}

static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct daemon *d = ctx;

    if (!d->options->explain || d->undecided == 0)
        return;
    tell_verdict(d, service, endpoint, a, why);
    d->undecided--;
    tell_ready(d);
}

static enum status refuse(struct far_failure *refusal, enum status st,
                          const struct service *service)
{
    refusal->service = service != NULL ? service->name : NULL;
    return why_fail(&refusal->why, st, "proxy", NULL, "%s", status_text(st));
}

static enum status route_and_open(void *ctx, const struct target *target,
                                  const struct far_events *events,
                                  void *far_ctx, struct far **out,
                                  struct far_failure *refusal)
{
    struct daemon *d = ctx;
    struct route route;
    enum status st;

    *out = NULL;
    *refusal = (struct far_failure){ 0 };
    st = route_find(d->generation->policy, slice_text(target->host),
                    target->port, &route, &refusal->why);
    if (st != STATUS_OK) {
        d->tally.blocked++;
        return st;
    }
    if (route.kind == ROUTE_SERVICE)
        st = upstream_far_open(upstream_find(d->generation->upstreams,
                                             route.service),
                               target, events, far_ctx, out);
    else
        st = direct_open(&d->loop, target, events, far_ctx, out);
    d->tally.direct += route.kind == ROUTE_DIRECT;
    return st == STATUS_OK ? STATUS_OK : refuse(refusal, st, route.service);
}

/* "localhost:8118": where the first door is reached from this machine. */
static void own_address(const struct daemon *d, char text[TARGET_TEXT_ROOM])
{
    const char *host = d->options->policy->listen[0].host;
    const bool any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    struct target own = { .port = listener_port(d->doors[0].listener) };

    (void)snprintf(own.host, sizeof(own.host), "%s", any ? "localhost" : host);
    target_text(&own, text);
}

/* The state of all of it, as each of our pages tells it; |address| is lent to
 * it. False: there is no memory for it, or we are stopping. */
static bool gather(const struct daemon *d, char address[TARGET_TEXT_ROOM],
                   struct status_data *data)
{
    *data = (struct status_data){
        .now_unix = (int64_t)time(NULL),
        .started_unix = d->started_unix,
        .policy = d->generation->policy,
        .address = address,
        .connections = front_count(d->front),
        .tally = &d->tally,
        .bytes_in = d->tally.ended_in,
        .bytes_out = d->tally.ended_out,
    };
    if (d->door_count == 0)
        return false;
    own_address(d, address);
    for (const struct generation *g = d->generation; g != NULL; g = g->older)
        status_data_traffic(data, g->upstreams);
    return status_data_services(data, d->generation->upstreams) == STATUS_OK;
}

static bool local_page(void *ctx, struct slice path, struct front_page *page)
{
    char address[TARGET_TEXT_ROOM];
    struct status_data data;
    bool found;

    if (!gather(ctx, address, &data)) {
        page->code = status_http(STATUS_NO_MEMORY);
        return true;
    }
    found = own_pages_find(&data, path, page);
    status_data_fini(&data);
    return found;
}

static void local_event(void *ctx, struct buffer *out)
{
    char address[TARGET_TEXT_ROOM];
    struct status_data data;

    if (!gather(ctx, address, &data))
        return;
    status_page_event(&data, out);
    status_data_fini(&data);
}

static bool service_page(void *ctx, const struct target *target,
                         struct front_page *page)
{
    struct daemon *d = ctx;
    char address[TARGET_TEXT_ROOM];
    struct status_data data;
    struct route route;
    struct why why;

    if (route_find(d->generation->policy, slice_text(target->host),
                   target->port, &route, &why) != STATUS_OK ||
        route.kind != ROUTE_SERVICE)
        return false;
    page->code = status_http(STATUS_NO_MEMORY);
    if (!gather(d, address, &data))
        return true;
    own_pages_of_service(&data, route.service, page);
    status_data_fini(&data);
    return true;
}

static const struct front_owner front_owner = {
    .route_and_open = route_and_open,
    .local_page = local_page,
    .local_event = local_event,
    .service_page = service_page,
};

static void on_accept(void *ctx, struct conn *conn)
{
    const struct door *door = ctx;

    door->daemon->tally.connections++;
    front_accept(door->daemon->front, conn, listener_port(door->listener));
}

/* --- generations --------------------------------------------------------- */

static void on_generation_closed(void *ctx)
{
    struct generation *g = ctx;
    struct generation **at = &g->daemon->generation;

    while (*at != g)
        at = &(*at)->older;
    *at = g->older;
    policy_free(g->owned);
    free(g);
}

static void warn(const struct daemon *d, const struct policy *policy)
{
    for (size_t i = 0; i < policy->warning_count; i++)
        log_event(d->options->log, LOG_WARN, "policy.warning",
                  LOG_FIELDS(LOG_S("file", policy->warnings[i].file),
                             LOG_N("line", policy->warnings[i].line),
                             LOG_S("text", policy->warnings[i].text)));
}

/* Make |policy| the present one. It stays the caller's unless OK; |owned| as
 * in struct generation. */
static enum status begin_generation(struct daemon *d,
                                    const struct policy *policy,
                                    struct policy *owned, struct why *why)
{
    const struct upstream_config config = {
        .loop = &d->loop,
        .hub = d->hub,
        .collateral = d->collateral,
        .log = d->options->log,
        .policy = policy,
        .tally = &d->tally,
        .on_decided = on_decided,
        .ctx = d,
    };
    struct generation *g = calloc(1, sizeof(*g));
    enum status st;

    if (g == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "policy", NULL, "no memory");
    *g = (struct generation){
        .daemon = d, .policy = policy, .owned = owned, .older = d->generation
    };
    st = upstream_set_open(&config, &g->upstreams, why);
    if (st != STATUS_OK) {
        free(g);
        return st;
    }
    d->generation = g;
    warn(d, policy);
    return STATUS_OK;
}

static void end_generations(struct daemon *d, const struct why *why)
{
    struct generation *g = d->generation;

    while (g != NULL) {
        struct generation *older = g->older;

        upstream_set_close(g->upstreams, why, on_generation_closed, g);
        g = older;
    }
}

/* Collateral was replaced: a revocation may be among it. */
static void on_changed(void *ctx)
{
    struct daemon *d = ctx;

    for (struct generation *g = d->generation; g != NULL; g = g->older)
        upstream_set_rejudge(g->upstreams);
}

/* What a policy may say and this program cannot do yet must not be passed over
 * in silence. */
static enum status check_supported(const struct policy *policy, struct why *why)
{
    for (size_t i = 0; i < policy->service_count; i++)
        if (policy->services[i].local != NULL)
            return why_fail(why, STATUS_BAD_CONFIG, "local", NULL,
                            "service %s: local ports are not served yet",
                            policy->services[i].name);
    return STATUS_OK;
}

static void on_reload(void *ctx)
{
    struct daemon *d = ctx;
    const char *path = d->options->policy_path;
    struct policy *policy;
    struct policy_error error;
    struct why why = { 0 };
    char line[512];

    if (policy_file_load(path, &policy, &error) != STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        log_event(d->options->log, LOG_ERROR, "policy.kept",
                  LOG_FIELDS(LOG_S("reason", line)));
        return;
    }
    if (check_supported(policy, &why) != STATUS_OK ||
        begin_generation(d, policy, policy, &why) != STATUS_OK) {
        log_why(d->options->log, LOG_ERROR, "policy.kept", &why, NULL);
        policy_free(policy);
        return;
    }
    log_event(d->options->log, LOG_INFO, "policy.reloaded",
              LOG_FIELDS(LOG_S("file", path),
                         LOG_N("services", policy->service_count)));
    collateral_refresh_every(d->collateral, policy->collateral.refresh_s);
    if (d->front != NULL)
        front_reroute(d->front);
    for (struct generation *g = d->generation->older; g != NULL;) {
        struct generation *older = g->older; /* |g| may go at once */

        upstream_set_retire(g->upstreams, d->generation->upstreams,
                            on_generation_closed, g);
        g = older;
    }
}

/* --- start and stop ------------------------------------------------------ */

static void on_front_closed(void *ctx)
{
    struct daemon *d = ctx;
    struct why why = { 0 };

    d->front = NULL;
    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "proxy", NULL, "stopping");
    end_generations(d, &why);
    if (d->collateral != NULL)
        collateral_close(d->collateral, NULL, NULL);
    carrier_hub_close(d->hub);
    shutdown_unwatch(d->signals);
}

/* Accept nothing new; requests may end, unless |at_once|. */
static void stop(struct daemon *d, bool at_once)
{
    for (size_t i = 0; i < d->door_count; i++)
        listener_close(d->doors[i].listener);
    d->door_count = 0;
    if (d->front != NULL)
        front_close(d->front, at_once, on_front_closed, d);
}

/* Who asks again is impatient. */
static void on_stop(void *ctx, unsigned count)
{
    struct daemon *d = ctx;

    log_event(d->options->log, LOG_INFO, "proxy.stopping",
              LOG_FIELDS(LOG_N("signals", count)));
    stop(d, count > 1);
}

static const struct shutdown_events shutdown_events = {
    .on_stop = on_stop,
    .on_reload = on_reload,
};

static enum status listen_on(struct daemon *d,
                             const struct policy_address *address,
                             struct why *why)
{
    char text[TARGET_TEXT_ROOM];
    const bool v6 = strchr(address->host, ':') != NULL;
    struct door *door = &d->doors[d->door_count];
    const struct listener_config config = {
        .address = text,
        .log = d->options->log,
        .on_accept = on_accept,
        .ctx = door,
    };
    enum status st;

    (void)snprintf(text, sizeof(text), "%s%.253s%s:%u", v6 ? "[" : "",
                   address->host, v6 ? "]" : "", (unsigned)address->port);
    door->daemon = d;
    st = listener_open(&d->loop, &config, &door->listener, why);
    if (st == STATUS_OK)
        d->door_count++;
    return st;
}

static enum status start(struct daemon *d, struct why *why)
{
    const struct policy *policy = d->options->policy;
    const struct collateral_config collateral = {
        .store_dir = d->options->cache_dir,
        .fetch_deadline_ms = policy->collateral.timeout_ms,
        .refresh_seconds = policy->collateral.refresh_s,
        .on_changed = on_changed,
        .ctx = d,
    };
    struct front_config front = front_defaults();
    enum status st;

    front.loop = &d->loop;
    front.log = d->options->log;
    front.owner = &front_owner;
    front.ctx = d;
    st = front_new(&front, &d->front);
    if (st == STATUS_OK)
        st = carrier_hub_open(&d->loop, &d->hub);
    if (st == STATUS_OK)
        st = shutdown_watch(&d->loop, &shutdown_events, d, &d->signals);
    if (st != STATUS_OK)
        return why_fail(why, st, "proxy", NULL, "%s", status_text(st));
    st = collateral_open(&d->loop, &collateral, d->options->log, &d->collateral,
                         why);
    if (st != STATUS_OK)
        return st;
    st = check_supported(policy, why);
    if (st == STATUS_OK)
        st = begin_generation(d, policy, NULL, why);
    for (size_t i = 0; i < policy->listen_count && st == STATUS_OK; i++)
        st = i < DOORS_MAX ? listen_on(d, &policy->listen[i], why)
                           : why_fail(why, STATUS_LIMIT, "listen", NULL,
                                      "%zu addresses", policy->listen_count);
    return st;
}

static void explain(struct daemon *d)
{
    const struct policy *policy = d->options->policy;

    if (!d->options->explain)
        return;
    d->undecided = policy->service_count;
    for (size_t i = 0; i < policy->service_count; i++)
        upstream_connect(
            upstream_find(d->generation->upstreams, &policy->services[i]));
}

enum status daemon_run(const struct daemon_options *options, struct why *why)
{
    struct daemon d = { .options = options,
                        .started_unix = (int64_t)time(NULL) };
    enum status st;

    if (uv_loop_init(&d.loop) != 0)
        return why_fail(why, STATUS_NO_MEMORY, "loop", NULL, "no event loop");
    st = start(&d, why);
    if (st == STATUS_OK) {
        explain(&d);
        tell_ready(&d);
    } else {
        stop(&d, true);
        if (d.front == NULL && d.signals == NULL)
            on_front_closed(&d);
    }
    (void)uv_run(&d.loop, UV_RUN_DEFAULT); /* ends when all is closed */
    if (!shutdown_loop(&d.loop, stderr) && st == STATUS_OK)
        st = why_fail(why, STATUS_INTERNAL, "loop", NULL, "not empty");
    return st;
}
