#include "verifier/snp_report.h"

#include <inttypes.h>

#include "common/cursor.h"

#define VMPL_MAX            3
#define ECDSA_P384_SHA384   1
#define POLICY_KNOWN        ((UINT64_C(1) << 26) - 1)
#define HALF_BYTES          48 /* of r or s */
#define HALF_FIELD_BYTES    72
#define SIGNATURE_PAD_BYTES 368

static const char clause[] = "AMD 56860 7.3";

/* A report that is being read. */
struct reading {
    struct cursor c;
    bool has_stray;  /* a reserved byte that is not zero... */
    size_t stray_at; /* ...is in the field that begins here */
};

static void read_reserved(struct reading *r, size_t len)
{
    size_t at = cursor_offset(&r->c);

    if (slice_is_zero(cursor_take(&r->c, len)) || r->has_stray)
        return;
    r->has_stray = true;
    r->stray_at = at;
}

static enum status check_version(uint32_t version, struct why *why)
{
    if (version >= 2 && version <= 5)
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_VERSION, "report.version", clause,
                   "%" PRIu32, version);
    return why_expect(why, "2 to 5");
}

/*  bit  0  the author key's digest is there
 *       1  MASK_CHIP_KEY
 *     2-4  the signing key: 0 VCEK, 1 VLEK, 7 none
 */
static enum status read_signer(struct reading *r, struct snp_claims *s,
                               struct why *why)
{
    uint32_t info = cursor_u32le(&r->c);
    uint32_t key = info >> 2 & 7;

    s->has_author_key = (info & 1) != 0;
    s->masks_chip_key = (info & 2) != 0;
    if (info >> 5 != 0)
        return why_fail(why, STATUS_BAD_FIELD, "report.signer_info", clause,
                        "reserved bits in %08" PRIx32, info);
    if (key > 1) {
        (void)why_fail(why, STATUS_UNSUPPORTED, "report.signer_info", clause,
                       "signing key %" PRIu32, key);
        return why_expect(why, "0 (VCEK) or 1 (VLEK); 7 is none");
    }
    s->signer = key == 0 ? SNP_VCEK : SNP_VLEK;
    return STATUS_OK;
}

static enum status check_policy(uint64_t policy, struct why *why)
{
    if ((policy & SNP_POLICY_RESERVED_ONE) == 0)
        return why_fail(why, STATUS_BAD_FIELD, "report.policy", "AMD 56860 4.3",
                        "bit 17, which is always set, is not in %" PRIx64,
                        policy);
    if ((policy & ~POLICY_KNOWN) != 0)
        return why_fail(why, STATUS_BAD_FIELD, "report.policy", "AMD 56860 4.3",
                        "unknown bits in %" PRIx64, policy);
    return STATUS_OK;
}

/* VMPL ffffffff would mean that the host asked, and not the guest. */
static enum status check_request(uint32_t vmpl, uint32_t algorithm,
                                 struct why *why)
{
    if (vmpl > VMPL_MAX) {
        (void)why_fail(why, STATUS_BAD_FIELD, "report.vmpl", clause, "%" PRIu32,
                       vmpl);
        return why_expect(why, "at most %d", VMPL_MAX);
    }
    if (algorithm != ECDSA_P384_SHA384) {
        (void)why_fail(why, STATUS_UNSUPPORTED, "report.signature_algo", clause,
                       "%" PRIu32, algorithm);
        return why_expect(why, "%d, ECDSA on P-384 with SHA-384",
                          ECDSA_P384_SHA384);
    }
    return STATUS_OK;
}

/*  00  version 4        04  guest SVN 4       08  policy 8
 *  10  family id 16     20  image id 16       30  VMPL 4
 *  34  algorithm 4      38  current TCB 8     40  platform info 8
 *  48  signer info 4    4c  reserved 4
 */
static enum status read_head(struct reading *r, struct snp_report *out,
                             struct why *why)
{
    struct snp_claims *s = &out->says;
    uint32_t algorithm;
    enum status st;

    s->guest_svn = cursor_u32le(&r->c);
    s->policy = cursor_u64le(&r->c);
    cursor_copy(&r->c, s->family_id, sizeof(s->family_id));
    cursor_copy(&r->c, s->image_id, sizeof(s->image_id));
    s->vmpl = cursor_u32le(&r->c);
    algorithm = cursor_u32le(&r->c);
    cursor_copy(&r->c, out->current_tcb, sizeof(out->current_tcb));
    s->platform_info = cursor_u64le(&r->c);
    st = check_policy(s->policy, why);
    if (st == STATUS_OK)
        st = check_request(s->vmpl, algorithm, why);
    if (st == STATUS_OK)
        st = read_signer(r, s, why);
    read_reserved(r, 4);
    return st;
}

/*  050  report data 64     090  measurement 48   0c0  host data 32
 *  0e0  id key digest 48   110  author key digest 48
 *  140  report id 32       160  migration agent's report id 32
 */
static void read_identity(struct reading *r, struct snp_report *out)
{
    struct snp_claims *s = &out->says;

    cursor_copy(&r->c, out->report_data, sizeof(out->report_data));
    cursor_copy(&r->c, s->measurement, sizeof(s->measurement));
    cursor_copy(&r->c, s->host_data, sizeof(s->host_data));
    cursor_copy(&r->c, s->id_key_digest, sizeof(s->id_key_digest));
    cursor_copy(&r->c, s->author_key_digest, sizeof(s->author_key_digest));
    cursor_copy(&r->c, s->report_id, sizeof(s->report_id));
    cursor_copy(&r->c, s->report_id_ma, sizeof(s->report_id_ma));
}

