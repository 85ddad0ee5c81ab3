#include "proxy/local/http_request.h"

#include <assert.h>
#include <stdio.h>

#include "common/compiler.h"
#include "common/text.h"
#include "proxy/io/http_chunk.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443

void http_request_init(struct http_request *r)
{
    *r = (struct http_request){ 0 };
    http_reader_init(&r->reader, HTTP_REQUESTS);
}

void http_request_fini(struct http_request *r)
{
    http_reader_fini(&r->reader);
}

void http_request_next(struct http_request *r)
{
    http_reader_next(&r->reader, false);
    r->method = NULL;
    r->target = (struct target){ 0 };
    r->is_head = r->keep_alive = r->upgrade = false;
}

static bool is_inside(const struct http_request *r)
{
    return r->origin.port != 0;
}

static uint16_t default_port(const struct http_request *r)
{
    return is_inside(r) ? HTTPS_PORT : HTTP_PORT;
}

static enum status refuse(struct http_request *r, const char *field,
                          const char *clause, const char *found)
{
    return why_fail(&r->reader.why, STATUS_BAD_REQUEST, field, clause, "%s",
                    found);
}

/* Methods of other protocols, which llhttp reads too, and TRACE, which would
 * show a page what its browser sent. */
static bool is_foreign(const char *method)
{
    static const char *const foreign[] = {
        "TRACE",  "SOURCE",   "PRI",           "DESCRIBE", "ANNOUNCE",
        "SETUP",  "PLAY",     "PAUSE",         "TEARDOWN", "GET_PARAMETER",
        "RECORD", "REDIRECT", "SET_PARAMETER", "FLUSH"
    };

    for (size_t i = 0; i < COUNT_OF(foreign); i++)
        if (strcmp(method, foreign[i]) == 0)
            return true;
    return false;
}

static enum status check_method(struct http_request *r)
{
    r->is_head = strcmp(r->method, "HEAD") == 0;
    if (!is_foreign(r->method))
        return STATUS_OK;
    return why_fail(&r->reader.why, STATUS_BAD_METHOD, "http.method",
                    "RFC 9110 section 9", "%s", r->method);
}

static enum status check_host(struct http_request *r)
{
    const struct http_fields *f = &r->reader.fields;
    struct slice host = http_fields_get(f, "Host");
    size_t count = http_fields_count(f, "Host");

    r->target = (struct target){ 0 };
    if (count > 1 || (count == 0 && !r->http10)) {
        (void)refuse(r, "http.host", "RFC 9112 section 3.2",
                     count == 0 ? "none" : "more than one");
        return why_expect(&r->reader.why, "one");
    }
    if (host.len == 0)
        return STATUS_OK;
    return target_parse(&r->target, host, default_port(r), &r->reader.why);
}

/* No space, control byte, byte above ASCII or fragment has a place in a
 * request target (RFC 9112 section 3.2). */
static enum status check_line(struct http_request *r)
{
    struct slice line = buffer_view(&r->reader.line);

    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] <= ' ' || line.at[i] > '~' || line.at[i] == '#')
            return why_fail(&r->reader.why, STATUS_BAD_REQUEST, "http.target",
                            "RFC 9112 section 3.2", "byte 0x%02x",
                            (unsigned)line.at[i]);
    return STATUS_OK;
}

static size_t find_any(struct slice s, const char *bytes)
{
    size_t i = 0;

    while (i < s.len && strchr(bytes, s.at[i]) == NULL)
        i++;
    return i;
}

static enum status refuse_scheme(struct http_request *r, struct slice line)
{
    if (is_inside(r))
        return refuse(r, "http.target", "RFC 9112 section 3.2.2",
                      "neither an https:// URI nor a path");
    if (text_same_word(slice_of(line.at, MIN_OF(line.len, (size_t)8)),
                       slice_text("https://"))) {
        (void)refuse(r, "http.target", "RFC 9112 section 3.2.2",
                     "an https:// URI in the clear");
        return why_expect(&r->reader.why,
                          "CONNECT, which keeps TLS end to end");
    }
    (void)refuse(r, "http.target", "RFC 9112 section 3.2.2",
                 "neither an http:// URI nor a path");
    return why_expect(&r->reader.why, "http://host[:port]/path");
}

