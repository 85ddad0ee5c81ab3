#include "verifier/tdx_module.h"

#include "common/text.h"

static const char CLAUSE[] = "PCS API v4, tdxModule";

enum {
    MODULE_MR_SIGNER,
    MODULE_ATTRIBUTES,
    MODULE_MASK,
    MODULE_ID,
    MODULE_LEVELS,
    MODULE_MEMBERS
};

#define MODULE_NEEDED                                                          \
    (1 << MODULE_MR_SIGNER | 1 << MODULE_ATTRIBUTES | 1 << MODULE_MASK)

static const char *const names[MODULE_MEMBERS] = {
    [MODULE_MR_SIGNER] = "mrsigner",  [MODULE_ATTRIBUTES] = "attributes",
    [MODULE_MASK] = "attributesMask", [MODULE_ID] = "id",
    [MODULE_LEVELS] = "tcbLevels",
};

/* "TDX_03" is version 3; the digits are hexadecimal. Intel's library does not
 * look at the case of the letters. */
static uint8_t read_version(struct json *j)
{
    struct slice id = json_string(j);
    uint8_t version = 0;

    if (!json_ok(j))
        return 0;
    if (id.len != 6 ||
        !text_same_word(slice_of(id.at, 4), slice_text("TDX_")) ||
        !text_from_hex(slice_of(id.at + 4, 2), &version, 1))
        json_fail(j, "not an identity as in TDX_01");
    return version;
}

static void read_member(struct json *j, unsigned at, struct tdx_module *out)
{
    uint8_t mask[sizeof(out->attributes)];

    if (at == MODULE_MR_SIGNER)
        json_hex(j, out->mr_signer, sizeof(out->mr_signer));
    else if (at == MODULE_ATTRIBUTES)
        json_hex(j, out->attributes, sizeof(out->attributes));
    else if (at == MODULE_MASK)
        json_hex(j, mask, sizeof(mask)); /* see tdx_module_check() */
    else if (at == MODULE_ID)
        out->version = read_version(j);
    else
        tcb_level_read_isv(j, &out->levels);
}

void tdx_module_read(struct json *j, struct tdx_module *out)
{
    struct json_object o = { .names = names, .count = MODULE_ID };

    *out = (struct tdx_module){ 0 };
    while (json_member(j, &o))
        read_member(j, o.at, out);
    json_require(j, &o, MODULE_NEEDED);
}

void tdx_module_read_identity(struct json *j, struct tdx_module *out)
{
    struct json_object o = JSON_OBJECT(names);

    *out = (struct tdx_module){ 0 };
    while (json_member(j, &o))
        read_member(j, o.at, out);
    json_require(j, &o, MODULE_NEEDED | 1 << MODULE_ID | 1 << MODULE_LEVELS);
}

const struct tdx_module *tdx_module_find(const struct tdx_module *modules,
                                         size_t count, uint8_t version)
{
    for (size_t i = 0; i < count; i++)
        if (modules[i].version == version)
            return &modules[i];
    return NULL;
}

/* SEAMATTRIBUTES must be zero and as the module's identity says: every module
 * so far has none, and Intel's library does not use attributesMask. */
enum status tdx_module_check(const struct tdx_module *module,
                             const struct tdx_claims *td, struct why *why)
{
    static const uint8_t none[sizeof(td->seam_attributes)];
    struct slice seam = SLICE_OF(td->seam_attributes);

    if (!slice_equal(SLICE_OF(td->mr_signer_seam), SLICE_OF(module->mr_signer)))
        return why_bytes(why, STATUS_MISMATCH, "td_report.mr_signer_seam",
                         CLAUSE, SLICE_OF(td->mr_signer_seam),
                         SLICE_OF(module->mr_signer));
    if (!slice_is_zero(seam))
        return why_bytes(why, STATUS_MISMATCH, "td_report.seam_attributes",
                         CLAUSE, seam, SLICE_OF(none));
    if (!slice_equal(seam, SLICE_OF(module->attributes)))
        return why_bytes(why, STATUS_MISMATCH, "td_report.seam_attributes",
                         CLAUSE, seam, SLICE_OF(module->attributes));
    return STATUS_OK;
}
