#include "policy/field.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define AT(member)                                                             \
    .offset = offsetof(struct claims, member),                                 \
    .len = sizeof(((struct claims *)NULL)->member)
#define IF(member) .present = offsetof(struct claims, member)
#define NAMED(name, text)                                                      \
    .word = (name), .id = "policy-" name, .path = "accept." name,              \
    .title = (text)
#define NAMED_PLATFORM(name, text)                                             \
    .word = (name), .id = "policy-" name, .path = "accept.platform." name,     \
    .title = (text), .block = FIELD_IN_PLATFORM
#define NAMED_TCB(name, text)                                                  \
    .word = (name), .id = "policy-tcb-" name, .path = "accept.tcb." name,      \
    .title = (text), .block = FIELD_IN_TCB
#define TDX      .tees = FIELD_OF(TEE_TDX)
#define SGX      .tees = FIELD_OF(TEE_SGX)
#define SNP      .tees = FIELD_OF(TEE_SEV_SNP)
#define INTEL    .tees = FIELD_OF(TEE_TDX) | FIELD_OF(TEE_SGX)
#define ALL      INTEL | FIELD_OF(TEE_SEV_SNP)
#define MEASURES .is_measurement = true
#define WORDS(list, first)                                                     \
    .kind = FIELD_WORD, .words = (list), .word_count = COUNT_OF(list),         \
    .first_word = (first)

static const char *const truths[] = { "false", "true" };
static const char *const pck_cas[] = { "processor", "platform" };
static const char *const products[] = { "Milan", "Genoa", "Turin" };
static const char *const signers[] = { "vcek", "vlek" };

