/* `veritee collateral show`, `export` and `import`: what needs no network. */
#include <stddef.h>
#include <string.h>

#include "collateral/archive.h"
#include "collateral/stock.h"
#include "common/file.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "proxy/tools/cmd_collateral.h"
#include "proxy/tools/collateral_setup.h"
#include "proxy/tools/collateral_words.h"

/* names: cmd_collateral_ three of its commands */

#define BUNDLE_MODE 0644

struct options {
    struct collateral_setup_options from;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "policy", 'p', OPTION_FILE, FIELD(from.policy), "FILE",
      "take store and roots from this policy; default: that\n"
      "which 'run' would read, if it is there" },
    { "store", 0, OPTION_FOLDER, FIELD(from.store), "DIR",
      "the folder of the store; default: the policy's" },
    { "root", 0, OPTION_FILE, FIELD(from.root), "FILE",
      "one more root that items may end at, PEM" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object instead of text" },
    { .name = NULL },
};

static int show_main(int argc, char **argv);
static int export_main(int argc, char **argv);
static int import_main(int argc, char **argv);

const struct command cmd_collateral_show_command = {
    .name = "collateral show",
    .what = "list the items of the store",
    .synopsis = "[options]",
    .about =
        "Check every item of the store and say what it is, whose, from when\n"
        "to when it is good, and where it came from.\n",
    .options = known,
    .exits =
        "0 all are good; 1 some are not, or there are none; 2 wrong usage,\n"
        "or a file that cannot be read.\n",
    .examples = "veritee collateral show --json\n",
    .main = show_main,
};

const struct command cmd_collateral_export_command = {
    .name = "collateral export",
    .what = "write the good items of the store to a file",
    .synopsis = "[options] FILE",
    .about = "Write all items of the store that are good now to FILE, to be\n"
             "imported on a machine without a network.\n",
    .options = known,
    .operands = { .kind = OPTION_FILE, .min = 1, .max = 1 },
    .exits =
        "0 written; 1 there was nothing good to write; 2 wrong usage, or a\n"
        "file that cannot be read or written.\n",
    .examples = "veritee collateral export items.bundle\n",
    .main = export_main,
};

const struct command cmd_collateral_import_command = {
    .name = "collateral import",
    .what = "put the items of such a file into the store",
    .synopsis = "[options] FILE",
    .about =
        "Check each item of FILE as if it came from the network, and keep\n"
        "what is good. What is older than what is there is refused.\n",
    .options = known,
    .operands = { .kind = OPTION_FILE, .min = 1, .max = 1 },
    .exits = "0 all are stored or were there; 1 some were refused; 2 wrong\n"
             "usage, or a file that cannot be read or written.\n",
    .examples = "veritee collateral import items.bundle\n",
    .main = import_main,
};

/* One run of any of the three. */
struct work {
    const struct command *self;
    struct options options;
    struct collateral_setup setup;
    struct stock_rules rules;
    struct store store;
    struct archive_out archive; /* of an export */
    struct buffer out;          /* what is printed */
    struct json_out json;
    size_t good;
    size_t bad;
};

static void tell(struct work *w, const char *name,
                 const struct store_entry *entry, const struct stock_item *item,
                 const char *outcome)
{
    const struct collateral_words words = { .name = name,
                                            .entry = entry,
                                            .item = item,
                                            .outcome = outcome,
                                            .now_unix = w->rules.now_unix };

    if (w->options.json)
        collateral_words_json(&words, &w->json);
    else
        collateral_words_text(&words, &w->out);
}

static void begin_output(struct work *w)
{
    w->out = buffer_with_max(CMD_COLLATERAL_OUTPUT_MAX);
    w->json = json_out_to(&w->out);
    if (!w->options.json)
        return;
    json_out_object(&w->json, NULL);
    json_out_int(&w->json, "version", CMD_COLLATERAL_JSON_VERSION);
    json_out_time(&w->json, "time", w->rules.now_unix);
    json_out_text(&w->json, "store", w->setup.store_dir);
    json_out_array(&w->json, "items");
}

/* Print, free all, and return the exit status. */
static int end(struct work *w, enum command_exit code)
{
    if (w->options.json) {
        json_out_end_array(&w->json);
        json_out_end_object(&w->json);
        buffer_byte(&w->out, '\n');
    }
    collateral_setup_free(&w->setup);
    return command_print(w->self, code, &w->out);
}

/* End without output. */
static int fail(struct work *w, const struct why *why)
{
    buffer_free(&w->out);
    collateral_setup_free(&w->setup);
    return command_fail_why(w->self, COMMAND_TROUBLE, why);
}

