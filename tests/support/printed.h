/* tests/support/printed.h: what a command prints on standard output. */
#ifndef TESTS_SUPPORT_PRINTED_H
#define TESTS_SUPPORT_PRINTED_H

#include <stdbool.h>

#include "common/buffer.h"

/* Run |command| with |args| (ends in NULL, args[0] is its name) while standard
 * output goes into the file |path|, then into |out|, which is the caller's to
 * free. Returns its exit status. */
int printed_run(int (*command)(int argc, char **argv), char **args,
                const char *path, struct buffer *out);

/* True when |out| has |word| in it. */
bool printed_has(const struct buffer *out, const char *word);

#endif
