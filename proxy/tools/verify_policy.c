#include "proxy/tools/verify_policy.h"

#include <string.h>

#include "proxy/local/exec_check.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/verdict_text.h"

static const struct service *find(const struct policy *p, const char *name)
{
    if (name == NULL)
        return p->service_count == 1 ? &p->services[0] : NULL;
    for (size_t i = 0; i < p->service_count; i++)
        if (strcmp(p->services[i].name, name) == 0)
            return &p->services[i];
    return NULL;
}

enum status verify_policy_read(const char *path, const char *name,
                               struct verify_policy *out, struct why *why)
{
    struct policy_error error;
    char line[sizeof(why->found)];
    enum status st;

    *out = (struct verify_policy){ 0 };
    st = policy_file_load(path, &out->policy, &error);
    if (st != STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        return why_fail(why, st, "policy", NULL, "%s", line);
    }
    out->service = find(out->policy, name);
    if (out->service == NULL)
        st = why_fail(why, STATUS_BAD_CONFIG, "policy", NULL,
                      "%s has no service %s", path,
                      name != NULL ? name : "alone: name one by --service");
    if (st == STATUS_OK)
        st = crl_files_read(&out->service->accept.revocations, &out->crls, why);
    if (st != STATUS_OK)
        verify_policy_fini(out);
    return st;
}

static void judge(struct verify_policy *p, const struct claims *claims,
                  int64_t at_unix, const struct why *exec)
{
    const struct judge_input in = {
        .claims = claims,
        .now_unix = at_unix,
        .attested_unix = at_unix,
        .challenged = true,
        .exec = exec,
    };

    if (judge_claims(&p->service->accept, &in, &p->decision, &p->why) ==
        STATUS_OK)
        p->why = (struct why){ .status = STATUS_OK };
}

void verify_policy_judge(struct verify_policy *p, const struct claims *claims,
                         int64_t at_unix)
{
    const struct policy_exec *exec = &p->service->accept.exec;
    struct exec_check_told told = { .service = p->service->name,
                                    .now_unix = at_unix,
                                    .claims = claims };
    struct why said;

    p->judged = true;
    judge(p, claims, at_unix, NULL);
    if (!p->decision.wants_exec)
        return;
    told.release = p->decision.release;
    if (exec_check_run(exec, &told, &said) != said.status)
        return; /* it stays refused: not reached */
    judge(p, claims, at_unix, &said);
}

void verify_policy_text(const struct verify_policy *p, bool colour,
                        struct buffer *out)
{
    char line[512];

    if (!p->judged)
        return;
    buffer_byte(out, '\n');
    verdict_text_table(&p->decision.verdict, colour, out);
    if (p->why.status == STATUS_OK) {
        buffer_printf(out, "\naccepted by service %s\n", p->service->name);
        return;
    }
    why_line(&p->why, line, sizeof(line));
    buffer_printf(out, "\nnot accepted by service %s: %s\n", p->service->name,
                  line);
}

void verify_policy_json(const struct verify_policy *p, struct json_out *j)
{
    if (!p->judged) {
        json_out_null(j, "policy");
        return;
    }
    json_out_object(j, "policy");
    json_out_text(j, "service", p->service->name);
    json_out_text(j, "verdict", p->why.status == STATUS_OK ? "pass" : "fail");
    if (p->decision.release != NULL)
        json_out_text(j, "release", p->decision.release);
    else
        json_out_null(j, "release");
    verdict_text_checks(&p->decision.verdict, j);
    json_out_end_object(j);
}

void verify_policy_fini(struct verify_policy *p)
{
    crl_files_free(&p->crls);
    policy_free(p->policy);
    *p = (struct verify_policy){ 0 };
}
