#include "proxy/local/audit_entry.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/json_out.h"
#include "common/text.h"
#include "verifier/json.h"

/* In the order of enum audit_blob. */
static const char *const blob_names[AUDIT_BLOBS] = {
    "quote",          "root",          "tcb_info",
    "tcb_info_chain", "qe_identity",   "qe_identity_chain",
    "pck_crl",        "pck_crl_chain", "root_crl",
    "endorsement",    "crl",           "policy",
    "policy_files",   "user_crls",
};

/* The check that decided against it: a row of the verifier's, or else of the
 * policy's. */
static const struct check_result *find_failed(const struct attestation *a)
{
    const struct check_result *failed = verdict_failed(&a->verdict);

    return failed != NULL ? failed : verdict_failed(&a->decision.verdict);
}

void audit_entry_make(struct audit_entry *e, const char *service,
                      const char *endpoint, const struct appraise_input *in,
                      const struct attestation *result)
{
    const struct check_result *failed = find_failed(result);
    const char *release = result->decision.release;

    *e = (struct audit_entry){
        .time_unix = in->now_unix,
        .accepted = result->why.status == STATUS_OK,
        .simulated = result->claims.simulated,
        .is_snp = in->is_snp,
        .attested_unix = result->attested_unix,
        .deadline_unix = result->deadline_unix,
        .challenged = in->challenged,
    };
    if (in->report_data.len == sizeof(e->report_data))
        memcpy(e->report_data, in->report_data.at, sizeof(e->report_data));
    (void)snprintf(e->service, sizeof(e->service), "%s", service);
    (void)snprintf(e->endpoint, sizeof(e->endpoint), "%s", endpoint);
    (void)snprintf(e->tee, sizeof(e->tee), "%s", tee_name(result->claims.tee));
    (void)snprintf(e->tcb, sizeof(e->tcb), "%s",
                   tcb_status_name(result->claims.tcb.status));
    (void)snprintf(e->release, sizeof(e->release), "%s",
                   release != NULL ? release : "");
    (void)snprintf(e->status, sizeof(e->status), "%s",
                   status_name(result->why.status));
    (void)snprintf(e->check, sizeof(e->check), "%s",
                   failed != NULL ? failed->id : "");
    if (in->exec != NULL) {
        (void)snprintf(e->exec, sizeof(e->exec), "%s",
                       status_name(in->exec->status));
        (void)snprintf(e->exec_answer, sizeof(e->exec_answer), "%s",
                       in->exec->found);
    }
    if (!e->accepted)
        why_line(&result->why, e->reason, sizeof(e->reason));
}

void audit_entry_blobs(const struct appraise_input *in,
                       struct slice blobs[AUDIT_BLOBS])
{
    const struct collateral_set *set = in->collateral;

    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        blobs[i] = (struct slice){ 0 };
    blobs[AUDIT_QUOTE] = in->quote;
    blobs[AUDIT_ROOT] = in->root;
    if (in->is_snp) {
        blobs[AUDIT_ENDORSEMENT] = in->endorsement;
        blobs[AUDIT_CRL] = in->crl;
    }
    if (in->is_snp || set == NULL)
        return;
    blobs[AUDIT_TCB_INFO] = set->tcb_info;
    blobs[AUDIT_TCB_INFO_CHAIN] = set->tcb_info_chain;
    blobs[AUDIT_QE_IDENTITY] = set->qe_identity;
    blobs[AUDIT_QE_IDENTITY_CHAIN] = set->qe_identity_chain;
    blobs[AUDIT_PCK_CRL] = set->pck_crl;
    blobs[AUDIT_PCK_CRL_CHAIN] = set->pck_crl_chain;
    blobs[AUDIT_ROOT_CRL] = set->root_crl;
}

const char *audit_entry_blob_name(enum audit_blob blob)
{
    return blob_names[blob];
}

/* --- the members of a line ------------------------------------------------- */

enum kind { TEXT, TRUTH, NUMBER, TIME, BYTES };

#define AT(member)                                                             \
    offsetof(struct audit_entry, member),                                      \
        sizeof(((struct audit_entry *)NULL)->member)

/* Those that are a field of struct audit_entry, written and read alike. */
static const struct member {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size;
} members[] = {
    { "time", TIME, AT(time_unix) },
    { "service", TEXT, AT(service) },
    { "endpoint", TEXT, AT(endpoint) },
    { "accepted", TRUTH, AT(accepted) },
    { "simulated", TRUTH, AT(simulated) },
    { "snp", TRUTH, AT(is_snp) },
    { "tee", TEXT, AT(tee) },
    { "tcb", TEXT, AT(tcb) },
    { "release", TEXT, AT(release) },
    { "status", TEXT, AT(status) },
    { "check", TEXT, AT(check) },
    { "reason", TEXT, AT(reason) },
    { "attested", TIME, AT(attested_unix) },
    { "deadline", TIME, AT(deadline_unix) },
    { "challenged", TRUTH, AT(challenged) },
    { "report_data", BYTES, AT(report_data) },
    { "lost", NUMBER, AT(lost) },
    { "policy_file", TEXT, AT(policy_file) },
    { "exec", TEXT, AT(exec) },
    { "exec_answer", TEXT, AT(exec_answer) },
};

