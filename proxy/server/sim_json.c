#include "proxy/server/sim_json.h"

#include <stdio.h>
#include <string.h>

#include "common/json_out.h"
#include "common/limits.h"

/* What both documents are made of. */
struct plan {
    const struct sim_options *options;
    const struct sim_keys *keys;
    enum tee_type tee;
    int64_t now_unix;
};

static void put_dates(const struct plan *p, enum sim_item item,
                      struct json_out *j)
{
    const struct sim_item_options *o = &p->options->items[item];

    json_out_time(j, "issueDate", p->now_unix + o->from_s);
    json_out_time(j, "nextUpdate", p->now_unix + o->until_s);
}

/* |words| are separated by commas; NULL: no member at all. */
static void put_advisories(const char *words, struct json_out *j)
{
    if (words == NULL)
        return;
    json_out_array(j, "advisoryIDs");
    while (*words != '\0') {
        size_t len = strcspn(words, ",");

        json_out_slice(j, NULL, slice_of(words, len));
        words += len + (words[len] == ',');
    }
    json_out_end_array(j);
}

static void put_level_end(const struct plan *p, const struct sim_level *level,
                          struct json_out *j)
{
    json_out_time(j, "tcbDate", p->now_unix + level->date_s);
    json_out_text(j, "tcbStatus", level->status);
    put_advisories(level->advisories, j);
    json_out_end_object(j);
}

static void put_components(const char *name, const uint8_t svns[16],
                           struct json_out *j)
{
    json_out_array(j, name);
    for (size_t i = 0; i < 16; i++) {
        json_out_object(j, NULL);
        json_out_int(j, "svn", svns[i]);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void put_platform_levels(const struct plan *p, struct json_out *j)
{
    const struct sim_levels *levels = &p->options->tcb_levels;

    json_out_array(j, "tcbLevels");
    for (size_t i = 0; i < levels->count; i++) {
        const struct sim_level *level = &levels->at[i];

        json_out_object(j, NULL);
        json_out_object(j, "tcb");
        put_components("sgxtcbcomponents", level->sgx_svns, j);
        json_out_int(j, "pcesvn", level->pce_svn);
        if (p->tee == TEE_TDX)
            put_components("tdxtcbcomponents", level->tdx_svns, j);
        json_out_end_object(j);
        put_level_end(p, level, j);
    }
    json_out_end_array(j);
}

/* Levels of a TDX module or of a quoting enclave. */
static void put_isv_levels(const struct plan *p,
                           const struct sim_levels *levels, struct json_out *j)
{
    json_out_array(j, "tcbLevels");
    for (size_t i = 0; i < levels->count; i++) {
        json_out_object(j, NULL);
        json_out_object(j, "tcb");
        json_out_int(j, "isvsvn", levels->at[i].isv_svn);
        json_out_end_object(j);
        put_level_end(p, &levels->at[i], j);
    }
    json_out_end_array(j);
}

static void put_module_members(const struct plan *p, struct json_out *j)
{
    static const uint8_t zeros[8];
    static const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff };

    json_out_hex(j, "mrsigner", SLICE_OF(p->options->module_mr_signer));
    json_out_hex(j, "attributes", SLICE_OF(zeros));
    json_out_hex(j, "attributesMask", SLICE_OF(ones));
}

static void put_modules(const struct plan *p, struct json_out *j)
{
    char id[16];

    json_out_object(j, "tdxModule");
    put_module_members(p, j);
    json_out_end_object(j);
    if (p->options->module_version == 0)
        return;
    (void)snprintf(id, sizeof(id), "TDX_%02X", p->options->module_version);
    json_out_array(j, "tdxModuleIdentities");
    json_out_object(j, NULL);
    json_out_text(j, "id", id);
    put_module_members(p, j);
    put_isv_levels(p, &p->options->module_levels, j);
    json_out_end_object(j);
    json_out_end_array(j);
}

static void put_tcb_info(const struct plan *p, struct json_out *j)
{
    json_out_text(j, "id", p->tee == TEE_TDX ? "TDX" : "SGX");
    json_out_int(j, "version", 3);
    put_dates(p, SIM_TCB_INFO, j);
    json_out_hex(j, "fmspc", SLICE_OF(p->options->tcb_fmspc));
    json_out_hex(j, "pceId", SLICE_OF(p->options->tcb_pce_id));
    json_out_int(j, "tcbType", 0);
    json_out_int(j, "tcbEvaluationDataNumber",
                 p->options->tcb_evaluation_number);
    if (p->tee == TEE_TDX)
        put_modules(p, j);
    put_platform_levels(p, j);
}

/* MISCSELECT is a little-endian number, and its text is the bytes in order. */
static void put_misc_select(const char *name, uint32_t value,
                            struct json_out *j)
{
    const uint8_t bytes[] = { (uint8_t)value, (uint8_t)(value >> 8),
                              (uint8_t)(value >> 16), (uint8_t)(value >> 24) };

