/* tests/support/knock.h: clients of a listener, without a loop. */
#ifndef TESTS_SUPPORT_KNOCK_H
#define TESTS_SUPPORT_KNOCK_H

#include <stdint.h>

/* A blocking socket, the caller's to close, connected to |port| of the loopback
 * address of |family|, or to the UNIX socket at |path|; -1 if it is refused. */
int knock_port(int family, uint16_t port);
int knock_path(const char *path);

#endif
