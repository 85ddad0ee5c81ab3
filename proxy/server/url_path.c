#include "proxy/server/url_path.h"

#include "common/compiler.h"
#include "common/text.h"

static bool is_slash(uint8_t c)
{
    return c == '/' || c == '\\';
}

/* --- writing ------------------------------------------------------------- */

/* May |c| stand in a request line as it is? */
static bool is_plain(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' &&
           c != '`' && c != '{' && c != '}' && c != '#' && c != '^' && c != '|';
}

static void write_bytes(struct slice bytes, struct buffer *out)
{
    while (bytes.len > 0) {
        size_t plain = 0;

        while (plain < bytes.len && is_plain(bytes.at[plain]))
            plain++;
        buffer_add(out, slice_of(bytes.at, plain));
        if (plain < bytes.len)
            buffer_printf(out, "%%%02X", (unsigned)bytes.at[plain++]);
        bytes = slice_of(bytes.at + plain, bytes.len - plain);
    }
}

/* Take a dot, or "%2e", from the start. */
static bool take_dot(struct slice *s)
{
    static const struct slice forms[] = { { (const uint8_t *)".", 1 },
                                          { (const uint8_t *)"%2e", 3 } };

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        size_t len = forms[i].len;

        if (s->len < len || !text_same_word(slice_of(s->at, len), forms[i]))
            continue;
        *s = slice_of(s->at + len, s->len - len);
        return true;
    }
    return false;
}

/* How many dots |segment| is; 0 when it is something else, or more than 2. */
static unsigned dots_of(struct slice segment)
{
    unsigned dots = 0;

    while (dots <= 2 && take_dot(&segment))
        dots++;
    return segment.len == 0 && dots <= 2 ? dots : 0;
}

/* Back to the slash before the last segment that was written. */
static void drop_segment(struct buffer *out, size_t root)
{
    while (out->len > root && out->at[out->len - 1] != '/')
        out->len--;
    if (out->len > root)
        out->len--;
}

/* Cut the next segment off |path|, which does not begin with its slash. */
static struct slice take_segment(struct slice *path, bool *last)
{
    size_t len = 0;
    struct slice segment;

    while (len < path->len && !is_slash(path->at[len]))
        len++;
    segment = slice_of(path->at, len);
    *last = len == path->len;
    if (!*last)
        len++;
    *path = slice_of(path->at + len, path->len - len);
    return segment;
}

void url_path_write(struct slice path, struct slice query, struct buffer *out)
{
    const size_t root = out->len;
    bool last = false;

    if (path.len > 0 && is_slash(path.at[0]))
        path = slice_of(path.at + 1, path.len - 1);
    while (!last && buffer_ok(out)) {
        struct slice segment = take_segment(&path, &last);
        unsigned dots = dots_of(segment);

        if (dots == 2)
            drop_segment(out, root);
        if (dots == 0 || last)
            buffer_byte(out, '/');
        if (dots == 0)
            write_bytes(segment, out);
    }
    write_bytes(query, out);
}

/* --- comparing ----------------------------------------------------------- */

/* Reads a path as the most generous server would. */
struct generous {
    struct slice left;
    uint8_t before; /* what was read last */
};

static bool take_escape(struct slice *left, uint8_t *out)
{
    if (left->len < 3 || left->at[0] != '%' ||
        !text_from_hex(slice_of(left->at + 1, 2), out, 1))
        return false;
    *left = slice_of(left->at + 3, left->len - 3);
    return true;
}

static uint8_t take_byte(struct slice *left)
{
    uint8_t c;

    if (take_escape(left, &c))
        return c;
    c = left->at[0];
    *left = slice_of(left->at + 1, left->len - 1);
    return c;
}

static void skip_parameters(struct slice *left)
{
    while (left->len > 0) {
        struct slice ahead = *left;

        if (is_slash(take_byte(&ahead)))
            return;
        *left = ahead;
    }
}

/* The next byte; 0 at the end, and for a NUL, where some servers end it. */
static uint8_t next(struct generous *g)
{
    while (g->left.len > 0) {
        uint8_t c = take_byte(&g->left);

        if (c == ';') {
            skip_parameters(&g->left);
            continue;
        }
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (c == '\\')
            c = '/';
        if (c == '/' && g->before == '/')
            continue;
        g->before = c;
        return c;
    }
    return 0;
}

/* Is a segment of |path| "." or "..", behind an escaped slash or before a
 * semicolon, where url_path_write() leaves it? A server that reads escapes or
 * drops parameters first would go from there to anywhere. A NUL ends nothing
 * here: not all servers end there. */
static bool has_dots(struct slice path)
{
    const uint8_t *query =
        path.len == 0 ? NULL : memchr(path.at, '?', path.len);
    unsigned dots = 0; /* in this segment; 3 when it is a name */

    if (query != NULL)
        path.len = (size_t)(query - path.at);
    while (path.len > 0) {
        uint8_t c = take_byte(&path);

        if (c == ';') {
            skip_parameters(&path);
        } else if (!is_slash(c)) {
            dots = c == '.' && dots < 3 ? dots + 1 : 3;
        } else if (dots == 1 || dots == 2) {
            return true;
        } else {
            dots = 0;
        }
    }
    return dots == 1 || dots == 2;
}

bool url_path_below(struct slice path, struct slice prefix)
{
    struct generous p = { .left = path }, want = { .left = prefix };
    uint8_t c = next(&want), got;

    if (has_dots(path))
        return true;
    while (c != 0) {
        uint8_t after = next(&want);

        if (c == '/' && after == 0)
            break; /* "/a/" is "/a" */
        if (next(&p) != c)
            return false;
        c = after;
    }
    got = next(&p);
    return got == 0 || got == '/' || got == '?';
}
