#include "common/text.h"
#include "verifier/json.h"
#include "verifier/verification.h"

static const char CLAUSE[] = "PCS API v4, tcbLevels";

static void see_rating(const struct tcb_rating *r, struct why *why)
{
    char date[TEXT_TIME_ROOM];

    text_time(r->date_unix, date);
    why_seen(why, "%s, %.10s", tcb_status_name(r->status), date);
}

/* |tdx| is NULL for SGX. */
static enum status match_platform(const struct verification *v,
                                  const uint8_t *tdx,
                                  const struct tcb_rating **out,
                                  struct why *why)
{
    const struct tcb_info *info = &v->set->tcb_info;
    const struct tcb_svns svns = { .sgx = v->pck.component_svns,
                                   .pce_svn = v->pck.platform.pce_svn,
                                   .tdx = tdx };
    const struct tcb_level *level =
        tcb_level_match(info->levels, info->level_count, &svns);

    if (level == NULL)
        return why_fail(why, STATUS_TCB_UNKNOWN, "tcb_info.tcb_levels", CLAUSE,
                        "the platform is below all %zu levels",
                        info->level_count);
    *out = &level->rating;
    return STATUS_OK;
}

enum status check_tcb_platform(struct verification *v, struct why *why)
{
    const struct tdx_claims *td = &v->quote.td.says;
    bool is_td = v->quote.tee == TEE_TDX;
    enum status st = match_platform(v, is_td ? td->tee_tcb_svn : NULL,
                                    &v->launch.platform, why);

    if (st == STATUS_OK && td->has_1_5)
        st = match_platform(v, td->tee_tcb_svn_2, &v->current.platform, why);
    if (st == STATUS_OK)
        see_rating(v->launch.platform, why);
    return st;
}

/* The level of the TDX module that |svn| names; none for version 0, which the
 * platform's levels cover. */
static enum status match_module(const struct tcb_info *info, const uint8_t *svn,
                                const struct tcb_rating **out, struct why *why)
{
    const struct tdx_module *module =
        tdx_module_find(info->modules, info->module_count, svn[1]);
    const struct isv_level *level;

    if (svn[1] == 0)
        return STATUS_OK;
    level =
        module == NULL ? NULL : tcb_level_match_isv(&module->levels, svn[0]);
    if (level == NULL)
        return why_fail(why, STATUS_TCB_UNKNOWN,
                        "tcb_info.tdx_module_identities", CLAUSE,
                        "no level for TDX_%02X with SVN %u", svn[1],
                        (unsigned)svn[0]);
    *out = &level->rating;
    return STATUS_OK;
}

enum status check_tcb_module(struct verification *v, struct why *why)
{
    const struct tcb_info *info = &v->set->tcb_info;
    const struct tdx_claims *td = &v->quote.td.says;
    enum status st =
        match_module(info, td->tee_tcb_svn, &v->launch.module, why);

    if (st == STATUS_OK && td->has_1_5)
        st = match_module(info, td->tee_tcb_svn_2, &v->current.module, why);
    if (st != STATUS_OK)
        return st;
    if (v->launch.module != NULL)
        see_rating(v->launch.module, why);
    else
        why_seen(why, "part of the platform's level");
    return STATUS_OK;
}

enum status check_tcb_qe(struct verification *v, struct why *why)
{
    uint16_t svn = v->quote.auth.qe.says.isv_svn;
    const struct isv_level *level =
        tcb_level_match_isv(&v->set->qe_identity.levels, svn);

    if (level == NULL)
        return why_fail(why, STATUS_TCB_UNKNOWN, "qe_identity.tcb_levels",
                        CLAUSE, "no level for ISVSVN %u", (unsigned)svn);
    v->qe = &level->rating;
    see_rating(v->qe, why);
    return STATUS_OK;
}

static enum tcb_status status_of(const struct tcb_rating *r)
{
    return r == NULL ? TCB_NONE : r->status;
}

static int64_t date_of(const struct tcb_rating *r)
{
    return r == NULL ? 0 : r->date_unix;
}

static enum tcb_status converge(const struct tcb_match *match,
                                const struct tcb_rating *qe)
{
    enum tcb_status s =
        tcb_level_converge(match->platform->status, status_of(match->module));

    return tcb_level_converge(s, qe->status);
}

/* Add date and advisories of a part that was judged. */
static enum status add_part(struct tcb_claims *c, const struct tcb_rating *r,
                            enum tcb_part part, struct why *why)
{
    struct json j;
    struct json_array a = { 0 };

    if (r == NULL)
        return STATUS_OK;
    c->date_unix = MIN_OF(c->date_unix, r->date_unix);
    j = json_over(r->advisories);
    while (r->advisories.len > 0 && json_element(&j, &a))
        if (!advisories_add(&c->advisories, json_string(&j), part))
            return why_fail(why, STATUS_LIMIT, "tcb_level.advisory_ids", CLAUSE,
                            "an empty name, or more than %d", ADVISORIES_MAX);
    return STATUS_OK;
}

static enum status add_parts(struct verification *v, struct why *why)
{
    struct tcb_claims *c = &v->tcb;
    enum status st = add_part(c, v->launch.platform, TCB_PLATFORM, why);

    if (st == STATUS_OK)
        st = add_part(c, v->launch.module, TCB_MODULE, why);
    if (st == STATUS_OK)
        st = add_part(c, v->qe, TCB_QE, why);
    return st;
}

enum status check_tcb_status(struct verification *v, struct why *why)
{
    struct tcb_claims *c = &v->tcb;
    enum status st;

    *c = (struct tcb_claims){
        .status = converge(&v->launch, v->qe),
        .platform = status_of(v->launch.platform),
        .module = status_of(v->launch.module),
        .qe = status_of(v->qe),
        .date_unix = INT64_MAX,
        .platform_date_unix = date_of(v->launch.platform),
        .module_date_unix = date_of(v->launch.module),
        .qe_date_unix = date_of(v->qe),
        .evaluation_number = MIN_OF(v->set->tcb_info.evaluation_number,
                                    v->set->qe_identity.evaluation_number),
    };
    if (v->current.platform != NULL)
        c->status = tcb_level_relaunch(c->status, converge(&v->current, v->qe));
    if (c->status == TCB_REVOKED)
        return why_fail(why, STATUS_REVOKED, "tcb_status", CLAUSE,
                        "the TCB level is revoked");
    st = add_parts(v, why);
    if (st == STATUS_OK)
        why_seen(why, "%s", tcb_status_name(c->status));
    return st;
}
