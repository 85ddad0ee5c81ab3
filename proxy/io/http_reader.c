#include "proxy/io/http_reader.h"

#include <assert.h>
#include <string.h>

#include "common/compiler.h"
#include "common/text.h"

#define CHUNK_EXTENSIONS_MAX_BYTES 4096 /* of one body; nobody sends any */
#define OPTIONS_MAX                                                            \
    32 /* of Connection: each is compared with
                                         * the name of each field */

static struct http_reader *reader_of(llhttp_t *parser)
{
    return CONTAINER_OF(parser, struct http_reader, parser);
}

/* What a callback returns to stop llhttp at once. */
static int stop_bad(struct http_reader *r, enum status st, const char *field,
                    const char *found)
{
    r->found = HTTP_BAD;
    (void)why_fail(&r->why, st, field, "RFC 9112", "%s", found);
    return HPE_USER;
}

static int keep(struct http_reader *r, enum status st)
{
    if (st == STATUS_OK)
        return 0;
    return stop_bad(r, st, "http.head", status_text(st));
}

static int on_line(llhttp_t *parser, const char *at, size_t len)
{
    struct http_reader *r = reader_of(parser);

    buffer_add(&r->line, slice_of(at, len));
    return keep(r, buffer_ok(&r->line) ? STATUS_OK : STATUS_HEAD_TOO_LARGE);
}

static int on_version_complete(llhttp_t *parser)
{
    struct http_reader *r = reader_of(parser);
    unsigned major = llhttp_get_http_major(parser);
    unsigned minor = llhttp_get_http_minor(parser);

    r->version_seen = true;
    if (major == 1 && minor <= 1)
        return 0;
    return stop_bad(r, STATUS_BAD_VERSION, "http.version",
                    "neither HTTP/1.0 nor HTTP/1.1");
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct http_reader *r = reader_of(parser);

    return keep(r, http_fields_add_name(&r->fields, slice_of(at, len)));
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct http_reader *r = reader_of(parser);

    return keep(r, http_fields_add_value(&r->fields, slice_of(at, len)));
}

/* A value that is empty has no part, yet ends its name. */
static int on_value_complete(llhttp_t *parser)
{
    return on_value(parser, "", 0);
}

static int on_extension(llhttp_t *parser, const char *at, size_t len)
{
    struct http_reader *r = reader_of(parser);

    (void)at; /* extensions are for one hop; nobody asked for any */
    if (len <= CHUNK_EXTENSIONS_MAX_BYTES - r->used) {
        r->used += len;
        return 0;
    }
    return stop_bad(r, STATUS_BAD_FIELD, "http.chunk",
                    "extensions of more than 4096 bytes");
}

/* llhttp reads the head and chunks; what has a length, or none, is counted
 * here. 2 makes it stop behind the head; see llhttp.h. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_reader *r = reader_of(parser);

    if (!r->version_seen)
        return stop_bad(r, STATUS_BAD_VERSION, "http.version", "HTTP/0.9");
    r->found = HTTP_GOT_HEAD;
    r->method = llhttp_method_name((llhttp_method_t)parser->method);
    r->code = parser->status_code;
    r->http10 = parser->http_minor == 0;
    r->may_have_body = r->kind == HTTP_REQUESTS ||
                       (!r->no_body && r->code >= 200 && r->code != 204 &&
                        r->code != 304); /* RFC 9112 section 6.3 */
    r->chunked = (parser->flags & F_CHUNKED) != 0 && r->may_have_body;
    return r->chunked ? HPE_PAUSED : 2;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct http_reader *r = reader_of(parser);

    r->found = HTTP_GOT_BODY;
    r->piece = slice_of(at, len);
    return HPE_PAUSED;
}