/* Members that lines of older programs do not have: those above from "exec". */
#define LATER_MEMBERS (UINT32_C(3) << (COUNT_OF(members) - 2))

/* The others. */
enum { VERSION = COUNT_OF(members), ID, EVIDENCE, PREV, MEMBERS };

static void write_member(struct json_out *j, const struct member *m,
                         const void *field)
{
    switch (m->kind) {
    case TEXT:
        json_out_text(j, m->name, field);
        return;
    case TRUTH:
        json_out_bool(j, m->name, *(const bool *)field);
        return;
    case NUMBER:
        json_out_int(j, m->name, *(const uint32_t *)field);
        return;
    case TIME:
        json_out_time(j, m->name, *(const int64_t *)field);
        return;
    case BYTES:
        json_out_hex(j, m->name, slice_of(field, m->size));
        return;
    }
}

void audit_entry_write(void *ctx, struct buffer *out)
{
    const struct audit_entry *e = ctx;
    /* It goes on in an object that ledger.h has begun. */
    struct json_out j = { .to = out, .depth = 1, .need_comma = true };

    for (size_t i = 0; i < COUNT_OF(members); i++)
        write_member(&j, &members[i], (const char *)e + members[i].offset);
    json_out_object(&j, "evidence");
    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        if (e->blobs[i][0] != '\0')
            json_out_text(&j, blob_names[i], e->blobs[i]);
    json_out_end_object(&j);
}

/* A string as it stands, without its quotes; "" if it is too long. */
static void read_text(struct json *j, char *out, size_t room)
{
    struct slice raw = json_raw(j);

    if (raw.len < 2 || raw.at[0] != '"')
        json_fail(j, "not a text");
    else if (raw.len - 2 < room)
        (void)snprintf(out, room, "%.*s", (int)(raw.len - 2),
                       (const char *)raw.at + 1);
}

static bool read_truth(struct json *j)
{
    struct slice raw = json_raw(j);
    const bool yes = slice_equal(raw, slice_text("true"));

    if (!yes && !slice_equal(raw, slice_text("false")))
        json_fail(j, "not true or false");
    return yes;
}

static void read_member(struct json *j, const struct member *m, void *field)
{
    switch (m->kind) {
    case TEXT:
        read_text(j, field, m->size);
        return;
    case TRUTH:
        *(bool *)field = read_truth(j);
        return;
    case NUMBER:
        *(uint32_t *)field = json_number(j, UINT32_MAX);
        return;
    case TIME:
        *(int64_t *)field = json_time(j);
        return;
    case BYTES:
        json_hex(j, field, m->size);
        return;
    }
}

static void read_blobs(struct json *j, struct audit_entry *e)
{
    struct json_object o = JSON_OBJECT(blob_names);

    while (json_member(j, &o)) {
        uint8_t hash[LEDGER_HASH_BYTES];

        json_hex(j, hash, sizeof(hash));
        text_hex(SLICE_OF(hash), e->blobs[o.at], sizeof(e->blobs[0]));
    }
}

static void read_other(struct json *j, unsigned which, struct audit_entry *e,
                       uint8_t prev[LEDGER_HASH_BYTES])
{
    if (which == ID)
        e->id = json_number(j, UINT32_MAX);
    else if (which == EVIDENCE)
        read_blobs(j, e);
    else if (which == PREV)
        json_hex(j, prev, LEDGER_HASH_BYTES);
    else if (json_number(j, UINT32_MAX) != AUDIT_ENTRY_VERSION)
        json_fail(j, "another version");
}

enum status audit_entry_read(struct slice line, struct audit_entry *out,
                             uint8_t prev[LEDGER_HASH_BYTES], struct why *why)
{
    const char *names[MEMBERS] = { [VERSION] = "version",
                                   [ID] = "id",
                                   [EVIDENCE] = "evidence",
                                   [PREV] = "prev" };
    struct json j = json_over(line);
    struct json_object o = JSON_OBJECT(names);
    enum status st;

    *out = (struct audit_entry){ .id = 0 };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        names[i] = members[i].name;
    while (json_member(&j, &o)) {
        if (o.at < COUNT_OF(members))
            read_member(&j, &members[o.at], (char *)out + members[o.at].offset);
        else
            read_other(&j, o.at, out, prev);
    }
    json_require(&j, &o, ((UINT32_C(1) << MEMBERS) - 1) & ~LATER_MEMBERS);
    json_end(&j);
    st = json_status(&j, "ledger.line", why);
    if (st != STATUS_OK)
        *out = (struct audit_entry){ .id = 0 };
    return st;
}
