#include "proxy/local/teekit_http.h"

#include <assert.h>
#include <string.h>

#include "common/builder.h"
#include "common/text.h"
#include "common/utf8.h"
#include "proxy/io/http_latin.h"
#include "proxy/io/ws_handshake.h"

/* --- names and values ---------------------------------------------------- */

/* Fields that are for the way from the application to us. */
static bool stays_here(const struct http_fields *f, size_t i)
{
    static const char *const words[] = { "Host", "Expect", "Trailer" };

    return http_fields_is_hop(f, i) ||
           text_is_any(http_fields_name(f, i), words, COUNT_OF(words));
}

static bool is_websocket_field(struct slice name)
{
    static const char prefix[] = "Sec-WebSocket-";

    return name.len >= sizeof(prefix) - 1 &&
           text_is_word(slice_of(name.at, sizeof(prefix) - 1), prefix);
}

/* --- requests ------------------------------------------------------------ */

/* What all names and values take at most; the buffer must not move while they
 * are borrowed from it. */
static size_t text_room(const struct http_reader *r)
{
    return 4 * r->fields.text.len + 4 * r->fields.count + r->line.len + 64;
}

/* The slice of |text| from |at| on. */
static struct slice since(const struct buffer *text, size_t at)
{
    return slice_of(text->at + at, text->len - at);
}

static bool is_first(const struct http_fields *f, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (text_same_word(http_fields_name(f, k), http_fields_name(f, i)))
            return false;
    return true;
}

/* The values of all fields called as field |i| is, in one. */
static struct slice join(const struct http_fields *f, size_t i,
                         struct buffer *text)
{
    struct slice name = http_fields_name(f, i);
    const char *mark = text_is_word(name, "Cookie") ? "; " : ", ";
    size_t at = text->len;

    http_latin_read(http_fields_value(f, i), text);
    for (size_t k = i + 1; k < f->count; k++) {
        if (!text_same_word(http_fields_name(f, k), name))
            continue;
        buffer_text(text, mark);
        http_latin_read(http_fields_value(f, k), text);
    }
    return since(text, at);
}

static void take_fields(const struct http_fields *f, struct buffer *text,
                        struct teekit_message *m)
{
    for (size_t i = 0; i < f->count; i++) {
        struct teekit_field *to = &m->fields[m->field_count];
        size_t at = text->len;

        if (stays_here(f, i) || !is_first(f, i))
            continue;
        http_latin_name(http_fields_name(f, i), text);
        to->name = since(text, at);
        to->value = join(f, i, text);
        to->listed = false;
        m->field_count++;
    }
}

/* Path and query of the target, which may be a whole URI (RFC 9112 section
 * 3.2.2); empty when it is neither. */
static struct slice path_of(struct slice line)
{
    static const char scheme[] = "http://";
    const size_t skip = sizeof(scheme) - 1;
    const uint8_t *slash;

    if (line.len > 0 && line.at[0] == '/')
        return line;
    if (slice_equal(line, slice_text("*")))
        return line;
    if (line.len <= skip || !text_is_word(slice_of(line.at, skip), scheme))
        return (struct slice){ 0 };
    slash = memchr(line.at + skip, '/', line.len - skip);
    return slash == NULL
               ? slice_text("/")
               : slice_of(slash, line.len - (size_t)(slash - line.at));
}

static enum status take_target(const struct http_reader *r, struct slice *path,
                               struct why *why)
{
    struct slice line = buffer_view(&r->line);

    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] <= ' ' || line.at[i] > '~')
            return why_fail(why, STATUS_BAD_REQUEST, "http.target",
                            "RFC 9112 section 3.2", "byte 0x%02x",
                            (unsigned)line.at[i]);
    *path = path_of(line);
    if (path->len > 0)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_REQUEST, "http.target",
                   "RFC 9112 section 3.2", "neither a path nor http://");
    return STATUS_BAD_REQUEST;
}

/* Methods that fetch() knows none of, or that are not for a resource. */
static enum status check_method(const char *method, struct why *why)
{
    if (strcmp(method, "CONNECT") != 0 && strcmp(method, "TRACE") != 0)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_METHOD, "http.method", NULL, "%s", method);
    return why_expect(why, "a method that teekit carries");
}

/* |text| emptied, with room for all that will be put there. */
static bool make_room(const struct http_reader *r, struct slice authority,
                      struct buffer *text)
{
    buffer_free(text);
    *text = buffer_with_max(8 * HTTP_HEAD_MAX_BYTES);
    return buffer_reserve(text, text_room(r) + authority.len) != NULL;
}

