#include "proxy/server/fault.h"

#include <string.h>

#include "common/compiler.h"

enum { DAY_S = 86400 };

/* --- bent platforms ------------------------------------------------------ */

static void debug(struct sim_options *o)
{
    o->tdx.td_attributes[0] |= 0x01;
    o->sgx.attributes[0] |= 0x02;
}

static void wrong_measurement(struct sim_options *o)
{
    o->tdx.mr_td[0] ^= 0x01;
    o->sgx.mr_enclave[0] ^= 0x01;
}

static void revoked_pck(struct sim_options *o)
{
    o->items[SIM_PCK].faults |= SIM_REVOKED;
}

static void revoked_pck_ca(struct sim_options *o)
{
    o->items[SIM_PCK_CA].faults |= SIM_REVOKED;
}

static void revoked_tcb_signing(struct sim_options *o)
{
    o->items[SIM_TCB_SIGNING].faults |= SIM_REVOKED;
}

static void expired_tcb_info(struct sim_options *o)
{
    o->items[SIM_TCB_INFO].until_s = -1;
}

static void future_tcb_info(struct sim_options *o)
{
    o->items[SIM_TCB_INFO].from_s = DAY_S;
}

static void brief_tcb_info(struct sim_options *o)
{
    o->items[SIM_TCB_INFO].until_s = 20;
}

/* One recovery further: what was up to date needs an update. */
static void tcb_recovery(struct sim_options *o)
{
    struct sim_levels *levels = &o->tcb_levels;

    for (size_t i = levels->count; i > 0; i--)
        levels->at[i] = levels->at[i - 1];
    levels->count++;
    levels->at[0].pce_svn++;
    levels->at[0].date_s = -10 * DAY_S;
    levels->at[1].status = "OutOfDate";
    levels->at[1].advisories = "INTEL-SA-00002";
    o->tcb_evaluation_number++;
    o->qe_evaluation_number++;
    o->numbers[1] = o->numbers[0];
    o->numbers[0] =
        (struct sim_number){ o->tcb_evaluation_number, -10 * DAY_S };
    o->number_count = 2;
}

static void expired_qe_identity(struct sim_options *o)
{
    o->items[SIM_QE_IDENTITY].until_s = -1;
}

static void expired_pck_crl(struct sim_options *o)
{
    o->items[SIM_PCK_CRL].until_s = -1;
}

static void expired_root_crl(struct sim_options *o)
{
    o->items[SIM_ROOT_CRL].until_s = -1;
}

static void missing_pck_crl(struct sim_options *o)
{
    o->items[SIM_PCK_CRL].faults |= SIM_MISSING;
}

static void missing_root_crl(struct sim_options *o)
{
    o->items[SIM_ROOT_CRL].faults |= SIM_MISSING;
}

static void missing_tcb_info(struct sim_options *o)
{
    o->items[SIM_TCB_INFO].faults |= SIM_MISSING;
}

static void out_of_date(struct sim_options *o)
{
    o->tcb_levels.at[0].status = "OutOfDate";
}

static void revoked_tcb(struct sim_options *o)
{
    o->tcb_levels.at[0].status = "Revoked";
}

/* Below every level that the TCB info has. */
static void unknown_tcb(struct sim_options *o)
{
    o->platform.pce_svn = 0;
}

static void wrong_fmspc(struct sim_options *o)
{
    o->tcb_fmspc[0] ^= 0x01;
}

static void wrong_qe(struct sim_options *o)
{
    o->qe.mr_signer[0] ^= 0x01;
}

/* --- bent AMD ones ------------------------------------------------------- */

/* Where a report says what, AMD 56860 section 7.3. */
enum {
    AT_POLICY = 0x08,
    AT_VMPL = 0x30,
    AT_CURRENT_TCB = 0x38,
    AT_MEASUREMENT = 0x90,
    AT_REPORTED_TCB = 0x180,
    AT_CPUID_MODEL = 0x189,
    AT_CHIP_ID = 0x1a0,
    AT_COMMITTED_TCB = 0x1e0,
    AT_SNP_IN_TCB = 6
};

