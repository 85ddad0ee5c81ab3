#include "proxy/local/worker_gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/local/local_worker_parts.h"
#include "proxy/local/service_gate.h"
#include "proxy/local/worker_access.h"

/* Where this worker accepts for a service. */
struct worker_gate {
    struct worker_gate *next;
    struct local_worker *worker;
    struct listener *listener;
    uint64_t id;                    /* of the gate_socket */
    char service[POLICY_NAME_ROOM]; /* "": not any more */
};

static void on_accept(void *ctx, struct conn *conn)
{
    const struct worker_gate *g = ctx;

    g->worker->tally.connections++;
    front_accept_for(g->worker->front, conn, g->service);
}

static bool admits(void *ctx, uid_t uid)
{
    const struct worker_gate *g = ctx;

    return worker_access_admits(g->worker, uid);
}

static struct worker_gate *find(const struct local_worker *w, uint64_t id)
{
    struct worker_gate *g = w->gates;

    while (g != NULL && g->id != id)
        g = g->next;
    return g;
}

static enum status open_gate(struct local_worker *w, const struct gate *gate,
                             struct why *why)
{
    struct worker_gate *g = calloc(1, sizeof(*g));
    const struct listener_config config = {
        .log = w->config.log,
        .admits = admits,
        .on_accept = on_accept,
        .ctx = g,
    };
    enum status st;

    if (g == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "local", NULL, "no memory");
    g->worker = w;
    g->id = gate->socket->id;
    st = listener_adopt(&w->thread.loop, &gate->socket->sockets, &config,
                        &g->listener, why);
    if (st != STATUS_OK) {
        free(g);
        return st;
    }
    (void)snprintf(g->service, sizeof(g->service), "%s", gate->service);
    g->next = w->gates;
    w->gates = g;
    return STATUS_OK;
}

/* Those of no service. */
static void close_unused(struct local_worker *w)
{
    struct worker_gate **at = &w->gates;

    while (*at != NULL) {
        struct worker_gate *g = *at;

        if (g->service[0] != '\0') {
            at = &g->next;
            continue;
        }
        *at = g->next;
        listener_close(g->listener); /* no callback follows */
        free(g);
    }
}

static void forget_services(struct local_worker *w)
{
    for (struct worker_gate *g = w->gates; g != NULL; g = g->next)
        g->service[0] = '\0';
}

enum status worker_gates_follow(struct local_worker *w,
                                const struct gates *gates, struct why *why)
{
    enum status st = STATUS_OK;

    forget_services(w);
    for (size_t i = 0; i < gates->count && st == STATUS_OK; i++) {
        const struct gate *gate = &gates->list[i];
        struct worker_gate *g = find(w, gate->socket->id);

        if (g == NULL)
            st = open_gate(w, gate, why);
        else
            (void)snprintf(g->service, sizeof(g->service), "%s", gate->service);
    }
    close_unused(w);
    return st;
}

void worker_gates_close(struct local_worker *w)
{
    forget_services(w);
    close_unused(w);
}

const struct service *worker_gates_service(const struct local_worker *w,
                                           const char *name)
{
    const struct policy *policy = local_worker_policy(w);

    for (size_t i = 0; i < policy->service_count; i++)
        if (policy->services[i].local != NULL &&
            strcmp(policy->services[i].name, name) == 0)
            return &policy->services[i];
    return NULL;
}

enum status worker_gates_target(void *ctx, const char *service,
                                struct target *out, struct why *why)
{
    const struct service *s = worker_gates_service(ctx, service);

    if (s != NULL)
        return service_gate_target(s, out, why);
    *out = (struct target){ 0 };
    (void)why_fail(why, STATUS_NOT_SERVICE, "local", NULL,
                   "this was the address of service %s", service);
    return why_expect(why, "an address that the policy still names");
}
