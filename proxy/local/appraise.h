/* proxy/local/appraise.h: evidence and its collateral in, accept or refuse out.
 *
 * The engine of the proxy and of its tools: the verifier, the binding of the
 * quote to a session, and the policy. Pure: no network, no clock, no file. May
 * run in any thread. */
#ifndef PROXY_LOCAL_APPRAISE_H
#define PROXY_LOCAL_APPRAISE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "policy/judge.h"
#include "policy/policy.h"
#include "verifier/verify.h"

/* All that was found out, kept for refusals and the status surface. */
struct attestation {
    struct why why;           /* STATUS_OK when accepted */
    struct verdict verdict;   /* the verifier's rows, then "binding" */
    struct decision decision; /* the policy's rows; empty if not reached */
    struct claims claims;     /* all zero unless verified */
    int64_t attested_unix;    /* when the challenge went out, or the epoch's
                              * issue time */
    int64_t deadline_unix;    /* accepted up to this second; 0 if refused */
};

/* All is borrowed during a call. */
struct appraise_input {
    bool is_snp;                             /* |quote| is an SEV-SNP report */
    struct slice quote;                      /* as it came */
    const struct collateral_set *collateral; /* of Intel; NULL for SEV-SNP */
    const struct trusted_set *trusted; /* of |collateral|; NULL: not checked */
    struct slice endorsement;          /* of SEV-SNP: its VCEK or VLEK */
    struct slice crl;                  /* and AMD's list; empty: none */
    struct slice root;                 /* empty: built in */
    const struct user_crl *user_crls;  /* further lists, of either */
    size_t user_crl_count;
    struct slice report_data; /* what the quote must carry, 64 bytes */
    bool challenged;          /* bound to our challenge, else to an epoch */
    const struct why *exec; /* what the external check said; NULL: not asked */
    int64_t now_unix;
};

/* Verify |in|: the rows of |out|, which starts all zero, and its claims. True
 * when the quote is sound and bound; else |out->why| says what failed. */
MUST_CHECK bool appraise_verify(const struct appraise_input *in,
                                struct attestation *out);

/* Judge by |accept| what appraise_verify() found to be true; |out->why| is OK
 * if it is accepted. |out->attested_unix| is the caller's. */
void appraise_judge(const struct appraise_input *in,
                    const struct accept *accept, struct attestation *out);

/* A row of our own behind those of |v|. */
void appraise_row(struct verdict *v, const char *id, const char *title,
                  const struct why *why);

#endif
