#include "proxy/tunnel/teekit_message.h"

#include <stdio.h>

#include "common/text.h"
#include "common/utf8.h"
#include "proxy/tunnel/wire_map.h"

#define CLAUSE "PROTOCOL 13.4"

/* In the order of enum teekit_type. */
static const char *const types[] = {
    NULL,       "http_request", "http_response", "ws_connect",
    "ws_event", "ws_message",   "ws_close",
};

/* In the order of enum teekit_event. */
static const char *const events[] = { "open", "close", "error" };

struct reading {
    struct teekit_message *out;
    uint8_t *at; /* the text that is read, writable */
};

/* --- texts --------------------------------------------------------------- */

/* Is there half of a surrogate pair, written as if it were a character? */
static bool is_half(const uint8_t *at, size_t len)
{
    return len >= 3 && at[0] == 0xed && at[1] >= 0xa0 && at[1] <= 0xbf &&
           (at[2] & 0xc0) == 0x80;
}

/* Put U+FFFD, of as many bytes, for each. */
static void replace_halves(uint8_t *at, size_t len)
{
    static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };

    for (size_t i = 0; i < len; i++)
        if (is_half(at + i, len - i))
            memcpy(at + i, replacement, sizeof(replacement));
}

static struct slice read_text(struct wire_in *in, const struct reading *r,
                              size_t max)
{
    struct slice text = wire_in_loose(in, max);

    if (utf8_valid(text))
        return text;
    replace_halves(r->at + (text.at - r->at), text.len);
    if (utf8_valid(text))
        return text;
    wire_in_fail(in);
    return (struct slice){ 0 };
}

static struct slice some_text(struct wire_in *in, const struct reading *r,
                              size_t max)
{
    return wire_in_null(in) ? (struct slice){ 0 } : read_text(in, r, max);
}

/* --- one key each -------------------------------------------------------- */

static void read_type(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct slice name = wire_in_text(in, TEEKIT_WORD_MAX_BYTES);

    (void)why; /* wire_map.c fills it, here and below */
    for (size_t i = TEEKIT_HTTP_REQUEST; i < COUNT_OF(types); i++)
        if (slice_equal(name, slice_text(types[i])))
            r->out->type = (enum teekit_type)i;
}

/* An id is whatever it is, but of one piece: teekit's server sends it back
 * unread. */
static void read_id(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    const struct slice before = in->left;
    enum wire_kind kind = wire_in_peek(in);
    size_t len;

    (void)why;
    if (kind == WIRE_ARRAY || kind == WIRE_MAP || kind == WIRE_NULL) {
        wire_in_fail(in);
        return;
    }
    wire_in_skip(in);
    len = before.len - in->left.len;
    if (len > TEEKIT_ID_MAX_BYTES || r->out->id.len > 0)
        wire_in_fail(in); /* too long, or a second one */
    if (wire_in_ok(in))
        r->out->id = slice_of(before.at, len);
}

static void read_method(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->out->method = some_text(in, r, TEEKIT_WORD_MAX_BYTES);
}

static void read_url(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->out->url = some_text(in, r, TEEKIT_URL_MAX_BYTES);
}

/* A body, or the data of a message. */
static void read_body(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct teekit_message *m = r->out;

    (void)why;
    if (m->body_kind != TEEKIT_NOTHING) {
        wire_in_fail(in); /* a second one */
    } else if (wire_in_peek(in) == WIRE_TEXT) {
        m->body_kind = TEEKIT_TEXT;
        m->body = read_text(in, r, TEEKIT_MESSAGE_MAX_BYTES);
    } else if (!wire_in_null(in)) {
        m->body_kind = TEEKIT_BYTES;
        m->body = wire_in_bytes(in, TEEKIT_MESSAGE_MAX_BYTES);
    }
}

static void read_status(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->out->status = (uint32_t)wire_in_whole(in, UINT32_MAX);
}

static void read_status_text(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->out->status_text = some_text(in, r, TEEKIT_TEXT_MAX_BYTES);
}

static void read_error(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    r->out->error = some_text(in, r, TEEKIT_TEXT_MAX_BYTES);
}

