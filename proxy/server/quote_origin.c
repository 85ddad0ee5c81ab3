#include "proxy/server/quote_origin.h"

#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "proxy/server/quote_command.h"
#include "proxy/server/quote_gramine.h"
#include "proxy/server/quote_pseudo.h"
#include "proxy/server/quote_tsm.h"

struct quote_origin {
    struct quote_tsm *tsm; /* exactly one of them is not NULL */
    struct quote_gramine *gramine;
    struct quote_command *command;
};

static const struct {
    const char *name;
    enum quote_origin_kind kind;
    const char *usual; /* path; NULL: must be named */
} names[] = {
    { "auto", ORIGIN_FIND, "" },
    { "configfs-tsm", ORIGIN_TSM, QUOTE_TSM_PATH },
    { "gramine", ORIGIN_GRAMINE, QUOTE_GRAMINE_PATH },
    { "command", ORIGIN_COMMAND, NULL },
};

bool quote_origin_parse(const char *text, struct quote_origin_choice *out)
{
    const size_t len = strcspn(text, ":");
    const char *path = text[len] == ':' ? text + len + 1 : NULL;

    *out = (struct quote_origin_choice){ .kind = ORIGIN_FIND };
    if (path != NULL && path[0] == '\0')
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!slice_equal(slice_of(text, len), slice_text(names[i].name)))
            continue;
        if (path == NULL ? names[i].usual == NULL
                         : names[i].kind == ORIGIN_FIND)
            return false;
        out->kind = names[i].kind;
        out->path = path;
        return true;
    }
    return false;
}

/* Gramine is looked for first: inside it there is no configfs, but a host's may
 * be mounted there. */
static enum status find(struct quote_origin_choice *choice, struct why *why)
{
    if (quote_pseudo_has(QUOTE_GRAMINE_PATH, "attestation_type")) {
        choice->kind = ORIGIN_GRAMINE;
        choice->path = QUOTE_GRAMINE_PATH;
        return STATUS_OK;
    }
    if (quote_pseudo_has(QUOTE_TSM_PATH, ".")) {
        choice->kind = ORIGIN_TSM;
        choice->path = QUOTE_TSM_PATH;
        return STATUS_OK;
    }
    (void)why_fail(why, STATUS_BAD_CONFIG, "quote_source", NULL,
                   "neither " QUOTE_TSM_PATH " nor " QUOTE_GRAMINE_PATH
                   " is there");
    return why_expect(why, "a TEE with one of them, or --quote-source");
}

static enum status open_kind(const struct quote_origin_choice *choice,
                             struct quote_origin *o, struct why *why)
{
    const char *path = choice->path;

    if (path == NULL)
        path = names[choice->kind].usual;
    switch (choice->kind) {
    case ORIGIN_TSM:
        return quote_tsm_open(path, &o->tsm, why);
    case ORIGIN_GRAMINE:
        return quote_gramine_open(path, &o->gramine, why);
    case ORIGIN_COMMAND:
        return quote_command_open(path, QUOTE_DEADLINE_MS, &o->command, why);
    case ORIGIN_FIND:
        break;
    }
    return why_fail(why, STATUS_INTERNAL, "quote_source", NULL,
                    "nothing was found, and nothing chosen");
}

enum status quote_origin_open(const struct quote_origin_choice *choice,
                              struct quote_origin **out, struct why *why)
{
    struct quote_origin_choice found = *choice;
    struct quote_origin *o = calloc(1, sizeof(*o));
    enum status st = STATUS_OK;

    *out = NULL;
    if (o == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "quote_source", NULL,
                        "out of memory");
    if (found.kind == ORIGIN_FIND)
        st = find(&found, why);
    if (st == STATUS_OK)
        st = open_kind(&found, o, why);
    if (st != STATUS_OK) {
        quote_origin_free(o);
        return st;
    }
    *out = o;
    return STATUS_OK;
}

void quote_origin_free(struct quote_origin *o)
{
    if (o == NULL)
        return;
    quote_tsm_free(o->tsm);
    quote_gramine_free(o->gramine);
    quote_command_free(o->command);
    free(o);
}

struct quote_maker quote_origin_maker(struct quote_origin *o)
{
    if (o->tsm != NULL)
        return quote_tsm_maker(o->tsm);
    if (o->gramine != NULL)
        return quote_gramine_maker(o->gramine);
    return quote_command_maker(o->command);
}
