/* proxy/server/proof.h: what a source of quotes makes.
 *
 * A quote, or an SEV-SNP report with the certificates above it as far as the
 * platform knows them. Plain bytes: nothing here judges them. */
#ifndef PROXY_SERVER_PROOF_H
#define PROXY_SERVER_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/tunnel/session.h"

struct proof {
    struct buffer quote; /* QUOTE_MAX_BYTES at most */
    bool is_snp;         /* it is an SEV-SNP report, with: */
    struct buffer vcek;  /* or VLEK; PEM, as the next two; empty: unknown */
    struct buffer ask;
    struct buffer ark;
};

/* An empty one, for proof_fini(). */
void proof_init(struct proof *p);
void proof_fini(struct proof *p);

/* False when something was too long, or there was no memory. */
MUST_CHECK bool proof_ok(const struct proof *p);

/* Put a copy of |from| into |to|, which is empty; ask proof_ok(). */
void proof_copy(const struct proof *from, struct proof *to);

/* Fill |out|, empty, with what a platform gave for |report_data|: |evidence|,
 * which is a quote or an SEV-SNP report, and of a report the certificates in
 * |table| (snp_table.h; bytes behind the report count when |table| is empty).
 * What carries other report data is refused: it was made for somebody else.
 * Returns STATUS_OK; or STATUS_BAD_BINDING, STATUS_NO_MEMORY, or why it cannot
 * be read, with |why| filled. */
MUST_CHECK enum status proof_fill(struct slice evidence, struct slice table,
                                  const uint8_t report_data[static 64],
                                  struct proof *out, struct why *why);

/* Append |cert|, DER or PEM, to |out| as PEM. */
void proof_put_cert(struct slice cert, struct buffer *out);

/* The certificates, borrowed. */
struct session_snp proof_snp(const struct proof *p);

#endif
