/* proxy/server/quote_command.h: quotes from a program of the operator's.
 *
 * One run a quote, without a shell: 64 bytes of report data on its standard
 * input; on its standard output a quote, or an SEV-SNP report with a
 * certificate table behind it (snp_table.h); exit status 0. When it
 * fails, the last line of its standard error is told with that. Of our environment it has a named few, and
 * what begins with QUOTE_. It is killed, with all that it started,
 * when it takes too long. The caller ignores SIGPIPE. */
#ifndef PROXY_SERVER_QUOTE_COMMAND_H
#define PROXY_SERVER_QUOTE_COMMAND_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/server/quote_source.h"

struct quote_command;

/* |program|: a path, copied; it must be executable. Returns STATUS_OK, or
 * STATUS_NO_FILE or STATUS_NO_MEMORY with |why| filled; |*out| is NULL unless
 * OK. */
MUST_CHECK enum status quote_command_open(const char *program,
                                          int64_t deadline_ms,
                                          struct quote_command **out,
                                          struct why *why);

/* When no quote is being made any more; NULL is allowed. */
void quote_command_free(struct quote_command *c);

/* What quote_source_open() takes. */
struct quote_maker quote_command_maker(struct quote_command *c);

#endif