/*  http://host[:port][/path][?query], or https:// inside of it */
static enum status read_absolute(struct http_request *r, struct slice line)
{
    const char *scheme = is_inside(r) ? "https://" : "http://";
    size_t skip = strlen(scheme);
    struct slice authority;

    if (line.len < skip ||
        !text_same_word(slice_of(line.at, skip), slice_text(scheme)))
        return refuse_scheme(r, line);
    authority = slice_of(line.at + skip, line.len - skip);
    authority.len = find_any(authority, "/?");
    skip += authority.len;
    r->form = HTTP_TO_TARGET;
    r->path = slice_of(line.at + skip, line.len - skip);
    if (find_any(authority, "@") < authority.len)
        return refuse(r, "http.target", "RFC 9110 section 4.2.4",
                      "user information in the URI");
    return target_parse(&r->target, authority, default_port(r), &r->reader.why);
}

static enum status read_tunnel(struct http_request *r, struct slice line)
{
    r->form = HTTP_TUNNEL;
    if (http_request_has_body(r))
        return refuse(r, "http.body", "RFC 9110 section 9.3.6",
                      "a body with CONNECT");
    return target_parse(&r->target, line, 0, &r->reader.why);
}

static enum status read_target(struct http_request *r)
{
    struct slice line = buffer_view(&r->reader.line);

    r->path = line;
    r->form = HTTP_TO_US;
    if (strcmp(r->method, "CONNECT") == 0)
        return read_tunnel(r, line);
    if (slice_equal(line, slice_text("*")) && strcmp(r->method, "OPTIONS") == 0)
        return STATUS_OK;
    if (line.len > 0 && line.at[0] == '/')
        return STATUS_OK;
    return read_absolute(r, line);
}

static enum status refuse_origin(struct http_request *r)
{
    char text[TARGET_TEXT_ROOM];

    if (r->target.port == 0)
        return refuse(r, "http.host", "RFC 9110 section 7.2", "none");
    target_text(&r->target, text);
    (void)why_fail(&r->reader.why, STATUS_MISDIRECTED, "http.host",
                   "RFC 9110 section 15.5.20", "%s", text);
    target_text(&r->origin, text);
    return why_expect(&r->reader.why, "%s, as this connection is for", text);
}

/* Who asks here for another host is wrong here. */
static enum status check_origin(struct http_request *r)
{
    if (!is_inside(r))
        return STATUS_OK;
    if (r->form == HTTP_TUNNEL)
        return why_fail(&r->reader.why, STATUS_BAD_METHOD, "http.method",
                        "RFC 9110 section 9.3.6", "CONNECT inside of https");
    if (!target_equal(&r->target, &r->origin))
        return refuse_origin(r);
    if (r->path.len == 1 && r->path.at[0] == '*')
        r->path.len = 0; /* as the absolute form has it */
    r->form = HTTP_TO_TARGET;
    r->target.port = HTTP_PORT;
    return STATUS_OK;
}

static void read_connection(struct http_request *r)
{
    const struct http_fields *f = &r->reader.fields;

    /* A proxy keeps no connection with HTTP/1.0 (RFC 9112 section 9.3). */
    r->keep_alive = !r->http10 && !http_fields_has(f, "Connection", "close");
    r->upgrade = !r->http10 && http_fields_has(f, "Connection", "upgrade") &&
                 http_fields_get(f, "Upgrade").len > 0;
}

static enum status judge(struct http_request *r)
{
    enum status st;

    r->method = r->reader.method;
    r->http10 = r->reader.http10;
    st = check_method(r);
    if (st == STATUS_OK)
        st = check_line(r);
    if (st == STATUS_OK)
        st = check_host(r);
    if (st == STATUS_OK)
        st = read_target(r);
    if (st == STATUS_OK)
        st = check_origin(r);
    read_connection(r);
    return st;
}

enum http_step http_request_read(struct http_request *r, struct slice *in)
{
    enum http_step step = http_reader_read(&r->reader, in);

