/* verifier/verify.h: evidence and collateral in, claims and a verdict out.
 *
 * An ordered constant table of checks; each may rely on those above it. Pure:
 * no network, clock, file or global state; thread-safe. TCB statuses follow
 * Intel's quote verification library; docs/VERIFICATION.md walks the table. */
#ifndef VERIFIER_VERIFY_H
#define VERIFIER_VERIFY_H

#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/collateral_set.h"
#include "verifier/explain.h"

enum outcome { OUTCOME_SKIP, OUTCOME_PASS, OUTCOME_FAIL };

/* One row of a verdict. */
struct check_result {
    const char *id;    /* static, stable: "pck-crl-signature" */
    const char *title; /* static, for people */
    enum outcome outcome;
    struct why why; /* on fail: everything; on pass and skip: |found| may say
                     * what was seen */
};

#define VERDICT_CHECKS_MAX 56

/* The ordered list. Checks after the first failure are skipped. Plain data:
 * may be copied. */
struct verdict {
    size_t count;
    struct check_result checks[VERDICT_CHECKS_MAX];
};

/* The check that failed; NULL if none. Points into |v|. */
static inline const struct check_result *verdict_failed(const struct verdict *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->checks[i].outcome == OUTCOME_FAIL)
            return &v->checks[i];
    return NULL;
}

/* A revocation list that the user has, see user_crl.h. All borrowed. */
struct user_crl {
    const char *name; /* its file, for people */
    struct slice der;
};

struct verify_input {
    struct slice quote; /* trailing bytes are tolerated */
    const struct collateral_set *collateral;
    struct slice root_der; /* replaces the built-in Intel SGX Root CA: one
                            * certificate, DER or PEM; empty: built in */
    int64_t now_unix;      /* from the caller: never from a peer */
    /* Further revocation lists, beside those of the collateral. */
    const struct user_crl *user_crls;
    size_t user_crl_count;
    explain_fn *explain; /* told what each check looked at; NULL: nobody */
    void *explain_ctx;
};

/* Verify |in|. Returns STATUS_OK when every check passes, whatever the TCB
 * status (a revoked or unknown TCB level is a failed check); else the status
 * of the failed check, or STATUS_NO_MEMORY. |claims| is all zero unless OK;
 * |verdict| is always filled. Borrows |in| only during the call. */
MUST_CHECK enum status verify_quote(const struct verify_input *in,
                                    struct claims *claims,
                                    struct verdict *verdict);

/* Collateral of which all was checked that does not depend on a quote or the
 * time, to be used for many quotes by any thread. */
struct trusted_set;

/* Check |set| for use under |root_der| (as in struct verify_input); copy it.
 * Returns STATUS_OK with |*out| for verify_trusted_free(), else the status of
 * the failed check, or STATUS_NO_MEMORY, with |*out| NULL. |verdict| is always
 * filled; the checks that need a quote or the time are skipped in it. */
MUST_CHECK enum status verify_collateral(const struct collateral_set *set,
                                         struct slice root_der,
                                         struct trusted_set **out,
                                         struct verdict *verdict);

/* NULL is allowed. */
void verify_trusted_free(struct trusted_set *set);

/* verify_quote() with collateral that was checked before, in the place of
 * |in|'s and its root: all dates and all that depends on the quote is checked
 * now. Results as there. */
MUST_CHECK enum status verify_quote_with(const struct trusted_set *set,
                                         const struct verify_input *in,
                                         struct claims *claims,
                                         struct verdict *verdict);

/* Which collateral a quote needs. Unverified: a wish, never a claim. */
struct quote_platform {
    enum tee_type tee;
    uint16_t version;
    uint8_t fmspc[6];
    bool platform_ca; /* PCK CRL of the Platform CA, else the Processor CA */
};

/* Read the platform out of |quote|. Returns STATUS_OK, or an evidence status
 * with |why| filled; |out| is all zero unless OK. */
MUST_CHECK enum status quote_platform_read(struct slice quote,
                                           struct quote_platform *out,
                                           struct why *why);

/* The report data that |quote| carries, unverified, for diagnostics only;
 * copied to |out|. Same results as quote_platform_read(). */
MUST_CHECK enum status quote_report_data_read(struct slice quote,
                                              uint8_t out[64], struct why *why);

#endif
