#include "common/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

/* names: why_ is what a status says to a person, and stands beside it */

static const struct row {
    const char *name;
    enum status_class class;
    int http;
    unsigned socks;
    const char *text;
} rows[] = {
#define STATUS_ROW(id, class, http, socks, text)                               \
    [STATUS_##id] = { #id, CLASS_##class, http, socks, text },
    STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
};

static const struct row *row_of(enum status s)
{
    assert((size_t)s < COUNT_OF(rows));
    return &rows[s];
}

const char *status_name(enum status s)
{
    return row_of(s)->name;
}

const char *status_text(enum status s)
{
    return row_of(s)->text;
}

enum status_class status_class(enum status s)
{
    return row_of(s)->class;
}

int status_http(enum status s)
{
    return row_of(s)->http;
}

unsigned status_socks(enum status s)
{
    return row_of(s)->socks;
}

const char *status_class_name(enum status_class c)
{
    switch (c) {
    case CLASS_NONE:
        return "none";
    case CLASS_LOCAL:
        return "local";
    case CLASS_NETWORK:
        return "network";
    case CLASS_REQUEST:
        return "request";
    case CLASS_PEER:
        return "peer";
    case CLASS_EVIDENCE:
        return "evidence";
    case CLASS_COLLATERAL:
        return "collateral";
    case CLASS_POLICY:
        return "policy";
    }
    assert(false && "a class without a name");
    return "";
}

/* A peer's words may stand in |text|: what a terminal would act on, C1 in UTF-8
 * included, is shown as such. */
static void make_printable(char *text)
{
    for (uint8_t *at = (uint8_t *)text; *at != '\0'; at++) {
        if (*at < ' ' || *at == 0x7f)
            *at = '?';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
            at[0] = at[1] = '?';
    }
}

enum status why_fail(struct why *why, enum status s, const char *field,
                     const char *clause, const char *found, ...)
{
    va_list args;

    assert(why != NULL && s != STATUS_OK);
    *why = (struct why){ .status = s, .field = field, .clause = clause };
    va_start(args, found);
    (void)vsnprintf(why->found, sizeof(why->found), found, args);
    va_end(args);
    make_printable(why->found);
    return s;
}

enum status why_expect(struct why *why, const char *expected, ...)
{
    va_list args;

    assert(why != NULL && why->status != STATUS_OK);
    va_start(args, expected);
    (void)vsnprintf(why->expected, sizeof(why->expected), expected, args);
    va_end(args);
    make_printable(why->expected);
    return why->status;
}

void why_seen(struct why *why, const char *found, ...)
{
    va_list args;

    assert(why != NULL);
    *why = (struct why){ .status = STATUS_OK };
    va_start(args, found);
    (void)vsnprintf(why->found, sizeof(why->found), found, args);
    va_end(args);
    make_printable(why->found);
}

enum status why_bytes(struct why *why, enum status s, const char *field,
                      const char *clause, struct slice found,
                      struct slice expected)
{
    (void)why_fail(why, s, field, clause, "%s", "");
    text_hex_cut(found, why->found, sizeof(why->found));
    text_hex_cut(expected, why->expected, sizeof(why->expected));
    return s;
}

void why_line(const struct why *why, char *line, size_t room)
{
    bool has_expected = why->expected[0] != '\0';
    bool has_clause = why->clause != NULL && why->clause[0] != '\0';

    assert(room > 0);
    (void)snprintf(line, room, "%s%s%s%s%s%s%s%s",
                   why->field != NULL ? why->field : "",
                   why->field != NULL ? ": " : "",
                   why->found[0] != '\0' ? why->found
                                         : status_text(why->status),
                   has_expected ? ", expected " : "", why->expected,
                   has_clause ? " (" : "", has_clause ? why->clause : "",
                   has_clause ? ")" : "");
}
