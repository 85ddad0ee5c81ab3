/* verifier/teller.h: tells the rows of explain.h to whoever wants them. */
#ifndef VERIFIER_TELLER_H
#define VERIFIER_TELLER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "verifier/explain.h"
#include "verifier/x509.h"

/* Who listens, and to which check. */
struct teller {
    const char *check; /* static */
    bool sha384;       /* its hashes are SHA-384's, else SHA-256's */
    explain_fn *fn;
    void *ctx;
};

/* Tell |bytes|, which are |what|. What a failed check did not come to read is
 * empty, and not told. */
void teller_bytes(const struct teller *t, enum explain_act act,
                  const char *what, struct slice bytes);

/* The same of a part of |whole|, which is |what|. */
void teller_part(const struct teller *t, enum explain_act act, const char *what,
                 struct slice whole, struct slice bytes);

/* Four bytes, big endian. */
void teller_number(const struct teller *t, enum explain_act act,
                   const char *what, uint32_t v);

/* The key of |cert|. */
void teller_key(const struct teller *t, const struct x509 *cert);

/* The signature of |cert| was checked by the key of |issuer|. */
void teller_signed(const struct teller *t, const struct x509 *cert,
                   const struct x509 *issuer);

#endif
