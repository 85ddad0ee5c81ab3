/* proxy/local/leaves.h: certificates for hosts, made on the fly by the CA of
 * this computer, and kept for a while.
 *
 * Of one thread. Their keys never leave its memory. */
#ifndef PROXY_LOCAL_LEAVES_H
#define PROXY_LOCAL_LEAVES_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "policy/host.h"
#include "proxy/io/tls_context.h"
#include "proxy/local/ca.h"

#define LEAVES_MAX  64 /* hosts; the one not asked for longest is forgotten */
#define LEAVES_DAYS 7  /* that a leaf is good for */

struct leaf {
    char host[HOST_ROOM];
    struct tls_context *context; /* owned; NULL: the place is free */
    int64_t until_unix;
    uint64_t asked; /* when last, by |leaves.asked| */
};

/* All zero at first. */
struct leaves {
    uint8_t ca_id[20]; /* of the key that signed them */
    uint64_t asked;    /* how often */
    struct leaf list[LEAVES_MAX];
};

/* What shows a certificate for |host|, spelled, that |ca| may sign
 * (ca_check_host()). Returns STATUS_OK with |*out| borrowed until the next
 * call; or STATUS_NO_MEMORY. */
MUST_CHECK enum status leaves_find(struct leaves *l, const struct ca *ca,
                                   const char *host, int64_t now_unix,
                                   struct tls_context **out);

void leaves_clear(struct leaves *l);

#endif