static void read_build(struct reading *r, struct snp_build *b)
{
    b->build = cursor_u8(&r->c);
    b->minor = cursor_u8(&r->c);
    b->major = cursor_u8(&r->c);
    read_reserved(r, 1);
}

static void read_cpuid(struct reading *r, struct snp_claims *s)
{
    s->has_cpuid = true;
    s->cpuid_family = cursor_u8(&r->c);
    s->cpuid_model = cursor_u8(&r->c);
    s->cpuid_stepping = cursor_u8(&r->c);
}

static void read_mitigations(struct reading *r, struct snp_claims *s)
{
    s->has_mitigations = true;
    s->launch_mitigations = cursor_u64le(&r->c);
    s->current_mitigations = cursor_u64le(&r->c);
}

/*  180  reported TCB 8     188  CPUID 3, since version 3
 *  18b  reserved 21        1a0  chip id 64
 *  1e0  committed TCB 8    1e8  current build 4   1ec  committed build 4
 *  1f0  launch TCB 8       1f8  mitigation vectors 8 + 8, since version 5
 *  208  reserved 152
 */
static void read_platform(struct reading *r, struct snp_report *out)
{
    struct snp_claims *s = &out->says;

    cursor_copy(&r->c, out->reported_tcb, sizeof(out->reported_tcb));
    if (out->version >= 3)
        read_cpuid(r, s);
    read_reserved(r, out->version >= 3 ? 21 : 24);
    cursor_copy(&r->c, s->chip_id, sizeof(s->chip_id));
    cursor_copy(&r->c, out->committed_tcb, sizeof(out->committed_tcb));
    read_build(r, &s->current_build);
    read_build(r, &s->committed_build);
    cursor_copy(&r->c, out->launch_tcb, sizeof(out->launch_tcb));
    if (out->version >= 5)
        read_mitigations(r, s);
    read_reserved(r, out->version >= 5 ? 152 : 168);
}

/* Little endian, in 72 bytes; |out| is big endian, in 48. */
static void read_half(struct reading *r, uint8_t out[HALF_BYTES])
{
    for (size_t i = HALF_BYTES; i-- > 0;)
        out[i] = cursor_u8(&r->c);
    read_reserved(r, HALF_FIELD_BYTES - HALF_BYTES);
}

/*  2a0  r 72   2e8  s 72   330  reserved 368 */
static void read_signature(struct reading *r, struct snp_report *out)
{
    read_half(r, out->signature);
    read_half(r, out->signature + HALF_BYTES);
    read_reserved(r, SIGNATURE_PAD_BYTES);
}

static enum status read_all(struct reading *r, struct snp_report *out,
                            struct why *why)
{
    uint32_t version = cursor_u32le(&r->c);
    enum status st = check_version(version, why);

    if (st != STATUS_OK)
        return st;
    out->version = (uint16_t)version;
    st = read_head(r, out, why);
    if (st != STATUS_OK)
        return st;
    read_identity(r, out);
    read_platform(r, out);
    read_signature(r, out);
    if (!cursor_finish(&r->c))
        return why_fail(why, STATUS_TRUNCATED, "report", clause,
                        "ends at byte %zu", cursor_offset(&r->c));
    if (r->has_stray)
        return why_fail(why, STATUS_BAD_FIELD, "report.reserved", clause,
                        "reserved bytes from %zx on are not zero", r->stray_at);
    return STATUS_OK;
}

bool snp_report_is_one(struct slice bytes)
{
    struct cursor c = cursor_over(bytes);
    const uint32_t version = cursor_u32le(&c);

    return bytes.len >= SNP_REPORT_BYTES && version <= UINT16_MAX;
}

enum status snp_report_parse(struct slice bytes, struct snp_report *out,
                             struct why *why)
{
    struct snp_report report = { 0 };
    struct reading r = { 0 };
    enum status st;

    *out = report;
    if (bytes.len < SNP_REPORT_BYTES) {
        (void)why_fail(why, STATUS_TRUNCATED, "report", clause, "%zu bytes",
                       bytes.len);
        return why_expect(why, "%d", SNP_REPORT_BYTES);
    }
    r.c = cursor_over(slice_of(bytes.at, SNP_REPORT_BYTES));
    report.signed_part = slice_of(bytes.at, SNP_REPORT_SIGNED_BYTES);
    st = read_all(&r, &report, why);
    if (st == STATUS_OK)
        *out = report;
    return st;
}

/* Families and models in the PPR of each processor. A0 to AF of family 19 are
 * Bergamo and Siena, whose keys are Genoa's. */
static enum snp_product product_of(uint8_t family, uint8_t model)
{
    static const struct {
        uint8_t family;
        uint8_t first;
        uint8_t last;
        enum snp_product product;
    } models[] = {
        /* clang-format off */
        { 0x19, 0x00, 0x0f, SNP_MILAN },
        { 0x19, 0x10, 0x1f, SNP_GENOA },
        { 0x19, 0xa0, 0xaf, SNP_GENOA },
        { 0x1a, 0x00, 0x11, SNP_TURIN },
        /* clang-format on */
    };

    for (size_t i = 0; i < COUNT_OF(models); i++)
        if (models[i].family == family && models[i].first <= model &&
            model <= models[i].last)
            return models[i].product;
    return SNP_NO_PRODUCT;
}

enum snp_product snp_report_product(const struct snp_report *r)
{
    if (!r->says.has_cpuid)
        return SNP_NO_PRODUCT;
    return product_of(r->says.cpuid_family, r->says.cpuid_model);
}
