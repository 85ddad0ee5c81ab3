#include "proxy/tunnel/teekit_binding.h"

#include <sodium.h>

static enum status require(struct slice part, const char *field,
                           struct why *why)
{
    if (part.len > 0)
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_FIELD, field, "PROTOCOL 13.3",
                    "missing or empty");
}

static void hash_512(const struct slice *parts, size_t count, uint8_t *out)
{
    crypto_hash_sha512_state h;

    /* Nothing here can fail. */
    (void)crypto_hash_sha512_init(&h);
    for (size_t i = 0; i < count; i++)
        (void)crypto_hash_sha512_update(&h, parts[i].at, parts[i].len);
    (void)crypto_hash_sha512_final(&h, out);
}

static enum status bind_tdx(const struct teekit_envelope *kx, uint8_t *out,
                            struct why *why)
{
    const struct slice parts[] = { kx->val, kx->iat, kx->public_key };
    enum status st = require(kx->val, "server_kx.verifier_data.val", why);

    if (st == STATUS_OK)
        st = require(kx->iat, "server_kx.verifier_data.iat", why);
    if (st == STATUS_OK)
        hash_512(parts, COUNT_OF(parts), out);
    return st;
}

static enum status bind_snp(const struct teekit_envelope *kx, uint8_t *out,
                            struct why *why)
{
    const struct slice parts[] = { kx->val, kx->public_key };
    enum status st = require(kx->val, "server_kx.verifier_data", why);

    if (st == STATUS_OK)
        hash_512(parts, COUNT_OF(parts), out);
    return st;
}

enum status teekit_binding_make(enum teekit_tee tee,
                                const struct teekit_envelope *kx,
                                uint8_t out[static TEEKIT_BINDING_BYTES],
                                struct why *why)
{
    memset(out, 0, TEEKIT_BINDING_BYTES);
    switch (tee) {
    case TEEKIT_TDX:
        return bind_tdx(kx, out, why);
    case TEEKIT_SNP:
        return bind_snp(kx, out, why);
    case TEEKIT_SGX:
        (void)crypto_hash_sha256(out, kx->public_key.at, kx->public_key.len);
        return STATUS_OK;
    }
    return STATUS_INTERNAL; /* no such TEE */
}
