/* Writes the messages of teekit_message.h.
 * names: teekit_message_ declared there */
#include "proxy/tunnel/teekit_message.h"

#include <assert.h>

#include "common/text.h"
#include "proxy/tunnel/wire_out.h"

/* In the order of enum teekit_type, and of enum teekit_event. */
static const char *const types[] = {
    "",         "http_request", "http_response", "ws_connect",
    "ws_event", "ws_message",   "ws_close",
};
static const char *const events[] = { "open", "close", "error" };

#define FIXED_BYTES 512 /* keys, heads, words and numbers of any message */

struct slice teekit_message_id(const char *text,
                               uint8_t room[static TEEKIT_ID_ROOM])
{
    struct builder b = builder_over(room, TEEKIT_ID_ROOM);

    wire_out_text(&b, text);
    assert(builder_ok(&b));
    return builder_view(&b);
}

size_t teekit_message_room(const struct teekit_message *m)
{
    size_t room = FIXED_BYTES + m->id.len + m->url.len + m->method.len +
                  m->status_text.len + m->error.len + m->reason.len +
                  m->body.len;

    for (size_t i = 0; i < m->protocol_count; i++)
        room += WIRE_HEAD_MAX_BYTES + m->protocols[i].len;
    for (size_t i = 0; i < m->field_count; i++)
        room += 3 * WIRE_HEAD_MAX_BYTES + m->fields[i].name.len +
                m->fields[i].value.len;
    return room;
}

/* --- headers ------------------------------------------------------------- */

/* How many fields from |i| on are of one name. */
static size_t run_at(const struct teekit_message *m, size_t i)
{
    size_t run = 1;

    while (i + run < m->field_count &&
           text_same_word(m->fields[i].name, m->fields[i + run].name))
        run++;
    return run;
}

static void put_headers(const struct teekit_message *m, enum teekit_style style,
                        struct builder *b)
{
    size_t names = 0, run;

    for (size_t i = 0; i < m->field_count; i += run_at(m, i))
        names++;
    wire_out_text(b, "headers");
    teekit_write_map(b, style, names);
    for (size_t i = 0; i < m->field_count; i += run) {
        run = run_at(m, i);
        wire_out_text_slice(b, m->fields[i].name);
        if (run > 1 || m->fields[i].listed)
            wire_out_array(b, run);
        for (size_t k = 0; k < run; k++)
            wire_out_text_slice(b, m->fields[i + k].value);
    }
}

/* --- parts --------------------------------------------------------------- */

static void put_text(struct builder *b, const char *key, struct slice text)
{
    wire_out_text(b, key);
    wire_out_text_slice(b, text);
}

/* A key that may be absent: it counts, or it stands there as undefined. */
static bool is_written(bool there, enum teekit_style style)
{
    return there || style != TEEKIT_OURS;
}

/* |bytes| false: the head alone. */
static void put_body(const struct teekit_message *m, enum teekit_style style,
                     const char *key, bool bytes, struct builder *b)
{
    wire_out_text(b, key);
    switch (m->body_kind) {
    case TEEKIT_NOTHING:
        if (m->type == TEEKIT_HTTP_RESPONSE)
            wire_out_null(b);
        else
            teekit_write_undefined(b);
        return;
    case TEEKIT_TEXT:
        wire_out_text_head(b, m->body.len);
        break;
    case TEEKIT_BYTES:
        teekit_write_head(b, style, m->body.len);
        break;
    }
    if (bytes)
        builder_bytes(b, m->body);
}

static void put_code(const struct teekit_message *m, enum teekit_style style,
                     struct builder *b)
{
    if (is_written(m->has_code, style))
        wire_out_text(b, "code");
    if (m->has_code)
        wire_out_uint(b, m->code);
    else if (style != TEEKIT_OURS)
        teekit_write_undefined(b);
    if (is_written(m->has_reason, style))
        wire_out_text(b, "reason");
    if (m->has_reason)
        wire_out_text_slice(b, m->reason);
    else if (style != TEEKIT_OURS)
        teekit_write_undefined(b);
}

static size_t code_pairs(const struct teekit_message *m,
                         enum teekit_style style)
{
    return (size_t)is_written(m->has_code, style) +
           (size_t)is_written(m->has_reason, style);
}

