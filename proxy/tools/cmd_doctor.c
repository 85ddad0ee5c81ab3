#include "proxy/tools/cmd_doctor.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/tools/command_policy.h"
#include "proxy/tools/doctor.h"
#include "proxy/tools/doctor_ca.h"
#include "proxy/tools/doctor_source.h"
#include "proxy/tools/running.h"
#include "proxy/tools/terminal.h"

/* The version of the object that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

struct options {
    const char *policy;
    const char *proxy;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "policy", 'p', OPTION_FILE, FIELD(policy), "FILE",
      "the policy; default: as for 'veritee run'" },
    { "proxy", 0, OPTION_TEXT, FIELD(proxy), "HOST:PORT",
      "where it listens; default: as the policy says" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL, "print one JSON object" },
    { .name = NULL },
};

static int doctor_main(int argc, char **argv);

const struct command cmd_doctor_command = {
    .name = "doctor",
    .what = "look for what is wrong, and say what to do",
    .synopsis = "[--policy FILE] [--proxy HOST:PORT] [--json]",
    .about = "Look at all that the proxy needs, one by one: the policy, the "
             "store, the\n"
             "services and what each endpoint proves, the sources of "
             "collateral, the\n"
             "clock, the log, the proxy itself and the environment. Findings "
             "are\n"
             "numbered; each that is wrong says what to do next.\n",
    .options = known,
    .exits = "0 nothing is wrong, perhaps with warnings; 1 something is;\n"
             "2 wrong usage, or there is no policy that can be read.\n",
    .examples = "veritee doctor\n"
                "veritee doctor --policy new.yaml --json\n",
    .main = doctor_main,
};

/* Where the proxy of |policy| is asked for. */
static int find_proxy(const struct options *o, const struct policy *policy,
                      struct running *out)
{
    struct why why;
    enum status st = o->proxy == NULL ? running_of_policy(policy, out, &why)
                                      : running_address(o->proxy, out, &why);

    if (st == STATUS_OK)
        return -1;
    return command_fail_why(&cmd_doctor_command, COMMAND_TROUBLE, &why);
}

static void look_at_policy(struct doctor *d)
{
    const struct policy *p = d->policy;

    for (size_t i = 0; i < p->warning_count; i++)
        findings_add(&d->findings, FINDING_WARNING, "policy",
                     p->warnings[i].file, NULL, "line %u: %s",
                     p->warnings[i].line, p->warnings[i].text);
    findings_add(&d->findings, FINDING_OK, "policy", p->file_name, NULL,
                 "can be read; names %zu service%s", p->service_count,
                 p->service_count == 1 ? "" : "s");
}

/* The clock comes after all that has seen signed dates. */
static void look_at_all(struct doctor *d, const struct running *proxy)
{
    look_at_policy(d);
    doctor_store(d);
    doctor_services(d);
    doctor_source_all(d);
    doctor_clock(d);
    doctor_audit(d);
    doctor_ca_look(d);
    doctor_proxy(d, proxy);
    doctor_environment(d, proxy);
}

static int tell(const struct options *o, const struct doctor *d)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct json_out j = json_out_to(&out);
    const bool well = d->findings.of_level[FINDING_ERROR] == 0;

    if (o->json) {
        json_out_object(&j, NULL);
        json_out_int(&j, "version", JSON_VERSION);
        json_out_text(&j, "verdict", well ? "pass" : "fail");
        json_out_time(&j, "time", d->now_unix);
        findings_json(&d->findings, &j);
        json_out_end_object(&j);
        buffer_byte(&out, '\n');
    } else {
        findings_text(&d->findings, terminal_colour(STDOUT_FILENO), &out);
    }
    return command_print(&cmd_doctor_command, well ? COMMAND_GOOD : COMMAND_BAD,
                         &out);
}

static int doctor_main(int argc, char **argv)
{
    struct options o = { .json = false };
    char cache[PATHS_ROOM];
    struct policy *policy = NULL;
    struct doctor *d;
    struct running proxy = { 0 };
    char **operands;
    int code = command_read(&cmd_doctor_command, argc, argv, &o, &operands);

    if (code == -1)
        code = command_policy_load(&cmd_doctor_command, o.policy, &policy);
    if (code == -1)
        code = find_proxy(&o, policy, &proxy);
    d = code == -1 ? calloc(1, sizeof(*d)) : NULL;
    if (d != NULL) {
        d->policy = policy;
        d->now_unix = (int64_t)time(NULL);
        d->cache_dir = command_policy_cache(policy, cache);
        look_at_all(d, &proxy);
        code = tell(&o, d);
    } else if (code == -1) {
        code =
            command_fail(&cmd_doctor_command, COMMAND_TROUBLE, "out of memory");
    }
    running_forget(&proxy);
    free(d);
    policy_free(policy);
    return code;
}
