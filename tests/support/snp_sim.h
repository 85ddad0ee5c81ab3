/* tests/support/snp_sim.h: a simulated AMD at a fixed time, with fixed keys. */
#ifndef TESTS_SUPPORT_SNP_SIM_H
#define TESTS_SUPPORT_SNP_SIM_H

#include "proxy/server/sim_snp.h"
#include "verifier/verify_snp.h"

/* 2026-06-01T00:00:00Z, where all that is made by default is good. */
#define SNP_SIM_NOW INT64_C(1780272000)

/* sim_snp_default() at that time. */
void snp_sim_default(struct sim_snp_plan *plan);

/* All that a verification takes. */
struct snp_sim {
    uint8_t report[SNP_REPORT_BYTES];
    struct sim_snp amd;
};

/* Make it; fails the test when it cannot be made. */
void snp_sim_make(const struct sim_snp_plan *plan, struct snp_sim *out);

/* With the list, at SNP_SIM_NOW; borrows from |s|. */
struct verify_snp_input snp_sim_input(const struct snp_sim *s);

#endif
