#include "tests/support/snp_sim.h"

#include "common/text.h"
#include "tests/support/check.h"
#include "tests/support/rsa_keys.h"

static void load_rsa(struct sim_snp_keys *keys, enum sim_snp_cert of,
                     const char *base64)
{
    size_t len;

    assert_true(text_from_base64(slice_text(base64), keys->rsa[of].der,
                                 sizeof(keys->rsa[of].der), &len));
    keys->rsa[of].len = len;
}

void snp_sim_default(struct sim_snp_plan *plan)
{
    sim_snp_default(plan, SNP_SIM_NOW);
}

/* The chip's key is cheap, and fresh each time. */
void snp_sim_make(const struct sim_snp_plan *plan, struct snp_sim *out)
{
    struct sim_snp_keys keys = { 0 };

    load_rsa(&keys, SIM_SNP_ARK, rsa_keys_ark);
    load_rsa(&keys, SIM_SNP_ASK, rsa_keys_ask);
    assert_true(sim_snp_key_make_chip(&keys));
    assert_true(sim_snp_make(plan, &keys, &out->amd));
    assert_true(sim_snp_report(plan, &keys, out->report));
}

struct verify_snp_input snp_sim_input(const struct snp_sim *s)
{
    return (struct verify_snp_input){
        .report = SLICE_OF(s->report),
        .endorsement = slice_of(s->amd.endorsement, s->amd.endorsement_len),
        .crl = slice_of(s->amd.list, s->amd.list_len),
        .root_pem = slice_text(s->amd.root),
        .now_unix = SNP_SIM_NOW,
    };
}
