#include "proxy/tools/cmd_audit_judge.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/json_out.h"
#include "common/limits.h"
#include "common/text.h"
#include "proxy/local/crl_files.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/satchel.h"
#include "proxy/local/verdict_text.h"
#include "proxy/tools/audit_find.h"
#include "proxy/tools/command_policy.h"
#include "proxy/tools/terminal.h"

/* The version of the object that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

struct options {
    const char *dir;
    const char *policy;
    int64_t at_unix; /* 0: as it was then */
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "policy", 'p', OPTION_FILE, FIELD(policy), "FILE",
      "judge by this policy; default: by the one of then" },
    { "at", 0, OPTION_TIME, FIELD(at_unix), "TIME",
      "judge as of that second; default: of then. Unix\n"
      "time, or as 2026-01-31T00:00:00Z" },
    { "dir", 0, OPTION_FOLDER, FIELD(dir), "DIR",
      "where the log is; default: as for 'veritee audit'" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL, "print one JSON object" },
    { .name = NULL },
};

static int judge_main(int argc, char **argv);

const struct command cmd_audit_judge_command = {
    .name = "audit judge",
    .what = "judge a decision again, from the evidence that was kept",
    .synopsis = "[--policy FILE] [--at TIME] [options] ID|last",
    .about =
        "Judge a decision again by the same engine, from the evidence and the\n"
        "collateral that were kept: what would have come of another policy, or\n"
        "at another time? An external check is not asked again: by the policy of\n"
        "then, what it answered then counts. The same goes for revocation lists\n"
        "of your own; with --policy, those that it names are read.\n",
    .options = known,
    .operands = { .kind = OPTION_TEXT, .min = 1, .max = 1 },
    .exits = "0 accepted; 1 refused; 2 wrong usage, or there is no such\n"
             "decision, policy or service; 3 what it was decided by was not\n"
             "kept.\n",
    .examples = "veritee audit judge last\n"
                "veritee audit judge 17 --policy new.yaml\n"
                "veritee audit judge 17 --at 2027-01-01T00:00:00Z\n",
    .main = judge_main,
};

/* One decision, as it was and as it is now. */
struct again {
    const struct options *options;
    char dir[PATHS_ROOM];
    struct audit_entry entry;
    struct buffer blobs[AUDIT_BLOBS];
    struct policy *policy;
    const struct service *service;
    struct crl_files crls; /* of --policy */
    struct kept_crls {     /* or else those of then */
        size_t count;
        struct user_crl lists[CRL_FILES_MAX];
        char names[CRL_FILES_MAX][AUDIT_TEXT_ROOM];
    } kept;
    struct why exec; /* what the external check said then */
    int64_t now_unix;
    struct attestation result;
};

static int fail_why(enum command_exit code, const struct why *why)
{
    return command_fail_why(&cmd_audit_judge_command, code, why);
}

/* Returns -1 to go on, as all of these. */
static int load_blobs(struct again *a)
{
    struct why why;

    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        if (a->entry.blobs[i][0] != '\0' &&
            ledger_get(a->dir, a->entry.blobs[i], &a->blobs[i], &why) !=
                STATUS_OK)
            return fail_why(COMMAND_NO_ANSWER, &why);
    if (a->blobs[AUDIT_QUOTE].len > 0 &&
        (a->entry.is_snp || a->blobs[AUDIT_TCB_INFO].len > 0))
        return -1;
    return command_fail(&cmd_audit_judge_command, COMMAND_NO_ANSWER,
                        "no %s is kept with this decision: there was none, or "
                        "it was by a changed policy alone",
                        a->blobs[AUDIT_QUOTE].len > 0 ? "collateral"
                                                      : "evidence");
}

