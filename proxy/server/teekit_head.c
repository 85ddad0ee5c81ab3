#include "proxy/server/teekit_head.h"

#include <assert.h>

#include "common/text.h"
#include "proxy/io/http_latin.h"

#define CLAUSE "PROTOCOL 13.5"

/* --- methods ------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    bool repeatable; /* RFC 9110 section 9.2.2 */
    bool has_body;
} methods[] = {
    { "GET",     true,  false },
    { "HEAD",    true,  false },
    { "POST",    false, true },
    { "PUT",     true,  true },
    { "PATCH",   false, true },
    { "DELETE",  true,  false },
    { "OPTIONS", true,  false },
};
/* clang-format on */

enum status teekit_head_method(struct slice name, struct teekit_method *out,
                               struct why *why)
{
    *out = (struct teekit_method){ .name = name };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (!text_is_word(name, methods[i].name))
            continue;
        out->name = slice_text(methods[i].name);
        out->is_head = text_is_word(name, "HEAD");
        out->repeatable = methods[i].repeatable;
        out->has_body = methods[i].has_body;
        return STATUS_OK;
    }
    if (text_is_token(name) && !text_is_word(name, "CONNECT") &&
        !text_is_word(name, "TRACE"))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_METHOD, "method", CLAUSE, "\"%.*s\"",
                    (int)MIN_OF(name.len, 32), (const char *)name.at);
}

/* --- requests ------------------------------------------------------------ */

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

/* Does |name| begin with |start| where it is read as CGI has it? There "-" and
 * "_" become one, with some servers all that is neither letter nor digit
 * (RFC 3875 section 4.1.18). */
static bool begins_with(struct slice name, struct slice start)
{
    uint8_t as_read[16];

    assert(start.len <= sizeof(as_read));
    if (name.len < start.len)
        return false;
    for (size_t i = 0; i < start.len; i++)
        as_read[i] = is_alphanumeric(name.at[i]) ? name.at[i] : '-';
    return text_same_word(slice_of(as_read, start.len), start);
}

/* RFC 9110 section 7.6.1, and more. */
bool teekit_head_is_ours(struct slice name)
{
    static const char *const words[] = {
        "Host",    "Connection",        "Keep-Alive",     "TE",     "Upgrade",
        "Trailer", "Transfer-Encoding", "Content-Length", "Expect",
    };
    static const char *const beginnings[] = { "Proxy-", "Veritee-" };

    if (text_is_any(name, words, COUNT_OF(words)))
        return true;
    for (size_t i = 0; i < COUNT_OF(beginnings); i++)
        if (begins_with(name, slice_text(beginnings[i])))
            return true;
    return false;
}

static enum status write_field(const struct teekit_field *f, struct buffer *out,
                               struct why *why)
{
    if (!text_is_token(f->name))
        return why_fail(why, STATUS_BAD_REQUEST, "headers", CLAUSE,
                        "the name \"%.*s\"", (int)MIN_OF(f->name.len, 64),
                        (const char *)f->name.at);
    if (teekit_head_is_ours(f->name))
        return STATUS_OK;
    buffer_add(out, f->name);
    buffer_text(out, ": ");
    if (!http_latin_write(text_trim(f->value), out))
        return why_fail(why, STATUS_BAD_REQUEST, "headers", CLAUSE,
                        "the value of \"%.*s\"", (int)MIN_OF(f->name.len, 64),
                        (const char *)f->name.at);
    buffer_text(out, "\r\n");
    return STATUS_OK;
}

static void write_line(struct buffer *out, const char *name, struct slice value)
{
    buffer_text(out, name);
    buffer_text(out, ": ");
    buffer_add(out, value);
    buffer_text(out, "\r\n");
}

static bool has_field(const struct teekit_message *m, const char *name)
{
    for (size_t i = 0; i < m->field_count; i++)
        if (text_is_word(m->fields[i].name, name))
            return true;
    return false;
}

static void write_framing(const struct teekit_message *m,
                          const struct teekit_method *method,
                          struct buffer *out)
{
    if (m->body_kind == TEEKIT_TEXT && !has_field(m, "Content-Type"))
        write_line(out, "content-type", slice_text("text/plain;charset=UTF-8"));
    if (m->body_kind == TEEKIT_NOTHING && !method->has_body)
        return;
    buffer_text(out, "content-length: ");
    buffer_decimal(out, m->body.len);
    buffer_text(out, "\r\n");
}

