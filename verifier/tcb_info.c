#include "verifier/tcb_info.h"

static const char CLAUSE[] = "PCS API v4, TCB info";

enum {
    INFO_ID,
    INFO_VERSION,
    INFO_ISSUE_DATE,
    INFO_NEXT_UPDATE,
    INFO_FMSPC,
    INFO_PCE_ID,
    INFO_TCB_TYPE,
    INFO_EVALUATION_NUMBER,
    INFO_LEVELS,
    INFO_MODULE,
    INFO_MODULES,
    INFO_MEMBERS
};

static const char *const info_names[INFO_MEMBERS] = {
    [INFO_ID] = "id",
    [INFO_VERSION] = "version",
    [INFO_ISSUE_DATE] = "issueDate",
    [INFO_NEXT_UPDATE] = "nextUpdate",
    [INFO_FMSPC] = "fmspc",
    [INFO_PCE_ID] = "pceId",
    [INFO_TCB_TYPE] = "tcbType",
    [INFO_EVALUATION_NUMBER] = "tcbEvaluationDataNumber",
    [INFO_LEVELS] = "tcbLevels",
    [INFO_MODULE] = "tdxModule",
    [INFO_MODULES] = "tdxModuleIdentities",
};

/* Version 2 has a member for each SGX component, version 3 has arrays. */
enum {
    TCB_PCE_SVN = TCB_COMPONENTS,
    TCB_SGX_ARRAY,
    TCB_TDX_ARRAY,
    TCB_MEMBERS
};

#define FORM_2     ((UINT32_C(1) << TCB_COMPONENTS) - 1)
#define FORM_PCE   (UINT32_C(1) << TCB_PCE_SVN)
#define FORM_3_SGX (UINT32_C(1) << TCB_SGX_ARRAY)
#define FORM_3_TDX (UINT32_C(1) << TCB_TDX_ARRAY)

static const char *const tcb_names[TCB_MEMBERS] = {
    "sgxtcbcomp01svn", "sgxtcbcomp02svn",  "sgxtcbcomp03svn", "sgxtcbcomp04svn",
    "sgxtcbcomp05svn", "sgxtcbcomp06svn",  "sgxtcbcomp07svn", "sgxtcbcomp08svn",
    "sgxtcbcomp09svn", "sgxtcbcomp10svn",  "sgxtcbcomp11svn", "sgxtcbcomp12svn",
    "sgxtcbcomp13svn", "sgxtcbcomp14svn",  "sgxtcbcomp15svn", "sgxtcbcomp16svn",
    "pcesvn",          "sgxtcbcomponents", "tdxtcbcomponents"
};

static uint16_t read_svn(struct json *j)
{
    static const char *const names[] = { "svn" };
    struct json_object o = JSON_OBJECT(names);
    uint16_t svn = 0;

    while (json_member(j, &o))
        svn = (uint16_t)json_number(j, UINT16_MAX);
    json_require(j, &o, 1);
    return svn;
}

static void read_components(struct json *j, uint16_t out[TCB_COMPONENTS])
{
    struct json_array a = { 0 };

    while (json_element(j, &a)) {
        uint16_t svn = read_svn(j);

        if (a.count <= TCB_COMPONENTS)
            out[a.count - 1] = svn;
    }
    if (json_ok(j) && a.count != TCB_COMPONENTS)
        json_fail(j, "not 16 components");
}

static void read_tcb(struct json *j, struct tcb_level *out)
{
    struct json_object o = JSON_OBJECT(tcb_names);

    while (json_member(j, &o)) {
        if (o.at < TCB_COMPONENTS)
            out->sgx[o.at] = (uint16_t)json_number(j, UINT16_MAX);
        else if (o.at == TCB_PCE_SVN)
            out->pce_svn = (uint16_t)json_number(j, UINT16_MAX);
        else
            read_components(j, o.at == TCB_SGX_ARRAY ? out->sgx : out->tdx);
    }
    out->form = o.seen;
}

static void read_level(struct json *j, struct tcb_level *out)
{
    struct json_object o = JSON_OBJECT(tcb_level_names);

    *out = (struct tcb_level){ 0 };
    while (json_member(j, &o)) {
        if (o.at == TCB_LEVEL_TCB)
            read_tcb(j, out);
        else
            tcb_level_read(j, o.at, &out->rating);
    }
    json_require(j, &o,
                 1 << TCB_LEVEL_TCB | 1 << TCB_LEVEL_DATE |
                     1 << TCB_LEVEL_STATUS);
}

static void read_levels(struct json *j, struct tcb_info *out)
{
    struct json_array a = { 0 };

    while (json_element(j, &a)) {
        if (out->level_count == TCB_LEVELS_MAX)
            json_fail(j, "too many TCB levels");
        else
            read_level(j, &out->levels[out->level_count++]);
    }
    if (json_ok(j) && out->level_count == 0)
        json_fail(j, "no TCB levels");
}

