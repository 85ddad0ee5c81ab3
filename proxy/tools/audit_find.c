#include "proxy/tools/audit_find.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "proxy/local/policy_file.h"

/* What the default policy says; false if nothing. */
static bool policy_dir(char out[PATHS_ROOM])
{
    char path[PATHS_ROOM];
    struct policy *policy = NULL;
    struct policy_error error;
    bool found;

    if (!paths_policy(path) ||
        policy_file_load(path, &policy, &error) != STATUS_OK)
        return false;
    found = policy->audit.dir != NULL &&
            snprintf(out, PATHS_ROOM, "%s", policy->audit.dir) < PATHS_ROOM;
    policy_free(policy);
    return found;
}

enum status audit_find_dir(const char *named, char out[PATHS_ROOM],
                           struct why *why)
{
    if (named != NULL && snprintf(out, PATHS_ROOM, "%s", named) >= PATHS_ROOM)
        return why_fail(why, STATUS_NO_FILE, "audit", NULL,
                        "the path is too long");
    if (named != NULL || policy_dir(out) || paths_audit(out))
        return STATUS_OK;
    return why_fail(why, STATUS_NO_FILE, "audit", NULL,
                    "neither HOME nor XDG_STATE_HOME is set");
}

struct search {
    bool any; /* the last one will do */
    uint32_t id;
    bool found;
    struct audit_entry *out;
    struct buffer *line;
};

static bool on_line(void *ctx, const struct ledger_line *line)
{
    uint8_t prev[LEDGER_HASH_BYTES];
    struct search *s = ctx;
    struct audit_entry entry;
    struct why why;

    if (audit_entry_read(line->text, &entry, prev, &why) != STATUS_OK ||
        (!s->any && entry.id != s->id))
        return true;
    s->found = true;
    *s->out = entry;
    buffer_clear(s->line);
    buffer_add(s->line, line->text);
    return s->any;
}

enum status audit_find_entry(const char *dir, const char *word,
                             struct audit_entry *out, struct buffer *line,
                             struct why *why)
{
    struct search s = { .any = strcmp(word, "last") == 0,
                        .out = out,
                        .line = line };
    uint64_t id = 0;
    enum status st;

    *out = (struct audit_entry){ .id = 0 };
    *line = buffer_with_max(LEDGER_LINE_MAX);
    if (!s.any && !text_from_decimal(slice_text(word), UINT32_MAX, &id))
        return why_fail(why, STATUS_BAD_FIELD, "id", NULL,
                        "'%.40s' is not a number, nor 'last'", word);
    s.id = (uint32_t)id;
    st = ledger_each(dir, on_line, &s, why);
    if (st == STATUS_OK && !s.found)
        st = why_fail(why, STATUS_NO_FILE, "audit", NULL,
                      "no decision %.40s in %.120s", word, dir);
    if (st != STATUS_OK)
        buffer_free(line);
    return st;
}
