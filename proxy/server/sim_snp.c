#include "proxy/server/sim_snp.h"

#include <stdio.h>

#include "common/builder.h"
#include "common/text.h"
#include "proxy/server/sim_snp_cert.h"
#include "verifier/x509.h"

#define YEAR INT64_C(31536000)
#define HALF SIM_SNP_HALF

/* --- plans --- */

void sim_snp_put(struct sim_snp_plan *plan, size_t at, uint64_t value,
                 size_t len)
{
    for (size_t i = 0; i < len; i++)
        plan->report[at + i] = (uint8_t)(value >> (8 * i));
}

static void plan_report(struct sim_snp_plan *p)
{
    static const size_t tcbs[] = { 0x38, 0x180, 0x1e0, 0x1f0 };

    sim_snp_put(p, 0x000, 3, 4);
    sim_snp_put(p, 0x004, 7, 4);
    sim_snp_put(p, 0x008, 0x3011f, 8);
    sim_snp_put(p, 0x030, 1, 4);
    sim_snp_put(p, 0x034, 1, 4);
    sim_snp_put(p, 0x040, 0x25, 8);
    memset(p->report + 0x10, 0x10, 16);
    memset(p->report + 0x20, 0x20, 16);
    memset(p->report + 0x50, 0x50, 64);
    memset(p->report + 0x90, 0x90, 48);
    memset(p->report + 0xc0, 0xc0, 32);
    memset(p->report + 0x140, 0x14, 32);
    memset(p->report + 0x160, 0xff, 32);
    sim_snp_put(p, 0x188, 0x010119, 3); /* family 19, model 1, stepping 1 */
    memset(p->report + 0x1a0, 0x1a, 64);
    sim_snp_put(p, 0x1e8, 0x01371d, 4);
    sim_snp_put(p, 0x1ec, 0x01371d, 4);
    for (size_t i = 0; i < sizeof(tcbs) / sizeof(tcbs[0]); i++)
        sim_snp_put(p, tcbs[i], UINT64_C(0xdb18000000000004), 8);
}

void sim_snp_default(struct sim_snp_plan *plan, int64_t now_unix)
{
    const struct window dates = { now_unix - YEAR, now_unix + YEAR };
    static const uint16_t ca = X509_KEY_CERT_SIGN | X509_CRL_SIGN;

    *plan = (struct sim_snp_plan){
        .certs = {
            { "ARK-Simulated", "ARK-Simulated", SIM_SNP_ARK, dates, 0x10000,
              true, ca },
            { "SEV-Simulated", "ARK-Simulated", SIM_SNP_ARK, dates, 0x10001,
              true, X509_KEY_CERT_SIGN },
            { "SEV-VCEK", "SEV-Simulated", SIM_SNP_ASK, dates, 0, false, 0 },
        },
        .product = "Milan-B0",
        .spl = { [1] = 4, [3] = 24, [8] = 219 },
        .without_spl = 1U << 9,
        .hwid_len = 64,
        .list_dates = dates,
        .list_by = SIM_SNP_ARK,
        .listed = 0x99,
    };
    memset(plan->hwid, 0x1a, plan->hwid_len);
    plan_report(plan);
}

void sim_snp_use_vlek(struct sim_snp_plan *plan)
{
    plan->certs[SIM_SNP_ENDORSEMENT].name = "SEV-VLEK";
    plan->hwid_len = 0;
    plan->csp_id = "CN=cc.example.com";
    sim_snp_put(plan, 0x48, 4, 4);
    memset(plan->report + 0x1a0, 0, 64);
}

/* --- all of it --- */

static bool add_pem(const struct sim_snp_plan *p, const struct sim_snp_keys *k,
                    enum sim_snp_cert of, char *pem, size_t room)
{
    uint8_t der[2048];
    char base64[TEXT_BASE64_ROOM(sizeof(der))];
    struct builder b = builder_over(der, sizeof(der));
    size_t used = strlen(pem);

    sim_snp_cert_write(p, k, of, &b);
    text_base64(builder_view(&b), base64, sizeof(base64));
    (void)snprintf(pem + used, room - used,
                   "-----BEGIN CERTIFICATE-----\n%s\n"
                   "-----END CERTIFICATE-----\n",
                   base64);
    return builder_ok(&b);
}

bool sim_snp_make(const struct sim_snp_plan *plan,
                  const struct sim_snp_keys *keys, struct sim_snp *out)
{
    struct builder endorsement, list;

    *out = (struct sim_snp){ 0 };
    endorsement = builder_over(out->endorsement, sizeof(out->endorsement));
    list = builder_over(out->list, sizeof(out->list));
    sim_snp_cert_write(plan, keys, SIM_SNP_ENDORSEMENT, &endorsement);
    sim_snp_cert_list(plan, keys, &list);
    out->endorsement_len = builder_view(&endorsement).len;
    out->list_len = builder_view(&list).len;
    return builder_ok(&endorsement) && builder_ok(&list) &&
           add_pem(plan, keys, SIM_SNP_ASK, out->root, sizeof(out->root)) &&
           add_pem(plan, keys, SIM_SNP_ARK, out->root, sizeof(out->root));
}

/* --- the report --- */

/* AMD's numbers are little endian. */
static void put_half(const uint8_t half[HALF], uint8_t *out)
{
    for (size_t i = 0; i < HALF; i++)
        out[i] = half[HALF - 1 - i];
}

bool sim_snp_report(const struct sim_snp_plan *plan,
                    const struct sim_snp_keys *keys,
                    uint8_t out[SNP_REPORT_BYTES])
{
    uint8_t rs[2 * HALF];

    memcpy(out, plan->report, SNP_REPORT_BYTES);
    if (!sim_snp_key_sign(keys, slice_of(out, SNP_REPORT_SIGNED_BYTES), rs))
        return false;
    put_half(rs, out + 0x2a0);
    put_half(rs + HALF, out + 0x2e8);
    if (plan->bend_signature_at != 0)
        out[plan->bend_signature_at] ^= 1;
    return true;
}