/* The map, and its pairs that are the same in each message. */
static void begin(const struct teekit_message *m, enum teekit_style style,
                  size_t pairs, struct builder *b)
{
    bool http =
        m->type == TEEKIT_HTTP_REQUEST || m->type == TEEKIT_HTTP_RESPONSE;

    teekit_write_map(b, style, pairs);
    teekit_write_pair(b, "type", types[m->type]);
    wire_out_text(b, http ? "requestId" : "connectionId");
    builder_bytes(b, m->id);
}

/* --- messages ------------------------------------------------------------ */

static void put_request(const struct teekit_message *m, enum teekit_style style,
                        bool bytes, struct builder *b)
{
    bool body = is_written(m->body_kind != TEEKIT_NOTHING, style);

    begin(m, style, body ? 6 : 5, b);
    put_text(b, "method", m->method);
    put_text(b, "url", m->url);
    put_headers(m, style, b);
    if (body)
        put_body(m, style, "body", bytes, b);
}

static void put_response(const struct teekit_message *m,
                         enum teekit_style style, bool bytes, struct builder *b)
{
    bool error = m->error.len > 0;

    begin(m, style, error ? 7 : 6, b);
    wire_out_text(b, "status");
    wire_out_uint(b, m->status);
    put_text(b, "statusText", m->status_text);
    put_headers(m, style, b);
    if (error && style == TEEKIT_OURS)
        put_text(b, "error", m->error);
    put_body(m, style, "body", bytes, b);
    if (error && style != TEEKIT_OURS)
        put_text(b, "error", m->error);
}

static void put_connect(const struct teekit_message *m, enum teekit_style style,
                        struct builder *b)
{
    bool protocols = is_written(m->protocol_count > 0, style);

    begin(m, style, protocols ? 4 : 3, b);
    put_text(b, "url", m->url);
    if (protocols)
        wire_out_text(b, "protocols");
    if (m->protocol_count > 0)
        wire_out_array(b, m->protocol_count);
    else if (protocols)
        teekit_write_undefined(b);
    for (size_t i = 0; i < m->protocol_count; i++)
        wire_out_text_slice(b, m->protocols[i]);
}

static void put_event(const struct teekit_message *m, enum teekit_style style,
                      struct builder *b)
{
    switch (m->event) {
    case TEEKIT_OPEN:
        begin(m, style, 3, b);
        teekit_write_pair(b, "eventType", events[m->event]);
        return;
    case TEEKIT_CLOSE:
        begin(m, style, 3 + code_pairs(m, style), b);
        teekit_write_pair(b, "eventType", events[m->event]);
        put_code(m, style, b);
        return;
    case TEEKIT_ERROR:
        begin(m, style, 4, b);
        teekit_write_pair(b, "eventType", events[m->event]);
        put_text(b, "error", m->error);
        return;
    }
}

static void put_message(const struct teekit_message *m, enum teekit_style style,
                        bool bytes, struct builder *b)
{
    const char *kind = m->body_kind == TEEKIT_TEXT ? "string" : "arraybuffer";

    begin(m, style, 4, b);
    if (style == TEEKIT_OURS)
        teekit_write_pair(b, "dataType", kind);
    put_body(m, style, "data", bytes, b);
    if (style != TEEKIT_OURS)
        teekit_write_pair(b, "dataType", kind);
}

static void encode(const struct teekit_message *m, enum teekit_style style,
                   bool bytes, struct builder *out)
{
    switch (m->type) {
    case TEEKIT_UNKNOWN:
        assert(m->type != TEEKIT_UNKNOWN);
        return;
    case TEEKIT_HTTP_REQUEST:
        put_request(m, style, bytes, out);
        return;
    case TEEKIT_HTTP_RESPONSE:
        put_response(m, style, bytes, out);
        return;
    case TEEKIT_WS_CONNECT:
        put_connect(m, style, out);
        return;
    case TEEKIT_WS_EVENT:
        put_event(m, style, out);
        return;
    case TEEKIT_WS_MESSAGE:
        put_message(m, style, bytes, out);
        return;
    case TEEKIT_WS_CLOSE:
        begin(m, style, 2 + code_pairs(m, style), out);
        put_code(m, style, out);
        return;
    }
}

void teekit_message_encode(const struct teekit_message *m,
                           enum teekit_style style, struct builder *out)
{
    encode(m, style, true, out);
}

void teekit_message_encode_head(const struct teekit_message *m,
                                struct builder *out)
{
    encode(m, TEEKIT_OURS, false, out);
}