    json_out_hex(j, name, SLICE_OF(bytes));
}

static void put_qe_identity(const struct plan *p, struct json_out *j)
{
    const struct sim_qe *qe = &p->options->qe_identity;

    json_out_text(j, "id", p->tee == TEE_TDX ? "TD_QE" : "QE");
    json_out_int(j, "version", 2);
    put_dates(p, SIM_QE_IDENTITY, j);
    json_out_int(j, "tcbEvaluationDataNumber",
                 p->options->qe_evaluation_number);
    put_misc_select("miscselect", qe->misc_select, j);
    put_misc_select("miscselectMask", p->options->qe_misc_select_mask, j);
    json_out_hex(j, "attributes", SLICE_OF(qe->attributes));
    json_out_hex(j, "attributesMask", SLICE_OF(p->options->qe_attributes_mask));
    json_out_hex(j, "mrsigner", SLICE_OF(qe->mr_signer));
    json_out_int(j, "isvprodid", qe->isv_prod_id);
    put_isv_levels(p, &p->options->qe_levels, j);
}

static void put_tcb_numbers(const struct plan *p, struct json_out *j)
{
    json_out_text(j, "id", p->tee == TEE_TDX ? "TDX" : "SGX");
    json_out_int(j, "version", 1);
    put_dates(p, SIM_TCB_INFO, j);
    json_out_array(j, "tcbEvalNumbers");
    for (size_t i = 0; i < p->options->number_count; i++) {
        const struct sim_number *n = &p->options->numbers[i];

        json_out_object(j, NULL);
        json_out_int(j, "tcbEvaluationDataNumber", n->number);
        json_out_time(j, "tcbRecoveryEventDate", p->now_unix + n->event_s);
        json_out_time(j, "tcbDate", p->now_unix + n->event_s);
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

/* {"|name|":{...},"signature":"..."}: write the inner object first, sign those
 * bytes, then put them in. */
static void put_signed(const struct plan *p, enum sim_item item,
                       const char *name,
                       void (*put)(const struct plan *, struct json_out *),
                       struct buffer *out)
{
    bool rogue = (p->options->items[item].faults & SIM_ROGUE) != 0;
    struct buffer inner = buffer_with_max(COLLATERAL_MAX_BYTES);
    struct json_out j = json_out_to(&inner);
    uint8_t rs[64];

    json_out_object(&j, NULL);
    put(p, &j);
    json_out_end_object(&j);
    if (!buffer_ok(&inner) ||
        !tls_key_sign(rogue ? &p->keys->rogue : &p->keys->tcb_signing,
                      buffer_view(&inner), rs)) {
        out->failed = true;
        buffer_free(&inner);
        return;
    }
    buffer_printf(out, "{\"%s\":", name);
    buffer_add(out, buffer_view(&inner));
    buffer_text(out, ",\"signature\":\"");
    buffer_hex(out, SLICE_OF(rs));
    buffer_text(out, "\"}");
    buffer_free(&inner);
}

void sim_json_tcb_info(const struct sim_options *options,
                       const struct sim_keys *keys, enum tee_type tee,
                       int64_t now_unix, struct buffer *out)
{
    struct plan p = { options, keys, tee, now_unix };

    put_signed(&p, SIM_TCB_INFO, "tcbInfo", put_tcb_info, out);
}

void sim_json_qe_identity(const struct sim_options *options,
                          const struct sim_keys *keys, enum tee_type tee,
                          int64_t now_unix, struct buffer *out)
{
    struct plan p = { options, keys, tee, now_unix };

    put_signed(&p, SIM_QE_IDENTITY, "enclaveIdentity", put_qe_identity, out);
}

void sim_json_tcb_numbers(const struct sim_options *options,
                          const struct sim_keys *keys, enum tee_type tee,
                          int64_t now_unix, struct buffer *out)
{
    struct plan p = { options, keys, tee, now_unix };

    put_signed(&p, SIM_TCB_INFO, "tcbEvaluationDataNumbers", put_tcb_numbers,
               out);
}
