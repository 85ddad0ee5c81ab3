#include "proxy/local/http_response.h"

#include "proxy/io/http_chunk.h"

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

/* Where the client sees the body end. */
static enum http_framing framing_of(const struct http_response *r)
{
    if (!r->reader.may_have_body)
        return HTTP_NO_BODY;
    if (r->reader.has_length)
        return HTTP_LENGTH;
    return r->to_http10 ? HTTP_CLOSE : HTTP_CHUNKS;
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
    r->framing = framing_of(r);
    r->reusable = !r->reader.http10 &&
                  !http_fields_has(f, "Connection", "close") &&
                  r->reader.left != HTTP_UNTIL_EOF;
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
    else if (r->reader.has_length && code >= 200 && code != 204)
        buffer_printf(out, "Content-Length: %llu\r\n",
                      (unsigned long long)r->reader.length);
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

    buffer_text(out, "HTTP/1.1 ");
    buffer_decimal(out, (uint64_t)r->reader.code);
    buffer_byte(out, ' ');
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