static void read_protocols(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct teekit_message *m = r->out;
    struct wire_list list;

    (void)why;
    if (wire_in_null(in))
        return;
    list = wire_in_array(in, TEEKIT_PROTOCOLS_MAX);
    while (wire_in_more(in, &list)) {
        if (m->protocol_count == TEEKIT_PROTOCOLS_MAX)
            wire_in_fail(in); /* of an array without a length */
        else
            m->protocols[m->protocol_count++] =
                read_text(in, r, TEEKIT_WORD_MAX_BYTES);
    }
}

static void read_event(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;
    struct slice name = wire_in_text(in, TEEKIT_WORD_MAX_BYTES);

    (void)why;
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        if (!slice_equal(name, slice_text(events[i])))
            continue;
        r->out->event = (enum teekit_event)i;
        return;
    }
    wire_in_fail(in);
}

static void read_code(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    if (wire_in_null(in))
        return;
    r->out->has_code = true;
    r->out->code = (uint32_t)wire_in_whole(in, UINT32_MAX);
}

static void read_reason(struct wire_in *in, void *out, struct why *why)
{
    struct reading *r = out;

    (void)why;
    if (wire_in_null(in))
        return;
    r->out->has_reason = true;
    r->out->reason = read_text(in, r, TEEKIT_TEXT_MAX_BYTES);
}

/* --- headers ------------------------------------------------------------- */

/* Bytes and fields that are left of what headers may take up. */
struct allowance {
    struct reading *r;
    size_t bytes;
    struct why *why;
};

static void refuse_headers(struct wire_in *in, struct allowance *left)
{
    wire_in_fail(in);
    if (left->why->status == STATUS_OK)
        (void)why_fail(left->why, STATUS_HEAD_TOO_LARGE, "headers", CLAUSE,
                       "more than %d bytes or %d fields", TEEKIT_HEADERS_MAX,
                       TEEKIT_FIELDS_MAX);
}

static void add_field(struct wire_in *in, struct allowance *left,
                      struct teekit_field field)
{
    struct teekit_message *m = left->r->out;

    if (!wire_in_ok(in))
        return;
    if (m->field_count == TEEKIT_FIELDS_MAX || field.name.len > left->bytes ||
        field.value.len > left->bytes - field.name.len) {
        refuse_headers(in, left);
        return;
    }
    left->bytes -= field.name.len + field.value.len;
    m->fields[m->field_count++] = field;
}

/* A number as its text, which |m| keeps. */
static struct slice read_number(struct wire_in *in, struct teekit_message *m)
{
    uint64_t number = wire_in_whole(in, UINT64_MAX);
    char *at = m->digits + m->digits_len;
    size_t room = sizeof(m->digits) - m->digits_len;
    int len = snprintf(at, room, "%llu", (unsigned long long)number);

    if (len < 0 || (size_t)len >= room) {
        wire_in_fail(in);
        return (struct slice){ 0 };
    }
    m->digits_len += (size_t)len;
    return slice_of(at, (size_t)len);
}

/* However long: add_field() has the limit. */
static struct slice read_value(struct wire_in *in, struct reading *r)
{
    return wire_in_peek(in) == WIRE_TEXT
               ? read_text(in, r, TEEKIT_MESSAGE_MAX_BYTES)
               : read_number(in, r->out);
}

static void read_field(struct wire_in *in, struct allowance *left)
{
    struct teekit_field field = { 0 };
    struct wire_list list;

    field.name = wire_in_text(in, TEEKIT_MESSAGE_MAX_BYTES);
    if (wire_in_null(in))
        return;
    if (wire_in_peek(in) != WIRE_ARRAY) {
        field.value = read_value(in, left->r);
        add_field(in, left, field);
        return;
    }
    field.listed = true;
    list = wire_in_array(in, TEEKIT_FIELDS_MAX);
    while (wire_in_more(in, &list)) {
        field.value = read_value(in, left->r);
        add_field(in, left, field);
    }
}

static void read_headers(struct wire_in *in, void *out, struct why *why)
{
    struct allowance left = { .r = out,
                              .bytes = TEEKIT_HEADERS_MAX,
                              .why = why };
    struct wire_list pairs;

    if (wire_in_null(in))
        return;
    pairs = wire_in_map(in, UINT64_MAX);
    if (pairs.left > TEEKIT_FIELDS_MAX) {
        refuse_headers(in, &left);
        return;
    }
    while (wire_in_more(in, &pairs))
        read_field(in, &left);
}

/* --- a message ----------------------------------------------------------- */

