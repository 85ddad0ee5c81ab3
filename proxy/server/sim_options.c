#include "proxy/server/sim.h"

#include <string.h>

enum { DAY_S = 86400, YEAR_S = 365 * DAY_S };

static void default_items(struct sim_options *o)
{
    for (size_t i = SIM_ROOT; i <= SIM_TCB_SIGNING; i++)
        o->items[i] = (struct sim_item_options){ .from_s = -YEAR_S,
                                                 .until_s = 7 * YEAR_S };
    o->items[SIM_ROOT_CRL] =
        (struct sim_item_options){ .from_s = -DAY_S, .until_s = YEAR_S };
    for (size_t i = SIM_PCK_CRL; i <= SIM_QE_IDENTITY; i++)
        o->items[i] = (struct sim_item_options){ .from_s = -DAY_S,
                                                 .until_s = 30 * DAY_S };
}

static void default_platform(struct sim_options *o)
{
    static const uint8_t fmspc[6] = { 0x00, 'S', 'I', 'M', 0x00, 0x00 };

    memcpy(o->platform.fmspc, fmspc, sizeof(fmspc));
    memcpy(o->tcb_fmspc, fmspc, sizeof(fmspc));
    memcpy(o->platform.ppid, "simulated ppid.", sizeof(o->platform.ppid));
    o->platform.has_ppid = true;
    memcpy(o->platform.instance_id, "simulated inst.",
           sizeof(o->platform.instance_id));
    o->platform.has_instance_id = true;
    memset(o->component_svns, 3, sizeof(o->component_svns));
    memset(o->platform.cpu_svn, 3, sizeof(o->platform.cpu_svn));
    o->platform.pce_svn = 13;
    o->platform.sgx_type = 1;
    o->platform.platform_ca = true;
    o->platform.dynamic_platform = TRI_TRUE;
    o->platform.cached_keys = TRI_FALSE;
    o->platform.smt_enabled = TRI_TRUE;
}

/* Up to date where the platform stands, and an older level below. */
static void default_levels(struct sim_options *o)
{
    static const struct sim_level now = { .pce_svn = 13,
                                          .isv_svn = 8,
                                          .status = "UpToDate",
                                          .date_s = -100 * DAY_S };
    static const struct sim_level old = { .pce_svn = 5,
                                          .isv_svn = 4,
                                          .status = "OutOfDate",
                                          .advisories = "INTEL-SA-00001",
                                          .date_s = -600 * DAY_S };

    o->tcb_levels = (struct sim_levels){ 2, { now, old } };
    memset(o->tcb_levels.at[0].sgx_svns, 3, 16);
    memset(o->tcb_levels.at[1].sgx_svns, 1, 16);
    memcpy(o->tcb_levels.at[0].tdx_svns, o->tdx.tee_tcb_svn, 16);
    o->module_levels = (struct sim_levels){ 2, { now, old } };
    o->qe_levels = o->module_levels;
    o->tcb_evaluation_number = 18;
    o->qe_evaluation_number = 18;
    o->number_count = 1;
    o->numbers[0] = (struct sim_number){ 18, -100 * DAY_S };
}

static void default_qe(struct sim_options *o)
{
    memset(o->qe.mr_signer, 0x5e, sizeof(o->qe.mr_signer));
    o->qe.attributes[0] = 0x11; /* INIT, PROVISION_KEY */
    o->qe.isv_prod_id = 1;
    o->qe_identity = o->qe;
    o->qe.isv_svn = 8;
    memset(o->qe_attributes_mask, 0xff, sizeof(o->qe_attributes_mask));
    o->qe_misc_select_mask = UINT32_MAX;
}

/* Each measurement is one byte over and over, so that nobody takes it for
 * one of real code. */
static void default_measurements(struct sim_options *o)
{
    o->sgx_quote_version = 3;
    memset(o->sgx.cpu_svn, 3, sizeof(o->sgx.cpu_svn));
    memset(o->sgx.mr_enclave, 0xe0, sizeof(o->sgx.mr_enclave));
    memset(o->sgx.mr_signer, 0xe1, sizeof(o->sgx.mr_signer));
    o->sgx.attributes[0] = 0x05; /* INIT, MODE64BIT */
    o->sgx.attributes[8] = 0xe7; /* XFRM */
    o->sgx.isv_prod_id = 1;
    o->sgx.isv_svn = 1;
    o->tdx_quote_version = 4;
    o->tdx.tee_tcb_svn[0] = 8; /* of the TDX module */
    o->tdx.tee_tcb_svn[1] = 1; /* which module: TDX_01 */
    o->tdx.tee_tcb_svn[2] = 3;
    o->module_version = 1;
    memset(o->tdx.mr_seam, 0xd0, sizeof(o->tdx.mr_seam));
    o->tdx.td_attributes[3] = 0x10; /* SEPT_VE_DISABLE */
    memcpy(o->tdx.xfam, "\xe7\x02\x06", 3);
    memset(o->tdx.mr_td, 0xd1, sizeof(o->tdx.mr_td));
    for (size_t i = 0; i < COUNT_OF(o->tdx.rtmr); i++)
        memset(o->tdx.rtmr[i], (int)(0xa0 + i), sizeof(o->tdx.rtmr[i]));
    memcpy(o->tdx.tee_tcb_svn_2, o->tdx.tee_tcb_svn, 16);
}

void sim_options_default(struct sim_options *options)
{
    *options = (struct sim_options){ 0 };
    default_items(options);
    default_platform(options);
    default_measurements(options);
    default_levels(options);
    default_qe(options);
}
