#include "proxy/local/target.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#include "common/text.h"
#include "policy/host.h"

_Static_assert(TARGET_HOST_ROOM == HOST_ROOM, "any spelled host fits");

static enum status bad_host(struct why *why, struct slice host,
                            const char *expected)
{
    (void)why_fail(why, STATUS_BAD_ADDRESS, "target.host",
                   "RFC 3986 section 3.2.2", "\"%.*s\"",
                   (int)MIN_OF(host.len, (size_t)100), (const char *)host.at);
    return why_expect(why, "%s", expected);
}

static enum status bad_port(struct why *why, struct slice text)
{
    (void)why_fail(why, STATUS_BAD_ADDRESS, "target.port",
                   "RFC 3986 section 3.2.3", "\"%.*s\"",
                   (int)MIN_OF(text.len, (size_t)20), (const char *)text.at);
    return why_expect(why, "1 to 65535");
}

/* The system connects the unspecified address to this machine: what is meant
 * must be said. */
static bool is_unspecified(const struct target *t)
{
    return strcmp(t->host, "0.0.0.0") == 0 || strcmp(t->host, "::") == 0;
}

enum status target_set(struct target *out, struct slice host, uint16_t port,
                       struct why *why)
{
    struct target t = { .port = port };

    *out = (struct target){ 0 };
    if (port == 0)
        return bad_port(why, slice_text("0"));
    if (!host_spell(host, t.host))
        return bad_host(why, host, "a host name or address, written in full");
    if (is_unspecified(&t))
        return bad_host(why, host, "an address of one machine");
    *out = t;
    return STATUS_OK;
}

/* Cut |authority| before the ":" of its port; |*port| is what follows it, and
 * |*brackets| says whether the host stood in brackets, which are dropped.
 * False when a bracket is not closed, or followed by anything else. */
static bool split(struct slice authority, struct slice *host,
                  struct slice *port, bool *brackets)
{
    const uint8_t *at = authority.at;
    const uint8_t *end;
    size_t used;

    *brackets = authority.len > 0 && at[0] == '[';
    end = authority.len == 0 ? NULL
                             : memchr(at, *brackets ? ']' : ':', authority.len);
    if (*brackets && end == NULL)
        return false;
    used = end == NULL ? authority.len : (size_t)(end - at);
    *host = *brackets ? slice_of(at + 1, used - 1) : slice_of(at, used);
    used += *brackets ? 1 : 0;
    *port = (struct slice){ 0 };
    if (used == authority.len)
        return true;
    *port = slice_of(at + used + 1, authority.len - used - 1);
    return at[used] == ':';
}

enum status target_parse(struct target *out, struct slice authority,
                         uint16_t default_port, struct why *why)
{
    struct slice host;
    struct slice port;
    bool brackets;
    uint64_t number = default_port;

    *out = (struct target){ 0 };
    if (!split(authority, &host, &port, &brackets))
        return bad_host(why, authority, "[IPv6 address]:port");
    if (brackets != (host.len > 0 && memchr(host.at, ':', host.len) != NULL))
        return bad_host(why, authority, "brackets around an IPv6 address only");
    if (port.len > 0 && !text_from_decimal(port, UINT16_MAX, &number))
        return bad_port(why, port);
    if (number == 0)
        return bad_port(why, port);
    return target_set(out, host, (uint16_t)number, why);
}

enum status target_set_address(struct target *out, struct slice address,
                               uint16_t port, struct why *why)
{
    char text[INET6_ADDRSTRLEN];
    int family = address.len == 4 ? AF_INET : AF_INET6;

    assert(address.len == 4 || address.len == 16);
    if (inet_ntop(family, address.at, text, sizeof(text)) == NULL)
        text[0] = '\0'; /* cannot be; refused below as an empty host */
    return target_set(out, slice_text(text), port, why);
}

void target_text(const struct target *t, char out[TARGET_TEXT_ROOM])
{
    bool v6 = strchr(t->host, ':') != NULL;

    (void)snprintf(out, TARGET_TEXT_ROOM, v6 ? "[%s]:%u" : "%s:%u", t->host,
                   (unsigned)t->port);
}

bool target_equal(const struct target *a, const struct target *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool target_is_loopback(const struct target *t)
{
    static const char suffix[] = ".localhost";
    size_t len = strlen(t->host);

    if (len >= sizeof(suffix) &&
        strcmp(t->host + len - (sizeof(suffix) - 1), suffix) == 0)
        return true;
    return host_is_loopback(t->host);
}
