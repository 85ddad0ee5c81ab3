/* verifier/snp_explain.h: the bytes that checks of SEV-SNP looked at.
 *
 * The twin of explain_check() for verify_snp.h's table. */
#ifndef VERIFIER_SNP_EXPLAIN_H
#define VERIFIER_SNP_EXPLAIN_H

#include "verifier/explain.h"
#include "verifier/snp_run.h"

/* Tell |fn| what the check |id| of |r|, which has just been made, looked at;
 * nothing for checks that look at dates or shapes only. TCBs are told as five
 * bytes: fmc, bootloader, tee, snp, microcode. */
void snp_explain_check(const char *id, const struct snp_run *r, explain_fn *fn,
                       void *ctx);

#endif
