/* proxy/local/target.h: where a local request wants to go, spelled one way.
 *
 * Routes are decided by name, so a host is spelled as policy/host.h spells it,
 * and the unspecified address, which systems connect to themselves, is no
 * target. Nothing here resolves a name. */
#ifndef PROXY_LOCAL_TARGET_H
#define PROXY_LOCAL_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

#define TARGET_HOST_ROOM 254 /* 253 bytes of a name and the NUL */
#define TARGET_TEXT_ROOM (TARGET_HOST_ROOM + 9) /* "[", "]:65535" */

struct target {
    char host[TARGET_HOST_ROOM]; /* spelled; without brackets */
    uint16_t port;               /* 1 to 65535 */
};

/* Take a host name, IPv4 or IPv6 literal (without brackets) and a port.
 * Returns STATUS_OK, or STATUS_BAD_ADDRESS with |why| filled; |out| is all
 * zero unless OK. */
MUST_CHECK enum status target_set(struct target *out, struct slice host,
                                  uint16_t port, struct why *why);

/* Read "host", "host:port" or "[v6]:port" (RFC 3986 section 3.2, without user
 * information); |default_port| stands for a missing or empty port, 0 means
 * that there must be one. Same results as target_set(). */
MUST_CHECK enum status target_parse(struct target *out, struct slice authority,
                                    uint16_t default_port, struct why *why);

/* Addresses as a SOCKS client sends them, |len| 4 or 16 bytes. Same results
 * as target_set(). */
MUST_CHECK enum status target_set_address(struct target *out,
                                          struct slice address, uint16_t port,
                                          struct why *why);

/* "host:port", "1.2.3.4:port" or "[v6]:port", and a NUL. */
void target_text(const struct target *t, char out[TARGET_TEXT_ROOM]);

bool target_equal(const struct target *a, const struct target *b);

/* "localhost", a name below it, 127.0.0.0/8 or ::1: this machine, whatever
 * the resolver says (RFC 6761 section 6.3). */
bool target_is_loopback(const struct target *t);

#endif
