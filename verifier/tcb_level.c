#include "verifier/tcb_level.h"

#include <string.h>

const char *const tcb_level_names[TCB_LEVEL_MEMBERS] = {
    [TCB_LEVEL_TCB] = "tcb",
    [TCB_LEVEL_DATE] = "tcbDate",
    [TCB_LEVEL_STATUS] = "tcbStatus",
    [TCB_LEVEL_ADVISORIES] = "advisoryIDs",
};

static enum tcb_status read_status(struct json *j)
{
    struct slice word = json_string(j);
    enum tcb_status s = TCB_NONE;

    /* The words beyond Revoked are results, never part of collateral. */
    if (json_ok(j) && (!tcb_status_parse(word, &s) || s > TCB_REVOKED))
        json_fail(j, "not a TCB status");
    return s;
}

/* Check a list of advisories and keep it as it stands. */
static struct slice read_advisories(struct json *j)
{
    struct json look = *j;
    struct json_array a = { 0 };

    while (json_element(&look, &a)) {
        struct slice name = json_string(&look);

        if (name.len >= ADVISORY_MAX_BYTES)
            json_fail(&look, "the name of an advisory is too long");
    }
    if (json_ok(&look))
        return json_raw(j);
    *j = look;
    return (struct slice){ 0 };
}

void tcb_level_read(struct json *j, unsigned at, struct tcb_rating *out)
{
    if (at == TCB_LEVEL_DATE)
        out->date_unix = json_time(j);
    else if (at == TCB_LEVEL_STATUS)
        out->status = read_status(j);
    else
        out->advisories = read_advisories(j);
}

static uint16_t read_isv_svn(struct json *j)
{
    static const char *const names[] = { "isvsvn" };
    struct json_object o = JSON_OBJECT(names);
    uint16_t svn = 0;

    while (json_member(j, &o))
        svn = (uint16_t)json_number(j, UINT16_MAX);
    json_require(j, &o, 1);
    return svn;
}

static void read_isv_level(struct json *j, struct isv_level *out)
{
    struct json_object o = JSON_OBJECT(tcb_level_names);

    *out = (struct isv_level){ 0 };
    while (json_member(j, &o)) {
        if (o.at == TCB_LEVEL_TCB)
            out->isv_svn = read_isv_svn(j);
        else
            tcb_level_read(j, o.at, &out->rating);
    }
    json_require(j, &o,
                 1 << TCB_LEVEL_TCB | 1 << TCB_LEVEL_DATE |
                     1 << TCB_LEVEL_STATUS);
    if (json_ok(j) && out->rating.status != TCB_UP_TO_DATE &&
        out->rating.status != TCB_OUT_OF_DATE &&
        out->rating.status != TCB_REVOKED)
        json_fail(j, "a TCB status that only platforms have");
}

static bool has_isv_svn(const struct isv_levels *levels, uint16_t svn)
{
    for (size_t i = 0; i < levels->count; i++)
        if (levels->at[i].isv_svn == svn)
            return true;
    return false;
}

void tcb_level_read_isv(struct json *j, struct isv_levels *out)
{
    struct json_array a = { 0 };

    out->count = 0;
    while (json_element(j, &a)) {
        struct isv_level level;

        read_isv_level(j, &level);
        if (out->count == ISV_LEVELS_MAX)
            json_fail(j, "too many TCB levels");
        else if (has_isv_svn(out, level.isv_svn))
            json_fail(j, "a TCB level stands twice");
        else
            out->at[out->count++] = level;
    }
    if (json_ok(j) && out->count == 0)
        json_fail(j, "no TCB levels");
}

static int compare_components(const uint16_t *a, const uint16_t *b)
{
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* Below, at or above 0 as |a| is lower than, equal to or higher than |b|. */
static int compare(const struct tcb_level *a, const struct tcb_level *b)
{
    int order = compare_components(a->sgx, b->sgx);

    if (order == 0 && a->pce_svn != b->pce_svn)
        order = a->pce_svn < b->pce_svn ? -1 : 1;
    return order != 0 ? order : compare_components(a->tdx, b->tdx);
}

static bool reached(const struct tcb_level *level, const struct tcb_svns *svns)
{
    size_t first_tdx = svns->tdx != NULL && svns->tdx[1] > 0 ? 2 : 0;

    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        if (svns->sgx[i] < level->sgx[i])
            return false;
    if (svns->pce_svn < level->pce_svn)
        return false;
    for (size_t i = first_tdx; svns->tdx != NULL && i < TCB_COMPONENTS; i++)
        if (svns->tdx[i] < level->tdx[i])
            return false;
    return true;
}

const struct tcb_level *tcb_level_match(const struct tcb_level *levels,
                                        size_t count,
                                        const struct tcb_svns *svns)
{
    const struct tcb_level *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (reached(&levels[i], svns) &&
            (best == NULL || compare(best, &levels[i]) < 0))
            best = &levels[i];
    return best;
}

const struct isv_level *tcb_level_match_isv(const struct isv_levels *levels,
                                            uint16_t svn)
{
    const struct isv_level *best = NULL;

    for (size_t i = 0; i < levels->count; i++) {
        const struct isv_level *l = &levels->at[i];

        if (l->isv_svn <= svn && (best == NULL || best->isv_svn < l->isv_svn))
            best = l;
    }
    return best;
}

bool tcb_level_repeats(const struct tcb_level *levels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (compare(&levels[i], &levels[k]) == 0)
                return true;
    return false;
}

static bool needs_configuration(enum tcb_status s)
{
    return s == TCB_CONFIGURATION_NEEDED ||
           s == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           s == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

enum tcb_status tcb_level_converge(enum tcb_status platform,
                                   enum tcb_status part)
{
    if (platform == TCB_REVOKED || part == TCB_REVOKED)
        return TCB_REVOKED;
    if (part != TCB_OUT_OF_DATE)
        return platform;
    return needs_configuration(platform) ? TCB_OUT_OF_DATE_CONFIGURATION_NEEDED
                                         : TCB_OUT_OF_DATE;
}

enum tcb_status tcb_level_relaunch(enum tcb_status launch,
                                   enum tcb_status current)
{
    if (launch != TCB_OUT_OF_DATE &&
        launch != TCB_OUT_OF_DATE_CONFIGURATION_NEEDED)
        return launch;
    if (current == TCB_OUT_OF_DATE || current == TCB_REVOKED ||
        current == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED)
        return launch;
    return needs_configuration(launch) || needs_configuration(current)
               ? TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
               : TCB_RELAUNCH_ADVISED;
}
