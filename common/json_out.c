#include "common/json_out.h"

#include <assert.h>
#include <inttypes.h>

#include "common/text.h"
#include "common/utf8.h"

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
