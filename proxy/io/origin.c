#include "proxy/io/origin.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/text.h"

static void origin_of_v6(const uint8_t address[16], struct origin *out)
{
    static const uint8_t v4_in_v6[12] = { [10] = 0xff, [11] = 0xff };

    if (slice_equal(slice_of(address, 12), SLICE_OF(v4_in_v6))) {
        out->family = 4;
        memcpy(out->prefix, address + 12, 4);
        return;
    }
    out->family = 6;
    memcpy(out->prefix, address, sizeof(out->prefix));
}

struct origin origin_of(const char *address)
{
    struct origin o = { 0 };
    struct slice host;
    uint16_t port;
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[16];

    if (!text_host_port(slice_text(address), &host, &port) ||
        host.len >= sizeof(text))
        return o;
    memcpy(text, host.at, host.len);
    if (inet_pton(AF_INET, text, o.prefix) == 1)
        o.family = 4;
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        origin_of_v6(bytes, &o);
    return o;
}

/* The first half of ::1 is that of no address that is somebody else's. */
bool origin_is_loopback(const struct origin *o)
{
    static const uint8_t zero[sizeof(o->prefix)];

    if (o->family == 4)
        return o->prefix[0] == 127;
    return o->family == 6 && slice_equal(SLICE_OF(o->prefix), SLICE_OF(zero));
}

/* FNV-1a, begun by a secret. */
uint64_t origin_hash(const struct origin *o, uint64_t secret)
{
    const uint8_t *bytes = (const uint8_t *)o;
    uint64_t hash = secret;

    for (size_t i = 0; i < sizeof(*o); i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash >> 32;
}
