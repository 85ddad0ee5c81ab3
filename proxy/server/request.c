#include "proxy/server/request.h"

#include <string.h>

#include "common/text.h"

static const uint8_t head_end[] = { '\r', '\n', '\r', '\n' };

void request_init(struct request *r, size_t head_max)
{
    *r = (struct request){ .head = buffer_with_max(head_max) };
    http_reader_init(&r->reader, HTTP_REQUESTS);
}

void request_fini(struct request *r)
{
    buffer_free(&r->head);
    http_reader_fini(&r->reader);
}

void request_next(struct request *r)
{
    buffer_clear(&r->head);
    http_reader_next(&r->reader, false);
    r->method = r->target = (struct slice){ 0 };
    r->keep_alive = false;
}

static enum http_step bad(struct request *r, enum status st, const char *found)
{
    (void)why_fail(&r->reader.why, st, "http.head", "RFC 9112", "%s", found);
    return HTTP_BAD;
}

/* Move bytes to |head| up to its end; true when it is complete. */
static bool collect(struct request *r, struct slice *in)
{
    const size_t keep = sizeof(head_end) - 1;
    size_t had = r->head.len, from = had > keep ? had - keep : 0, used;

    buffer_add(&r->head, slice_of(in->at, MIN_OF(in->len, r->head.max - had)));
    for (size_t at = from; at + sizeof(head_end) <= r->head.len; at++) {
        if (!slice_equal(slice_of(r->head.at + at, sizeof(head_end)),
                         SLICE_OF(head_end)))
            continue;
        used = at + sizeof(head_end) - had;
        r->head.len = had + used; /* the rest is not of the head */
        *in = slice_of(in->at + used, in->len - used);
        return true;
    }
    *in = slice_of(in->at + in->len, 0);
    return false;
}

static bool is_kept_alive(const struct http_reader *r)
{
    return r->http10 ? http_fields_has(&r->fields, "Connection", "keep-alive")
                     : !http_fields_has(&r->fields, "Connection", "close");
}

static enum http_step parse_head(struct request *r)
{
    struct slice head = buffer_view(&r->head);
    enum http_step step = http_reader_read(&r->reader, &head);

    if (step == HTTP_BAD)
        return step;
    if (step != HTTP_GOT_HEAD || head.len > 0)
        return bad(r, STATUS_BAD_REQUEST, "not a head of HTTP/1");
    if (r->reader.fields.count > REQUEST_FIELDS_MAX)
        return bad(r, STATUS_HEAD_TOO_LARGE, "too many fields");
    r->method = slice_text(r->reader.method);
    r->target = buffer_view(&r->reader.line);
    r->keep_alive = is_kept_alive(&r->reader);
    return HTTP_GOT_HEAD;
}

enum http_step request_read(struct request *r, struct slice *in)
{
    if (r->reader.in_body)
        return http_reader_read(&r->reader, in);
    if (in->len == 0)
        return HTTP_WANT_MORE;
    if (collect(r, in))
        return parse_head(r);
    if (!buffer_ok(&r->head))
        return bad(r, STATUS_NO_MEMORY, "out of memory");
    if (r->head.len == r->head.max)
        return bad(r, STATUS_HEAD_TOO_LARGE, "no end of the head");
    return HTTP_WANT_MORE;
}

struct slice request_field(const struct request *r, const char *name)
{
    return http_fields_get(&r->reader.fields, name);
}

size_t request_field_count(const struct request *r, const char *name)
{
    return http_fields_count(&r->reader.fields, name);
}

struct slice request_path(const struct request *r)
{
    const uint8_t *query =
        r->target.len == 0 ? NULL : memchr(r->target.at, '?', r->target.len);

    return query == NULL
               ? r->target
               : slice_of(r->target.at, (size_t)(query - r->target.at));
}

uint64_t request_query_number(const struct request *r, const char *name,
                              uint64_t max, uint64_t fallback)
{
    const size_t name_len = strlen(name);
    size_t skip = request_path(r).len + 1;
    uint64_t number;

    while (skip < r->target.len) {
        struct slice rest = slice_of(r->target.at + skip, r->target.len - skip);
        const uint8_t *end = memchr(rest.at, '&', rest.len);

        if (end != NULL)
            rest.len = (size_t)(end - rest.at);
        if (rest.len > name_len && rest.at[name_len] == '=' &&
            slice_equal(slice_of(rest.at, name_len), slice_text(name)) &&
            text_from_decimal(slice_of(rest.at + name_len + 1,
                                       rest.len - name_len - 1),
                              max, &number))
            return number;
        skip += rest.len + 1;
    }
    return fallback;
}
