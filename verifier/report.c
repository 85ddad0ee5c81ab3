#include "verifier/report.h"

/*  SGX enclave report body
 *    0  CPUSVN 16          16  MISCSELECT 4      20  reserved 12
 *   32  ISVEXTPRODID 16    48  ATTRIBUTES 16     64  MRENCLAVE 32
 *   96  reserved 32       128  MRSIGNER 32      160  reserved 32
 *  192  CONFIGID 64       256  ISVPRODID 2      258  ISVSVN 2
 *  260  CONFIGSVN 2       262  reserved 42      304  ISVFAMILYID 16
 *  320  REPORTDATA 64
 */
void report_read_sgx(struct cursor *c, struct sgx_report *out)
{
    struct sgx_claims *s = &out->says;

    cursor_copy(c, s->cpu_svn, sizeof(s->cpu_svn));
    s->misc_select = cursor_u32le(c);
    (void)cursor_take(c, 12);
    cursor_copy(c, s->isv_ext_prod_id, sizeof(s->isv_ext_prod_id));
    cursor_copy(c, s->attributes, sizeof(s->attributes));
    cursor_copy(c, s->mr_enclave, sizeof(s->mr_enclave));
    (void)cursor_take(c, 32);
    cursor_copy(c, s->mr_signer, sizeof(s->mr_signer));
    (void)cursor_take(c, 32);
    cursor_copy(c, s->config_id, sizeof(s->config_id));
    s->isv_prod_id = cursor_u16le(c);
    s->isv_svn = cursor_u16le(c);
    s->config_svn = cursor_u16le(c);
    (void)cursor_take(c, 42);
    cursor_copy(c, s->isv_family_id, sizeof(s->isv_family_id));
    cursor_copy(c, out->report_data, sizeof(out->report_data));
    if (!cursor_ok(c))
        *out = (struct sgx_report){ 0 };
}

/*  TD report body
 *    0  TEE_TCB_SVN 16     16  MRSEAM 48         64  MRSIGNERSEAM 48
 *  112  SEAMATTRIBUTES 8  120  TDATTRIBUTES 8   128  XFAM 8
 *  136  MRTD 48           184  MRCONFIGID 48    232  MROWNER 48
 *  280  MROWNERCONFIG 48  328  RTMR0-3 4 * 48   520  REPORTDATA 64
 *  584  TEE_TCB_SVN_2 16  600  MRSERVICETD 48   (TDX 1.5)
 */
void report_read_td(struct cursor *c, bool is_1_5, struct td_report *out)
{
    struct tdx_claims *t = &out->says;

    *out = (struct td_report){ 0 };
    cursor_copy(c, t->tee_tcb_svn, sizeof(t->tee_tcb_svn));
    cursor_copy(c, t->mr_seam, sizeof(t->mr_seam));
    cursor_copy(c, t->mr_signer_seam, sizeof(t->mr_signer_seam));
    cursor_copy(c, t->seam_attributes, sizeof(t->seam_attributes));
    cursor_copy(c, t->td_attributes, sizeof(t->td_attributes));
    cursor_copy(c, t->xfam, sizeof(t->xfam));
    cursor_copy(c, t->mr_td, sizeof(t->mr_td));
    cursor_copy(c, t->mr_config_id, sizeof(t->mr_config_id));
    cursor_copy(c, t->mr_owner, sizeof(t->mr_owner));
    cursor_copy(c, t->mr_owner_config, sizeof(t->mr_owner_config));
    for (size_t i = 0; i < COUNT_OF(t->rtmr); i++)
        cursor_copy(c, t->rtmr[i], sizeof(t->rtmr[i]));
    cursor_copy(c, out->report_data, sizeof(out->report_data));
    t->has_1_5 = is_1_5;
    if (is_1_5) {
        cursor_copy(c, t->tee_tcb_svn_2, sizeof(t->tee_tcb_svn_2));
        cursor_copy(c, t->mr_service_td, sizeof(t->mr_service_td));
    }
    if (!cursor_ok(c))
        *out = (struct td_report){ 0 };
}
