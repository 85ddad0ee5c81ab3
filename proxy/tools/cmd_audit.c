#include "proxy/tools/cmd_audit.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/json_out.h"
#include "common/text.h"
#include "proxy/tools/audit_find.h"
#include "proxy/tools/cmd_audit_judge.h"
#include "proxy/tools/terminal.h"

/* The version of the objects that --json prints: docs/man/veritee.1. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (256 * 1024 * 1024)

struct options {
    const char *dir;
    const char *head;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

#define OPTION_DIR                                                             \
    {                                                                          \
        "dir", 0, OPTION_FOLDER, FIELD(dir), "DIR",                            \
            "where the log is; default: as the policy says, else\n"            \
            "$XDG_STATE_HOME/veritee/audit or\n"                               \
            "~/.local/state/veritee/audit"                                     \
    }
#define OPTION_JSON                                                            \
    {                                                                          \
        "json", 0, OPTION_FLAG, FIELD(json), NULL, "print one JSON object"     \
    }

static const struct command_option known[] = {
    OPTION_DIR,
    OPTION_JSON,
    { .name = NULL },
};

static const struct command_option verify_known[] = {
    OPTION_DIR,
    { "head", 0, OPTION_TEXT, FIELD(head), "HASH",
      "a head that 'audit verify' printed before, and that\n"
      "was noted elsewhere: it must be in the chain" },
    OPTION_JSON,
    { .name = NULL },
};

static int audit_main(int argc, char **argv);
static int show_main(int argc, char **argv);
static int verify_main(int argc, char **argv);

static const struct command show = {
    .name = "audit show",
    .what = "show one decision and where its evidence is",
    .synopsis = "[--json] [--dir DIR] ID|last",
    .about = "Show one decision, and where its evidence is kept.\n",
    .options = known,
    .operands = { .kind = OPTION_TEXT, .min = 1, .max = 1 },
    .exits = "0 shown; 2 wrong usage, or there is no such decision.\n",
    .examples = "veritee audit show last\n",
    .main = show_main,
};

static const struct command verify = {
    .name = "audit verify",
    .what = "say whether the log was altered",
    .synopsis = "[--json] [--dir DIR] [--head HASH]",
    .about =
        "Check the chain of the log and the hash of everything it refers to.\n"
        "Whoever can write to the folder can write all of it anew: the head,\n"
        "noted elsewhere, shows that too.\n",
    .options = verify_known,
    .exits = "0 nothing was altered; 1 something was, or is missing; 2 wrong\n"
             "usage, or a file that cannot be read.\n",
    .examples = "veritee audit verify\n",
    .main = verify_main,
};

static const struct command *const subs[] = {
    &show,
    &cmd_audit_judge_command,
    &verify,
    NULL,
};

const struct command cmd_audit_command = {
    .name = "audit",
    .what = "read what the proxy decided, and judge it again",
    .synopsis = "[--json] [--dir DIR]\n"
                "COMMAND [options]",
    .about = "List the decisions that the proxy has written down.\n",
    .options = known,
    .exits = "0 listed; 2 wrong usage, or a file that cannot be read.\n",
    .examples = "veritee audit\n"
                "veritee audit show 17\n"
                "veritee audit judge 17 --policy new.yaml\n",
    .subs = subs,
    .main = audit_main,
};

/* Read the options of |self| and find the folder. Returns -1 to go on. */
static int begin(const struct command *self, int argc, char **argv,
                 struct options *o, char dir[PATHS_ROOM], char ***operands)
{
    struct why why;
    int code = command_read(self, argc, argv, o, operands);

    if (code != -1)
        return code;
    if (audit_find_dir(o->dir, dir, &why) != STATUS_OK)
        return command_fail_why(self, COMMAND_TROUBLE, &why);
    return -1;
}

/* --- the list -------------------------------------------------------------- */

struct list {
    const struct options *options;
    bool colour;
    size_t count;
    struct buffer out;
};

static void put_line(struct list *l, const struct audit_entry *e)
{
    char time[TEXT_TIME_ROOM];
    const char *colour = !l->colour    ? ""
                         : e->accepted ? "\033[32m"
                                       : "\033[31m";

    text_time(e->time_unix, time);
    buffer_printf(&l->out, "%6" PRIu32 "  %s  %s%-6s%s  %s  %s", e->id, time,
                  colour, e->accepted ? "accept" : "refuse",
                  l->colour ? "\033[0m" : "", e->service, e->endpoint);
    if (!e->accepted)
        buffer_printf(&l->out, "  %s%s%s", e->status,
                      e->check[0] != '\0' ? ", " : "", e->check);
    else
        buffer_printf(&l->out, "  %s%s%s%s%s%s", e->tee,
                      e->tcb[0] != '\0' ? ", " : "", e->tcb,
                      e->release[0] != '\0' ? ", " : "", e->release,
                      e->simulated ? ", SIMULATED" : "");
    buffer_byte(&l->out, '\n');
}