/* The head's fields are not needed any more when trailers may come. */
static int on_chunk_header(llhttp_t *parser)
{
    struct http_reader *r = reader_of(parser);

    if (parser->content_length == 0)
        http_fields_clear(&r->fields);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_reader *r = reader_of(parser);

    if (!r->chunked)
        return 0;
    r->found = HTTP_GOT_END;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_line,
    .on_status = on_line,
    .on_version_complete = on_version_complete,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_chunk_header = on_chunk_header,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void http_reader_init(struct http_reader *r, enum http_kind kind)
{
    *r = (struct http_reader){ .kind = kind,
                               .line = buffer_with_max(HTTP_HEAD_MAX_BYTES) };
    http_fields_init(&r->fields);
    http_reader_next(r, false);
}

void http_reader_fini(struct http_reader *r)
{
    buffer_free(&r->line);
    http_fields_fini(&r->fields);
}

void http_reader_next(struct http_reader *r, bool no_body)
{
    llhttp_init(&r->parser,
                r->kind == HTTP_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE,
                &settings);
    http_fields_clear(&r->fields);
    buffer_clear(&r->line);
    r->started = r->in_body = r->version_seen = false;
    r->chunked = r->has_length = false;
    r->no_body = no_body;
    r->length = r->left = 0;
    r->used = 0;
    r->why = (struct why){ 0 };
}

static enum status status_of_error(llhttp_errno_t error)
{
    return error == HPE_INVALID_METHOD ? STATUS_BAD_METHOD : STATUS_BAD_FIELD;
}

static enum http_step bad(struct http_reader *r, enum status st,
                          const char *field, const char *found)
{
    (void)stop_bad(r, st, field, found);
    return HTTP_BAD;
}

/* Let llhttp read |in|; returns how many bytes it used. Callbacks have set
 * |found| if there was anything to tell. */
static size_t execute(struct http_reader *r, struct slice in)
{
    const char *text = (const char *)in.at;
    llhttp_errno_t error;

    r->found = HTTP_WANT_MORE;
    llhttp_resume(&r->parser);
    error = llhttp_execute(&r->parser, text, in.len);
    if (error == HPE_OK)
        return in.len;
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE)
        return (size_t)(llhttp_get_error_pos(&r->parser) - text);
    if (r->found != HTTP_BAD)
        (void)stop_bad(r, status_of_error(error),
                       r->in_body ? "http.body" : "http.head",
                       llhttp_get_error_reason(&r->parser));
    return 0;
}

static void drop(struct slice *in, size_t len)
{
    assert(len <= in->len);
    *in = slice_of(in->at + len, in->len - len);
}

/* The first line ends with the first LF after the URI, so feeding that far
 * and no further shows a line without a version: HTTP/0.9. */
static size_t head_room(const struct http_reader *r, struct slice in)
{
    size_t room = MIN_OF(in.len, HTTP_HEAD_MAX_BYTES - r->used);
    const uint8_t *lf;

    if (r->kind == HTTP_RESPONSES || r->version_seen)
        return room;
    lf = memchr(in.at, '\n', room);
    return lf == NULL ? room : (size_t)(lf - in.at) + 1;
}

/* "chunked", once, and nothing that says otherwise. */
static enum http_step check_coding(struct http_reader *r)
{
    const struct http_fields *f = &r->fields;
    struct slice coding = http_fields_get(f, "Transfer-Encoding");

    if (http_fields_count(f, "Content-Length") > 0)
        return bad(r, STATUS_BAD_FIELD, "http.content-length",
                   "beside Transfer-Encoding");
    if (r->http10)
        return bad(r, STATUS_BAD_FIELD, "http.transfer-encoding",
                   "in HTTP/1.0");
    if (http_fields_count(f, "Transfer-Encoding") != 1 ||
        !text_same_word(coding, slice_text("chunked")) ||
        r->chunked != r->may_have_body)
        return bad(r, STATUS_BAD_FIELD, "http.transfer-encoding",
                   "another coding than chunked, or more than once");
    return HTTP_GOT_HEAD;
}

static enum http_step check_length(struct http_reader *r)
{
    size_t count = http_fields_count(&r->fields, "Content-Length");
    struct slice text = http_fields_get(&r->fields, "Content-Length");

