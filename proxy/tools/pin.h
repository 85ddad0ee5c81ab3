/* proxy/tools/pin.h: from what a server proved to a policy that accepts it.
 *
 * Text only: what was proved comes from a probe, and whether it should be
 * trusted is the person's to decide. docs/man/veritee-policy.5 has the
 * language. */
#ifndef PROXY_TOOLS_PIN_H
#define PROXY_TOOLS_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/status.h"
#include "verifier/claims.h"

#define PIN_URL_ROOM  1024
#define PIN_NAME_ROOM 65

/* Where a server is, and what the policy shall say of it. */
struct pin {
    char url[PIN_URL_ROOM];   /* ws:// or wss:// */
    char host[PIN_URL_ROOM];  /* of it, without the port */
    char name[PIN_NAME_ROOM]; /* of the service */
    bool teekit;              /* it speaks that protocol, not our own */
    const char *root_file;    /* NULL: built in; borrowed, as below */
    bool root_is_amd;         /* it is one for SEV-SNP */
    const char *ca_file;      /* NULL: the system's */
};

/* Read "wss://host/path", "https://host/any/page" or "host:port" (wss). The
 * path of a page, and an empty one, gives way to /__ra__. |name|: of the
 * service; NULL: after the host. Returns STATUS_OK, or STATUS_BAD_ADDRESS with
 * |why| filled. */
MUST_CHECK enum status pin_init(struct pin *pin, const char *url,
                                const char *name, struct why *why);

/* A policy that names the service and accepts nothing yet: to probe by. */
void pin_policy_empty(const struct pin *pin, struct buffer *out);

/* A block of `services:`, with comments, that accepts |claims|, which were
 * verified at |now_unix|. A TEE that is open to its host is not accepted. */
void pin_policy_block(const struct pin *pin, const struct claims *claims,
                      int64_t now_unix, struct buffer *out);

/* Told what a person should know before relying on |claims|; |text| is
 * borrowed. */
typedef void pin_warning(void *ctx, const char *text);
void pin_warnings(const struct claims *claims, pin_warning *warn, void *ctx);

#endif
