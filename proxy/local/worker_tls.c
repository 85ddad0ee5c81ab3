#include "proxy/local/worker_tls.h"

#include <time.h>

#include "policy/route.h"
#include "proxy/io/tls.h"
#include "proxy/local/local_worker_parts.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443

/* NULL: |host| at |port| is of no service. */
static const struct service *find(const struct local_worker *w,
                                  const char *host, uint16_t port)
{
    struct route route;
    struct why why;

    if (route_find(local_worker_policy(w), slice_text(host), port, &route,
                   &why) != STATUS_OK ||
        route.kind != ROUTE_SERVICE)
        return NULL;
    return route.service;
}

/* NULL: TLS to |target| does not end here. What is inside goes on to port 80:
 * where that is another service's, it would not be what was asked for. */
static const struct service *service_of(const struct local_worker *w,
                                        const struct target *target)
{
    const struct service *s =
        target->port == HTTPS_PORT ? find(w, target->host, HTTPS_PORT) : NULL;

    if (s == NULL || !s->intercept || find(w, target->host, HTTP_PORT) != s)
        return NULL;
    return s;
}

bool worker_tls_ends(void *ctx, const struct target *target)
{
    return service_of(ctx, target) != NULL;
}

enum status worker_tls_end(void *ctx, const struct target *target,
                           struct tls **out, struct far_failure *refusal)
{
    struct local_worker *w = ctx;
    const struct ca *ca = w->generation->snapshot->ca;
    const int64_t now_unix = (int64_t)time(NULL);
    struct tls_context *context;
    enum status st;

    *out = NULL;
    *refusal = (struct far_failure){ .service = service_of(w, target)->name };
    st = ca_check_host(ca, target->host, now_unix, &refusal->why);
    if (st != STATUS_OK)
        return st;
    st = leaves_find(&w->leaves, ca, target->host, now_unix, &context);
    if (st == STATUS_OK)
        st = tls_server_new(context, out);
    if (st != STATUS_OK)
        (void)why_fail(&refusal->why, st, "tls", NULL, "%s", status_text(st));
    return st;
}
