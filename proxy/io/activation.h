/* proxy/io/activation.h: sockets that the service manager has opened for us.
 *
 * The protocol of sd_listen_fds(3): LISTEN_PID names the process they are for,
 * LISTEN_FDS says how many descriptors there are, from 3 on. They listen before
 * this program starts and after it ends, so that no client is refused
 * meanwhile. */
#ifndef PROXY_IO_ACTIVATION_H
#define PROXY_IO_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"
#include "proxy/io/listener.h"

#define ACTIVATION_SOCKETS_MAX 16

/* Each by itself. */
struct activation {
    struct listener_sockets sockets[ACTIVATION_SOCKETS_MAX]; /* owned */
    size_t count;
};

/* Are there any for this process? */
bool activation_expected(void);

/* Take them, once; no child will. Returns STATUS_OK, and |out| is empty if there
 * are none; or STATUS_BAD_CONFIG with |why| filled when one of them is no socket
 * that listens for connections, or they are too many. */
MUST_CHECK enum status activation_take(struct activation *out, struct why *why);

/* Close them; whoever opened them may still listen. Harmless when empty. */
void activation_fini(struct activation *a);

/* Where socket |i| listens, as listener_config has addresses; "unix" if that is
 * no path. */
#define ACTIVATION_TEXT_ROOM LISTENER_PATH_ROOM
void activation_text(const struct activation *a, size_t i,
                     char out[ACTIVATION_TEXT_ROOM]);

#endif
