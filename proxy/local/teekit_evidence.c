#include "proxy/local/teekit_evidence.h"

#include <string.h>

#include "common/cursor.h"
#include "common/text.h"
#include "proxy/tunnel/teekit_binding.h"

#define NUMBER_BYTES 8
#define TIME_BYTES   20 /* "2026-01-31T12:00:00Z" */
#define ZONE_TEXT    " +0000 UTC"

/* |text| without the digits behind a point that it begins with. */
static struct slice skip_fraction(struct slice text)
{
    size_t n = 1;

    if (text.len < 2 || text.at[0] != '.')
        return text;
    while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
        n++;
    return slice_of(text.at + n, text.len - n);
}

/* "2026-01-31 12:00:00[.9] +0000 UTC", or with 'T' and 'Z'. */
static bool read_text(struct slice text, int64_t *out)
{
    uint8_t time[TIME_BYTES];
    struct slice zone;
    bool spaced;

    if (text.len < TIME_BYTES)
        return false;
    memcpy(time, text.at, TIME_BYTES - 1);
    spaced = time[10] == ' ';
    zone = skip_fraction(
        slice_of(text.at + TIME_BYTES - 1, text.len - (TIME_BYTES - 1)));
    if (!slice_equal(zone, slice_text(spaced ? ZONE_TEXT : "Z")))
        return false;
    time[10] = 'T';
    time[TIME_BYTES - 1] = 'Z';
    return text_from_time(SLICE_OF(time), out);
}

static bool read_number(struct slice bytes, int64_t *out)
{
    struct cursor c = cursor_over(bytes);
    uint64_t v = cursor_u64be(&c);

    if (!cursor_finish(&c) || v > INT64_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

enum status teekit_evidence_issued(struct slice iat, int64_t *unix_out,
                                   struct why *why)
{
    *unix_out = 0;
    if (iat.len == NUMBER_BYTES ? read_number(iat, unix_out)
                                : read_text(iat, unix_out))
        return STATUS_OK;
    *unix_out = 0;
    (void)why_fail(why, STATUS_BAD_FIELD, "server_kx.verifier_data.iat", NULL,
                   "%zu bytes that tell no time", iat.len);
    return why_expect(why, "8 bytes of unix seconds, or a date and a time");
}

static enum teekit_tee rule_of(enum tee_type tee)
{
    switch (tee) {
    case TEE_SGX:
        return TEEKIT_SGX;
    case TEE_SEV_SNP:
        return TEEKIT_SNP;
    case TEE_TDX:
    case TEE_NONE: /* accepts nothing anyway */
        break;
    }
    return TEEKIT_TDX;
}

enum status teekit_evidence_read(enum tee_type tee,
                                 const struct teekit_envelope *kx,
                                 int64_t now_unix, struct session_evidence *out,
                                 struct why *why)
{
    enum teekit_tee rule = rule_of(tee);
    enum status st;

    *out = (struct session_evidence){
        .quote = kx->quote,
        .public_key = kx->public_key,
        .issued_unix = now_unix,
        .is_snp = rule == TEEKIT_SNP,
        .vcek = kx->vcek,
    };
    st = teekit_binding_make(rule, kx, out->report_data, why);
    if (st == STATUS_OK && rule == TEEKIT_TDX)
        st = teekit_evidence_issued(kx->iat, &out->issued_unix, why);
    return st;
}
