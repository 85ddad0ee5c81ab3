/* proxy/io/loopback.h: sockets whose bytes do not leave this machine. */
#ifndef PROXY_IO_LOOPBACK_H
#define PROXY_IO_LOOPBACK_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether |at| is an address within this machine; UNIX sockets are not meant,
 * for nothing need be done about them. */
bool loopback_check(const struct sockaddr *at);

/* |fd| is about to listen at or to connect to |at|; nothing happens unless that
 * is TCP within this machine. There is no congestion and no rate to find
 * there: an algorithm that paces (BBR, the default of some systems) only costs.
 * The connections that a listening socket accepts inherit this. Only before
 * there is a connection: pacing, once begun, goes on under any algorithm. Best
 * effort: a connection without it is slower, not wrong. */
void loopback_unpaced(int fd, const struct sockaddr *at);

#endif
