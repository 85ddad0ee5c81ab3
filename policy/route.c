#include "policy/route.h"

#include <string.h>

#include "policy/host.h"

/* A pattern that covers the host, and whose it is. */
struct match {
    const struct host_pattern *pattern;
    const struct service *service;
};

static bool covers(const struct host_pattern *p, const char *host)
{
    size_t len = strlen(host);
    size_t suffix = strlen(p->host);

    if (!p->wildcard)
        return strcmp(p->host, host) == 0;
    return len > suffix && host[len - suffix - 1] == '.' &&
           strcmp(host + len - suffix, p->host) == 0;
}

/* True when |a| says more precisely than |b| what it is for. */
static bool is_closer(const struct host_pattern *a,
                      const struct host_pattern *b)
{
    size_t a_len = strlen(a->host);
    size_t b_len = strlen(b->host);

    if (a->wildcard != b->wildcard)
        return b->wildcard;
    if (a_len != b_len)
        return a_len > b_len;
    return a->port != 0; /* the same twice is refused: |b| has none */
}

/* The closest pattern for |host| at |port|; |*elsewhere| is some pattern for
 * it at another port. Empty if there is none. */
static struct match find(const struct policy *p, const char *host,
                         uint16_t port, struct match *elsewhere)
{
    struct match best = { 0 };

    for (size_t i = 0; i < p->service_count; i++) {
        const struct service *s = &p->services[i];

        for (size_t k = 0; k < s->host_count; k++) {
            const struct host_pattern *h = &s->hosts[k];

            if (!covers(h, host))
                continue;
            if (h->port != 0 && h->port != port)
                *elsewhere = (struct match){ h, s };
            else if (best.pattern == NULL || is_closer(h, best.pattern))
                best = (struct match){ h, s };
        }
    }
    return best;
}

enum status route_find(const struct policy *p, struct slice host, uint16_t port,
                       struct route *out, struct why *why)
{
    struct match elsewhere = { 0 };
    struct match best;
    char name[HOST_ROOM];

    *out = (struct route){ .kind = ROUTE_BLOCK };
    if (!host_spell(host, name)) {
        (void)why_fail(why, STATUS_BAD_ADDRESS, "host", NULL,
                       "a host in no usual form");
        return why_expect(why, "a name, or an address as 192.0.2.1 or ::1");
    }
    best = find(p, name, port, &elsewhere);
    if (best.service != NULL) {
        *out = (struct route){ ROUTE_SERVICE, best.service };
        return STATUS_OK;
    }
    if (elsewhere.service != NULL) {
        (void)why_fail(why, STATUS_NOT_SERVICE, "port", NULL,
                       "%.120s at port %u", name, (unsigned)port);
        return why_expect(why, "port %u, which is of service %s",
                          (unsigned)elsewhere.pattern->port,
                          elsewhere.service->name);
    }
    if (p->unnamed == DEFAULT_DIRECT) {
        out->kind = ROUTE_DIRECT;
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_NOT_SERVICE, "host", NULL, "%.180s", name);
    return why_expect(why, "a host that a service names");
}
