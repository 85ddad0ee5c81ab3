#include "proxy/local/gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void let_go(struct gate_socket *s)
{
    if (--s->holders > 0)
        return;
    listener_unbind(&s->sockets);
    free(s);
}

void gates_close(struct gates *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->count; i++)
        let_go(g->list[i].socket);
    free(g->list);
    free(g);
}

/* The socket that |old| has at |address|. Where the system chooses the port it
 * is the service's, not another's. */
static struct gate_socket *find(const struct gates *old, const char *address,
                                const struct service *service)
{
    for (size_t i = 0; old != NULL && i < old->count; i++) {
        const struct gate *g = &old->list[i];

        if (strcmp(g->socket->address, address) == 0 &&
            (service->local->port != 0 || address[0] == '/' ||
             strcmp(g->service, service->name) == 0))
            return g->socket;
    }
    return NULL;
}

static enum status listen_at(const char *address, bool others, uint64_t id,
                             struct gate_socket **out, struct why *why)
{
    struct gate_socket *s = calloc(1, sizeof(*s));
    enum status st;

    *out = s;
    if (s == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "local", NULL, "no memory");
    (void)snprintf(s->address, sizeof(s->address), "%s", address);
    s->id = id;
    st = listener_bind(address, others, &s->sockets, why);
    if (st != STATUS_OK) {
        free(s);
        *out = NULL;
    }
    return st;
}

static enum status add(struct gates *g, const struct gates *old, bool others,
                       const struct service *service, struct why *why)
{
    char address[POLICY_ADDRESS_ROOM];
    struct gate *gate = &g->list[g->count];
    enum status st = STATUS_OK;

    policy_address_text(service->local, address, sizeof(address));
    gate->socket = find(old, address, service);
    if (gate->socket == NULL)
        st = listen_at(address, others, g->next_id++, &gate->socket, why);
    if (st != STATUS_OK)
        return st;
    (void)snprintf(gate->service, sizeof(gate->service), "%s", service->name);
    gate->socket->holders++;
    g->count++;
    return STATUS_OK;
}

enum status gates_open(const struct policy *policy, const struct gates *old,
                       struct gates **out, struct why *why)
{
    struct gates *g = calloc(1, sizeof(*g));
    enum status st = STATUS_OK;

    *out = NULL;
    if (g != NULL)
        g->list = calloc(policy->service_count + 1, sizeof(g->list[0]));
    if (g == NULL || g->list == NULL) {
        free(g);
        return why_fail(why, STATUS_NO_MEMORY, "local", NULL, "no memory");
    }
    g->next_id = old == NULL ? 0 : old->next_id;
    for (size_t i = 0; i < policy->service_count && st == STATUS_OK; i++)
        if (policy->services[i].local != NULL)
            st = add(g, old, policy->allow_user_count > 0, &policy->services[i],
                     why);
    if (st != STATUS_OK) {
        gates_close(g);
        return st;
    }
    *out = g;
    return STATUS_OK;
}

void gates_where(const struct gate *g, char *out, size_t room)
{
    const char *address = g->socket->address;
    const char *colon = strrchr(address, ':');

    if (address[0] == '/' || colon == NULL)
        (void)snprintf(out, room, "%s", address);
    else
        (void)snprintf(out, room, "http://%.*s:%u", (int)(colon - address),
                       address, (unsigned)g->socket->sockets.port);
}