    r->has_length = count == 1;
    if (count == 0)
        r->left = r->kind == HTTP_REQUESTS ? 0 : HTTP_UNTIL_EOF;
    else if (count == 1 &&
             text_from_decimal(text, HTTP_UNTIL_EOF - 1, &r->length))
        r->left = r->length;
    else
        return bad(r, STATUS_BAD_FIELD, "http.content-length",
                   "not one decimal number");
    if (!r->may_have_body)
        r->left = 0;
    return HTTP_GOT_HEAD;
}

/* Where the body ends (RFC 9112 section 6.3). llhttp has refused most of what
 * is refused here; that it and we see the same is not left to chance. */
static enum http_step check_framing(struct http_reader *r)
{
    if (r->chunked || http_fields_count(&r->fields, "Transfer-Encoding") > 0) {
        r->left = 0;
        return check_coding(r);
    }
    return check_length(r);
}

static enum http_step on_head(struct http_reader *r)
{
    r->in_body = true;
    r->used = 0;
    if (http_fields_items(&r->fields, "Connection") > OPTIONS_MAX)
        return bad(r, STATUS_HEAD_TOO_LARGE, "http.connection",
                   "more options than anyone needs");
    return check_framing(r);
}

static enum http_step read_head(struct http_reader *r, struct slice *in)
{
    while (in->len > 0) {
        size_t room = head_room(r, *in);
        size_t used;

        if (room == 0)
            return bad(r, STATUS_HEAD_TOO_LARGE, "http.head",
                       "more bytes than a head may have");
        used = execute(r, slice_of(in->at, room));
        r->started = true;
        r->used += used;
        drop(in, used);
        if (r->found == HTTP_GOT_HEAD)
            return on_head(r);
        if (r->found != HTTP_WANT_MORE)
            return r->found;
        if (r->line.len > 0 && !r->version_seen && in->at[-1] == '\n')
            return bad(r, STATUS_BAD_VERSION, "http.version", "HTTP/0.9");
    }
    return HTTP_WANT_MORE;
}

static enum http_step read_chunks(struct http_reader *r, struct slice *in)
{
    if (in->len == 0)
        return HTTP_WANT_MORE;
    drop(in, execute(r, *in));
    return r->found;
}

uint64_t http_reader_skippable(const struct http_reader *r)
{
    return r->in_body && !r->chunked ? r->left : 0;
}

void http_reader_skip(struct http_reader *r, size_t len)
{
    assert(len <= http_reader_skippable(r));
    if (r->left != HTTP_UNTIL_EOF)
        r->left -= len;
}

static enum http_step read_counted(struct http_reader *r, struct slice *in)
{
    size_t len;

    if (r->left == 0)
        return HTTP_GOT_END;
    if (in->len == 0)
        return HTTP_WANT_MORE;
    len = (size_t)MIN_OF(r->left, (uint64_t)in->len);
    r->piece = slice_of(in->at, len);
    drop(in, len);
    http_reader_skip(r, len);
    return HTTP_GOT_BODY;
}

static enum http_step read_on(struct http_reader *r, struct slice *in)
{
    if (!r->in_body)
        return read_head(r, in);
    return r->chunked ? read_chunks(r, in) : read_counted(r, in);
}

enum http_step http_reader_read(struct http_reader *r, struct slice *in)
{
    enum http_step step;

    r->piece = (struct slice){ 0 };
    step = read_on(r, in);
    if (step == HTTP_BAD && r->kind == HTTP_REQUESTS &&
        status_class(r->why.status) == CLASS_PEER)
        r->why.status = STATUS_BAD_REQUEST;
    return step;
}

enum http_step http_reader_eof(struct http_reader *r)
{
    if (r->in_body && !r->chunked &&
        (r->left == 0 || r->left == HTTP_UNTIL_EOF))
        return HTTP_GOT_END;
    return bad(r, STATUS_TRUNCATED, r->in_body ? "http.body" : "http.head",
               "the connection ended inside the message");
}
