/* proxy/server/quote_origin.h: which of the platform's interfaces makes quotes.
 *
 * What the operator named, or else what is found on this machine. The simulated
 * one is not among them: sim_source.h. */
#ifndef PROXY_SERVER_QUOTE_ORIGIN_H
#define PROXY_SERVER_QUOTE_ORIGIN_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/server/quote_source.h"

enum quote_origin_kind {
    ORIGIN_FIND, /* whatever is there */
    ORIGIN_TSM,
    ORIGIN_GRAMINE,
    ORIGIN_COMMAND
};

struct quote_origin_choice {
    enum quote_origin_kind kind;
    const char *path; /* NULL: the usual one; borrowed */
};

/* Read "auto", "configfs-tsm[:PATH]", "gramine[:PATH]" or "command:PROGRAM";
 * false for anything else. |out| borrows from |text|. */
MUST_CHECK bool quote_origin_parse(const char *text,
                                   struct quote_origin_choice *out);

struct quote_origin;

/* Open what was chosen. Returns STATUS_OK, what its open function says, or
 * STATUS_BAD_CONFIG when nothing was chosen and nothing is there, with |why|
 * filled; |*out| is NULL unless OK. */
MUST_CHECK enum status
quote_origin_open(const struct quote_origin_choice *choice,
                  struct quote_origin **out, struct why *why);

/* When no quote is being made any more; NULL is allowed. */
void quote_origin_free(struct quote_origin *o);

/* What quote_source_open() takes. */
struct quote_maker quote_origin_maker(struct quote_origin *o);

#endif
