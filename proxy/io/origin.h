/* proxy/io/origin.h: who is one peer, for limits: where a connection is from.
 *
 * IPv6 addresses by their first 64 bits, which is what one customer gets; UNIX
 * sockets are one. */
#ifndef PROXY_IO_ORIGIN_H
#define PROXY_IO_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

/* Compared as bytes: it has no padding. */
struct origin {
    uint8_t family; /* 4, 6, or 0 for UNIX sockets */
    uint8_t prefix[8];
};

/* Of |address|, as conn_peer() has it. */
struct origin origin_of(const char *address);

/* Is it this machine, by TCP? */
bool origin_is_loopback(const struct origin *o);

/* |secret| keeps others from knowing who shares what with whom. */
uint64_t origin_hash(const struct origin *o, uint64_t secret);

#endif
