#include "proxy/tools/cmd_pin.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/verdict_text.h"
#include "proxy/tools/command_policy.h"
#include "proxy/tools/pin.h"
#include "proxy/tools/probe.h"
#include "proxy/tools/terminal.h"

/* The version of the object that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)
#define CONFIG_MODE      0600

struct options {
    const char *name;
    const char *protocol;
    const char *root;
    const char *ca_file;
    const char *policy;
    const char *out;
    const char *append;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "name", 0, OPTION_TEXT, FIELD(name), "NAME",
      "what the service is called; default: as its host" },
    { "protocol", 0, OPTION_WORD, FIELD(protocol), "native|teekit",
      "what the server speaks: native (default) or teekit" },
    { "root", 0, OPTION_FILE, FIELD(root), "FILE",
      "the root certificate of a simulated TEE, PEM" },
    { "ca-file", 0, OPTION_FILE, FIELD(ca_file), "FILE",
      "CAs for the outer TLS, PEM; default: the system's" },
    { "policy", 'p', OPTION_FILE, FIELD(policy), "FILE",
      "take the collateral's sources from this policy;\n"
      "default: those of the policy that 'run' would read" },
    { "out", 'o', OPTION_FILE, FIELD(out), "FILE",
      "write the policy there, where no file may be yet" },
    { "append", 'a', OPTION_FILE, FIELD(append), "FILE",
      "add the service to this policy" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object instead of a policy" },
    { .name = NULL },
};

static int pin_main(int argc, char **argv);

const struct command cmd_pin_command = {
    .name = "pin",
    .what = "make a policy of what a server proves now",
    .synopsis = "[options] URL",
    .about =
        "Ask the server at URL (ws, wss, http, https, or HOST[:PORT]) for its\n"
        "evidence, verify all of it but whether it is the right code, and print\n"
        "a policy that accepts what was found. Compare the values with what the\n"
        "publisher says before you rely on them: the comments say how.\n",
    .options = known,
    .operands = { .kind = OPTION_TEXT, .min = 1, .max = 1 },
    .exits = "0 verified; 1 refused: a check failed; 2 wrong usage, or a\n"
             "file that cannot be read or written; 3 the server, or what is\n"
             "needed to verify it, cannot be reached.\n",
    .examples = "veritee pin chat.example.com\n"
                "veritee pin --append ~/.config/veritee/policy.yaml "
                "chat.example.com\n",
    .main = pin_main,
};

/* What came of it. */
struct answer {
    const struct options *options;
    struct pin pin;
    struct attestation attestation; /* all zero if it did not come to that */
    struct why why;                 /* OK: all was verified */
    int64_t now_unix;
};

/* The policy's opinion does not count here, but all else does. */
static void on_decided(void *ctx, const struct service *service,
                       const struct endpoint *endpoint,
                       const struct attestation *a, const struct why *why)
{
    struct answer *answer = ctx;

    (void)service;
    (void)endpoint;
    answer->why = *why;
    if (a == NULL)
        return;
    answer->attestation = *a;
    if (a->claims.tee != TEE_NONE && verdict_failed(&a->verdict) == NULL)
        answer->why = (struct why){ .status = STATUS_OK };
}

/* Sources as the user has them for the proxy. Returns -1 to go on; |*user| is
 * the caller's to free, NULL if there is none. */
static int load_user_policy(const struct options *o, struct policy **user)
{
    char found[PATHS_ROOM];

    *user = NULL;
    if (o->policy == NULL && !paths_policy(found))
        return -1;
    return command_policy_load(&cmd_pin_command, o->policy, user);
}

static int probe(struct answer *a, const struct policy *pinned,
                 const struct policy *user)
{
    char cache[PATHS_ROOM];
    struct policy policy = *pinned;
    struct service service = pinned->services[0];
    const struct probe p = {
        .policy = &policy,
        .cache_dir = command_policy_cache(user, cache),
        .on_decided = on_decided,
        .ctx = a,
    };
    struct why why;

    policy.services = &service;
    if (user != NULL) {
        policy.collateral = user->collateral;
        service.sources = user->collateral.sources;
    }
    if (probe_run(&p, &why) != STATUS_OK)
        return command_fail_why(&cmd_pin_command, COMMAND_TROUBLE, &why);
    return -1;
}

