#include "proxy/local/http_response.h"

#include "common/text.h"
#include "proxy/local/http_chunk.h"

void http_response_init(struct http_response *r)
{
    *r = (struct http_response){ 0 };
    http_reader_init(&r->reader, HTTP_RESPONSES);
}

void http_response_fini(struct http_response *r)
{
    http_reader_fini(&r->reader);
}

void http_response_next(struct http_response *r,
                        const struct http_request *question)
{
    r->to_head = question->is_head;
    r->to_http10 = question->http10;
    r->to_upgrade = question->upgrade;
    r->answered = false;
    http_reader_next(&r->reader, r->to_head);
}

static enum status refuse(struct http_response *r, const char *field,
                          const char *clause, const char *found)
{
    return why_fail(&r->reader.why, STATUS_BAD_FIELD, field, clause, "%s",
                    found);
}

static enum status check_chunked(struct http_response *r)
{
    const struct http_fields *f = &r->reader.fields;
    struct slice coding = http_fields_get(f, "Transfer-Encoding");

    if (http_fields_count(f, "Content-Length") > 0)
        return refuse(r, "http.content-length", "RFC 9112 section 6.3",
                      "beside Transfer-Encoding");
    if (http_fields_count(f, "Transfer-Encoding") == 1 &&
        text_same_word(coding, slice_text("chunked")) && !r->reader.http10)
        return STATUS_OK;
    (void)refuse(r, "http.transfer-encoding", "RFC 9112 section 6.1",
                 "another coding than chunked, or HTTP/1.0");
    return why_expect(&r->reader.why, "chunked, once, in HTTP/1.1");
}

static bool has_body(const struct http_response *r)
{
    int code = r->reader.code;

    return !r->to_head && code >= 200 && code != 204 && code != 304;
}

/* How the client learns where a body without a length ends. */
static enum http_framing open_framing(const struct http_response *r)
{
    return r->to_http10 ? HTTP_CLOSE : HTTP_CHUNKS;
}

static enum status check_framing(struct http_response *r)
{
    const struct http_fields *f = &r->reader.fields;
    size_t lengths = http_fields_count(f, "Content-Length");
    struct slice length = http_fields_get(f, "Content-Length");
    bool coded = http_fields_count(f, "Transfer-Encoding") > 0;

    r->length = 0;
    r->has_length = lengths == 1;
    if (coded && check_chunked(r) != STATUS_OK)
        return r->reader.why.status;
    if (lengths > 1 ||
        (lengths == 1 &&
         !text_from_decimal(length, HTTP_UNTIL_EOF - 1, &r->length)))
        return refuse(r, "http.content-length", "RFC 9112 section 6.3",
                      "not one decimal number");
    r->framing = HTTP_NO_BODY;
    if (has_body(r))
        r->framing = r->has_length ? HTTP_LENGTH : open_framing(r);
    if (!r->reader.chunked && has_body(r))
        http_reader_body(&r->reader,
                         r->has_length ? r->length : HTTP_UNTIL_EOF);
    return STATUS_OK;
}

static enum status judge(struct http_response *r)
{
    const struct http_fields *f = &r->reader.fields;
    int code = r->reader.code;

    r->interim = code >= 100 && code < 200 && code != 101;
    r->upgraded = code == 101;
    r->reusable = false;
    if (code < 100)
        return refuse(r, "http.status", "RFC 9110 section 15",
                      "a code below 100");
    if (r->upgraded &&
        (!r->to_upgrade || http_fields_get(f, "Upgrade").len == 0))
        return refuse(r, "http.status", "RFC 9110 section 15.2.2",
                      "101, not asked for or to no protocol");
    if (check_framing(r) != STATUS_OK)
        return r->reader.why.status;
    r->reusable =
        !r->reader.http10 && !http_fields_has(f, "Connection", "close") &&
        (r->reader.chunked || r->has_length || r->framing == HTTP_NO_BODY);
    return STATUS_OK;
}

enum http_step http_response_read(struct http_response *r, struct slice *in)
{
    enum http_step step = http_reader_read(&r->reader, in);

    if (step == HTTP_GOT_END && r->interim) {
        http_reader_next(&r->reader, r->to_head);
        r->answered = true;
        step = http_reader_read(&r->reader, in);
    }
    if (step == HTTP_GOT_HEAD && judge(r) != STATUS_OK)
        return HTTP_BAD;
    return step;
}

enum http_step http_response_eof(struct http_response *r)
{
    return http_reader_eof(&r->reader);
}

bool http_response_untouched(const struct http_response *r)
{
    return !r->answered && !r->reader.started;
}

/* Text that was read as it may be written: what no reason may have is cut
 * off (RFC 9112 section 4). */
static struct slice reason_of(const struct http_response *r)
{
    struct slice reason = buffer_view(&r->reader.line);
    size_t len = 0;

    while (len < reason.len &&
           (reason.at[len] >= ' ' || reason.at[len] == '\t') &&
           reason.at[len] != 0x7f)
        len++;
    return slice_of(reason.at, len);
}

static void write_framing(const struct http_response *r, struct buffer *out)
{
    int code = r->reader.code;

    if (r->framing == HTTP_CHUNKS)
        buffer_text(out, "Transfer-Encoding: chunked\r\n");
    /* Without a body it says how long one would be, if there can be one. */
    else if (r->has_length && code >= 200 && code != 204)
        buffer_printf(out, "Content-Length: %llu\r\n",
                      (unsigned long long)r->length);
}

static void write_connection(const struct http_response *r, bool close,
                             struct buffer *out)
{
    if (r->upgraded) {
        buffer_text(out, "Connection: Upgrade\r\nUpgrade: ");
        buffer_add(out, http_fields_get(&r->reader.fields, "Upgrade"));
        buffer_text(out, "\r\n");
        return;
    }
    if (close && !r->interim)
        buffer_text(out, "Connection: close\r\n");
}

void http_response_write_head(const struct http_response *r, bool close,
                              struct buffer *out)
{
    const struct http_fields *f = &r->reader.fields;

    buffer_printf(out, "HTTP/1.1 %d ", r->reader.code);
    buffer_add(out, reason_of(r));
    buffer_text(out, "\r\n");
    for (size_t i = 0; i < f->count; i++)
        if (!http_fields_is_hop(f, i))
            http_fields_write(f, i, out);
    write_framing(r, out);
    write_connection(r, close, out);
    buffer_text(out, "\r\n");
}

void http_response_write_body(const struct http_response *r, struct slice piece,
                              struct buffer *out)
{
    if (r->framing == HTTP_CHUNKS)
        http_chunk_write(piece, out);
    else
        buffer_add(out, piece);
}

void http_response_write_end(const struct http_response *r, struct buffer *out)
{
    if (r->framing == HTTP_CHUNKS)
        http_chunk_end(r->reader.chunked ? &r->reader.fields : NULL, out);
}
