/* proxy/io/listener.h: accepts connections on one address.
 *
 * "localhost:PORT" means both 127.0.0.1 and ::1, as far as the machine has
 * them, on the same port. When descriptors run out, a spare one is used to
 * accept and close what waits, so that callers learn it at once; and
 * accepting rests for LISTENER_REST_MS. */
#ifndef PROXY_IO_LISTENER_H
#define PROXY_IO_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"

struct listener;

#define LISTENER_SOCKETS_MAX 2   /* "localhost" has one a family */
#define LISTENER_PATH_ROOM   108 /* a UNIX socket's, with the final NUL */
#define LISTENER_REST_MS     100
#define LISTENER_BACKLOG     1024

struct listener_config {
    const char *address;   /* "localhost:8118", "127.0.0.1:0", "[::]:443",
                          * "*:443" (both families), "/run/veritee.sock";
                          * port 0: the system chooses */
    bool shared;           /* others will join: listener_join() */
    bool others;           /* a UNIX socket is for other users too: mode 0666;
                          * else 0600, from its first moment on */
    bool waits;            /* accept nothing before listener_begin() */
    const struct log *log; /* borrowed; NULL is silence */
    /* May |uid|, who connects to a UNIX socket, be accepted? NULL: whoever the
   * file's mode lets in. */
    bool (*admits)(void *ctx, uid_t uid);
    /* |conn| is the callee's, without an owner yet. */
    void (*on_accept)(void *ctx, struct conn *conn);
    void *ctx;
};

/* Bind and listen. |config| is copied but for |log|. Returns STATUS_OK,
 * STATUS_BAD_ADDRESS (malformed, or not of this machine), STATUS_NETWORK (in
 * use, not permitted), STATUS_LIMIT or STATUS_NO_MEMORY with |why| filled;
 * |*out| is NULL unless OK. */
MUST_CHECK enum status listener_open(uv_loop_t *loop,
                                     const struct listener_config *config,
                                     struct listener **out, struct why *why);

/* Accept, after |waits|: who has connected meanwhile is the first. NULL is
 * allowed. */
void listener_begin(struct listener *l);

/* Another listener on the address of |first|, which was opened as shared: for
 * another loop, so that each worker accepts its part. A TCP socket of its own
 * (SO_REUSEPORT), or the same UNIX socket. |config|'s address, |shared| and
 * |others| are not read. The loop of |first| may be running, but not |first| be closed
 * meanwhile. Returns as listener_open(). */
MUST_CHECK enum status listener_join(uv_loop_t *loop,
                                     const struct listener *first,
                                     const struct listener_config *config,
                                     struct listener **out, struct why *why);

/* Sockets that listen, without a loop: for any number of listeners, each of
 * which has its own descriptors of them. What nobody accepts waits. */
struct listener_sockets {
    int fds[LISTENER_SOCKETS_MAX]; /* owned */
    size_t count;
    uint16_t port;                 /* 0: a UNIX socket */
    char path[LISTENER_PATH_ROOM]; /* a file to be removed; "" if none */
};

/* Listen on |address|; it and |others| are as in listener_config. Returns as listener_open();
 * |out| is empty unless OK, else to be given to listener_unbind(). */
MUST_CHECK enum status listener_bind(const char *address, bool others,
                                     struct listener_sockets *out,
                                     struct why *why);

/* Close them, and remove a UNIX socket's file. Harmless when empty. */
void listener_unbind(struct listener_sockets *s);

/* Accept what comes to |s|, which may be unbound afterwards. |config| as for
 * listener_join(). Returns as listener_open(). */
MUST_CHECK enum status listener_adopt(uv_loop_t *loop,
                                      const struct listener_sockets *s,
                                      const struct listener_config *config,
                                      struct listener **out, struct why *why);

/* The port listened on, also when the system chose it; 0 for a UNIX socket. */
uint16_t listener_port(const struct listener *l);

/* Stop. From any callback; NULL is allowed; no callback follows. Connections
 * that were accepted live on. A UNIX socket's file is removed. */
void listener_close(struct listener *l);

/* True when |address|, as in listener_config, can be reached from this
 * machine only: localhost, 127.0.0.0/8, ::1 or a UNIX socket. */
bool listener_is_loopback(const char *address);

#endif
