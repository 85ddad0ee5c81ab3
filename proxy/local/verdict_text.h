/* proxy/local/verdict_text.h: a verdict and its claims, for people and tools.
 *
 * Writes into a buffer, whose failure is the only error. */
#ifndef PROXY_LOCAL_VERDICT_TEXT_H
#define PROXY_LOCAL_VERDICT_TEXT_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "verifier/verify.h"

/* One line a check, in order; more lines for the one that failed. |colour|:
 * with the escape sequences of a terminal. */
void verdict_text_table(const struct verdict *v, bool colour,
                        struct buffer *out);

/* What a person asks first of what was proved: name and value. Both are
 * borrowed during the call. */
typedef void verdict_text_fact(void *ctx, const char *name, const char *value);
void verdict_text_facts(const struct claims *c, verdict_text_fact *fact,
                        void *ctx);

/* The same, a line each. */
void verdict_text_claims(const struct claims *c, struct buffer *out);

/* An array "checks" of objects: id, title, outcome, found and, of the one that
 * failed, status, field, clause, expected. */
void verdict_text_checks(const struct verdict *v, struct json_out *j);

/* Those objects alone, into an array that the caller opened. */
void verdict_text_rows(const struct verdict *v, struct json_out *j);

#endif
