#include "proxy/io/http_latin.h"

static bool is_control(uint8_t c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

void http_latin_name(struct slice name, struct buffer *out)
{
    uint8_t *to = buffer_reserve(out, name.len);

    if (to == NULL)
        return;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        to[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
    }
    buffer_commit(out, name.len);
}

void http_latin_read(struct slice bytes, struct buffer *out)
{
    uint8_t *to = buffer_reserve(out, 2 * bytes.len);
    size_t n = 0;

    if (to == NULL)
        return;
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];

        if (is_control(c))
            continue;
        if (c >= 0x80)
            to[n++] = (uint8_t)(0xc0 | c >> 6);
        to[n++] = c < 0x80 ? c : (uint8_t)(0x80 | (c & 0x3f));
    }
    buffer_commit(out, n);
}

/* U+0080 to U+00FF are 0xc2 or 0xc3 and a continuation. */
bool http_latin_write(struct slice text, struct buffer *out)
{
    uint8_t *to = buffer_reserve(out, text.len);
    size_t n = 0;

    for (size_t i = 0; to != NULL && i < text.len; i++) {
        uint8_t c = text.at[i];

        if (is_control(c))
            return false;
        if (c >= 0x80) {
            if ((c & 0xfe) != 0xc2 || i + 1 == text.len ||
                (text.at[i + 1] & 0xc0) != 0x80)
                return false;
            c = (uint8_t)(c << 6 | (text.at[++i] & 0x3f));
        }
        to[n++] = c;
    }
    if (to != NULL)
        buffer_commit(out, n);
    return true;
}