/* clang-format off */
const struct field field_table[] = {
    { NAMED("mrtd", "TD at its start (MRTD)"),
      TDX, .kind = FIELD_EXACT, MEASURES, AT(tdx.mr_td) },
    { NAMED("rtmr0", "virtual firmware's configuration (RTMR 0)"),
      TDX, .kind = FIELD_EXACT, MEASURES, AT(tdx.rtmr[0]) },
    { NAMED("rtmr1", "operating system's kernel (RTMR 1)"),
      TDX, .kind = FIELD_EXACT, MEASURES, AT(tdx.rtmr[1]) },
    { NAMED("rtmr2", "operating system (RTMR 2)"),
      TDX, .kind = FIELD_EXACT, MEASURES, AT(tdx.rtmr[2]) },
    { NAMED("rtmr3", "run-time events (RTMR 3)"),
      TDX, .kind = FIELD_EXACT, MEASURES, AT(tdx.rtmr[3]) },
    { NAMED("mrconfigid", "TD's configuration (MRCONFIGID)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_config_id) },
    { NAMED("mrowner", "TD's owner (MROWNER)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_owner) },
    { NAMED("mrownerconfig", "owner's configuration (MROWNERCONFIG)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_owner_config) },
    { NAMED("mrservicetd", "service TDs bound (MRSERVICETD)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_service_td), IF(tdx.has_1_5) },
    { NAMED("td-attributes", "TD's attributes"),
      TDX, .kind = FIELD_MASKED, AT(tdx.td_attributes) },
    { NAMED("xfam", "processor features the TD may use (XFAM)"),
      TDX, .kind = FIELD_MASKED, AT(tdx.xfam) },
    { NAMED("mrseam", "TDX module (MRSEAM)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_seam) },
    { NAMED("mrsignerseam", "TDX module's signer (MRSIGNERSEAM)"),
      TDX, .kind = FIELD_EXACT, AT(tdx.mr_signer_seam) },
    { NAMED("seam-attributes", "TDX module's attributes"),
      TDX, .kind = FIELD_MASKED, AT(tdx.seam_attributes) },
    { NAMED("tee-tcb-svn", "TDX module's security versions"),
      TDX, .kind = FIELD_SVNS, AT(tdx.tee_tcb_svn) },
    { NAMED("tee-tcb-svn-2", "those of the module that runs now"),
      TDX, .kind = FIELD_SVNS, AT(tdx.tee_tcb_svn_2), IF(tdx.has_1_5) },

    { NAMED("mrenclave", "enclave (MRENCLAVE)"),
      SGX, .kind = FIELD_EXACT, MEASURES, AT(sgx.mr_enclave) },
    { NAMED("mrsigner", "enclave's signer (MRSIGNER)"),
      SGX, .kind = FIELD_EXACT, MEASURES, AT(sgx.mr_signer) },
    { NAMED("isv-prod-id", "enclave's product"),
      SGX, .kind = FIELD_NUMBER, AT(sgx.isv_prod_id) },
    { NAMED("isv-svn", "enclave's security version"),
      SGX, .kind = FIELD_FLOOR, AT(sgx.isv_svn) },
    { NAMED("isv-ext-prod-id", "enclave's extended product"),
      SGX, .kind = FIELD_EXACT, AT(sgx.isv_ext_prod_id) },
    { NAMED("isv-family-id", "enclave's family"),
      SGX, .kind = FIELD_EXACT, AT(sgx.isv_family_id) },
    { NAMED("config-id", "enclave's configuration"),
      SGX, .kind = FIELD_EXACT, AT(sgx.config_id) },
    { NAMED("config-svn", "configuration's security version"),
      SGX, .kind = FIELD_FLOOR, AT(sgx.config_svn) },
    { NAMED("attributes", "enclave's attributes"),
      SGX, .kind = FIELD_MASKED, AT(sgx.attributes) },
    { NAMED("misc-select", "enclave's extended features (MISCSELECT)"),
      SGX, .kind = FIELD_NUMBER, AT(sgx.misc_select) },
    { NAMED("cpu-svn", "processor's security versions (CPUSVN)"),
      SGX, .kind = FIELD_SVNS, AT(sgx.cpu_svn) },

    { NAMED("measurement", "guest at its start (MEASUREMENT)"),
      SNP, .kind = FIELD_EXACT, MEASURES, AT(snp.measurement) },
    { NAMED("host-data", "what its host gave it (HOST_DATA)"),
      SNP, .kind = FIELD_EXACT, AT(snp.host_data) },
    { NAMED("id-key-digest", "who signed its identity"),
      SNP, .kind = FIELD_EXACT, AT(snp.id_key_digest) },
    { NAMED("author-key-digest", "who vouches for that key"),
      SNP, .kind = FIELD_EXACT, AT(snp.author_key_digest),
      IF(snp.has_author_key) },
    { NAMED("author-key", "somebody vouches for that key"),
      SNP, WORDS(truths, false), AT(snp.has_author_key) },
    { NAMED("family-id", "guest's family"),
      SNP, .kind = FIELD_EXACT, AT(snp.family_id) },
    { NAMED("image-id", "guest's image"),
      SNP, .kind = FIELD_EXACT, AT(snp.image_id) },
    { NAMED("guest-svn", "guest's security version"),
      SNP, .kind = FIELD_FLOOR, AT(snp.guest_svn) },
    { NAMED("guest-policy", "what the guest allows its host"),
      SNP, .kind = FIELD_BITS, AT(snp.policy) },
    { NAMED("vmpl", "privilege level"),
      SNP, .kind = FIELD_NUMBER, AT(snp.vmpl) },
    { NAMED("report-id", "run of the guest (REPORT_ID)"),
      SNP, .kind = FIELD_EXACT, AT(snp.report_id) },
    { NAMED("report-id-ma", "run of its migration agent (REPORT_ID_MA)"),
      SNP, .kind = FIELD_EXACT, AT(snp.report_id_ma) },

    { NAMED("report-data", "what it was made for (REPORTDATA)"),
      ALL, .kind = FIELD_EXACT, AT(report_data) },
    { NAMED("quote-version", "version of the quote or report"),
      ALL, .kind = FIELD_NUMBER, AT(quote_version) },

    { NAMED_PLATFORM("fmspc", "kind of machine (FMSPC)"),
      INTEL, .kind = FIELD_EXACT, AT(platform.fmspc) },
    { NAMED_PLATFORM("ppid", "single machine (PPID)"),
      INTEL, .kind = FIELD_EXACT, AT(platform.ppid), IF(platform.has_ppid) },
    { NAMED_PLATFORM("instance-id", "installation of a machine"),
      INTEL, .kind = FIELD_EXACT, AT(platform.instance_id),
      IF(platform.has_instance_id) },
    { NAMED_PLATFORM("pce-id", "provisioning enclave (PCEID)"),
      INTEL, .kind = FIELD_EXACT, AT(platform.pce_id) },
    { NAMED_PLATFORM("pce-svn", "its security version (PCESVN)"),
      INTEL, .kind = FIELD_FLOOR, AT(platform.pce_svn) },
    { NAMED_PLATFORM("pck-cpu-svn", "processor's security versions, certified"),
      INTEL, .kind = FIELD_SVNS, AT(platform.cpu_svn) },
    { NAMED_PLATFORM("qe-vendor", "maker of the quoting enclave"),
      INTEL, .kind = FIELD_EXACT, AT(qe_vendor_id) },
    { NAMED_PLATFORM("user-data", "machine, as its quoting enclave names it"),
      INTEL, .kind = FIELD_EXACT, AT(user_data) },
    { NAMED_PLATFORM("pck-ca", "who certified the machine"),
      INTEL, WORDS(pck_cas, false), AT(platform.platform_ca) },
    { NAMED_PLATFORM("sgx-type", "how memory is protected (SGXType)"),
      INTEL, .kind = FIELD_NUMBER, AT(platform.sgx_type) },
    { NAMED_PLATFORM("dynamic", "packages can be added"),
      INTEL, WORDS(truths, TRI_FALSE), AT(platform.dynamic_platform) },
    { NAMED_PLATFORM("cached-keys", "the maker keeps its root keys"),
      INTEL, WORDS(truths, TRI_FALSE), AT(platform.cached_keys) },
    { NAMED_PLATFORM("smt", "simultaneous multithreading"),
      INTEL, WORDS(truths, TRI_FALSE), AT(platform.smt_enabled) },
    { NAMED_PLATFORM("chip-id", "single processor (CHIP_ID)"),
      SNP, .kind = FIELD_EXACT, AT(snp.chip_id) },
    { NAMED_PLATFORM("product", "generation of the processor"),
      SNP, WORDS(products, SNP_MILAN), AT(snp.product) },
    { NAMED_PLATFORM("signer", "whose key signed: chip's or provider's"),
      SNP, WORDS(signers, SNP_VCEK), AT(snp.signer) },
    { NAMED_PLATFORM("csp-id", "cloud provider (CSP_ID)"),
      SNP, .kind = FIELD_TEXT, AT(snp.csp_id) },
    { NAMED_PLATFORM("masks-chip-key", "reports are kept from the chip's own key"),
      SNP, WORDS(truths, false), AT(snp.masks_chip_key) },
    { NAMED_PLATFORM("info", "state of the platform (PLATFORM_INFO)"),
      SNP, .kind = FIELD_BITS, AT(snp.platform_info) },
    { NAMED_PLATFORM("cpuid-family", "family of the processor"),
      SNP, .kind = FIELD_NUMBER, AT(snp.cpuid_family), IF(snp.has_cpuid) },
    { NAMED_PLATFORM("cpuid-model", "model of the processor"),
      SNP, .kind = FIELD_NUMBER, AT(snp.cpuid_model), IF(snp.has_cpuid) },
    { NAMED_PLATFORM("cpuid-stepping", "stepping of the processor"),
      SNP, .kind = FIELD_NUMBER, AT(snp.cpuid_stepping), IF(snp.has_cpuid) },
    { NAMED_PLATFORM("launch-mitigations", "what it mitigated at the start"),
      SNP, .kind = FIELD_BITS, AT(snp.launch_mitigations),
      IF(snp.has_mitigations) },
    { NAMED_PLATFORM("current-mitigations", "what it mitigates now"),
      SNP, .kind = FIELD_BITS, AT(snp.current_mitigations),
      IF(snp.has_mitigations) },

    { NAMED_TCB("fmc", "version of the FMC"),
      SNP, .kind = FIELD_FLOOR, AT(snp.reported.fmc) },
    { NAMED_TCB("bootloader", "version of the boot loader"),
      SNP, .kind = FIELD_FLOOR, AT(snp.reported.bootloader) },
    { NAMED_TCB("tee", "version of the secure processor's system"),
      SNP, .kind = FIELD_FLOOR, AT(snp.reported.tee) },
    { NAMED_TCB("snp", "version of the SNP firmware"),
      SNP, .kind = FIELD_FLOOR, AT(snp.reported.snp) },
    { NAMED_TCB("microcode", "version of the microcode"),
      SNP, .kind = FIELD_FLOOR, AT(snp.reported.microcode) },
    { NAMED_TCB("current", "versions that run now (CURRENT_TCB)"),
      SNP, .kind = FIELD_SVNS, AT(snp.current) },
    { NAMED_TCB("committed", "versions it cannot go back from (COMMITTED_TCB)"),
      SNP, .kind = FIELD_SVNS, AT(snp.committed) },
    { NAMED_TCB("launch", "versions at the guest's start (LAUNCH_TCB)"),
      SNP, .kind = FIELD_SVNS, AT(snp.launch) },
    { NAMED_TCB("current-build", "firmware that runs now (CURRENT_BUILD)"),
      SNP, .kind = FIELD_VERSION, AT(snp.current_build) },
    { NAMED_TCB("committed-build",
                "firmware it cannot go back from (COMMITTED_BUILD)"),
      SNP, .kind = FIELD_VERSION, AT(snp.committed_build) },
};

/* Compared and written byte by byte, in this order. */
_Static_assert(sizeof(struct snp_tcb) == 5 &&
                   offsetof(struct snp_tcb, fmc) == 0 &&
                   offsetof(struct snp_tcb, bootloader) == 1 &&
                   offsetof(struct snp_tcb, tee) == 2 &&
                   offsetof(struct snp_tcb, snp) == 3 &&
                   offsetof(struct snp_tcb, microcode) == 4,
               "five versions, as the manual has them");
_Static_assert(sizeof(struct snp_build) == 3 &&
                   offsetof(struct snp_build, major) == 0 &&
                   offsetof(struct snp_build, minor) == 1 &&
                   offsetof(struct snp_build, build) == 2,
               "a version, the major number first");
/* clang-format on */

const size_t field_count = COUNT_OF(field_table);

/* The field's bytes in |claims|; empty if they do not have it. */
static struct slice bytes_of(const struct field *field,
                             const struct claims *claims)
{
    const uint8_t *base = (const uint8_t *)claims;
    bool here = true;

    if (field->present != 0)
        memcpy(&here, base + field->present, sizeof(here));
    return here ? slice_of(base + field->offset, field->len)
                : (struct slice){ 0 };
}

static uint64_t number_of(const struct field *field, const uint8_t *bytes)
{
    uint16_t n16;
    uint32_t n32;
    uint64_t n64;

    switch (field->len) {
    case 1:
        return bytes[0];
    case sizeof(n16):
        memcpy(&n16, bytes, sizeof(n16));
        return n16;
    case sizeof(n32):
        memcpy(&n32, bytes, sizeof(n32));
        return n32;
    default:
        assert(field->len == sizeof(n64));
        memcpy(&n64, bytes, sizeof(n64));
        return n64;
    }
}

static bool equal_under(const uint8_t *a, const uint8_t *b, const uint8_t *mask,
                        size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((a[i] ^ b[i]) & (mask == NULL ? 0xff : mask[i])) != 0)
            return false;
    return true;
}

static bool all_reached(const uint8_t *found, const uint8_t *floor, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (found[i] < floor[i])
            return false;
    return true;
}

static bool value_agrees(const struct clause *clause, const uint8_t *found,
                         const uint8_t *value)
{
    size_t len = clause->field->len;

    switch (clause->field->kind) {
    case FIELD_EXACT:
    case FIELD_MASKED:
    case FIELD_BITS:
    case FIELD_NUMBER:
        return equal_under(found, value, clause->mask, len);
    case FIELD_WORD:
        return number_of(clause->field, found) >= clause->field->first_word &&
               equal_under(found, value, NULL, len);
    case FIELD_TEXT:
        return found[0] != '\0' &&
               strcmp((const char *)found, (const char *)value) == 0;
    case FIELD_SVNS:
        return all_reached(found, value, len);
    case FIELD_VERSION:
        return memcmp(found, value, len) >= 0; /* memcmp: public data */
    case FIELD_FLOOR:
        return number_of(clause->field, found) >=
               number_of(clause->field, value);
    }
    assert(false && "a kind of field that cannot be compared");
    return false;
}

uint64_t field_number_max(const struct field *field)
{
    return UINT64_MAX >> (64 - 8 * field->len);
}

void field_number_put(const struct field *field, uint64_t number,
                      uint8_t *value)
{
    uint8_t n8 = (uint8_t)number;
    uint16_t n16 = (uint16_t)number;
    uint32_t n32 = (uint32_t)number;
    const void *from = &number;

    assert(number <= field_number_max(field));
    if (field->len == sizeof(n8))
        from = &n8;
    else if (field->len == sizeof(n16))
        from = &n16;
    else if (field->len == sizeof(n32))
        from = &n32;
    memcpy(value, from, field->len);
}

bool field_agrees(const struct clause *clause, const struct claims *claims)
{
    struct slice found = bytes_of(clause->field, claims);

    for (size_t i = 0; found.len > 0 && i < clause->count; i++)
        if (value_agrees(clause, found.at,
                         clause->values + i * clause->field->len))
            return true;
    return false;
}

static const char *word_of(const struct field *field, const uint8_t *bytes)
{
    uint64_t n = number_of(field, bytes);

    if (n < field->first_word)
        return "not stated";
    assert(n - field->first_word < field->word_count);
    return field->words[n - field->first_word];
}

/* "1.55.29" */
static void print_version(const struct field *field, const uint8_t *bytes,
                          char *out, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < field->len && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, "%s%u",
                                 i > 0 ? "." : "", bytes[i]);
}

static void print_value(const struct field *field, const uint8_t *bytes,
                        char *out, size_t room)
{
    switch (field->kind) {
    case FIELD_EXACT:
    case FIELD_MASKED:
    case FIELD_SVNS:
        text_hex_cut(slice_of(bytes, field->len), out, room);
        return;
    case FIELD_BITS:
        (void)snprintf(out, room, "%016" PRIx64, number_of(field, bytes));
        return;
    case FIELD_NUMBER:
    case FIELD_FLOOR:
        (void)snprintf(out, room, "%" PRIu64, number_of(field, bytes));
        return;
    case FIELD_VERSION:
        print_version(field, bytes, out, room);
        return;
    case FIELD_WORD:
        (void)snprintf(out, room, "%s", word_of(field, bytes));
        return;
    case FIELD_TEXT:
        (void)snprintf(out, room, "%s",
                       bytes[0] != '\0' ? (const char *)bytes : "not stated");
        return;
    }
    assert(false && "a kind of field that cannot be printed");
}

void field_found(const struct field *field, const struct claims *claims,
                 char *out, size_t room)
{
    struct slice found = bytes_of(field, claims);

    if (found.len == 0)
        (void)snprintf(out, room, "not stated");
    else
        print_value(field, found.at, out, room);
}

void field_value(const struct clause *clause, size_t i, char *out, size_t room)
{
    const struct field *field = clause->field;
    char value[2 * FIELD_MAX_BYTES + 1];
    char mask[2 * FIELD_MAX_BYTES + 1] = "";
    bool floor = field->kind == FIELD_SVNS || field->kind == FIELD_FLOOR ||
                 field->kind == FIELD_VERSION;

    assert(i < clause->count);
    print_value(field, clause->values + i * field->len, value, sizeof(value));
    if (clause->mask != NULL)
        print_value(field, clause->mask, mask, sizeof(mask));
    (void)snprintf(out, room, "%s%s%s%s", floor ? "at least " : "", value,
                   clause->mask != NULL ? " under the mask " : "", mask);
}

void field_expected(const struct clause *clause, char *out, size_t room)
{
    char first[FIELD_VALUE_ROOM];

    field_value(clause, 0, first, sizeof(first));
    if (clause->count > 1)
        (void)snprintf(out, room, "one of %zu, such as %s", clause->count,
                       first);
    else
        (void)snprintf(out, room, "%s", first);
}
