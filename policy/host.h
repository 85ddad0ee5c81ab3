/* policy/host.h: one spelling for each host, so that hosts can be compared.
 *
 * Never resolves a name. A host that looks like a number but is not an address
 * in its usual form ("0x7f.1", "2130706433") is refused: resolvers would read
 * it as an address that no pattern names. */
#ifndef POLICY_HOST_H
#define POLICY_HOST_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/slice.h"

#define HOST_ROOM 254 /* bytes, with the final NUL */

/* Write |text| in its one spelling: names in lower case without a final dot,
 * IPv4 in four decimals, IPv6 as RFC 5952 has it and without brackets, an
 * IPv4-mapped IPv6 address as the IPv4 one. False, and |out| empty, when
 * |text| is no host. */
MUST_CHECK bool host_spell(struct slice text, char out[HOST_ROOM]);

/* True for a spelled IPv4 or IPv6 address. */
bool host_is_address(const char *spelled);

/* True for "localhost", 127.0.0.0/8 and ::1, spelled. */
bool host_is_loopback(const char *spelled);

#endif