static void snp_debug(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_POLICY + 2] |= 0x08;
}

static void snp_measurement(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_MEASUREMENT] ^= 0x01;
}

static void snp_vmpl(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_VMPL] = 3;
}

static void snp_chip(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_CHIP_ID] ^= 0x01;
}

/* The platform says that it is newer than what AMD endorsed. */
static void snp_tcb_above(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_REPORTED_TCB + AT_SNP_IN_TCB]++;
    p->report[AT_COMMITTED_TCB + AT_SNP_IN_TCB]++;
    p->report[AT_CURRENT_TCB + AT_SNP_IN_TCB]++;
}

static void snp_uncommitted(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_COMMITTED_TCB + AT_SNP_IN_TCB]--;
}

/* Endorsed, but below what accept.yaml wants. */
static void snp_old(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_REPORTED_TCB + AT_SNP_IN_TCB]--;
    p->spl[3]--;
}

static void snp_processor(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->report[AT_CPUID_MODEL] = 0x11; /* a Genoa's */
}

static void revoked_vcek(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->listed = p->certs[SIM_SNP_ENDORSEMENT].serial;
}

static void revoked_ask(struct sim_snp_plan *p, int64_t now_unix)
{
    (void)now_unix;
    p->listed = p->certs[SIM_SNP_ASK].serial;
}

static void expired_vcek(struct sim_snp_plan *p, int64_t now_unix)
{
    p->certs[SIM_SNP_ENDORSEMENT].dates.until_unix = now_unix - 1;
}

static void expired_ark_crl(struct sim_snp_plan *p, int64_t now_unix)
{
    p->list_dates.until_unix = now_unix - 1;
}

/* --- the table ----------------------------------------------------------- */

