#include "proxy/tunnel/record.h"

#include <assert.h>
#include <inttypes.h>

#include "common/secret.h"

/* The last number is REKEY's own. */
#define NONCE_REKEY UINT64_MAX

static const struct slice no_extra;

enum status record_init(struct record *r, enum aead_suite suite,
                        const uint8_t key[static AEAD_KEY_BYTES])
{
    *r = (struct record){ 0 };
    return aead_init(&r->aead, suite, key);
}

void record_fini(struct record *r)
{
    aead_fini(&r->aead);
    *r = (struct record){ 0 };
}

/* REKEY(k): the first 32 bytes of ENCRYPT(k, 2^64-1, "", 32 zero bytes). */
static void rekey(struct record *r)
{
    uint8_t block[AEAD_KEY_BYTES + AEAD_TAG_BYTES] = { 0 };

    aead_seal(&r->aead, NONCE_REKEY, no_extra, block, AEAD_KEY_BYTES);
    aead_rekey(&r->aead, block);
    secret_wipe(block, sizeof(block));
}

static void advance(struct record *r)
{
    r->next++;
    if (r->next % RECORD_REKEY_MESSAGES == 0)
        rekey(r);
}

enum status record_seal(struct record *r, uint8_t *text, size_t len)
{
    assert(len <= RECORD_MAX_BYTES - AEAD_TAG_BYTES);
    if (r->next == NONCE_REKEY)
        return STATUS_LIMIT;
    aead_seal(&r->aead, r->next, no_extra, text, len);
    advance(r);
    return STATUS_OK;
}

enum status record_open(struct record *r, uint8_t *text, size_t len,
                        struct slice *plain, struct why *why)
{
    *plain = (struct slice){ 0 };
    if (r->next == NONCE_REKEY)
        return why_fail(why, STATUS_LIMIT, "record", "PROTOCOL 5",
                        "the numbers of this direction are used up");
    if (r->broken || len > RECORD_MAX_BYTES ||
        aead_open(&r->aead, r->next, no_extra, text, len) != STATUS_OK) {
        r->broken = true;
        return why_fail(why, STATUS_BAD_RECORD, "record", "PROTOCOL 5",
                        "a message of %zu bytes that does not open", len);
    }
    *plain = slice_of(text, len - AEAD_TAG_BYTES);
    advance(r);
    return STATUS_OK;
}
