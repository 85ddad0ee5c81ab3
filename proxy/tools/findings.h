/* proxy/tools/findings.h: what `veritee doctor` found, and what to do about it.
 *
 * A list that grows up to a maximum; more is counted and not kept. */
#ifndef PROXY_TOOLS_FINDINGS_H
#define PROXY_TOOLS_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/json_out.h"
#include "common/status.h"

#define FINDINGS_MAX      256
#define FINDING_TEXT_ROOM 512

enum finding_level {
    FINDING_OK,
    FINDING_NOTE,    /* worth knowing */
    FINDING_WARNING, /* works, and perhaps not as it is meant, or not long */
    FINDING_ERROR,   /* does not work */
    FINDING_LEVELS
};

struct finding {
    enum finding_level level;
    const char *area; /* static: "clock" */
    char about[128];  /* which of several; "" if there is one */
    char found[FINDING_TEXT_ROOM];
    char next[FINDING_TEXT_ROOM]; /* what to do; "" if nothing */
};

/* All zero at first. */
struct findings {
    size_t count;
    size_t of_level[FINDING_LEVELS];
    struct finding list[FINDINGS_MAX];
};

/* Add one. |next| is static or NULL. */
PRINTF_LIKE(6, 7)
void findings_add(struct findings *f, enum finding_level level,
                  const char *area, const char *about, const char *next,
                  const char *found, ...);

/* For people: a line each, the next step below it, and how many of which. */
void findings_text(const struct findings *f, bool colour, struct buffer *out);

/* The members of one JSON object, which the caller opened. */
void findings_json(const struct findings *f, struct json_out *j);

#endif
