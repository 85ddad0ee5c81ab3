/* proxy/local/audit.h: every decision is written down, with its evidence.
 *
 * What is handed over is copied; a thread of its own writes it, so that no
 * disk ever holds a session up. What comes faster than it can be written is
 * counted, and the next line says how much was lost. No payload, no secrets:
 * evidence and collateral are public. May be used from any thread. */
#ifndef PROXY_LOCAL_AUDIT_H
#define PROXY_LOCAL_AUDIT_H

#include "common/log.h"
#include "common/status.h"
#include "proxy/local/appraise.h"

/* Decisions that wait to be written: near 30 KiB each. */
#define AUDIT_WAITING_MAX 256

struct audit;

/* Begin to write to |dir| (see ledger.h), at most about |max_bytes|. |log|
 * (borrowed; NULL: silence) is told when something cannot be written. Returns
 * STATUS_OK with |*out| for audit_close(), or STATUS_NO_MEMORY or
 * STATUS_NO_FILE with |why| filled and |*out| NULL. */
MUST_CHECK enum status audit_open(const char *dir, uint64_t max_bytes,
                                  const struct log *log, struct audit **out,
                                  struct why *why);

/* Write what waits, and end. NULL is allowed. */
void audit_close(struct audit *a);

/* From now on decisions are by |policy|, which is in the file |path|; it and
 * what it names are kept as they are on the disk then. */
void audit_policy(struct audit *a, const char *path,
                  const struct policy *policy);

/* |result| was decided about |endpoint| of |service|, from |in|. */
void audit_decision(struct audit *a, const char *service, const char *endpoint,
                    const struct appraise_input *in,
                    const struct attestation *result);

/* The same for what a changed policy alone decided of evidence that was decided
 * about before. |in| has no collateral: the line names that of then, which the
 * claims are from, if this log has written it lately. */
void audit_second_decision(struct audit *a, const char *service,
                           const char *endpoint,
                           const struct appraise_input *in,
                           const struct attestation *result);

#endif
