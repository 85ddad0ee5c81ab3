#include "verifier/claims.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* names: tee_name word of one of the claims */
/* names: tcb_status_ words of one of the claims */
/* names: advisories_add one of the claims */
/* names: snp_product_name word of one of the claims */
/* names: snp_signer_name word of one of the claims */

const char *tee_name(enum tee_type tee)
{
    static const char *const names[] = {
        [TEE_NONE] = "",
        [TEE_SGX] = "sgx",
        [TEE_TDX] = "tdx",
        [TEE_SEV_SNP] = "sev-snp",
    };

    return names[tee];
}

const char *snp_product_name(enum snp_product product)
{
    static const char *const names[] = {
        [SNP_NO_PRODUCT] = "",
        [SNP_MILAN] = "Milan",
        [SNP_GENOA] = "Genoa",
        [SNP_TURIN] = "Turin",
    };

    return names[product];
}

const char *snp_signer_name(enum snp_signer signer)
{
    static const char *const names[] = {
        [SNP_NO_SIGNER] = "",
        [SNP_VCEK] = "vcek",
        [SNP_VLEK] = "vlek",
    };

    return names[signer];
}

static const char *const status_names[TCB_STATUS_COUNT] = {
    [TCB_NONE] = "",
    [TCB_UP_TO_DATE] = "UpToDate",
    [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
        "ConfigurationAndSWHardeningNeeded",
    [TCB_OUT_OF_DATE] = "OutOfDate",
    [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [TCB_REVOKED] = "Revoked",
    [TCB_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] =
        "TDRelaunchAdvisedConfigurationNeeded",
};

const char *tcb_status_name(enum tcb_status s)
{
    return status_names[s];
}

bool tcb_status_parse(struct slice word, enum tcb_status *out)
{
    *out = TCB_NONE;
    for (unsigned i = TCB_NONE + 1; i < TCB_STATUS_COUNT; i++) {
        if (slice_equal(word, slice_text(status_names[i]))) {
            *out = (enum tcb_status)i;
            return true;
        }
    }
    return false;
}

bool advisories_add(struct advisories *set, struct slice name,
                    enum tcb_part part)
{
    char text[ADVISORY_MAX_BYTES] = "";
    size_t at = 0;

    if (name.len == 0 || name.len >= sizeof(text))
        return false;
    memcpy(text, name.at, name.len);
    while (at < set->count && strcmp(set->names[at], text) < 0)
        at++;
    if (at == set->count || strcmp(set->names[at], text) != 0) {
        if (set->count == ADVISORIES_MAX)
            return false;
        memmove(set->names[at + 1], set->names[at],
                (set->count - at) * sizeof(set->names[0]));
        memmove(&set->parts[at + 1], &set->parts[at], set->count - at);
        memcpy(set->names[at], text, sizeof(text));
        set->parts[at] = 0;
        set->count++;
    }
    set->parts[at] |= (uint8_t)part;
    return true;
}

/* What an array of known size is called in JSON. */
#define PUT_HEX(j, c, field) json_out_hex(j, #field, SLICE_OF((c)->field))

void claims_sgx_json(const struct sgx_claims *c, const char *key,
                     struct json_out *j)
{
    json_out_object(j, key);
    PUT_HEX(j, c, mr_enclave);
    PUT_HEX(j, c, mr_signer);
    json_out_int(j, "isv_prod_id", c->isv_prod_id);
    json_out_int(j, "isv_svn", c->isv_svn);
    PUT_HEX(j, c, attributes);
    json_out_int(j, "misc_select", c->misc_select);
    PUT_HEX(j, c, cpu_svn);
    PUT_HEX(j, c, isv_ext_prod_id);
    PUT_HEX(j, c, isv_family_id);
    PUT_HEX(j, c, config_id);
    json_out_int(j, "config_svn", c->config_svn);
    json_out_end_object(j);
}

void claims_tdx_json(const struct tdx_claims *c, const char *key,
                     struct json_out *j)
{
    static const char *const names[] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    json_out_object(j, key);
    PUT_HEX(j, c, mr_td);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_out_hex(j, names[i], SLICE_OF(c->rtmr[i]));
    PUT_HEX(j, c, mr_seam);
    PUT_HEX(j, c, mr_signer_seam);
    PUT_HEX(j, c, seam_attributes);
    PUT_HEX(j, c, td_attributes);
    PUT_HEX(j, c, xfam);
    PUT_HEX(j, c, mr_config_id);
    PUT_HEX(j, c, mr_owner);
    PUT_HEX(j, c, mr_owner_config);
    PUT_HEX(j, c, tee_tcb_svn);
    if (c->has_1_5) {
        PUT_HEX(j, c, tee_tcb_svn_2);
        PUT_HEX(j, c, mr_service_td);
    }
    json_out_end_object(j);
}

/* All 64 bits, which a JSON number may not hold: in hexadecimal. */
static void bits_json(struct json_out *j, const char *key, uint64_t bits)
{
    char text[2 + 16 + 1];

    (void)snprintf(text, sizeof(text), "0x%" PRIx64, bits); /* always fits */
    json_out_text(j, key, text);
}

static void snp_tcb_json(struct json_out *j, const char *key,
                         const struct snp_tcb *tcb, bool has_fmc)
{
    json_out_object(j, key);
    if (has_fmc)
        json_out_int(j, "fmc", tcb->fmc);
    json_out_int(j, "bootloader", tcb->bootloader);
    json_out_int(j, "tee", tcb->tee);
    json_out_int(j, "snp", tcb->snp);
    json_out_int(j, "microcode", tcb->microcode);
    json_out_end_object(j);
}

static void snp_build_json(struct json_out *j, const char *key,
                           const struct snp_build *b)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%u.%u.%u", b->major, b->minor,
                   b->build); /* always fits */
    json_out_text(j, key, text);
}

