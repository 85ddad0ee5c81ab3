/* proxy/local/socks.h: SOCKS4, SOCKS4a and SOCKS5 requests and replies.
 *
 * Bytes in, a target out; no I/O, no allocation, no name resolved. CONNECT is
 * the only command. Follows RFC 1928 (SOCKS5), RFC 1929 (user and password)
 * and the SOCKS4 and SOCKS4a memos. */
#ifndef PROXY_LOCAL_SOCKS_H
#define PROXY_LOCAL_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "proxy/local/target.h"

#define SOCKS_REPLY_ROOM 16 /* the longest reply has 10 bytes */

/* What the reader wants next. */
enum socks_step {
    SOCKS_MORE,    /* the message is not complete; nothing was used */
    SOCKS_REPLY,   /* send |reply|, then read on */
    SOCKS_REQUEST, /* |target| is asked for; answer by socks_reply() */
    SOCKS_REFUSED  /* send |reply|, which may be empty, and close; see |why| */
};

/* Where the reader is. */
enum socks_state {
    SOCKS_AT_START,   /* the version decides */
    SOCKS_AT_USER,    /* SOCKS5: user and password */
    SOCKS_AT_REQUEST, /* SOCKS5: what the client wants */
    SOCKS_AT_END      /* a request was read, or refused */
};

struct socks {
    enum socks_state state;
    unsigned version; /* 4 or 5; 0 before the first byte */
    /* True when these are right; NULL asks nobody. */
    bool (*check_user)(void *ctx, struct slice user, struct slice password);
    void *ctx;
};

struct socks_event {
    struct target target; /* of SOCKS_REQUEST */
    uint8_t reply[SOCKS_REPLY_ROOM];
    size_t reply_len;
    struct why why; /* of SOCKS_REFUSED */
};

/* |check_user| as in struct socks; |ctx| is its argument. */
struct socks socks_start(bool (*check_user)(void *ctx, struct slice user,
                                            struct slice password),
                         void *ctx);

/* Read one message from |in|, which is all that came and was not used yet;
 * |*used| says how many bytes it had. What follows a request is the client's
 * data. Must not be called after SOCKS_REQUEST or SOCKS_REFUSED. */
enum socks_step socks_read(struct socks *s, struct slice in, size_t *used,
                           struct socks_event *out);

/* The answer to a request: success when |st| is STATUS_OK, else the code of
 * the status table (SOCKS4 knows only 0x5b). Returns its length. */
size_t socks_reply(const struct socks *s, enum status st,
                   uint8_t out[SOCKS_REPLY_ROOM]);

#endif