static bool on_list_line(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct list *l = ctx;
    struct audit_entry e;
    struct why why;

    if (audit_entry_read(line->text, &e, prev, &why) != STATUS_OK)
        return true; /* that is for `audit verify` to say */
    if (!l->options->json) {
        put_line(l, &e);
    } else {
        buffer_text(&l->out, l->count > 0 ? ",\n" : "\n");
        buffer_add(&l->out, line->text);
    }
    l->count++;
    return true;
}

static int audit_main(int argc, char **argv)
{
    struct options o = { .json = false };
    struct list l = { .options = &o,
                      .colour = terminal_colour(STDOUT_FILENO),
                      .out = buffer_with_max(OUTPUT_MAX_BYTES) };
    char dir[PATHS_ROOM];
    char **operands;
    struct why why;
    int code = begin(&cmd_audit_command, argc, argv, &o, dir, &operands);

    if (code != -1)
        return code;
    if (o.json)
        buffer_printf(&l.out, "{\"version\":%d,\"decisions\":[", JSON_VERSION);
    if (ledger_each(dir, on_list_line, &l, &why) != STATUS_OK) {
        buffer_free(&l.out);
        return command_fail_why(&cmd_audit_command, COMMAND_TROUBLE, &why);
    }
    if (o.json)
        buffer_text(&l.out, "]}\n");
    else if (l.count == 0)
        buffer_printf(&l.out, "no decisions in %s\n", dir);
    return command_print(&cmd_audit_command, COMMAND_GOOD, &l.out);
}

/* --- one ------------------------------------------------------------------- */

static void put_time(struct buffer *out, const char *name, int64_t at_unix)
{
    char time[TEXT_TIME_ROOM];

    text_time(at_unix, time);
    buffer_printf(out, "  %-14s  %s\n", name, at_unix == 0 ? "-" : time);
}

static void put_field(struct buffer *out, const char *name, const char *value)
{
    if (value[0] != '\0')
        buffer_printf(out, "  %-14s  %s\n", name, value);
}

static void put_entry(const char *dir, const struct audit_entry *e,
                      struct buffer *out)
{
    buffer_printf(out, "decision %" PRIu32 ": %s%s\n", e->id,
                  e->accepted ? "accepted" : "refused",
                  e->simulated ? ", SIMULATED" : "");
    put_time(out, "time", e->time_unix);
    put_field(out, "service", e->service);
    put_field(out, "endpoint", e->endpoint);
    put_field(out, "reason", e->reason);
    put_field(out, "check", e->check);
    put_field(out, "tee", e->tee);
    put_field(out, "tcb", e->tcb);
    put_field(out, "release", e->release);
    put_time(out, "attested", e->attested_unix);
    put_time(out, "deadline", e->deadline_unix);
    put_field(out, "bound to",
              e->challenged ? "our challenge" : "an epoch of the server");
    put_field(out, "policy", e->policy_file);
    for (size_t i = 0; i < AUDIT_BLOBS; i++)
        if (e->blobs[i][0] != '\0')
            buffer_printf(out, "  %-14s  %s/blobs/%.2s/%s\n",
                          audit_entry_blob_name((enum audit_blob)i), dir,
                          e->blobs[i], e->blobs[i]);
}

static int show_main(int argc, char **argv)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct options o = { .json = false };
    struct audit_entry entry;
    struct buffer line;
    char dir[PATHS_ROOM];
    char **operands;
    struct why why;
    int code = begin(&show, argc, argv, &o, dir, &operands);

    if (code != -1)
        return code;
    if (audit_find_entry(dir, operands[0], &entry, &line, &why) != STATUS_OK)
        return command_fail_why(&show, COMMAND_TROUBLE, &why);
    if (o.json) {
        buffer_add(&out, buffer_view(&line));
        buffer_byte(&out, '\n');
    } else {
        put_entry(dir, &entry, &out);
    }
    buffer_free(&line);
    return command_print(&show, COMMAND_GOOD, &out);
}

/* --- the chain ------------------------------------------------------------- */

struct chain_check {
    const char *dir;
    bool has_wanted; /* a head that must be among the lines */
    uint8_t wanted[LEDGER_HASH_BYTES];
    bool found_wanted;
    size_t lines;
    size_t problems;
    uint32_t first_id;
    uint32_t last_id;
    uint8_t head[LEDGER_HASH_BYTES];
    struct json_out *json; /* NULL: text */
    struct buffer *out;
};

static void tell_problem(struct chain_check *c, const char *file, size_t number,
                         const struct why *why)
{
    char text[512];

    c->problems++;
    why_line(why, text, sizeof(text));
    if (c->json == NULL) {
        buffer_printf(c->out, "%s:%zu: %s\n", file, number, text);
        return;
    }
    json_out_object(c->json, NULL);
    json_out_text(c->json, "file", file);
    json_out_int(c->json, "line", (int64_t)number);
    json_out_text(c->json, "problem", text);
    json_out_end_object(c->json);
}

