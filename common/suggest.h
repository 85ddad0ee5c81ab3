/* common/suggest.h: which word a mistyped one was meant to be.
 *
 *     struct suggest s = suggest_for(typed);
 *
 *     suggest_offer(&s, "policy");  each word that there is
 *     suggest_found(&s)             "policy" for "polcy", or NULL
 *
 * For complaints only: nothing is ever done by a guess. Owns nothing; what was
 * typed and the words must outlive it. */
#ifndef COMMON_SUGGEST_H
#define COMMON_SUGGEST_H

#include "common/slice.h"

struct suggest {
    struct slice typed;
    const char *found;
    unsigned farness; /* of |found| */
};

struct suggest suggest_for(struct slice typed);

/* |typed| as on a command line: "--polcy=x" is "polcy". */
struct suggest suggest_for_option(const char *typed);

/* The word that getopt_long() has just said '?' of: argv[optind - 1], or, of
 * several letters behind one "-", the one that is none of its |letters|, as
 * "-x" in |room|. Neither can be found in optind alone, which stays where it
 * was until all letters are read. */
const char *suggest_unknown(char *const *argv, const char *letters,
                            char room[3]);

/* |word| could have been meant: if |typed| is its beginning, or few letters of
 * it are changed, added, dropped or swapped with their neighbours. */
void suggest_offer(struct suggest *s, const char *word);

/* The nearest one, the first among equals; NULL if none is near. */
const char *suggest_found(const struct suggest *s);

#endif