/* The whole URI: a server may be there for several hosts. */
static void put_url(const char *scheme, struct slice authority,
                    struct slice path, struct buffer *text,
                    struct teekit_message *m)
{
    size_t at = text->len;

    buffer_text(text, scheme);
    buffer_add(text, authority);
    if (path.at[0] != '/') /* the asterisk of OPTIONS */
        buffer_text(text, "/");
    buffer_add(text, path);
    m->url = since(text, at);
}

enum status teekit_http_request(const struct http_reader *r,
                                struct slice authority, struct buffer *text,
                                struct teekit_message *m, struct why *why)
{
    enum status st = check_method(r->method, why);
    struct slice path = { 0 };

    teekit_message_clear(m);
    if (st == STATUS_OK)
        st = take_target(r, &path, why);
    if (st != STATUS_OK)
        return st;
    if (!make_room(r, authority, text))
        return why_fail(why, STATUS_NO_MEMORY, "http", NULL, "no memory");
    m->type = TEEKIT_HTTP_REQUEST;
    put_url("http://", authority, path, text, m);
    m->method = slice_text(r->method);
    take_fields(&r->fields, text, m);
    return STATUS_OK;
}

bool teekit_http_is_websocket(const struct http_reader *r)
{
    return !r->http10 && http_fields_has(&r->fields, "Connection", "upgrade") &&
           http_fields_has(&r->fields, "Upgrade", "websocket");
}

/* The subprotocols that |r| offers. */
static enum status take_protocols(const struct http_fields *f,
                                  struct teekit_message *m, struct why *why)
{
    for (size_t i = 0; i < f->count; i++) {
        struct slice list = http_fields_value(f, i);
        struct slice item;

        if (!text_is_word(http_fields_name(f, i), "Sec-WebSocket-Protocol"))
            continue;
        while (text_list_next(&list, &item)) {
            if (m->protocol_count == TEEKIT_PROTOCOLS_MAX ||
                item.len > TEEKIT_WORD_MAX_BYTES || !utf8_valid(item))
                return why_fail(why, STATUS_BAD_REQUEST,
                                "http.sec-websocket-protocol", NULL,
                                "more or longer ones than anybody needs");
            m->protocols[m->protocol_count++] = item;
        }
    }
    return STATUS_OK;
}

enum status teekit_http_connect(const struct http_reader *r,
                                struct slice authority, struct buffer *text,
                                struct teekit_message *m, struct why *why)
{
    const struct http_fields *f = &r->fields;
    const struct ws_upgrade upgrade = {
        .upgrade = http_fields_get(f, "Upgrade"),
        .connection = slice_text("Upgrade"), /* among others, perhaps */
        .key = http_fields_get(f, "Sec-WebSocket-Key"),
        .version = http_fields_get(f, "Sec-WebSocket-Version"),
        .protocol = http_fields_get(f, "Sec-WebSocket-Protocol"),
    };
    struct slice path = { 0 };
    enum status st = ws_handshake_check_upgrade(&upgrade, why);

    teekit_message_clear(m);
    if (st == STATUS_OK && strcmp(r->method, "GET") != 0)
        st = why_fail(why, STATUS_BAD_METHOD, "http.method", "RFC 6455 4.1",
                      "%s", r->method);
    if (st == STATUS_OK)
        st = take_target(r, &path, why);
    if (st == STATUS_OK)
        st = take_protocols(f, m, why);
    if (st != STATUS_OK)
        return st;
    if (!make_room(r, authority, text))
        return why_fail(why, STATUS_NO_MEMORY, "http", NULL, "no memory");
    m->type = TEEKIT_WS_CONNECT;
    put_url("ws://", authority, path, text, m);
    return STATUS_OK;
}

/* --- answers ------------------------------------------------------------- */

/* A peer says such things of its own connection; ours are written anew. */
static bool is_framing(struct slice name)
{
    static const char *const words[] = {
        "Connection",        "Keep-Alive",     "TE", "Trailer", "Upgrade",
        "Transfer-Encoding", "Content-Length",
    };
    static const char prefix[] = "Proxy-";

    if (name.len >= sizeof(prefix) - 1 &&
        text_is_word(slice_of(name.at, sizeof(prefix) - 1), prefix))
        return true;
    return text_is_any(name, words, COUNT_OF(words)) ||
           is_websocket_field(name);
}

