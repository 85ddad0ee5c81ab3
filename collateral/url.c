#include "collateral/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "common/cursor.h"
#include "common/text.h"

static enum status refuse(struct why *why, struct slice text, const char *how)
{
    /* The text is the user's own, but it may be long. */
    return why_fail(why, STATUS_BAD_CONFIG, "url", NULL, "\"%.*s\" %s",
                    (int)MIN_OF(text.len, 120), (const char *)text.at, how);
}

/* What may stand in a path or query here. */
static bool is_plain(uint8_t c)
{
    static const char marks[] = "-._~/?=&";

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c != 0 && strchr(marks, c) != NULL);
}

static bool is_all_plain(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_plain(s.at[i]))
            return false;
    return true;
}

static bool is_name_alone(struct slice authority)
{
    struct cursor c = cursor_over(authority);

    return text_is_host(authority) &&
           cursor_until(&c, ":").len == authority.len;
}

/* "[" address "]", with nothing after it. */
static bool is_v6_alone(struct slice authority, struct slice *host)
{
    struct cursor c = cursor_over(authority);

    if (!cursor_skip(&c, "["))
        return false;
    *host = cursor_until(&c, "]");
    return cursor_skip(&c, "]") && cursor_finish(&c) && text_is_host(*host);
}

static bool read_authority(struct slice authority, struct url *out)
{
    out->host = authority;
    out->port = 0;
    return is_name_alone(authority) || is_v6_alone(authority, &out->host) ||
           text_host_port(authority, &out->host, &out->port);
}

enum status url_parse(struct slice text, struct url *out, struct why *why)
{
    struct url u = { 0 };
    struct cursor c = cursor_over(text);

    *out = u;
    if (text.len >= URL_MAX_BYTES)
        return refuse(why, text, "is too long");
    u.https = cursor_skip(&c, "https://");
    if (!u.https && !cursor_skip(&c, "http://"))
        return refuse(why, text, "does not begin with https://");
    if (!read_authority(cursor_until(&c, "/?"), &u))
        return refuse(why, text, "has no host, or a bad one");
    u.rest = cursor_rest(&c);
    if (!is_all_plain(u.rest))
        return refuse(why, text, "has a character that may not stand there");
    if (!u.https && !url_is_loopback(u.host))
        return refuse(why, text, "is http, and not to a loopback address");
    *out = u;
    return STATUS_OK;
}

bool url_is_loopback(struct slice host)
{
    char text[INET6_ADDRSTRLEN + 1];
    struct in_addr v4;
    struct in6_addr v6;

    if (text_same_word(host, slice_text("localhost")))
        return true;
    if (host.len == 0 || host.len >= sizeof(text))
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

void url_short(const char *url, char out[URL_SHORT_ROOM])
{
    const int head = 56;
    const int tail = 52;
    size_t len = strlen(url);

    if (len < URL_SHORT_ROOM)
        (void)snprintf(out, URL_SHORT_ROOM, "%s", url);
    else
        (void)snprintf(out, URL_SHORT_ROOM, "%.*s...%s", head, url,
                       url + len - (size_t)tail);
}