enum status teekit_head_request(const struct teekit_message *m,
                                const struct teekit_method *method,
                                const struct teekit_way *way,
                                struct buffer *out, struct why *why)
{
    enum status st = STATUS_OK;

    buffer_add(out, method->name);
    buffer_text(out, " ");
    buffer_add(out, way->target);
    buffer_text(out, " HTTP/1.1\r\n");
    write_line(out, "host", way->authority);
    for (size_t i = 0; i < m->field_count && st == STATUS_OK; i++)
        st = write_field(&m->fields[i], out, why);
    if (st != STATUS_OK)
        return st;
    write_framing(m, method, out);
    write_line(out, TEEKIT_HEAD_ENCRYPTED, slice_text("yes"));
    write_line(out, TEEKIT_HEAD_SESSION, way->session);
    buffer_text(out, "\r\n");
    return STATUS_OK;
}

/* --- answers ------------------------------------------------------------- */

bool teekit_head_bare(unsigned code)
{
    return code == 204 || code == 205 || code == 304;
}

/* What |text| has from |at| on. */
static struct slice since(const struct buffer *text, size_t at)
{
    return slice_of(text->at + at, text->len - at);
}

static struct slice put_latin(struct slice bytes, struct buffer *text)
{
    const size_t at = text->len;

    http_latin_read(bytes, text);
    return since(text, at);
}

static struct slice put_name(struct slice name, struct buffer *text)
{
    const size_t at = text->len;

    http_latin_name(name, text);
    return since(text, at);
}

/* Behind the last field of the same name, so that they become one array. */
static void insert_field(struct teekit_message *m, struct teekit_field field)
{
    size_t at = m->field_count;

    for (size_t i = m->field_count; i > 0; i--) {
        if (!slice_equal(m->fields[i - 1].name, field.name))
            continue;
        at = i;
        break;
    }
    memmove(&m->fields[at + 1], &m->fields[at],
            (m->field_count - at) * sizeof(m->fields[0]));
    m->fields[at] = field;
    m->field_count++;
}

static void put_fields(const struct http_reader *r, bool to_head,
                       struct buffer *text, struct teekit_message *m)
{
    const struct http_fields *f = &r->fields;

    for (size_t i = 0; i < f->count && m->field_count < TEEKIT_FIELDS_MAX;
         i++) {
        struct slice name = http_fields_name(f, i);
        bool length = text_is_word(name, "Content-Length");

        /* The length of what HEAD did not get is news, any other is not. */
        if (http_fields_is_hop(f, i) && !(length && to_head))
            continue;
        insert_field(m, (struct teekit_field){
                            .name = put_name(name, text),
                            .value = put_latin(http_fields_value(f, i), text),
                            .listed = text_is_word(name, "Set-Cookie") });
    }
}

/* Each byte of a head may become two; |text| must not move while |m| borrows
 * from it. */
#define ANSWER_TEXT_BYTES (4 * HTTP_HEAD_MAX_BYTES + 1)

enum status teekit_head_answer(const struct http_reader *r, bool to_head,
                               struct buffer *text, struct teekit_message *m,
                               struct why *why)
{
    const size_t need = 2 * (r->fields.text.len + r->line.len) + 1;

    if (r->code < 200 || r->code > 599)
        return why_fail(why, STATUS_BAD_FIELD, "backend.status", CLAUSE, "%d",
                        r->code);
    buffer_free(text);
    *text = buffer_with_max(ANSWER_TEXT_BYTES);
    if (buffer_reserve(text, need) == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "backend", CLAUSE, "no memory");
    m->type = TEEKIT_HTTP_RESPONSE;
    m->status = (uint32_t)r->code;
    m->status_text = put_latin(buffer_view(&r->line), text);
    if (m->status_text.len > TEEKIT_TEXT_MAX_BYTES)
        m->status_text = (struct slice){ 0 };
    put_fields(r, to_head, text, m);
    return STATUS_OK;
}
