/* proxy/local/refusal_words.h: what each outcome is called towards the program
 * and the person that asked. */
#ifndef PROXY_LOCAL_REFUSAL_WORDS_H
#define PROXY_LOCAL_REFUSAL_WORDS_H

#include "common/status.h"

struct refusal_words {
    const char *token;  /* error type of RFC 9209 section 2.3 */
    const char *title;  /* what happened, without a final dot */
    const char *side;   /* whose side it is on */
    const char *advice; /* what to do */
};

/* All static, none NULL. */
struct refusal_words refusal_words_of(enum status s);

#endif
