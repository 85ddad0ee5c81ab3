/* verifier/tcb_numbers.h: which sets of TCB data Intel publishes now.
 *
 * Each TCB recovery begins a new set, with the next number. The PCS gives the
 * newest when asked for update=early, and one that lags behind it otherwise.
 * Reads bytes whose signature was checked already. PCS API v4,
 * tcbevaluationdatanumbers. */
#ifndef VERIFIER_TCB_NUMBERS_H
#define VERIFIER_TCB_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/window.h"

/* One set. */
struct tcb_number {
    uint32_t number;
    int64_t event_unix; /* tcbRecoveryEventDate: when it was made public */
    int64_t date_unix;  /* tcbDate: what is up to date by it */
};

/* Plain data. */
struct tcb_numbers {
    enum tee_type tee;
    struct window dates; /* issueDate, nextUpdate */
    size_t count;        /* at least 1 */
    struct tcb_number at[TCB_NUMBERS_MAX];
};

/* Parse |text|, the bytes of the inner object "tcbEvaluationDataNumbers".
 * Returns STATUS_OK, or STATUS_BAD_JSON or STATUS_BAD_VERSION with |why|
 * filled. |out| is all zero unless OK. */
MUST_CHECK enum status
tcb_numbers_parse(struct slice text, struct tcb_numbers *out, struct why *why);

/* The same of |body|, the answer with its signature, which
 * collateral_item_check() has found good. */
MUST_CHECK enum status
tcb_numbers_read(struct slice body, struct tcb_numbers *out, struct why *why);

/* The set of that number; NULL if there is none. Points into |n|. */
const struct tcb_number *tcb_numbers_find(const struct tcb_numbers *n,
                                          uint32_t number);

/* 0 if there is none. */
uint32_t tcb_numbers_greatest(const struct tcb_numbers *n);

#endif