/* Ask the server. Returns -1 when |a| says what came of it. */
static int ask(struct answer *a)
{
    struct buffer text = buffer_with_max(OUTPUT_MAX_BYTES);
    struct policy *user = NULL;
    struct policy *pinned = NULL;
    struct policy_error error;
    char line[512];
    int code;

    pin_policy_empty(&a->pin, &text);
    if (policy_parse(buffer_view(&text), "pin", &pinned, &error) != STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        buffer_free(&text);
        return command_fail(&cmd_pin_command, COMMAND_TROUBLE, "%s", line);
    }
    buffer_free(&text);
    code = load_user_policy(a->options, &user);
    if (code == -1)
        code = probe(a, pinned, user);
    policy_free(user);
    policy_free(pinned);
    return code;
}

/* --- what it prints -------------------------------------------------------- */

static void put_policy(const struct answer *a, struct buffer *out)
{
    buffer_text(out, "services:\n");
    pin_policy_block(&a->pin, &a->attestation.claims, a->now_unix, out);
}

static void put_warning_json(void *ctx, const char *text)
{
    json_out_text(ctx, NULL, text);
}

static void put_found(const struct answer *a, struct json_out *j)
{
    struct buffer policy = buffer_with_max(OUTPUT_MAX_BYTES);

    json_out_bool(j, "simulated", a->attestation.claims.simulated);
    json_out_array(j, "warnings");
    pin_warnings(&a->attestation.claims, put_warning_json, j);
    json_out_end_array(j);
    json_out_object(j, "claims");
    claims_json(&a->attestation.claims, j);
    json_out_end_object(j);
    put_policy(a, &policy);
    json_out_slice(j, "policy", buffer_view(&policy));
    buffer_free(&policy);
}

static void put_json(const struct answer *a, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    char line[512];

    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    json_out_text(&j, "verdict", a->why.status == STATUS_OK ? "pass" : "fail");
    json_out_time(&j, "time", a->now_unix);
    json_out_text(&j, "service", a->pin.name);
    json_out_text(&j, "endpoint", a->pin.url);
    verdict_text_checks(&a->attestation.verdict, &j);
    if (a->why.status == STATUS_OK) {
        put_found(a, &j);
    } else {
        why_line(&a->why, line, sizeof(line));
        json_out_text(&j, "status", status_name(a->why.status));
        json_out_text(&j, "reason", line);
    }
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static bool no_file_there(const char *path, struct why *why)
{
    if (access(path, F_OK) != 0)
        return true;
    (void)why_fail(why, STATUS_NO_FILE, "file", NULL,
                   "%s is there already; --append adds to it", path);
    return false;
}

/* |text| is |path| with a service more, or it is left alone. */
static enum status append(const char *path, struct slice block,
                          struct buffer *text, struct why *why)
{
    struct policy *before = NULL;
    struct policy *after = NULL;
    struct policy_error error;
    enum status st = policy_file_load(path, &before, &error);

    if (st != STATUS_OK) {
        *why = error.why;
        return st;
    }
    st = file_read(path, POLICY_MAX_BYTES, text, why);
    if (st == STATUS_OK && text->len > 0 && text->at[text->len - 1] != '\n')
        buffer_byte(text, '\n');
    if (before->service_count == 0)
        buffer_text(text, "services:\n");
    buffer_add(text, block);
    if (st == STATUS_OK &&
        (policy_file_parse(buffer_view(text), path, (struct slice){ 0 }, &after,
                           &error) != STATUS_OK ||
         after->service_count != before->service_count + 1)) {
        st = why_fail(why, STATUS_BAD_CONFIG, "policy", NULL,
                      "the service cannot stand at the end of %s: a name or "
                      "host twice, or no block of services there",
                      path);
        (void)why_expect(why, "that you put it where it belongs");
    }
    policy_free(before);
    policy_free(after);
    return st;
}

static int save(const struct answer *a)
{
    const struct options *o = a->options;
    const char *path = o->out != NULL ? o->out : o->append;
    struct buffer block = buffer_with_max(POLICY_MAX_BYTES);
    struct buffer text = buffer_with_max(POLICY_MAX_BYTES);
    struct why why = { 0 };
    enum status st = STATUS_NO_FILE;

    if (o->append != NULL) {
        pin_policy_block(&a->pin, &a->attestation.claims, a->now_unix, &block);
        st = append(path, buffer_view(&block), &text, &why);
    } else if (no_file_there(path, &why)) {
        put_policy(a, &text);
        st = STATUS_OK;
    }
    if (st == STATUS_OK)
        st = file_replace(path, buffer_view(&text), CONFIG_MODE, &why);
    buffer_free(&block);
    buffer_free(&text);
    if (st != STATUS_OK)
        return command_fail_why(&cmd_pin_command, COMMAND_TROUBLE, &why);
    (void)fprintf(stderr,
                  "veritee pin: written to %s; compare the values, "
                  "then: veritee run --policy %s\n",
                  path, path);
    return COMMAND_GOOD;
}

static void put_warning_text(void *ctx, const char *text)
{
    (void)fprintf(ctx, "veritee pin: WARNING: %s\n", text);
}

static int fail(const struct answer *a)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    const enum status_class class = status_class(a->why.status);
    const bool refused = class == CLASS_EVIDENCE || class == CLASS_POLICY;
    const enum command_exit code = refused ? COMMAND_BAD : COMMAND_NO_ANSWER;

    if (a->options->json)
        put_json(a, &out);
    else if (a->attestation.verdict.count > 0)
        verdict_text_table(&a->attestation.verdict,
                           terminal_colour(STDOUT_FILENO), &out);
    if (command_print(&cmd_pin_command, code, &out) == COMMAND_TROUBLE)
        return COMMAND_TROUBLE;
    (void)command_fail_why(&cmd_pin_command, code, &a->why);
    if (a->options->root == NULL && a->attestation.verdict.count > 0)
        (void)fputs("veritee pin: of a simulated TEE, name the root by "
                    "--root FILE\n",
                    stderr);
    return (int)code;
}

