/* policy/place.h: makes and writes places in the files of a policy. */
#ifndef POLICY_PLACE_H
#define POLICY_PLACE_H

#include <stddef.h>

#include "policy/policy.h"

struct policy_place place_of(const char *file, unsigned line, unsigned column);

/* "file:line:column", cut at |room| (not 0) bytes. */
void place_text(const struct policy_place *place, char *out, size_t room);

#endif