/* Returns -1 to go on. */
static int begin(struct work *w, int argc, char **argv, const char **file)
{
    char **operands;
    struct why why;
    int code = command_read(w->self, argc, argv, &w->options, &operands);

    if (code == -1)
        code = collateral_setup_read(w->self, &w->options.from, &w->setup);
    if (code != -1)
        return code;
    w->rules = collateral_setup_rules(&w->setup);
    *file = operands[0];
    begin_output(w);
    if (store_init(&w->store, w->setup.store_dir, &why) != STATUS_OK)
        return fail(w, &why);
    return -1;
}

/* --- show and export ------------------------------------------------------ */

static void on_name(void *ctx, const char *name)
{
    struct work *w = ctx;
    struct stock_item item = { .want = { .item = ITEM_COUNT } };
    struct store_entry entry;
    struct buffer file;

    if (store_load(&w->store, name, &file, &entry, &item.why) == STATUS_OK)
        stock_check(name, &entry, &w->rules, &item);
    if (item.why.status == STATUS_OK)
        w->good++;
    else
        w->bad++;
    if (w->archive.out == NULL || item.why.status != STATUS_OK)
        tell(w, name, &entry, &item, w->archive.out != NULL ? "left" : NULL);
    else {
        archive_add(&w->archive, buffer_view(&file));
        tell(w, name, &entry, &item, "written");
    }
    buffer_free(&file);
}

static int show_main(int argc, char **argv)
{
    struct work w = { .self = &cmd_collateral_show_command };
    const char *none;
    struct why why;
    int code = begin(&w, argc, argv, &none);

    if (code != -1)
        return code;
    if (store_list(&w.store, on_name, &w, &why) != STATUS_OK)
        return fail(&w, &why);
    if (w.good + w.bad == 0 && !w.options.json)
        buffer_printf(&w.out, "%s: nothing is kept\n", w.setup.store_dir);
    return end(&w, w.good > 0 && w.bad == 0 ? COMMAND_GOOD : COMMAND_BAD);
}

static int export_main(int argc, char **argv)
{
    struct work w = { .self = &cmd_collateral_export_command };
    struct buffer bundle = buffer_with_max(ARCHIVE_MAX_BYTES);
    const char *file;
    enum status st;
    struct why why;
    int code = begin(&w, argc, argv, &file);

    if (code != -1)
        return code;
    w.archive.out = &bundle;
    archive_begin(&w.archive);
    st = store_list(&w.store, on_name, &w, &why);
    archive_end(&w.archive);
    if (st == STATUS_OK && !buffer_ok(&bundle))
        st = why_fail(&why, STATUS_LIMIT, "bundle", NULL, "over %d bytes",
                      ARCHIVE_MAX_BYTES);
    if (st == STATUS_OK && w.good > 0)
        st = file_replace(file, buffer_view(&bundle), BUNDLE_MODE, &why);
    buffer_free(&bundle);
    if (st != STATUS_OK)
        return fail(&w, &why);
    return end(&w, w.good > 0 ? COMMAND_GOOD : COMMAND_BAD);
}

/* --- import --------------------------------------------------------------- */

static void import_item(struct work *w, struct slice file)
{
    struct stock_item item = { .want = { .item = ITEM_COUNT } };
    struct store_entry entry = { .fetched_unix = 0 };
    enum stock_outcome outcome = STOCK_REFUSED;
    char name[WANT_NAME_ROOM];

    if (!store_read_name(file, name, sizeof(name)))
        (void)why_fail(&item.why, STATUS_BAD_FIELD, "store.name", NULL,
                       "an item without a name");
    else if (store_decode(name, file, &entry, &item.why) == STATUS_OK)
        outcome = stock_put(&w->store, name, &entry, &w->rules, &item);
    if (outcome == STOCK_STORED || outcome == STOCK_SAME)
        w->good++;
    else
        w->bad++;
    tell(w, name, &entry, &item, stock_outcome_name(outcome));
}

/* What stands before a defect of the file is imported. */
static enum status import_all(struct work *w, struct slice bytes,
                              struct why *why)
{
    struct archive_in archive;
    struct slice file;
    enum status st = archive_open(bytes, &archive, why);

    while (st == STATUS_OK) {
        st = archive_next(&archive, &file, why);
        if (st != STATUS_OK || file.len == 0)
            break;
        import_item(w, file);
    }
    return st;
}

static int import_main(int argc, char **argv)
{
    struct work w = { .self = &cmd_collateral_import_command };
    struct buffer bundle;
    const char *file;
    enum status st;
    struct why why;
    int code = begin(&w, argc, argv, &file);

    if (code != -1)
        return code;
    if (file_read(file, ARCHIVE_MAX_BYTES, &bundle, &why) != STATUS_OK)
        return fail(&w, &why);
    st = import_all(&w, buffer_view(&bundle), &why);
    buffer_free(&bundle);
    if (st == STATUS_OK)
        return end(&w, w.bad == 0 ? COMMAND_GOOD : COMMAND_BAD);
    (void)end(&w, COMMAND_TROUBLE);
    return command_fail_why(w.self, COMMAND_TROUBLE, &why);
}
