/* policy/spell.h: which word was probably meant. */
#ifndef POLICY_SPELL_H
#define POLICY_SPELL_H

#include "common/slice.h"

#define SPELL_FAR 99 /* nothing alike */

/* How many letters must be changed, added, dropped or swapped with their
 * neighbour to make |word| of |text|; SPELL_FAR when that is more than a slip,
 * which grows with the word. */
unsigned spell_distance(struct slice text, const char *word);

#endif
