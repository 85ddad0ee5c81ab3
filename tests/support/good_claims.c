#include "tests/support/good_claims.h"

#include <string.h>

struct claims good_claims_tdx(void)
{
    struct claims c = {
        .tee = TEE_TDX,
        .quote_version = 4,
        .tcb = {
            .status = TCB_UP_TO_DATE,
            .platform = TCB_UP_TO_DATE,
            .module = TCB_UP_TO_DATE,
            .qe = TCB_UP_TO_DATE,
            .date_unix = GOOD_NOW - 10 * DAY_S,
            .platform_date_unix = GOOD_NOW - 10 * DAY_S,
            .evaluation_number = 19,
        },
        .platform = { .fmspc = { 0x00, 0x80, 0x6f, 0x05 },
                      .smt_enabled = TRI_FALSE },
        .validity = { .earliest_expiry_unix = GOOD_NOW + 20 * DAY_S,
                      .earliest_expiry_item = "tcb_info" },
    };

    memset(c.tdx.mr_td, 0x0f, sizeof(c.tdx.mr_td));
    memset(c.tdx.rtmr, 0x0f, sizeof(c.tdx.rtmr));
    memset(c.tdx.mr_seam, 0x0f, sizeof(c.tdx.mr_seam));
    c.tdx.td_attributes[3] = 0x10;
    c.tdx.tee_tcb_svn[0] = 5;
    c.tdx.tee_tcb_svn[1] = 1;
    return c;
}

struct claims good_claims_sgx(void)
{
    struct claims c = good_claims_tdx();

    memset(&c.tdx, 0, sizeof(c.tdx));
    c.tee = TEE_SGX;
    c.tcb.module = TCB_NONE;
    memset(c.sgx.mr_enclave, 0x1e, sizeof(c.sgx.mr_enclave));
    memset(c.sgx.mr_signer, 0x1e, sizeof(c.sgx.mr_signer));
    c.sgx.attributes[0] = 0x05;
    c.sgx.isv_prod_id = 7;
    c.sgx.isv_svn = 3;
    return c;
}

struct claims good_claims_snp(void)
{
    struct claims c = {
        .tee = TEE_SEV_SNP,
        .quote_version = 3,
        .snp = { .product = SNP_GENOA,
                 .signer = SNP_VCEK,
                 .policy = SNP_POLICY_RESERVED_ONE | SNP_POLICY_SMT,
                 .vmpl = 1,
                 .guest_svn = 70000,
                 .reported = { .bootloader = 4, .snp = 22, .microcode = 213 },
                 .revocation_checked = true },
        .validity = { .earliest_expiry_unix = GOOD_NOW + 20 * DAY_S,
                      .earliest_expiry_item = "endorsement" },
    };

    memset(c.snp.measurement, 0x0f, sizeof(c.snp.measurement));
    return c;
}