static void snp_policy_json(uint64_t policy, struct json_out *j)
{
    json_out_object(j, "policy");
    bits_json(j, "bits", policy);
    json_out_int(j, "abi_major", (int64_t)(policy >> 8 & 0xff));
    json_out_int(j, "abi_minor", (int64_t)(policy & 0xff));
    json_out_bool(j, "smt", (policy & SNP_POLICY_SMT) != 0);
    json_out_bool(j, "migrate_ma", (policy & SNP_POLICY_MIGRATE_MA) != 0);
    json_out_bool(j, "debug", (policy & SNP_POLICY_DEBUG) != 0);
    json_out_bool(j, "single_socket", (policy & SNP_POLICY_SINGLE_SOCKET) != 0);
    json_out_end_object(j);
}

static void snp_platform_json(const struct snp_claims *c, struct json_out *j)
{
    bool has_fmc = c->product == SNP_TURIN;

    PUT_HEX(j, c, chip_id);
    json_out_bool(j, "masks_chip_key", c->masks_chip_key);
    bits_json(j, "platform_info", c->platform_info);
    snp_tcb_json(j, "current_tcb", &c->current, has_fmc);
    snp_tcb_json(j, "reported_tcb", &c->reported, has_fmc);
    snp_tcb_json(j, "committed_tcb", &c->committed, has_fmc);
    snp_tcb_json(j, "launch_tcb", &c->launch, has_fmc);
    snp_build_json(j, "current_build", &c->current_build);
    snp_build_json(j, "committed_build", &c->committed_build);
    if (c->has_cpuid) {
        json_out_int(j, "cpuid_family", c->cpuid_family);
        json_out_int(j, "cpuid_model", c->cpuid_model);
        json_out_int(j, "cpuid_stepping", c->cpuid_stepping);
    }
    if (c->has_mitigations) {
        bits_json(j, "launch_mitigations", c->launch_mitigations);
        bits_json(j, "current_mitigations", c->current_mitigations);
    }
}

void claims_snp_json(const struct snp_claims *c, const char *key,
                     struct json_out *j)
{
    json_out_object(j, key);
    json_out_text(j, "product", snp_product_name(c->product));
    json_out_text(j, "signer", snp_signer_name(c->signer));
    if (c->signer == SNP_VLEK)
        json_out_text(j, "csp_id", c->csp_id);
    json_out_bool(j, "revocation_checked", c->revocation_checked);
    PUT_HEX(j, c, measurement);
    PUT_HEX(j, c, host_data);
    snp_policy_json(c->policy, j);
    json_out_int(j, "vmpl", c->vmpl);
    json_out_int(j, "guest_svn", c->guest_svn);
    PUT_HEX(j, c, family_id);
    PUT_HEX(j, c, image_id);
    PUT_HEX(j, c, id_key_digest);
    json_out_bool(j, "has_author_key", c->has_author_key);
    PUT_HEX(j, c, author_key_digest);
    PUT_HEX(j, c, report_id);
    PUT_HEX(j, c, report_id_ma);
    snp_platform_json(c, j);
    json_out_end_object(j);
}

/* A status, or null where there was nothing to judge. */
static void status_json(struct json_out *j, const char *key, enum tcb_status s)
{
    if (s == TCB_NONE)
        json_out_null(j, key);
    else
        json_out_text(j, key, tcb_status_name(s));
}

static void advisories_json(const struct advisories *set, const char *key,
                            unsigned parts, struct json_out *j)
{
    json_out_array(j, key);
    for (size_t i = 0; i < set->count; i++)
        if ((set->parts[i] & parts) != 0)
            json_out_text(j, NULL, set->names[i]);
    json_out_end_array(j);
}

