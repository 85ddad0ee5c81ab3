#include "common/secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

bool secret_init(void)
{
    return sodium_init() >= 0;
}

void secret_no_dump(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none); /* best effort, as documented */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void secret_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void secret_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void secret_draw(struct secret_pool *pool, void *out, size_t len)
{
    uint8_t *from;

    if (pool == NULL) {
        secret_random(out, len);
        return;
    }
    assert(len <= sizeof(pool->bytes));
    if (pool->left < len) {
        secret_random(pool->bytes, sizeof(pool->bytes));
        pool->left = sizeof(pool->bytes);
    }
    pool->left -= len;
    from = pool->bytes + pool->left;
    memcpy(out, from, len);
    secret_wipe(from, len);
}

void *secret_new(size_t len)
{
    void *p = sodium_malloc(len);

    if (p != NULL)
        sodium_memzero(p, len);
    return p;
}

void secret_free(void *secret)
{
    sodium_free(secret);
}
