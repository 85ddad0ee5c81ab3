#include "proxy/server/teekit_url.h"

#include "common/limits.h"
#include "common/text.h"
#include "proxy/server/url_path.h"

#define TARGET_MAX (4 * HTTP_HEAD_MAX_BYTES) /* every byte may become three */

static enum status refuse(struct why *why, const char *found, struct slice url)
{
    return why_fail(why, STATUS_BAD_REQUEST, "url", "PROTOCOL 13.5",
                    "%s: \"%.*s\"", found, (int)MIN_OF(url.len, 80),
                    (const char *)url.at);
}

static struct slice skip(struct slice s, size_t len)
{
    return slice_of(s.at + len, s.len - len);
}

static bool is_slash(uint8_t c)
{
    return c == '/' || c == '\\';
}

/* Without white space and control characters around it. */
static struct slice trimmed(struct slice s)
{
    while (s.len > 0 && s.at[0] <= ' ')
        s = skip(s, 1);
    while (s.len > 0 && s.at[s.len - 1] <= ' ')
        s.len--;
    return s;
}

static size_t find_any(struct slice s, const char *ends)
{
    size_t len = s.len;

    for (; len > 0 && *ends != '\0'; ends++) {
        const uint8_t *end = memchr(s.at, *ends, len);

        len = end == NULL ? len : (size_t)(end - s.at);
    }
    return len;
}

/* The length of "scheme:", 0 if there is none. */
static size_t scheme_length(struct slice s)
{
    size_t i = 0;

    while (i < s.len &&
           ((s.at[i] >= 'a' && s.at[i] <= 'z') ||
            (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
            (i > 0 && ((s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '+' ||
                       s.at[i] == '-' || s.at[i] == '.'))))
        i++;
    return i > 0 && i < s.len && s.at[i] == ':' ? i + 1 : 0;
}

/* Take a scheme that leads here. */
static bool take_scheme(struct slice *s)
{
    static const char *const known[] = { "http:", "https:", "ws:", "wss:" };
    size_t len = scheme_length(*s);

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!text_same_word(slice_of(s->at, len), slice_text(known[i])))
            continue;
        *s = skip(*s, len);
        return s->len >= 2 && is_slash(s->at[0]) && is_slash(s->at[1]);
    }
    return false;
}

/* "user@host:port" without the user. False when it is none. */
static bool read_authority(struct slice text, struct teekit_url *out)
{
    struct slice host = text;
    uint16_t port;
    bool bracket, has_port;

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '@')
            host = skip(text, i + 1);
    out->authority = host;
    bracket = host.len > 2 && host.at[0] == '[';
    has_port =
        find_any(host, bracket ? "]" : ":") + (bracket ? 1 : 0) < host.len;
    if (has_port) {
        text = host;
        if (text_host_port(text, &out->host, &port))
            return true;
        if (host.at[host.len - 1] != ':')
            return false;
        host.len--; /* a colon without a port */
        out->authority = host;
    }
    if (bracket) {
        if (host.at[host.len - 1] != ']')
            return false;
        host = slice_of(host.at + 1, host.len - 2);
    }
    out->host = host;
    return text_is_host(host) &&
           (memchr(host.at, ':', host.len) != NULL) == bracket;
}

static enum status read_parts(struct slice url, struct teekit_url *out,
                              struct why *why)
{
    struct slice rest = trimmed(url), query;
    bool has_scheme = scheme_length(rest) > 0;
    size_t at;

    rest.len = find_any(rest, "#");
    if (has_scheme && !take_scheme(&rest))
        return refuse(why, "not http, https, ws or wss", url);
    if (rest.len >= 2 && is_slash(rest.at[0]) && is_slash(rest.at[1])) {
        while (rest.len > 0 && is_slash(rest.at[0]))
            rest = skip(rest, 1);
        at = find_any(rest, "/\\?");
        if (!read_authority(slice_of(rest.at, at), out))
            return refuse(why, "no host and port", url);
        rest = skip(rest, at);
    }
    at = find_any(rest, "?");
    query = skip(rest, at);
    url_path_write(slice_of(rest.at, at), query, &out->target);
    return buffer_ok(&out->target) ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status teekit_url_read(struct slice url, struct teekit_url *out,
                            struct why *why)
{
    enum status st;

    *out = (struct teekit_url){ .target = buffer_with_max(TARGET_MAX) };
    st = url.len > HTTP_HEAD_MAX_BYTES ? refuse(why, "too long", url)
                                       : read_parts(url, out, why);
    if (st != STATUS_OK)
        teekit_url_fini(out);
    return st;
}

void teekit_url_fini(struct teekit_url *u)
{
    buffer_free(&u->target);
    *u = (struct teekit_url){ 0 };
}