static void tcb_json(const struct tcb_claims *c, struct json_out *j)
{
    json_out_object(j, "tcb");
    status_json(j, "status", c->status);
    status_json(j, "platform_status", c->platform);
    status_json(j, "module_status", c->module);
    status_json(j, "qe_status", c->qe);
    json_out_time(j, "date", c->date_unix);
    json_out_time(j, "platform_date", c->platform_date_unix);
    if (c->module == TCB_NONE)
        json_out_null(j, "module_date");
    else
        json_out_time(j, "module_date", c->module_date_unix);
    json_out_time(j, "qe_date", c->qe_date_unix);
    /* Under the name and by the rule of Intel's library: without the module. */
    json_out_time(j, "tcb_level_date_tag",
                  MIN_OF(c->platform_date_unix, c->qe_date_unix));
    json_out_int(j, "evaluation_number", c->evaluation_number);
    advisories_json(&c->advisories, "advisories",
                    TCB_PLATFORM | TCB_MODULE | TCB_QE, j);
    advisories_json(&c->advisories, "platform_advisories", TCB_PLATFORM, j);
    advisories_json(&c->advisories, "module_advisories", TCB_MODULE, j);
    advisories_json(&c->advisories, "qe_advisories", TCB_QE, j);
    json_out_end_object(j);
}

static void tristate_json(struct json_out *j, const char *key, enum tristate t)
{
    if (t == TRI_UNKNOWN)
        json_out_null(j, key);
    else
        json_out_bool(j, key, t == TRI_TRUE);
}

void claims_platform_json(const struct platform_claims *c, const char *key,
                          struct json_out *j)
{
    json_out_object(j, key);
    PUT_HEX(j, c, fmspc);
    PUT_HEX(j, c, pce_id);
    if (c->has_ppid)
        PUT_HEX(j, c, ppid);
    PUT_HEX(j, c, cpu_svn);
    json_out_int(j, "pce_svn", c->pce_svn);
    json_out_text(j, "pck_ca", c->platform_ca ? "platform" : "processor");
    json_out_int(j, "sgx_type", c->sgx_type);
    if (c->has_instance_id)
        PUT_HEX(j, c, instance_id);
    tristate_json(j, "dynamic_platform", c->dynamic_platform);
    tristate_json(j, "cached_keys", c->cached_keys);
    tristate_json(j, "smt_enabled", c->smt_enabled);
    json_out_end_object(j);
}

static void validity_json(const struct validity_claims *c, struct json_out *j)
{
    json_out_object(j, "validity");
    json_out_time(j, "earliest_issue", c->earliest_issue_unix);
    json_out_time(j, "latest_issue", c->latest_issue_unix);
    json_out_time(j, "earliest_expiry", c->earliest_expiry_unix);
    json_out_text(j, "earliest_expiry_item", c->earliest_expiry_item);
    json_out_end_object(j);
}

/* What only quotes of SGX and TDX have. */
static void intel_json(const struct claims *c, struct json_out *j)
{
    tcb_json(&c->tcb, j);
    claims_platform_json(&c->platform, "platform", j);
    PUT_HEX(j, c, qe_vendor_id);
    PUT_HEX(j, c, user_data);
}

void claims_add_cert(struct claims *c, const char *name, struct slice serial)
{
    struct cert_claims *cert = &c->certs[c->cert_count];

    assert(c->cert_count < COUNT_OF(c->certs) &&
           serial.len <= sizeof(cert->serial));
    c->cert_count++;
    cert->name = name;
    cert->serial_len = serial.len;
    if (serial.len > 0)
        memcpy(cert->serial, serial.at, serial.len);
}

void claims_add_item(struct claims *c, const struct item_claims *item)
{
    assert(c->item_count < COUNT_OF(c->items));
    c->items[c->item_count++] = *item;
}

static void items_json(const struct claims *c, struct json_out *j)
{
    json_out_array(j, "collateral");
    for (size_t i = 0; i < c->item_count; i++) {
        const struct item_claims *item = &c->items[i];

        json_out_object(j, NULL);
        json_out_text(j, "item", item->name);
        json_out_time(j, "issued", item->issued_unix);
        json_out_time(j, "next_update", item->next_update_unix);
        if (item->evaluation_number > 0)
            json_out_int(j, "evaluation_number", item->evaluation_number);
        if (item->crl_number_len > 0)
            json_out_hex(j, "crl_number",
                         slice_of(item->crl_number, item->crl_number_len));
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

static void certs_json(const struct claims *c, struct json_out *j)
{
    json_out_array(j, "certificates");
    for (size_t i = 0; i < c->cert_count; i++) {
        json_out_object(j, NULL);
        json_out_text(j, "name", c->certs[i].name);
        json_out_hex(j, "serial",
                     slice_of(c->certs[i].serial, c->certs[i].serial_len));
        json_out_end_object(j);
    }
    json_out_end_array(j);
}

void claims_json(const struct claims *c, struct json_out *j)
{
    json_out_text(j, "tee", tee_name(c->tee));
    json_out_int(j, "quote_version", c->quote_version);
    json_out_bool(j, "debug", c->debug);
    json_out_bool(j, "simulated", c->simulated);
    PUT_HEX(j, c, report_data);
    if (c->tee == TEE_SGX)
        claims_sgx_json(&c->sgx, "sgx", j);
    if (c->tee == TEE_TDX)
        claims_tdx_json(&c->tdx, "tdx", j);
    if (c->tee == TEE_SEV_SNP)
        claims_snp_json(&c->snp, "snp", j);
    else
        intel_json(c, j);
    validity_json(&c->validity, j);
    certs_json(c, j);
    items_json(c, j);
}
