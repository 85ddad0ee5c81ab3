/* common/json_out.h: writes JSON (RFC 8259) into a buffer.
 *
 * Puts commas and escapes; does not check that the caller closes what it
 * opens except by assertion. Reading JSON is the verifier's (signed) or
 * nobody's business. */
#ifndef COMMON_JSON_OUT_H
#define COMMON_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"

struct json_out {
    struct buffer *to; /* borrowed; its failure is the only error */
    unsigned depth;    /* open objects and arrays */
    bool need_comma;
};

static inline struct json_out json_out_to(struct buffer *to)
{
    return (struct json_out){ .to = to };
}

/* |key| is NULL inside arrays and at the top. */
void json_out_object(struct json_out *j, const char *key);
void json_out_array(struct json_out *j, const char *key);
void json_out_end_object(struct json_out *j);
void json_out_end_array(struct json_out *j);
void json_out_text(struct json_out *j, const char *key, const char *value);
void json_out_slice(struct json_out *j, const char *key, struct slice value);
void json_out_hex(struct json_out *j, const char *key, struct slice value);
void json_out_int(struct json_out *j, const char *key, int64_t value);
void json_out_bool(struct json_out *j, const char *key, bool value);
void json_out_null(struct json_out *j, const char *key);

/* Unix time as "YYYY-MM-DDThh:mm:ssZ". */
void json_out_time(struct json_out *j, const char *key, int64_t unix_seconds);

#endif