static enum status put_field(const struct teekit_field *f, struct buffer *out,
                             struct why *why)
{
    if (!text_is_token(f->name))
        return why_fail(why, STATUS_BAD_FIELD, "http_response.headers",
                        "RFC 9110 section 5.1",
                        "a name of %zu bytes that is no name", f->name.len);
    if (is_framing(f->name))
        return STATUS_OK;
    buffer_add(out, f->name);
    buffer_text(out, ": ");
    if (!http_latin_write(f->value, out))
        return why_fail(why, STATUS_BAD_FIELD, "http_response.headers",
                        "RFC 9110 section 5.5",
                        "a value with the end of a line, or beyond "
                        "ISO 8859-1");
    buffer_text(out, "\r\n");
    return STATUS_OK;
}

static void put_line(const struct teekit_message *m, struct buffer *out)
{
    size_t begin;

    buffer_text(out, "HTTP/1.1 ");
    buffer_decimal(out, m->status);
    buffer_byte(out, ' ');
    begin = out->len;
    /* Nobody acts on it: one that cannot be said is not. */
    if (!http_latin_write(m->status_text, out) && buffer_ok(out))
        out->len = begin;
    buffer_text(out, "\r\n");
}

static bool has_field(const struct teekit_message *m, const char *name,
                      struct slice *value)
{
    for (size_t i = 0; i < m->field_count; i++)
        if (text_is_word(m->fields[i].name, name)) {
            *value = m->fields[i].value;
            return true;
        }
    *value = (struct slice){ 0 };
    return false;
}

/* The length of the body, or to HEAD of the one that GET would get, which only
 * the server's own word can say when it sent none. */
static void put_length(const struct teekit_message *m, bool to_head,
                       struct buffer *out)
{
    struct slice said;
    uint64_t length = m->body.len;

    if (m->status == 204 || m->status == 304)
        return;
    if (m->status == 205)
        length = 0;
    else if (to_head && m->body.len == 0 &&
             (!has_field(m, "content-length", &said) ||
              !text_from_decimal(said, INT64_MAX, &length)))
        return;
    buffer_text(out, "Content-Length: ");
    buffer_decimal(out, length);
    buffer_text(out, "\r\n");
}

static enum status put_head(const struct teekit_message *m, bool to_head,
                            bool close, struct buffer *out, struct why *why)
{
    enum status st = STATUS_OK;
    struct slice type;

    put_line(m, out);
    for (size_t i = 0; i < m->field_count && st == STATUS_OK; i++)
        st = put_field(&m->fields[i], out, why);
    if (m->body_kind == TEEKIT_TEXT && m->body.len > 0 &&
        !has_field(m, "content-type", &type))
        buffer_text(out, "Content-Type: text/plain;charset=UTF-8\r\n");
    put_length(m, to_head, out);
    buffer_text(out, close ? "Connection: close\r\n\r\n" : "\r\n");
    return st;
}

enum status teekit_http_response(const struct teekit_message *m, bool to_head,
                                 bool close, struct buffer *out,
                                 struct why *why)
{
    const bool bodiless =
        to_head || m->status == 204 || m->status == 205 || m->status == 304;
    size_t begin = out->len;
    enum status st;

    if (m->status < 200 || m->status > 599) {
        (void)why_fail(why, STATUS_BAD_FIELD, "http_response.status", NULL,
                       "%u", (unsigned)m->status);
        return why_expect(why, "200 to 599");
    }
    st = put_head(m, to_head, close, out, why);
    if (st != STATUS_OK) {
        if (buffer_ok(out))
            out->len = begin;
        return st;
    }
    if (!bodiless)
        buffer_add(out, m->body);
    return STATUS_OK;
}

void teekit_http_switch(const struct http_reader *r, struct buffer *out)
{
    struct slice offered =
        http_fields_get(&r->fields, "Sec-WebSocket-Protocol");
    char protocol[TEEKIT_WORD_MAX_BYTES + 1] = "";
    uint8_t bytes[TEEKIT_WORD_MAX_BYTES + 512];
    struct builder b = builder_over(bytes, sizeof(bytes));
    struct slice first;

    /* teekit's servers choose none and tell nothing; but who offers some must
     * be given one (RFC 6455 section 4.1 allows none, browsers do not). */
    if (text_list_next(&offered, &first) && first.len < sizeof(protocol))
        memcpy(protocol, first.at, first.len);
    ws_handshake_respond(&b, http_fields_get(&r->fields, "Sec-WebSocket-Key"),
                         protocol[0] == '\0' ? NULL : protocol);
    assert(builder_ok(&b));
    buffer_add(out, builder_view(&b));
}
