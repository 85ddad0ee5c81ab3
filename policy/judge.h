/* policy/judge.h: does the policy accept what was verified?
 *
 * An ordered constant table of rows that must all agree. What is not asked is
 * skipped, but for four things that are always asked: that a measurement is
 * named, that the TEE is of the named kind, is not open for debugging and is
 * not simulated. Pure and thread-safe; judging again later with the same
 * input but another time is how live sessions are kept honest. */
#ifndef POLICY_JUDGE_H
#define POLICY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/status.h"
#include "policy/policy.h"
#include "verifier/claims.h"
#include "verifier/verify.h"

/* What is judged. */
struct judge_input {
    const struct claims *claims; /* of a verification that said STATUS_OK */
    int64_t now_unix;            /* from the caller: never from a peer */
    /* When the challenge went out; of an epoch, the issue time that its report
     * data binds. */
    int64_t attested_unix;
    bool challenged; /* bound to our challenge, else to an epoch */
    /* What the policy's external check said of these claims: STATUS_OK, or why
     * not. NULL while it has not run. */
    const struct why *exec;
};

struct decision {
    struct verdict verdict; /* the rows, in the shape of a verification's */
    /* The name of the release that matched, "" if it has none; borrowed from
     * the policy. NULL if refused, unless |wants_exec|. */
    const char *release;
    int64_t deadline_unix;     /* accepted up to this second; 0 if refused */
    const char *deadline_item; /* static: what ends then; NULL if refused */
    /* Refused so far, but only because the external check has not run: run it,
     * and judge again with what it said. */
    bool wants_exec;
};

/* Judge |in| by |accept|. Returns STATUS_OK; or STATUS_EMPTY_POLICY if the
 * policy names no measurement, STATUS_POLICY if a row disagrees, with |why|
 * that of the first such row. |out| is always filled. */
MUST_CHECK enum status judge_claims(const struct accept *accept,
                                    const struct judge_input *in,
                                    struct decision *out, struct why *why);

/* Did |d| find something revoked, whoever revoked it? */
bool judge_found_revoked(const struct decision *d);

#endif