static int load_policy(struct again *a)
{
    const struct options *o = a->options;
    struct policy_error error;
    char line[512];
    enum status st;

    if (o->policy != NULL)
        return command_policy_load(&cmd_audit_judge_command, o->policy,
                                   &a->policy);
    if (a->blobs[AUDIT_POLICY].len == 0)
        return command_fail(&cmd_audit_judge_command, COMMAND_NO_ANSWER,
                            "the policy of then was not kept: name one by "
                            "--policy");
    st = policy_file_parse(buffer_view(&a->blobs[AUDIT_POLICY]),
                           a->entry.policy_file,
                           buffer_view(&a->blobs[AUDIT_POLICY_FILES]),
                           &a->policy, &error);
    if (st == STATUS_OK)
        return -1;
    policy_error_line(&error, line, sizeof(line));
    return command_fail(&cmd_audit_judge_command, COMMAND_TROUBLE, "%s", line);
}

static int find_service(struct again *a)
{
    for (size_t i = 0; i < a->policy->service_count; i++)
        if (strcmp(a->policy->services[i].name, a->entry.service) == 0)
            a->service = &a->policy->services[i];
    if (a->service != NULL)
        return -1;
    return command_fail(&cmd_audit_judge_command, COMMAND_TROUBLE,
                        "the policy %s has no service %s", a->policy->file_name,
                        a->entry.service);
}

static void unpack_crls(struct slice bytes, struct kept_crls *out)
{
    struct cursor c = cursor_over(bytes);
    struct slice name, der;

    while (out->count < CRL_FILES_MAX && satchel_next(&c, &name, &der)) {
        (void)snprintf(out->names[out->count], sizeof(out->names[0]), "%.*s",
                       (int)name.len, (const char *)name.at);
        out->lists[out->count] =
            (struct user_crl){ .name = out->names[out->count], .der = der };
        out->count++;
    }
}

/* The user's own lists, and the answer of the external check: of then, unless
 * another policy is to judge. */
static int load_further(struct again *a)
{
    struct why why;

    if (a->options->policy != NULL)
        return crl_files_read(&a->service->accept.revocations, &a->crls,
                              &why) == STATUS_OK
                   ? -1
                   : fail_why(COMMAND_TROUBLE, &why);
    unpack_crls(buffer_view(&a->blobs[AUDIT_USER_CRLS]), &a->kept);
    if (strcmp(a->entry.exec, status_name(STATUS_OK)) == 0)
        why_seen(&a->exec, "then: %.160s", a->entry.exec_answer);
    else if (a->entry.exec[0] != '\0')
        (void)why_fail(&a->exec, STATUS_POLICY, "accept.exec", NULL,
                       "then: %.160s", a->entry.exec_answer);
    return -1;
}

/* What is to count as the external check's answer; NULL: it was not asked. */
static const struct why *exec_of(const struct again *a)
{
    return a->options->policy == NULL && a->entry.exec[0] != '\0' ? &a->exec
                                                                  : NULL;
}

/* The root is the one of then: a policy that names none any more does not
 * accept what is simulated. */
static void judge(struct again *a)
{
    const struct buffer *b = a->blobs;
    const struct collateral_set set = {
        .tcb_info = buffer_view(&b[AUDIT_TCB_INFO]),
        .tcb_info_chain = buffer_view(&b[AUDIT_TCB_INFO_CHAIN]),
        .qe_identity = buffer_view(&b[AUDIT_QE_IDENTITY]),
        .qe_identity_chain = buffer_view(&b[AUDIT_QE_IDENTITY_CHAIN]),
        .pck_crl = buffer_view(&b[AUDIT_PCK_CRL]),
        .pck_crl_chain = buffer_view(&b[AUDIT_PCK_CRL_CHAIN]),
        .root_crl = buffer_view(&b[AUDIT_ROOT_CRL]),
    };
    const struct appraise_input in = {
        .is_snp = a->entry.is_snp,
        .quote = buffer_view(&b[AUDIT_QUOTE]),
        .collateral = &set,
        .endorsement = buffer_view(&b[AUDIT_ENDORSEMENT]),
        .crl = buffer_view(&b[AUDIT_CRL]),
        .root = buffer_view(&b[AUDIT_ROOT]),
        .report_data = SLICE_OF(a->entry.report_data),
        .user_crls = a->crls.count > 0 ? a->crls.lists : a->kept.lists,
        .user_crl_count = a->crls.count + a->kept.count, /* one is empty */
        .challenged = a->entry.challenged,
        .exec = exec_of(a),
        .now_unix = a->now_unix,
    };

    a->result.attested_unix = a->entry.attested_unix;
    if (appraise_verify(&in, &a->result))
        appraise_judge(&in, &a->service->accept, &a->result);
}