/* In the order of |fields|. */
enum field {
    FIELD_TYPE,
    FIELD_REQUEST,
    FIELD_CONNECTION,
    FIELD_URL,
    FIELD_STATUS,
    FIELD_HEADERS,
    FIELD_DATA,
    FIELD_EVENT,
};

/* clang-format off */
static const struct wire_map_field fields[] = {
    { "type",         "message.type",         "a text", read_type, STATUS_OK },
    { "requestId",    "message.requestId",    "one item of up to 128 bytes", read_id, STATUS_OK },
    { "connectionId", "message.connectionId", "one item of up to 128 bytes", read_id, STATUS_OK },
    { "url",          "message.url",          "up to 32 KiB of text", read_url, STATUS_OK },
    { "status",       "message.status",       "a number", read_status, STATUS_OK },
    { "headers",      "message.headers",      "a map of texts", read_headers, STATUS_OK },
    { "data",         "message.data",         "text or bytes", read_body, STATUS_OK },
    { "eventType",    "message.eventType",    "open, close or error", read_event, STATUS_OK },
    { "method",       "message.method",       "a short text", read_method, STATUS_OK },
    { "body",         "message.body",         "text, bytes or null", read_body, STATUS_OK },
    { "statusText",   "message.statusText",   "a short text", read_status_text, STATUS_OK },
    { "error",        "message.error",        "a short text", read_error, STATUS_OK },
    { "protocols",    "message.protocols",    "up to 16 short texts", read_protocols, STATUS_OK },
    { "code",         "message.code",         "a number", read_code, STATUS_OK },
    { "reason",       "message.reason",       "a short text", read_reason, STATUS_OK },
};
/* clang-format on */

static const struct wire_map map = {
    .path = "message",
    .clause = CLAUSE,
    .fields = fields,
    .count = COUNT_OF(fields),
};

/* What a message cannot do without. A request may lack what JavaScript would
 * fill in: method, URL and headers. */
static void require(const struct teekit_message *m, uint32_t seen,
                    struct wire_in *in, struct why *why)
{
    wire_map_require(&map, seen, FIELD_TYPE, in, why);
    switch (m->type) {
    case TEEKIT_UNKNOWN:
        return;
    case TEEKIT_HTTP_REQUEST:
        wire_map_require(&map, seen, FIELD_REQUEST, in, why);
        return;
    case TEEKIT_HTTP_RESPONSE:
        wire_map_require(&map, seen, FIELD_REQUEST, in, why);
        wire_map_require(&map, seen, FIELD_STATUS, in, why);
        return;
    case TEEKIT_WS_CONNECT:
    case TEEKIT_WS_CLOSE:
        wire_map_require(&map, seen, FIELD_CONNECTION, in, why);
        return;
    case TEEKIT_WS_EVENT:
        wire_map_require(&map, seen, FIELD_CONNECTION, in, why);
        wire_map_require(&map, seen, FIELD_EVENT, in, why);
        return;
    case TEEKIT_WS_MESSAGE:
        wire_map_require(&map, seen, FIELD_CONNECTION, in, why);
        if (m->body_kind == TEEKIT_NOTHING)
            wire_map_require(&map, 0, FIELD_DATA, in, why);
        return;
    }
}

/* Forget what was read, but for what an answer needs. */
static enum status give_up(struct teekit_message *m, const struct why *why)
{
    enum teekit_type type = m->type;
    struct slice id = m->id;

    teekit_message_clear(m);
    m->type = type;
    m->id = id;
    return why->status;
}

enum status teekit_message_parse(uint8_t *at, size_t len,
                                 struct teekit_message *out, struct why *why)
{
    struct wire_in in = wire_in_over(slice_of(at, len), WIRE_ANY);
    struct reading r = { .out = out, .at = at };
    uint32_t seen;

    teekit_message_clear(out);
    *why = (struct why){ 0 };
    seen = wire_map_read(&map, &in, &r, why);
    require(out, seen, &in, why);
    if (wire_in_ok(&in) && !wire_in_finish(&in))
        (void)why_fail(why, STATUS_TRAILING, "message", CLAUSE,
                       "%zu bytes behind the map", in.left.len);
    if (why->status != STATUS_OK)
        return give_up(out, why);
    if (out->type == TEEKIT_HTTP_REQUEST && out->method.len == 0)
        out->method = slice_text("GET");
    return STATUS_OK;
}
