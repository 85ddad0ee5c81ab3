#include "proxy/local/worker_tls.h"

#include <time.h>

#include "policy/route.h"
#include "proxy/io/tls.h"
#include "proxy/local/local_worker_parts.h"

#define HTTPS_PORT 443

/* NULL: TLS to |target| does not end here. */
static const struct service *service_of(const struct local_worker *w,
                                        const struct target *target)
{
    struct route route;
    struct why why;

    if (target->port != HTTPS_PORT ||
        route_find(local_worker_policy(w), slice_text(target->host),
                   target->port, &route, &why) != STATUS_OK ||
        route.kind != ROUTE_SERVICE || !route.service->intercept)
        return NULL;
    return route.service;
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
