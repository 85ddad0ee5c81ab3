#include "proxy/local/service_gate.h"

#include <string.h>

#include "common/text.h"

#define HTTP_PORT 80

enum status service_gate_target(const struct service *service,
                                struct target *out, struct why *why)
{
    for (size_t i = 0; i < service->host_count; i++) {
        const struct host_pattern *h = &service->hosts[i];

        if (!h->wildcard)
            return target_set(out, slice_text(h->host),
                              h->port != 0 ? h->port : HTTP_PORT, why);
    }
    return target_set(out, slice_text(service->endpoints[0].host), HTTP_PORT,
                      why);
}

static bool is_our_name(const struct target *given, const struct target *own)
{
    return target_is_loopback(given) || strcmp(given->host, own->host) == 0;
}

/* "http://host" or "https://host", of this machine or the service; "null", and
 * all else, is another's. */
static bool is_our_origin(struct slice origin, const struct target *own)
{
    static const char *const schemes[] = { "http://", "https://" };
    struct target t;
    struct why why;

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        const size_t skip = strlen(schemes[i]);

        if (origin.len > skip &&
            text_same_word(slice_of(origin.at, skip), slice_text(schemes[i])))
            return target_parse(&t,
                                slice_of(origin.at + skip, origin.len - skip),
                                HTTP_PORT, &why) == STATUS_OK &&
                   is_our_name(&t, own);
    }
    return false;
}

enum status service_gate_admit(const struct http_request *q,
                               const struct target *target, struct why *why)
{
    const struct http_fields *f = &q->reader.fields;

    if (q->form == HTTP_TUNNEL) {
        (void)why_fail(why, STATUS_BAD_METHOD, "http.method", NULL,
                       "CONNECT at the address of one service");
        return why_expect(why, "requests for that service");
    }
    /* HTTP/1.0 need not say: no browser speaks it. */
    if (q->target.port != 0 && !is_our_name(&q->target, target)) {
        (void)why_fail(why, STATUS_NOT_SERVICE, "http.host", NULL, "%.180s",
                       q->target.host);
        return why_expect(why, "%.120s, or a name of this machine",
                          target->host);
    }
    for (size_t i = 0; i < f->count; i++) {
        if (!text_same_word(http_fields_name(f, i), slice_text("Origin")) ||
            is_our_origin(http_fields_value(f, i), target))
            continue;
        (void)why_fail(why, STATUS_NOT_SERVICE, "http.origin", "RFC 6454",
                       "a page of another site");
        return why_expect(why, "one of this machine or of %.120s",
                          target->host);
    }
    return STATUS_OK;
}
