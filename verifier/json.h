/* verifier/json.h: reads JSON (RFC 8259) forward, building no tree.
 *
 * The twin of common/cursor.h for text: a reader over borrowed bytes that
 * fails once and stays failed, so read everything, then ask. It never
 * recurses and never allocates, and it can say where a value begins and ends,
 * because a signature covers the bytes of a value and not its meaning.
 *
 * Stricter than the RFC where the PCS needs no more: a known member may stand
 * once; names and strings that are read have no escapes; numbers are whole
 * and not negative. What is skipped must still be JSON, but for the meaning of
 * its escapes and the encoding of its characters. */
#ifndef VERIFIER_JSON_H
#define VERIFIER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

struct json {
    struct slice in;     /* borrowed */
    size_t pos;          /* bytes read; never above in.len */
    const char *member;  /* static: the known member being read, or NULL */
    const char *problem; /* static: what is wrong; NULL while nothing is */
};

static inline struct json json_over(struct slice in)
{
    return (struct json){ .in = in };
}

static inline bool json_ok(const struct json *j)
{
    return j->problem == NULL;
}

/* Fail it by hand. |problem| is static; the first one stays. */
void json_fail(struct json *j, const char *problem);

/* Fail unless nothing but white space is left. */
void json_end(struct json *j);

/* STATUS_OK, or STATUS_BAD_JSON with |why| saying what and where, when the
 * reader failed. |field| is static: what the text is. */
MUST_CHECK enum status json_status(const struct json *j, const char *field,
                                   struct why *why);

/* An object being read. */
struct json_object {
    const char *const *names; /* borrowed: the members that are known */
    size_t count;             /* of |names|, at most 32 */
    bool strict;              /* others than |names| fail, else are skipped */
    uint32_t seen;            /* bit i: names[i] stood */
    unsigned at;              /* index of the member to read now */
    bool begun;
};

#define JSON_OBJECT(known)                                                     \
    ((struct json_object){ .names = (known), .count = COUNT_OF(known) })

/* Go to the value of the next known member, which the caller must then read;
 * its index is in |o->at|. Unknown members are skipped, unless |o->strict|. False at the end of
 * the object and when the reader failed. */
bool json_member(struct json *j, struct json_object *o);

/* Fail unless every member whose bit is in |needed| stood. */
void json_require(struct json *j, const struct json_object *o, uint32_t needed);

/* An array being read: starts all zero. */
struct json_array {
    size_t count; /* elements begun */
};

/* Go to the next element, which the caller must then read. False at the end
 * of the array and when the reader failed. */
bool json_element(struct json *j, struct json_array *a);

/* The bytes of the next value, whatever it is; empty once failed. */
struct slice json_raw(struct json *j);

/* The characters of a string without escapes; empty once failed. */
struct slice json_string(struct json *j);

/* A whole number of 0 to |max|; 0 once failed. */
uint32_t json_number(struct json *j, uint32_t max);

/* A string of 2 * |len| hexadecimal digits; |out| all zero once failed. */
void json_hex(struct json *j, uint8_t *out, size_t len);

/* A string "YYYY-MM-DDThh:mm:ssZ" as unix time; 0 once failed. */
int64_t json_time(struct json *j);

#endif
