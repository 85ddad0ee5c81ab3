#include "proxy/io/http_latin.h"

static bool is_control(uint8_t c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

void http_latin_name(struct slice name, struct buffer *out)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        buffer_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c);
    }
}

void http_latin_read(struct slice bytes, struct buffer *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];

        if (is_control(c))
            continue;
        if (c >= 0x80)
            buffer_byte(out, (uint8_t)(0xc0 | c >> 6));
        buffer_byte(out, c < 0x80 ? c : (uint8_t)(0x80 | (c & 0x3f)));
    }
}

/* U+0080 to U+00FF are 0xc2 or 0xc3 and a continuation. */
bool http_latin_write(struct slice text, struct buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (is_control(c))
            return false;
        if (c >= 0x80) {
            if ((c & 0xfe) != 0xc2 || i + 1 == text.len ||
                (text.at[i + 1] & 0xc0) != 0x80)
                return false;
            c = (uint8_t)(c << 6 | (text.at[++i] & 0x3f));
        }
        buffer_byte(out, c);
    }
    return true;
}