static void check_blobs(struct chain_check *c, const struct ledger_line *line,
                        const struct audit_entry *e)
{
    struct buffer blob;
    struct why why;

    for (size_t i = 0; i < AUDIT_BLOBS; i++) {
        if (e->blobs[i][0] == '\0')
            continue;
        if (ledger_get(c->dir, e->blobs[i], &blob, &why) == STATUS_OK)
            buffer_free(&blob);
        else
            tell_problem(c, line->file, line->number, &why);
    }
}

static void check_place(struct chain_check *c, const struct ledger_line *line,
                        uint32_t id, const uint8_t prev[LEDGER_HASH_BYTES])
{
    const bool is_first = c->lines == 0;
    struct why why;

    if (!is_first && id != c->last_id + 1) {
        (void)why_fail(&why, STATUS_MISMATCH, "id", NULL, "%" PRIu32, id);
        (void)why_expect(&why, "%" PRIu32, c->last_id + 1);
        tell_problem(c, line->file, line->number, &why);
    }
    /* What was before the oldest line that is kept, nobody knows any more. */
    if (is_first && id != 1)
        return;
    if (!slice_equal(slice_of(prev, LEDGER_HASH_BYTES),
                     SLICE_OF(line->above))) {
        (void)why_bytes(&why, STATUS_MISMATCH, "prev", NULL,
                        slice_of(prev, LEDGER_HASH_BYTES),
                        SLICE_OF(line->above));
        tell_problem(c, line->file, line->number, &why);
    }
}

static bool on_chain_line(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct chain_check *c = ctx;
    struct audit_entry e;
    struct why why;

    memcpy(c->head, line->hash, sizeof(c->head));
    c->found_wanted |=
        c->has_wanted && slice_equal(SLICE_OF(line->hash), SLICE_OF(c->wanted));
    if (audit_entry_read(line->text, &e, prev, &why) != STATUS_OK) {
        tell_problem(c, line->file, line->number, &why);
        return true;
    }
    check_place(c, line, e.id, prev);
    check_blobs(c, line, &e);
    if (c->lines++ == 0)
        c->first_id = e.id;
    c->last_id = e.id;
    return true;
}

static void check_wanted(struct chain_check *c)
{
    struct why why;

    if (!c->has_wanted || c->found_wanted)
        return;
    (void)why_fail(&why, STATUS_MISMATCH, "head", NULL,
                   "no line has the hash that was noted");
    tell_problem(c, "log", 0, &why);
}

static void put_summary(const struct chain_check *c)
{
    char head[LEDGER_NAME_ROOM];

    text_hex(SLICE_OF(c->head), head, sizeof(head));
    if (c->json == NULL) {
        buffer_printf(c->out,
                      "%zu decisions, %" PRIu32 " to %" PRIu32
                      ", %zu problems\nhead %s\n",
                      c->lines, c->first_id, c->last_id, c->problems, head);
        return;
    }
    json_out_text(c->json, "verdict", c->problems == 0 ? "pass" : "fail");
    json_out_int(c->json, "decisions", (int64_t)c->lines);
    json_out_int(c->json, "first", c->first_id);
    json_out_int(c->json, "last", c->last_id);
    json_out_text(c->json, "head", head);
}

static enum status check_chain(struct chain_check *c, struct why *why)
{
    enum status st;

    if (c->json != NULL) {
        json_out_object(c->json, NULL);
        json_out_int(c->json, "version", JSON_VERSION);
        json_out_array(c->json, "problems");
    }
    st = ledger_each(c->dir, on_chain_line, c, why);
    check_wanted(c);
    if (c->json != NULL)
        json_out_end_array(c->json);
    put_summary(c);
    if (c->json != NULL) {
        json_out_end_object(c->json);
        buffer_byte(c->out, '\n');
    }
    return st;
}

static int verify_main(int argc, char **argv)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    struct json_out j = json_out_to(&out);
    struct options o = { .json = false };
    char dir[PATHS_ROOM];
    struct chain_check c = { .dir = dir, .out = &out };
    char **operands;
    struct why why;
    int code = begin(&verify, argc, argv, &o, dir, &operands);

    if (code != -1)
        return code;
    c.json = o.json ? &j : NULL;
    c.has_wanted = o.head != NULL;
    if (c.has_wanted &&
        !text_from_hex(slice_text(o.head), c.wanted, sizeof(c.wanted)))
        return command_fail(&verify, COMMAND_TROUBLE,
                            "--head: not 64 hexadecimal digits");
    if (check_chain(&c, &why) != STATUS_OK) {
        buffer_free(&out);
        return command_fail_why(&verify, COMMAND_TROUBLE, &why);
    }
    return command_print(&verify, c.problems == 0 ? COMMAND_GOOD : COMMAND_BAD,
                         &out);
}
