/* proxy/server/quote_gramine.h: SGX quotes from Gramine.
 *
 * Gramine gives each process its own files: report data goes into
 * |user_report_data|, the quote comes out of |quote|; |attestation_type| says
 * whether it is of DCAP. Gramine, "Attestation and Secret Provisioning". */
#ifndef PROXY_SERVER_QUOTE_GRAMINE_H
#define PROXY_SERVER_QUOTE_GRAMINE_H

#include "common/compiler.h"
#include "common/status.h"
#include "proxy/server/quote_source.h"

#define QUOTE_GRAMINE_PATH "/dev/attestation"

struct quote_gramine;

/* Use the files in |dir|. Returns STATUS_OK, or STATUS_NO_FILE,
 * STATUS_NO_MEMORY, STATUS_BUSY or STATUS_UNSUPPORTED (attestation is off, or
 * not DCAP) with |why| filled; |*out| is NULL unless OK. */
MUST_CHECK enum status quote_gramine_open(const char *dir,
                                          struct quote_gramine **out,
                                          struct why *why);

/* When no quote is being made any more; NULL is allowed. */
void quote_gramine_free(struct quote_gramine *g);

/* What quote_source_open() takes. */
struct quote_maker quote_gramine_maker(struct quote_gramine *g);

#endif