/* --- what it prints -------------------------------------------------------- */

static void put_text(const struct again *a, struct buffer *out)
{
    const bool colour = terminal_colour(STDOUT_FILENO);
    const bool accepted = a->result.why.status == STATUS_OK;
    char time[TEXT_TIME_ROOM];
    char line[512];

    verdict_text_table(&a->result.verdict, colour, out);
    verdict_text_table(&a->result.decision.verdict, colour, out);
    text_time(a->now_unix, time);
    buffer_printf(out, "\ndecision %" PRIu32 " of %s at %s, by %s%s\n",
                  a->entry.id, a->entry.service, time, a->policy->file_name,
                  a->options->policy == NULL ? " as it was then" : "");
    if (!accepted) {
        why_line(&a->result.why, line, sizeof(line));
        buffer_printf(out, "refused: %s\n", line);
    } else {
        buffer_printf(out, "accepted%s\n",
                      a->result.claims.simulated ? ": a SIMULATED TEE" : "");
    }
    buffer_printf(out, "it was %s then%s%s\n",
                  a->entry.accepted ? "accepted" : "refused",
                  a->entry.accepted ? "" : ": ", a->entry.reason);
}

static void put_rows(const struct verdict *v, const char *key,
                     struct json_out *j)
{
    json_out_object(j, key);
    verdict_text_checks(v, j);
    json_out_end_object(j);
}

static void put_json(const struct again *a, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    const bool accepted = a->result.why.status == STATUS_OK;
    char line[512] = "";

    if (!accepted)
        why_line(&a->result.why, line, sizeof(line));
    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    json_out_int(&j, "id", a->entry.id);
    json_out_text(&j, "service", a->entry.service);
    json_out_time(&j, "time", a->now_unix);
    json_out_text(&j, "policy_file", a->policy->file_name);
    json_out_bool(&j, "accepted", accepted);
    json_out_bool(&j, "accepted_then", a->entry.accepted);
    json_out_text(&j, "status", status_name(a->result.why.status));
    json_out_text(&j, "reason", line);
    put_rows(&a->result.verdict, "verification", &j);
    put_rows(&a->result.decision.verdict, "policy", &j);
    if (a->result.claims.tee != TEE_NONE) {
        json_out_object(&j, "claims");
        claims_json(&a->result.claims, &j);
        json_out_end_object(&j);
    } else {
        json_out_null(&j, "claims");
    }
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static int tell(const struct again *a)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);

    if (a->options->json)
        put_json(a, &out);
    else
        put_text(a, &out);
    return command_print(&cmd_audit_judge_command,
                         a->result.why.status == STATUS_OK ? COMMAND_GOOD
                                                           : COMMAND_BAD,
                         &out);
}

static int run(struct again *a)
{
    int code = load_blobs(a);

    if (code == -1)
        code = load_policy(a);
    if (code == -1)
        code = find_service(a);
    if (code == -1)
        code = load_further(a);
    if (code != -1)
        return code;
    judge(a);
    return tell(a);
}

static int judge_main(int argc, char **argv)
{
    struct options o = { .json = false };
    struct again a = { .options = &o };
    struct buffer line;
    struct why why;
    char **operands;
    int code =
        command_read(&cmd_audit_judge_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (audit_find_dir(o.dir, a.dir, &why) != STATUS_OK ||
        audit_find_entry(a.dir, operands[0], &a.entry, &line, &why) !=
            STATUS_OK)
        return fail_why(COMMAND_TROUBLE, &why);
    buffer_free(&line);
    a.now_unix = o.at_unix != 0 ? o.at_unix : a.entry.time_unix;
    code = run(&a);
    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        buffer_free(&a.blobs[i]);
    crl_files_free(&a.crls);
    policy_free(a.policy);
    return code;
}
