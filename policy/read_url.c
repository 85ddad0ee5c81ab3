#include "policy/read_url.h"

#include <string.h>

#include "common/text.h"

static struct slice after(struct slice s, size_t n)
{
    return slice_of(s.at + n, s.len - n);
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < 0x21 || s.at[i] > 0x7e)
            return false;
    return true;
}

/* The scheme that |text| begins with, NULL if none; |*rest| follows "://". */
static const struct scheme *find_scheme(struct slice text,
                                        const struct scheme *schemes,
                                        size_t count, struct slice *rest)
{
    static const char mark[] = "://";

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(schemes[i].name);
        size_t all = len + sizeof(mark) - 1;

        if (text.len < all ||
            !text_same_word(slice_of(text.at, len),
                            slice_text(schemes[i].name)) ||
            !slice_equal(slice_of(text.at + len, sizeof(mark) - 1),
                         slice_text(mark)))
            continue;
        *rest = after(text, all);
        return &schemes[i];
    }
    return NULL;
}

static bool has_byte(struct slice s, char byte)
{
    return s.len > 0 && memchr(s.at, byte, s.len) != NULL;
}

/* "host" or "host:port", IPv6 in brackets. */
static bool read_authority(struct slice text, struct url *out)
{
    struct slice host;

    out->port = out->scheme->port;
    if (text_host_port(text, &host, &out->port))
        return host_spell(host, out->host);
    out->port = out->scheme->port;
    if (text.len > 0 && text.at[0] != '[' && has_byte(text, ':'))
        return false;
    return host_spell(text, out->host);
}

enum status read_url_text(struct reader *r, const struct node *node,
                          const struct scheme *schemes, size_t count,
                          const char *expected, struct url *out)
{
    struct slice text;
    struct slice rest = { 0 };
    size_t host_len = 0;
    enum status st = read_text(r, node, expected, &text);

    *out = (struct url){ 0 };
    if (st != STATUS_OK)
        return st;
    out->scheme = find_scheme(text, schemes, count, &rest);
    if (out->scheme == NULL || !is_printable(rest))
        return read_unexpected(r, node, "%s", expected);
    if (has_byte(rest, '#'))
        return read_unexpected(r, node, "a URL without a fragment");
    while (host_len < rest.len && rest.at[host_len] != '/' &&
           rest.at[host_len] != '?')
        host_len++;
    out->path = after(rest, host_len);
    if (has_byte(slice_of(rest.at, host_len), '@'))
        return read_unexpected(r, node, "a URL without a user");
    if (out->path.len > 0 && out->path.at[0] == '?')
        return read_unexpected(r, node, "a path before the query");
    if (!read_authority(slice_of(rest.at, host_len), out))
        return read_unexpected(r, node, "%s", expected);
    return STATUS_OK;
}