    if (step == HTTP_GOT_HEAD && judge(r) != STATUS_OK)
        return HTTP_BAD;
    return step;
}

void http_request_lead(struct http_request *r, const struct target *target)
{
    assert(r->form != HTTP_TUNNEL);
    if (slice_equal(r->path, slice_text("*"))) /* OPTIONS; as write_line() */
        r->path = (struct slice){ 0 };
    r->form = HTTP_TO_TARGET;
    r->target = *target;
}

bool http_request_is_safe(const struct http_request *r)
{
    static const char *const safe[] = { "GET", "HEAD", "OPTIONS", "TRACE" };

    for (size_t i = 0; i < COUNT_OF(safe); i++)
        if (strcmp(r->method, safe[i]) == 0)
            return true;
    return false;
}

bool http_request_has_body(const struct http_request *r)
{
    return r->reader.chunked || r->reader.length > 0;
}

static void write_line(const struct http_request *r, struct buffer *out)
{
    buffer_printf(out, "%s ", r->method);
    if (r->path.len == 0 && strcmp(r->method, "OPTIONS") == 0)
        buffer_text(out, "*"); /* RFC 9112 section 3.2.4 */
    else if (r->path.len == 0 || r->path.at[0] != '/')
        buffer_text(out, "/");
    buffer_add(out, r->path);
    buffer_text(out, " HTTP/1.1\r\n");
}

static void write_host(const struct http_request *r, struct buffer *out)
{
    char text[TARGET_TEXT_ROOM];

    target_text(&r->target, text);
    if (r->target.port == HTTP_PORT)
        *strrchr(text, ':') = '\0';
    buffer_printf(out, "Host: %s\r\n", text);
}

/* Fields of one hop, written anew for the next. */
static void write_hop(const struct http_request *r, struct buffer *out)
{
    const struct http_fields *f = &r->reader.fields;
    bool trailers = http_fields_has(f, "TE", "trailers");

    if (r->reader.chunked)
        buffer_text(out, "Transfer-Encoding: chunked\r\n");
    else if (r->reader.has_length)
        buffer_printf(out, "Content-Length: %llu\r\n",
                      (unsigned long long)r->reader.length);
    if (trailers)
        buffer_text(out, "TE: trailers\r\n");
    if (r->upgrade) {
        buffer_text(out, "Upgrade: ");
        buffer_add(out, http_fields_get(f, "Upgrade"));
        buffer_text(out, "\r\n");
    }
    if (trailers || r->upgrade)
        buffer_printf(out, "Connection: %s%s%s\r\n", trailers ? "TE" : "",
                      trailers && r->upgrade ? ", " : "",
                      r->upgrade ? "Upgrade" : "");
}

/* Host is written from the URI; HTTP/1.0 cannot be told to continue. */
static bool passes(const struct http_request *r, size_t i)
{
    struct slice name = http_fields_name(&r->reader.fields, i);

    if (http_fields_is_hop(&r->reader.fields, i) ||
        text_same_word(name, slice_text("Host")))
        return false;
    if (is_inside(r) && text_same_word(name, slice_text("X-Forwarded-Proto")))
        return false;
    return !r->http10 || !text_same_word(name, slice_text("Expect"));
}

void http_request_write_head(const struct http_request *r, struct buffer *out)
{
    const struct http_fields *f = &r->reader.fields;

    assert(r->form == HTTP_TO_TARGET);
    write_line(r, out);
    write_host(r, out);
    for (size_t i = 0; i < f->count; i++)
        if (passes(r, i))
            http_fields_write(f, i, out);
    if (is_inside(r))
        buffer_text(out, "X-Forwarded-Proto: https\r\n");
    write_hop(r, out);
    buffer_text(out, "\r\n");
}

void http_request_write_body(const struct http_request *r, struct slice piece,
                             struct buffer *out)
{
    if (r->reader.chunked)
        http_chunk_write(piece, out);
    else
        buffer_add(out, piece);
}

void http_request_write_end(const struct http_request *r, struct buffer *out)
{
    if (r->reader.chunked)
        http_chunk_end(&r->reader.fields, out);
}
