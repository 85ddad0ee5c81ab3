#include "proxy/tools/cmd_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "proxy/local/ca.h"
#include "proxy/local/crl_files.h"
#include "proxy/local/exec_check.h"
#include "proxy/local/paths.h"
#include "proxy/local/policy_file.h"
#include "proxy/tools/policy_words.h"

/* The version of the object that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (16 * 1024 * 1024)

struct options {
    const char *path;
    char found[PATHS_ROOM]; /* the default policy; |path| may point to it */
    bool json;
};

static const struct command_option known[] = {
    { "json", 0, OPTION_FLAG, offsetof(struct options, json), NULL,
      "print one JSON object instead of text" },
    { .name = NULL },
};

static int check_main(int argc, char **argv);

const struct command cmd_check_command = {
    .name = "check",
    .what = "read a policy and say what it accepts",
    .synopsis = "[--json] [FILE]",
    .about =
        "Read the policy FILE as the proxy would, and say what it accepts. Without\n"
        "FILE: $XDG_CONFIG_HOME/veritee/policy.yaml, ~/.config/veritee/policy.yaml\n"
        "or /etc/veritee/policy.yaml.\n",
    .options = known,
    .operands = { .kind = OPTION_FILE, .max = 1 },
    .exits = "0 the policy is right, perhaps with warnings; 1 it is\n"
             "refused; 2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee check\n"
                "veritee check --json policy.yaml\n",
    .main = check_main,
};

/* The file that is named, or the default one. Returns -1 to go on. */
static int find_policy(const char *name, struct options *out)
{
    if (name == NULL && !paths_policy(out->found))
        return command_fail(&cmd_check_command, COMMAND_TROUBLE,
                            "no policy where it is by default; see --help");
    out->path = name != NULL ? name : out->found;
    return -1;
}

typedef void warn_fn(void *ctx, const struct policy_warning *w);

/* Tell of |path|, which the policy names, when it cannot be read. */
static void check_file(const struct policy *p, const char *what,
                       const char *path, warn_fn *warn, void *ctx)
{
    char text[512];

    if (path == NULL || access(path, R_OK) == 0)
        return;
    (void)snprintf(text, sizeof(text), "%s %s cannot be read: %s", what, path,
                   strerror(errno));
    warn(ctx, &(struct policy_warning){ .file = p->file_name, .text = text });
}

static void check_exec(const struct policy *p, const struct policy_exec *e,
                       warn_fn *warn, void *ctx)
{
    struct why why;

    if (e->argc > 0 && exec_check_program(e, &why) != STATUS_OK)
        warn(ctx, &(struct policy_warning){ .file = p->file_name,
                                            .text = why.found });
}

static void check_crls(const struct policy *p,
                       const struct policy_revocations *own, warn_fn *warn,
                       void *ctx)
{
    struct crl_files files;
    struct why why;

    if (crl_files_read(own, &files, &why) != STATUS_OK)
        warn(ctx, &(struct policy_warning){ .file = p->file_name,
                                            .text = why.found });
    crl_files_free(&files);
}

static void check_sources(const struct policy *p,
                          const struct policy_sources *s, warn_fn *warn,
                          void *ctx)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].ca_file != p->collateral.ca_file)
            check_file(p, "ca-file", s->list[i].ca_file, warn, ctx);
}

/* The CA is no part of the policy, which is right without it. */
static void check_ca(const struct policy *p, warn_fn *warn, void *ctx)
{
    char dir[PATHS_ROOM], text[512];
    struct ca *ca = NULL;
    struct why why;

    if (!policy_intercepts(p) || !paths_ca(dir) ||
        (ca_load(dir, &ca, &why) == STATUS_OK &&
         ca_check_policy(ca, p, (int64_t)time(NULL), &why) == STATUS_OK)) {
        ca_free(ca);
        return;
    }
    ca_free(ca);
    (void)snprintf(text, sizeof(text), "%s%s%s", why.found,
                   why.expected[0] != '\0' ? "; expected " : "", why.expected);
    warn(ctx, &(struct policy_warning){ .file = p->file_name, .text = text });
}

