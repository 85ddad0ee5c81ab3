/* tests/support/snp_sim.h: a simulated AMD: SEV-SNP reports, endorsements,
 * the chain above them and its revocation list, sound or bent. */
#ifndef TESTS_SUPPORT_SNP_SIM_H
#define TESTS_SUPPORT_SNP_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "verifier/claims.h"
#include "verifier/snp_report.h"
#include "verifier/verify_snp.h"
#include "verifier/window.h"

/* 2026-06-01T00:00:00Z, where all that is made by default is good. */
#define SNP_SIM_NOW INT64_C(1780272000)

enum snp_sim_cert {
    SNP_SIM_ARK,
    SNP_SIM_ASK,
    SNP_SIM_ENDORSEMENT,
    SNP_SIM_CERTS
};

/* What one certificate is made of. */
struct snp_sim_item {
    const char *name; /* the subject's common name */
    const char *issuer;
    enum snp_sim_cert signed_by; /* whose key; a leaf's is never used */
    struct window dates;
    uint64_t serial;
    bool is_ca;
    uint16_t key_usage; /* X509_KEY_CERT_SIGN ...; 0: no extension */
};

#define SNP_SIM_SPLS 10

/* What all of it is made of. */
struct snp_sim_plan {
    struct snp_sim_item certs[SNP_SIM_CERTS];
    struct slice issuer_name; /* of the endorsement, DER; empty: by |certs| */
    /* Extensions of the endorsement. */
    uint8_t struct_version;
    const char *product;
    uint16_t spl[SNP_SIM_SPLS]; /* |spl[n]| is extension 3.n */
    unsigned without_spl;       /* bit n: leave it out */
    uint8_t hwid[66];           /* as the value stands */
    size_t hwid_len;            /* 0: none */
    const char *csp_id;         /* NULL: none */
    /* The list. */
    struct window list_dates;
    enum snp_sim_cert list_by; /* SNP_SIM_ARK or _ASK */
    uint64_t listed;           /* the one serial on it */
    /* The report, unsigned. */
    uint8_t report[SNP_REPORT_BYTES];
    uint64_t bend_signature_at; /* 0: the signature is good; else the byte of
                                 * the report to flip when it is signed */
};

/* A Milan, a VCEK, a report of version 3. */
void snp_sim_default(struct snp_sim_plan *plan);

/* What is the same for a VLEK. */
void snp_sim_use_vlek(struct snp_sim_plan *plan);

/* |value| at |at| of the report, in |len| bytes, little endian. */
void snp_sim_put(struct snp_sim_plan *plan, size_t at, uint64_t value,
                 size_t len);

/* All that a verification takes. */
struct snp_sim {
    uint8_t report[SNP_REPORT_BYTES];
    uint8_t endorsement[2048];
    size_t endorsement_len;
    uint8_t list[2048];
    size_t list_len;
    char root[8192]; /* PEM: ASK, ARK; terminated */
};

/* Make it; fails the test when it cannot be made. */
void snp_sim_make(const struct snp_sim_plan *plan, struct snp_sim *out);

/* With the list, at SNP_SIM_NOW; borrows from |s|. */
struct verify_snp_input snp_sim_input(const struct snp_sim *s);

#endif
