/* proxy/io/listen_address.h: where to listen, as a text says it.
 *
 * Resolves nothing: "localhost" is 127.0.0.1 and ::1, "*" every address of
 * both families. */
#ifndef PROXY_IO_LISTEN_ADDRESS_H
#define PROXY_IO_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/compiler.h"

#define LISTEN_ADDRESS_FAMILIES_MAX 2

union listen_socket_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un path;
};

struct listen_address {
    union listen_socket_address at[LISTEN_ADDRESS_FAMILIES_MAX];
    size_t count;
    uint16_t port; /* 0: the system chooses; or a UNIX socket */
    bool loopback; /* reached from this machine only */
};

/* Read |address|, as struct listener_config has it. False when it is none. */
MUST_CHECK bool listen_address_parse(const char *address,
                                     struct listen_address *out);

#endif
