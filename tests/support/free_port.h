/* tests/support/free_port.h: ports where nobody listens. */
#ifndef TESTS_SUPPORT_FREE_PORT_H
#define TESTS_SUPPORT_FREE_PORT_H

/* A port of 127.0.0.1 that nobody else gets: it stays bound here until this
 * process ends. Connections are refused until one listens there that sets
 * SO_REUSEADDR, as servers do. */
int free_port(void);

#endif
