/* common/secret.h: bytes that must not be seen, and where randomness is from.
 *
 * The only file of common/ that knows libsodium. Secrets live in structs of
 * fixed size, are wiped after their last use on every path, are compared in
 * constant time and never reach logs, a struct why, argv or growable buffers. */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Once per process, before anything else here. False if the system gives no
 * randomness; the program must stop then. May be called again. */
MUST_CHECK bool secret_init(void);

/* Keep secrets out of core dumps and from being traced. Best effort. */
void secret_no_dump(void);

/* Overwrite, and do not let the compiler leave it out. */
void secret_wipe(void *secret, size_t len);

/* In time that depends on |len| only. */
bool secret_equal(const void *a, const void *b, size_t len);

/* Unpredictable bytes. */
void secret_random(void *out, size_t len);

/* The same, drawn from the system many at a time: for nonces and ids, of which
 * there are thousands a second. Not for keys, which should not lie about before
 * they are used. All zero at first; no byte is given twice. */
#define SECRET_POOL_BYTES 1024
struct secret_pool {
    uint8_t bytes[SECRET_POOL_BYTES];
    size_t left; /* not given yet; the first ones of |bytes| */
};

/* |len| is at most SECRET_POOL_BYTES. NULL |pool|: as secret_random(). */
void secret_draw(struct secret_pool *pool, void *out, size_t len);

/* Pages that are locked in memory and left out of core dumps, as far as the
 * system allows; wiped when freed. NULL when out of memory. */
void *secret_new(size_t len);
void secret_free(void *secret); /* NULL is allowed */

#endif
