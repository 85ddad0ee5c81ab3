/* common/suggest.h: which word a mistyped one was meant to be.
 *
 *     struct suggest s = suggest_for("--polcy");
 *
 *     suggest_offer(&s, "policy");  for every word there is
 *     suggest_found(&s)             "policy", or NULL
 *
 * For complaints only: nothing is ever done by a guess. Owns nothing; what was
 * typed and the words must outlive it. */
#ifndef COMMON_SUGGEST_H
#define COMMON_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *typed;
    const char *found;
    size_t distance; /* of |found|; the most that is near when there is none */
};

/* Leading '-' and what follows a '=' do not matter. */
struct suggest suggest_for(const char *typed);

/* |word| is one that could have been meant. */
void suggest_offer(struct suggest *s, const char *word);

/* The nearest one, the first among equals; NULL if none is near. */
const char *suggest_found(const struct suggest *s);

#endif