/* All warnings: the policy's own, then of the files it names. */
static void each_warning(const struct policy *p, warn_fn *warn, void *ctx)
{
    for (size_t i = 0; i < p->warning_count; i++)
        warn(ctx, &p->warnings[i]);
    check_file(p, "ca-file", p->collateral.ca_file, warn, ctx);
    check_sources(p, &p->collateral.sources, warn, ctx);
    check_ca(p, warn, ctx);
    for (size_t i = 0; i < p->service_count; i++) {
        const struct service *s = &p->services[i];

        if (s->sources.list != p->collateral.sources.list)
            check_sources(p, &s->sources, warn, ctx);
        check_file(p, "ca-file", s->ca_file, warn, ctx);
        check_file(p, "root", s->root_file, warn, ctx);
        check_crls(p, &s->accept.revocations, warn, ctx);
        check_exec(p, &s->accept.exec, warn, ctx);
    }
}

static void warn_text(void *ctx, const struct policy_warning *w)
{
    buffer_printf(ctx, "warning: %s:", w->file);
    if (w->line > 0)
        buffer_printf(ctx, "%u:%u:", w->line, w->column);
    buffer_printf(ctx, " %s\n", w->text);
}

static void put_text(const struct policy *p, struct buffer *out)
{
    buffer_printf(out, "%s: OK\n\n", p->file_name);
    policy_words_text(p, out);
    if (p->warning_count > 0)
        buffer_byte(out, '\n');
    each_warning(p, warn_text, out);
}

static void warn_json(void *ctx, const struct policy_warning *w)
{
    struct json_out *j = ctx;

    json_out_object(j, NULL);
    json_out_text(j, "file", w->file);
    json_out_int(j, "line", w->line);
    json_out_int(j, "column", w->column);
    json_out_text(j, "text", w->text);
    json_out_end_object(j);
}

static void open_json(struct json_out *j, const char *path, bool ok)
{
    json_out_object(j, NULL);
    json_out_int(j, "version", JSON_VERSION);
    json_out_text(j, "file", path);
    json_out_text(j, "verdict", ok ? "pass" : "fail");
}

static void put_json(const struct policy *p, struct buffer *out)
{
    struct json_out j = json_out_to(out);

    open_json(&j, p->file_name, true);
    json_out_array(&j, "warnings");
    each_warning(p, warn_json, &j);
    json_out_end_array(&j);
    policy_words_json(p, &j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static void json_place(const struct policy_place *place, struct json_out *j)
{
    json_out_text(j, "file", place->file);
    json_out_int(j, "line", place->line);
    json_out_int(j, "column", place->column);
}

static void put_error_json(const struct policy_error *err, const char *path,
                           struct buffer *out)
{
    struct json_out j = json_out_to(out);

    open_json(&j, path, false);
    json_out_object(&j, "error");
    json_place(&err->at, &j);
    if (err->why.field != NULL)
        json_out_text(&j, "word", err->why.field);
    json_out_text(&j, "found", err->why.found);
    json_out_text(&j, "expected", err->why.expected);
    if (err->also.line != 0) {
        json_out_object(&j, "also");
        json_place(&err->also, &j);
        json_out_end_object(&j);
    }
    json_out_end_object(&j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

/* Returns the exit status of a policy that was not read. */
static int refuse(const struct options *o, const struct policy_error *err,
                  struct buffer *out)
{
    char line[1024];
    bool wrong = err->why.status == STATUS_BAD_CONFIG;

    policy_error_line(err, line, sizeof(line));
    if (o->json)
        put_error_json(err, o->path, out);
    return command_fail(&cmd_check_command,
                        wrong ? COMMAND_BAD : COMMAND_TROUBLE, "%s", line);
}

static int check(const struct options *o, struct buffer *out)
{
    struct policy *p;
    struct policy_error err;

    if (policy_file_load(o->path, &p, &err) != STATUS_OK)
        return refuse(o, &err, out);
    if (o->json)
        put_json(p, out);
    else
        put_text(p, out);
    policy_free(p);
    return COMMAND_GOOD;
}

static int check_main(int argc, char **argv)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct options o = { .json = false };
    char **operands;
    int code = command_read(&cmd_check_command, argc, argv, &o, &operands);

    if (code == -1)
        code = find_policy(operands[0], &o);
    if (code != -1)
        return code;
    return command_print(&cmd_check_command, (enum command_exit)check(&o, &out),
                         &out);
}
