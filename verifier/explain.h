/* verifier/explain.h: the bytes that checks hashed or compared.
 *
 * For people who want to redo a verification with other tools, or to see why
 * one failed. Changes no outcome: it is told after the check has decided. */
#ifndef VERIFIER_EXPLAIN_H
#define VERIFIER_EXPLAIN_H

#include <stdbool.h>

#include "common/slice.h"

struct verification;

/* What was done with the bytes. */
enum explain_act {
    EXPLAIN_SIGNED,    /* hashed, and the hash checked against a signature */
    EXPLAIN_SIGNATURE, /* that signature, r || s or, of X.509, DER or RSA's */
    EXPLAIN_KEY,       /* the public key of that check, x || y, or RSA's DER */
    EXPLAIN_HASHED,    /* hashed by SHA-256, all such rows of a check in turn */
    EXPLAIN_FOUND,     /* compared ... */
    EXPLAIN_EXPECTED,  /* ... with this ... */
    EXPLAIN_MASK,      /* ... where this has ones */
    EXPLAIN_SERIAL     /* looked up in a revocation list */
};

/* "signed", "key" ...; static. */
const char *explain_act_name(enum explain_act act);

/* One run of bytes. */
struct explain_row {
    const char *check; /* static: id in the table of checks */
    enum explain_act act;
    bool sha384;      /* hashes of the check are SHA-384's, else SHA-256's */
    const char *what; /* static: "quote", "pck_chain.leaf", "tcb_info.fmspc" */
    struct slice whole; /* borrowed: all of |what|, when |bytes| are a part of
                         * it whose place matters; else empty */
    struct slice bytes; /* borrowed: only during the call */
};

/* Gets each row, in order. */
typedef void explain_fn(void *ctx, const struct explain_row *row);

/* Tell |fn| what the check |id| of |v|, which has just been made, looked at;
 * nothing for checks that look at no bytes but only at dates or shapes. */
void explain_check(const char *id, const struct verification *v, explain_fn *fn,
                   void *ctx);

#endif
