/* verifier/signed_json.h: a JSON object that Intel signed, and its signature.
 *
 * The PCS serves {"NAME":{...},"signature":"..."}; the signature covers the
 * exact bytes of the inner object, so the inner object is cut out here and
 * read by others only after the signature was checked. Members that are not
 * known are skipped: nothing but the two is used. PCS API v4. */
#ifndef VERIFIER_SIGNED_JSON_H
#define VERIFIER_SIGNED_JSON_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

/* Borrows the text it was parsed from. */
struct signed_json {
    struct slice body; /* from the brace that opens to the one that closes */
    uint8_t signature[64]; /* r || s */
};

/* Take |text| apart. |member| is the name of the inner object; |field| is
 * static: what a struct why calls the text.
 * Returns STATUS_OK, STATUS_NO_COLLATERAL when |text| is empty, or
 * STATUS_BAD_JSON, with |why| filled. |out| is all zero unless OK. */
MUST_CHECK enum status signed_json_parse(struct slice text, const char *member,
                                         const char *field,
                                         struct signed_json *out,
                                         struct why *why);

/* Check the signature by |key| (P-256, x || y) over the exact bytes.
 * Returns STATUS_OK, or STATUS_BAD_SIGNATURE with |why| filled. */
MUST_CHECK enum status signed_json_check(const struct signed_json *item,
                                         const uint8_t key[64],
                                         const char *field, struct why *why);

#endif