static void read_modules(struct json *j, struct tcb_info *out)
{
    struct json_array a = { 0 };

    while (json_element(j, &a)) {
        struct tdx_module *m = &out->modules[out->module_count];

        if (out->module_count == TDX_MODULES_MAX) {
            json_fail(j, "too many TDX modules");
            return;
        }
        tdx_module_read_identity(j, m);
        if (tdx_module_find(out->modules, out->module_count, m->version))
            json_fail(j, "a TDX module stands twice");
        out->module_count++;
    }
    if (json_ok(j) && out->module_count == 0)
        json_fail(j, "no TDX modules");
}

enum tee_type tcb_info_read_tee(struct json *j)
{
    struct slice id = json_string(j);

    if (slice_equal(id, slice_text("SGX")))
        return TEE_SGX;
    if (slice_equal(id, slice_text("TDX")))
        return TEE_TDX;
    json_fail(j, "neither SGX nor TDX");
    return TEE_NONE;
}

static void read_member(struct json *j, unsigned at, struct tcb_info *out)
{
    switch (at) {
    case INFO_ID:
        out->tee = tcb_info_read_tee(j);
        break;
    case INFO_VERSION:
        out->version = json_number(j, UINT32_MAX);
        break;
    case INFO_ISSUE_DATE:
        out->dates.from_unix = json_time(j);
        break;
    case INFO_NEXT_UPDATE:
        out->dates.until_unix = json_time(j);
        break;
    case INFO_FMSPC:
        json_hex(j, out->fmspc, sizeof(out->fmspc));
        break;
    case INFO_PCE_ID:
        json_hex(j, out->pce_id, sizeof(out->pce_id));
        break;
    case INFO_TCB_TYPE:
        (void)json_number(j, 0); /* 0 is the only type there is */
        break;
    case INFO_EVALUATION_NUMBER:
        out->evaluation_number = json_number(j, UINT32_MAX);
        break;
    case INFO_LEVELS:
        read_levels(j, out);
        break;
    case INFO_MODULE:
        tdx_module_read(j, &out->module);
        break;
    case INFO_MODULES:
        read_modules(j, out);
        break;
    }
}

/* The members may stand in any order, so what the version and the TEE demand
 * is looked at when all are read. */
static uint32_t needed(const struct tcb_info *info)
{
    uint32_t all = (1 << INFO_MODULE) - 1;

    if (info->version == 2)
        return all & ~(UINT32_C(1) << INFO_ID);
    return info->tee == TEE_TDX ? all | 1 << INFO_MODULE : all;
}

static bool forms_fit(const struct tcb_info *info)
{
    uint32_t want = FORM_PCE | (info->version == 2 ? FORM_2 : FORM_3_SGX);

    if (info->tee == TEE_TDX)
        want |= FORM_3_TDX;
    for (size_t i = 0; i < info->level_count; i++)
        if (info->levels[i].form != want)
            return false;
    return true;
}

static void check_whole(struct json *j, const struct json_object *o,
                        struct tcb_info *info)
{
    json_require(j, o, needed(info));
    if (info->version == 2 && (o->seen & 1 << INFO_ID) == 0)
        info->tee = TEE_SGX;
    if (json_ok(j) && info->version == 2 && info->tee != TEE_SGX)
        json_fail(j, "version 2 is for SGX only");
    if (json_ok(j) && !forms_fit(info))
        json_fail(j, "a TCB level lacks what its version must have");
    if (json_ok(j) && tcb_level_repeats(info->levels, info->level_count))
        json_fail(j, "a TCB level stands twice");
}

enum status tcb_info_parse(struct slice text, struct tcb_info *out,
                           struct why *why)
{
    struct json j = json_over(text);
    struct json_object o = JSON_OBJECT(info_names);

    *out = (struct tcb_info){ 0 };
    while (json_member(&j, &o))
        read_member(&j, o.at, out);
    json_end(&j);
    json_require(&j, &o, 1 << INFO_VERSION);
    if (json_ok(&j) && out->version != 2 && out->version != 3) {
        (void)why_fail(why, STATUS_BAD_VERSION, "tcb_info.version", CLAUSE,
                       "version %u", (unsigned)out->version);
        return why_expect(why, "2 or 3");
    }
    check_whole(&j, &o, out);
    return json_status(&j, "tcb_info", why);
}

const struct tdx_module *tcb_info_module(const struct tcb_info *info,
                                         uint8_t version)
{
    if (version == 0)
        return &info->module;
    return tdx_module_find(info->modules, info->module_count, version);
}