static int tell(const struct answer *a)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    int code = COMMAND_GOOD;

    if (a->why.status != STATUS_OK)
        return fail(a);
    pin_warnings(&a->attestation.claims, put_warning_text, stderr);
    if (a->options->out != NULL || a->options->append != NULL)
        code = save(a);
    else if (!a->options->json)
        put_policy(a, &out);
    if (a->options->json)
        put_json(a, &out);
    return command_print(&cmd_pin_command, (enum command_exit)code, &out);
}

/* A path that means the same wherever the policy will stand; NULL of NULL. The
 * caller frees it. */
static char *absolute(const char *path)
{
    return path == NULL ? NULL : realpath(path, NULL);
}

/* Which maker's a root is decides how it is read. */
static bool is_amd_root(const char *path)
{
    struct buffer root;
    struct why why;

    if (path == NULL ||
        policy_file_root(path, TEE_SEV_SNP, &root, &why) != STATUS_OK)
        return false;
    buffer_free(&root);
    return true;
}

static int pin_main(int argc, char **argv)
{
    struct options o = { .protocol = "native" };
    struct answer a = { .options = &o, .now_unix = (int64_t)time(NULL) };
    struct why why;
    char **operands;
    char *root;
    char *ca_file;
    int code = command_read(&cmd_pin_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    if (o.out != NULL && o.append != NULL)
        return command_fail(&cmd_pin_command, COMMAND_TROUBLE,
                            "--out or --append, not both");
    if (pin_init(&a.pin, operands[0], o.name, &why) != STATUS_OK)
        return command_fail_why(&cmd_pin_command, COMMAND_TROUBLE, &why);
    a.pin.teekit = strcmp(o.protocol, "teekit") == 0;
    a.pin.root_file = root = absolute(o.root);
    a.pin.root_is_amd = is_amd_root(root);
    a.pin.ca_file = ca_file = absolute(o.ca_file);
    if ((o.root != NULL && root == NULL) ||
        (o.ca_file != NULL && ca_file == NULL))
        code =
            command_fail(&cmd_pin_command, COMMAND_TROUBLE, "%s: no such file",
                         root == NULL && o.root != NULL ? o.root : o.ca_file);
    if (code == -1)
        code = ask(&a);
    if (code == -1)
        code = tell(&a);
    free(root);
    free(ca_file);
    return code;
}
