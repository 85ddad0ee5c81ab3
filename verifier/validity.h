/* verifier/validity.h: gathers when all that was used begins and ends. */
#ifndef VERIFIER_VALIDITY_H
#define VERIFIER_VALIDITY_H

#include "verifier/claims.h"
#include "verifier/window.h"

/* Of nothing yet: what is added first counts. */
struct validity_claims validity_none(void);

/* Take the window of |item| (static) into account. */
void validity_add(struct validity_claims *c, const struct window *w,
                  const char *item);

#endif
