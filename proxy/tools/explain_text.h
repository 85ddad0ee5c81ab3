/* proxy/tools/explain_text.h: what verifier/explain.h told, kept and printed.
 *
 * Runs of bytes are kept as their place, length and SHA-256, and as far as a
 * signature is long. */
#ifndef PROXY_TOOLS_EXPLAIN_TEXT_H
#define PROXY_TOOLS_EXPLAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "verifier/explain.h"

#define EXPLAIN_TEXT_LINES 128 /* TDX 1.5 has 95 */
#define EXPLAIN_TEXT_BYTES 72  /* kept of each: a signature in DER */

/* Plain data. */
struct explain_line {
    const char *check; /* static, as all texts here */
    enum explain_act act;
    const char *what;
    bool has_place; /* |offset| in |whole_len| bytes */
    size_t offset;
    size_t whole_len;
    size_t len; /* of which EXPLAIN_TEXT_BYTES are kept at most */
    uint8_t bytes[EXPLAIN_TEXT_BYTES];
    bool sha384;        /* |digest| is that, else SHA-256 */
    uint8_t digest[48]; /* of all |len| */
};

/* Starts all zero. */
struct explain_text {
    size_t count;
    struct explain_line lines[EXPLAIN_TEXT_LINES];
};

/* An explain_fn: keep |row|; |ctx| is a struct explain_text. */
void explain_text_keep(void *ctx, const struct explain_row *row);

/* The lines of each check under its id. */
void explain_text_table(const struct explain_text *e, struct buffer *out);

/* An array "explanation" of objects. */
void explain_text_json(const struct explain_text *e, struct json_out *j);

#endif