/* clang-format off */
static const struct fault faults[] = {
    { "debug", "a TEE whose memory is open to its host", .bend = debug,
      .bend_snp = snp_debug },
    { "wrong-measurement", "other code", .bend = wrong_measurement,
      .bend_snp = snp_measurement },
    { "revoked-pck", "platform certificate on its CRL", .bend = revoked_pck },
    { "revoked-pck-ca", "its issuer on the root's CRL",
      .bend = revoked_pck_ca },
    { "revoked-tcb-signing", "TCB signing certificate on the root's CRL",
      .bend = revoked_tcb_signing },
    { "expired-tcb-info", "nextUpdate has passed", .bend = expired_tcb_info },
    { "future-tcb-info", "issueDate is tomorrow", .bend = future_tcb_info },
    { "brief-tcb-info", "nextUpdate is in 20 seconds",
      .bend = brief_tcb_info },
    { "expired-qe-identity", "nextUpdate has passed",
      .bend = expired_qe_identity },
    { "expired-pck-crl", "nextUpdate has passed", .bend = expired_pck_crl },
    { "expired-root-crl", "nextUpdate has passed", .bend = expired_root_crl },
    { "missing-pck-crl", "not stapled", .bend = missing_pck_crl },
    { "missing-root-crl", "not stapled", .bend = missing_root_crl },
    { "missing-tcb-info", "not stapled", .bend = missing_tcb_info },
    { "tcb-recovery", "TCB level OutOfDate in a newer TCB info",
      .bend = tcb_recovery },
    { "out-of-date", "TCB level OutOfDate", .bend = out_of_date },
    { "revoked-tcb", "TCB level Revoked", .bend = revoked_tcb },
    { "unknown-tcb", "below every TCB level", .bend = unknown_tcb },
    { "wrong-fmspc", "TCB info of another platform", .bend = wrong_fmspc },
    { "wrong-qe", "a quoting enclave by another signer", .bend = wrong_qe },
    { "unknown-root", "root.pem is another root's", .other_root = true },
    { "wrong-key", "quote for another key", .binding = BINDING_OTHER },
    { "wrong-challenge", "quote for the previous client's challenge",
      .binding = BINDING_PREVIOUS },
    { "flip-quote-body", "one bit", .flip = FLIP_QUOTE_BODY },
    { "flip-quote-signature", "one bit", .flip = FLIP_QUOTE_SIGNATURE },
    { "flip-qe-report", "one bit", .flip = FLIP_QE_REPORT },
    { "flip-qe-signature", "one bit", .flip = FLIP_QE_SIGNATURE },
    { "flip-pck", "one bit of the platform certificate", .flip = FLIP_PCK },
    { "flip-tcb-info", "one bit", .flip = FLIP_TCB_INFO },
    { "flip-qe-identity", "one bit", .flip = FLIP_QE_IDENTITY },
    { "wrong-vmpl", "SEV-SNP: another privilege level",
      .bend_snp = snp_vmpl },
    { "wrong-chip", "SEV-SNP: the VCEK is another chip's",
      .bend_snp = snp_chip },
    { "wrong-processor", "SEV-SNP: the VCEK is another product's",
      .bend_snp = snp_processor },
    { "tcb-above", "SEV-SNP: a TCB above the VCEK's",
      .bend_snp = snp_tcb_above },
    { "tcb-uncommitted", "SEV-SNP: a TCB above the committed one",
      .bend_snp = snp_uncommitted },
    { "tcb-old", "SEV-SNP: a TCB below the policy's", .bend_snp = snp_old },
    { "revoked-vcek", "VCEK on the ARK's CRL", .bend_snp = revoked_vcek },
    { "revoked-ask", "its issuer on the ARK's CRL", .bend_snp = revoked_ask },
    { "expired-vcek", "its validity has passed", .bend_snp = expired_vcek },
    { "expired-ark-crl", "nextUpdate has passed",
      .bend_snp = expired_ark_crl },
    { "flip-vcek", "one bit", .flip = FLIP_VCEK },
    { "flip-ark-crl", "one bit", .flip = FLIP_ARK_CRL },
    { "no-vcek", "a report without its certificate", .no_vcek = true },
    { "other-ask", "other ASK and ARK sent: changes nothing",
      .above = ABOVE_OTHER },
    { "no-ask", "no ASK and ARK sent: changes nothing", .above = ABOVE_NONE },
    { "no-quote", "an empty quote", .no_quote = true },
    { "no-staple", "no collateral at all", .no_staple = true },
};
/* clang-format on */

const struct fault *fault_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    return NULL;
}

/* Without SEV-SNP? */
static bool is_intel(const struct fault *f)
{
    switch (f->flip) {
    case FLIP_QE_REPORT:
    case FLIP_QE_SIGNATURE:
    case FLIP_PCK:
    case FLIP_TCB_INFO:
    case FLIP_QE_IDENTITY:
        return true;
    case FLIP_NOTHING:
    case FLIP_QUOTE_BODY:
    case FLIP_QUOTE_SIGNATURE:
    case FLIP_VCEK:
    case FLIP_ARK_CRL:
        break;
    }
    return f->bend != NULL && f->bend_snp == NULL;
}

static bool is_amd(const struct fault *f)
{
    return f->flip == FLIP_VCEK || f->flip == FLIP_ARK_CRL || f->no_vcek ||
           f->above != ABOVE_RIGHT || (f->bend == NULL && f->bend_snp != NULL);
}

bool fault_fits(const struct fault *f, enum tee_type tee)
{
    return tee == TEE_SEV_SNP ? !is_intel(f) : !is_amd(f);
}

void fault_flip_digit(uint8_t *at, size_t len)
{
    for (size_t i = len / 2; i < len; i++) {
        if (at[i] >= '0' && at[i] <= '9') {
            at[i] ^= 1;
            return;
        }
    }
}

void fault_print_all(FILE *to)
{
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        (void)fprintf(to, "  %-22s %s\n", faults[i].name, faults[i].what);
}
