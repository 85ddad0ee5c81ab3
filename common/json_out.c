#include "common/json_out.h"

#include <assert.h>
#include <inttypes.h>

#include "common/text.h"

/* One character of a JSON text. What is not ASCII passes as it is when it is
 * printable UTF-8; control bytes are escaped. */
static void put_char(struct buffer *to, uint8_t c)
{
    if (c == '"' || c == '\\') {
        buffer_byte(to, '\\');
        buffer_byte(to, c);
    } else if (c < 0x20 || c == 0x7f) {
        buffer_printf(to, "\\u%04x", c);
    } else {
        buffer_byte(to, c);
    }
}

/* Bytes of the UTF-8 sequence at the start of |s|, 0 if it is not valid
 * (RFC 3629 section 4: no overlong forms, no surrogates). */
static size_t utf8_length(struct slice s)
{
    uint8_t c = s.at[0];
    size_t need = c < 0x80   ? 1
                  : c < 0xc2 ? 0
                  : c < 0xe0 ? 2
                  : c < 0xf0 ? 3
                  : c < 0xf5 ? 4
                             : 0;

    if (need == 0 || s.len < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((s.at[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s.at[1] < 0xa0) || (c == 0xed && s.at[1] > 0x9f) ||
        (c == 0xf0 && s.at[1] < 0x90) || (c == 0xf4 && s.at[1] > 0x8f))
        return 0;
    return need;
}

static void put_string(struct buffer *to, struct slice s)
{
    buffer_byte(to, '"');
    while (s.len > 0) {
        size_t n = utf8_length(s);

        if (n == 1)
            put_char(to, s.at[0]);
        else if (n > 1)
            buffer_add(to, slice_of(s.at, n));
        else
            buffer_text(to, "\\ufffd");
        n = n == 0 ? 1 : n;
        s = slice_of(s.at + n, s.len - n);
    }
    buffer_byte(to, '"');
}

static void before_value(struct json_out *j, const char *key)
{
    if (j->need_comma)
        buffer_byte(j->to, ',');
    j->need_comma = true;
    if (key != NULL) {
        put_string(j->to, slice_text(key));
        buffer_byte(j->to, ':');
    }
}

static void open(struct json_out *j, const char *key, uint8_t bracket)
{
    before_value(j, key);
    buffer_byte(j->to, bracket);
    j->depth++;
    j->need_comma = false;
}

static void close(struct json_out *j, uint8_t bracket)
{
    assert(j->depth > 0);
    buffer_byte(j->to, bracket);
    j->depth--;
    j->need_comma = true;
}

void json_out_object(struct json_out *j, const char *key)
{
    open(j, key, '{');
}

void json_out_array(struct json_out *j, const char *key)
{
    open(j, key, '[');
}

void json_out_end_object(struct json_out *j)
{
    close(j, '}');
}

void json_out_end_array(struct json_out *j)
{
    close(j, ']');
}

void json_out_slice(struct json_out *j, const char *key, struct slice value)
{
    before_value(j, key);
    put_string(j->to, value);
}

void json_out_text(struct json_out *j, const char *key, const char *value)
{
    json_out_slice(j, key, slice_text(value));
}

void json_out_hex(struct json_out *j, const char *key, struct slice value)
{
    before_value(j, key);
    buffer_byte(j->to, '"');
    buffer_hex(j->to, value);
    buffer_byte(j->to, '"');
}

void json_out_int(struct json_out *j, const char *key, int64_t value)
{
    before_value(j, key);
    buffer_printf(j->to, "%" PRId64, value);
}

void json_out_bool(struct json_out *j, const char *key, bool value)
{
    before_value(j, key);
    buffer_text(j->to, value ? "true" : "false");
}

void json_out_null(struct json_out *j, const char *key)
{
    before_value(j, key);
    buffer_text(j->to, "null");
}

void json_out_time(struct json_out *j, const char *key, int64_t unix_seconds)
{
    char text[TEXT_TIME_ROOM];

    text_time(unix_seconds, text);
    json_out_text(j, key, text);
}
