#include "proxy/server/teekit_evidence.h"

#include "common/builder.h"
#include "common/cursor.h"

#define TEE_TYPE_AT  4 /* in the header of a quote of Intel's */
#define TEE_TYPE_TDX 0x81

static enum teekit_tee tee_of(const struct proof *p)
{
    struct cursor c = cursor_over(buffer_view(&p->quote));

    (void)cursor_take(&c, TEE_TYPE_AT);
    if (p->is_snp)
        return TEEKIT_SNP;
    return cursor_u32le(&c) == TEE_TYPE_TDX ? TEEKIT_TDX : TEEKIT_SGX;
}

/* All but the quote. */
static struct teekit_envelope
describe(const struct keys_epoch *e, enum teekit_tee tee,
         uint8_t issued[static TEEKIT_EVIDENCE_ISSUED_BYTES])
{
    struct builder b = builder_over(issued, TEEKIT_EVIDENCE_ISSUED_BYTES);
    struct teekit_envelope kx = {
        .type = TEEKIT_SERVER_KX,
        .public_key = slice_of(e->pair->public_key, SESSION_KEY_BYTES),
    };

    builder_u64be(&b, (uint64_t)e->issued_unix);
    switch (tee) {
    case TEEKIT_TDX:
        kx.data = TEEKIT_DATA_MAP;
        kx.val = SLICE_OF(e->nonce);
        kx.iat = builder_view(&b);
        break;
    case TEEKIT_SNP:
        kx.data = TEEKIT_DATA_BYTES;
        kx.val = SLICE_OF(e->nonce);
        break;
    case TEEKIT_SGX:
        break; /* its rule has nothing but the key */
    }
    return kx;
}

bool teekit_evidence_differs(const struct keys_epoch *e,
                             uint8_t binding[static TEEKIT_BINDING_BYTES])
{
    uint8_t issued[TEEKIT_EVIDENCE_ISSUED_BYTES];
    enum teekit_tee tee = tee_of(&e->proof);
    const struct teekit_envelope kx = describe(e, tee, issued);
    struct why why;

    memset(binding, 0, TEEKIT_BINDING_BYTES);
    return tee != TEEKIT_TDX &&
           teekit_binding_make(tee, &kx, binding, &why) == STATUS_OK;
}

bool teekit_evidence_announce(
    const struct keys_epoch *e,
    uint8_t issued[static TEEKIT_EVIDENCE_ISSUED_BYTES],
    struct teekit_envelope *out)
{
    enum teekit_tee tee = tee_of(&e->proof);
    const struct proof *p = tee == TEEKIT_TDX ? &e->proof : &e->teekit;

    *out = describe(e, tee, issued);
    out->quote = buffer_view(&p->quote);
    out->has_certs = p->is_snp;
    out->vcek = buffer_view(&p->vcek);
    out->ask = buffer_view(&p->ask);
    out->ark = buffer_view(&p->ark);
    return out->quote.len > 0;
}
