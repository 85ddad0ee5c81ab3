#include "proxy/server/request.h"

#include <assert.h>
#include <string.h>

#include "common/compiler.h"
#include "common/text.h"

#define CLAUSE "RFC 9112"

static const uint8_t head_end[] = { '\r', '\n', '\r', '\n' };

static struct request *request_of(llhttp_t *parser)
{
    return CONTAINER_OF(parser, struct request, parser);
}

/* What a callback returns to stop llhttp. */
static int stop_bad(struct request *r, enum status st, const char *found)
{
    (void)why_fail(&r->why, st, "request", CLAUSE, "%s", found);
    return HPE_USER;
}

static int on_method(llhttp_t *parser, const char *at, size_t len)
{
    request_of(parser)->method = slice_of(at, len);
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    request_of(parser)->target = slice_of(at, len);
    return 0;
}

/* Trailers are dropped: nobody here asks for any. */
static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct request *r = request_of(parser);

    if (r->has_head)
        return 0;
    if (r->field_count == REQUEST_FIELDS_MAX)
        return stop_bad(r, STATUS_HEAD_TOO_LARGE, "too many fields");
    r->fields[r->field_count++] = (struct request_field){
        .name = slice_of(at, len),
    };
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct request *r = request_of(parser);
    struct request_field *last;

    if (r->has_head)
        return 0;
    assert(r->field_count > 0);
    last = &r->fields[r->field_count - 1];
    if (last->value.at != NULL)
        return stop_bad(r, STATUS_BAD_REQUEST, "a value in two pieces");
    last->value = text_trim(slice_of(at, len));
    return 0;
}

/* llhttp reads heads and chunks; a body with a length is counted here. 2 makes
 * it stop behind the head. */
static int on_headers_complete(llhttp_t *parser)
{
    struct request *r = request_of(parser);
    unsigned minor = llhttp_get_http_minor(parser);

    if (llhttp_get_http_major(parser) != 1 || minor > 1)
        return stop_bad(r, STATUS_BAD_REQUEST, "neither HTTP/1.0 nor 1.1");
    r->has_head = true;
    r->http_1_0 = minor == 0;
    r->keep_alive = llhttp_should_keep_alive(parser) == 1;
    r->chunked = (parser->flags & F_CHUNKED) != 0;
    r->length = r->left = r->chunked ? 0 : parser->content_length;
    return r->chunked ? HPE_PAUSED : 2;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    request_of(parser)->piece = slice_of(at, len);
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *parser)
{
    struct request *r = request_of(parser);

    r->ended = r->chunked;
    return r->chunked ? HPE_PAUSED : 0;
}

static const llhttp_settings_t settings = {
    .on_method = on_method,
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void request_init(struct request *r, size_t head_max)
{
    *r = (struct request){ .head = buffer_with_max(head_max) };
    request_next(r);
}

void request_fini(struct request *r)
{
    buffer_free(&r->head);
}

void request_next(struct request *r)
{
    struct buffer head = r->head;

    buffer_clear(&head);
    *r = (struct request){ .head = head };
    llhttp_init(&r->parser, HTTP_REQUEST, &settings);
}

static enum request_step bad(struct request *r, enum status st,
                             const char *found)
{
    (void)stop_bad(r, st, found);
    return REQUEST_BAD;
}

/* Let llhttp read |in|; returns how many bytes it used. The callbacks set what
 * there is to tell. */
static size_t execute(struct request *r, struct slice in)
{
    const char *text = (const char *)in.at;
    llhttp_errno_t error;

    llhttp_resume(&r->parser);
    error = llhttp_execute(&r->parser, text, in.len);
    if (error == HPE_OK)
        return in.len;
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE)
        return (size_t)(llhttp_get_error_pos(&r->parser) - text);
    if (r->why.status == STATUS_OK)
        (void)stop_bad(r,
                       error == HPE_INVALID_METHOD ? STATUS_BAD_METHOD
                                                   : STATUS_BAD_REQUEST,
                       llhttp_get_error_reason(&r->parser));
    return 0;
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

static enum request_step read_head(struct request *r, struct slice *in)
{
    size_t used;

    if (in->len == 0)
        return REQUEST_MORE;
    if (!collect(r, in)) {
        if (!buffer_ok(&r->head))
            return bad(r, STATUS_NO_MEMORY, "out of memory");
        if (r->head.len == r->head.max)
            return bad(r, STATUS_HEAD_TOO_LARGE, "no end of the head");
        return REQUEST_MORE;
    }
    used = execute(r, buffer_view(&r->head));
    if (r->why.status != STATUS_OK)
        return REQUEST_BAD;
    if (!r->has_head || used != r->head.len)
        return bad(r, STATUS_BAD_REQUEST, "not a head of HTTP/1");
    return REQUEST_HEAD;
}

static enum request_step read_counted(struct request *r, struct slice *in)
{
    size_t len = (size_t)MIN_OF(r->left, (uint64_t)in->len);

    if (r->left == 0) {
        r->ended = true;
        return REQUEST_END;
    }
    if (len == 0)
        return REQUEST_MORE;
    r->piece = slice_of(in->at, len);
    r->left -= len;
    *in = slice_of(in->at + len, in->len - len);
    return REQUEST_BODY;
}

static enum request_step read_chunks(struct request *r, struct slice *in)
{
    size_t used;

    if (in->len == 0)
        return REQUEST_MORE;
    r->piece = (struct slice){ 0 };
    used = execute(r, *in);
    if (r->why.status != STATUS_OK)
        return REQUEST_BAD;
    *in = slice_of(in->at + used, in->len - used);
    if (r->piece.len > 0)
        return REQUEST_BODY;
    return r->ended ? REQUEST_END : REQUEST_MORE;
}

enum request_step request_read(struct request *r, struct slice *in)
{
    if (!r->has_head)
        return read_head(r, in);
    if (r->ended)
        return REQUEST_END;
    return r->chunked ? read_chunks(r, in) : read_counted(r, in);
}

struct slice request_field(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->field_count; i++)
        if (text_same_word(r->fields[i].name, slice_text(name)))
            return r->fields[i].value;
    return (struct slice){ 0 };
}

size_t request_field_count(const struct request *r, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < r->field_count; i++)
        count += text_same_word(r->fields[i].name, slice_text(name));
    return count;
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
