/* verifier/snp_run.h: one verification of an SEV-SNP report under way.
 *
 * For verify_snp.c and snp_explain.c; others need verify_snp.h only. */
#ifndef VERIFIER_SNP_RUN_H
#define VERIFIER_SNP_RUN_H

#include "verifier/crl.h"
#include "verifier/snp_chain.h"
#include "verifier/snp_ext.h"
#include "verifier/snp_report.h"
#include "verifier/verify_snp.h"

/* Filled row by row; what a row fills, those below it may rely on. Large: on
 * the heap, and stays where it is. */
struct snp_run {
    const struct verify_snp_input *in;
    struct snp_report report;
    struct snp_chain chain;
    struct snp_ext ext;
    struct crl crl;
    struct validity_claims validity; /* of what is gathered on the way */
    struct snp_tcb current;
    struct snp_tcb reported;
    struct snp_tcb committed;
    struct snp_tcb launch;
};

#endif
