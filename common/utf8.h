/* common/utf8.h: is this text well-formed UTF-8?
 *
 * Strict as RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Text may come in pieces that cut a character. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"

/* Where in a character the text so far ends. All zero is the start. */
struct utf8 {
    uint8_t more; /* continuation bytes still to come, 0 to 3 */
    uint8_t low;  /* what the next one must be at least and at most */
    uint8_t high;
};

/* Go on with |piece|. False when it is malformed; |u| is then useless. */
MUST_CHECK bool utf8_feed(struct utf8 *u, struct slice piece);

/* True when the text so far does not end inside a character. */
static inline bool utf8_complete(const struct utf8 *u)
{
    return u->more == 0;
}

/* Bytes of the character at the start of |text|: 1 to 4, or 0 if there is none
 * that is well-formed. */
size_t utf8_length(struct slice text);

/* The whole of |text| is well-formed. */
MUST_CHECK bool utf8_valid(struct slice text);

#endif
