/* proxy/server/sim_snp.h: a simulated AMD. It protects nothing.
 *
 * SEV-SNP reports, endorsements, the chain above them and its revocation list,
 * shaped so that the real verifier runs on them unchanged, sound or bent: the
 * twin of sim.h. AMD 56860 (report) and 57230 (certificates). */
#ifndef PROXY_SERVER_SIM_SNP_H
#define PROXY_SERVER_SIM_SNP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/slice.h"
#include "proxy/server/sim_snp_key.h"
#include "verifier/claims.h"
#include "verifier/snp_report.h"
#include "verifier/window.h"

/* What one certificate is made of. */
struct sim_snp_item {
    const char *name; /* the subject's common name */
    const char *issuer;
    enum sim_snp_cert signed_by; /* whose key; a leaf's is never used */
    struct window dates;
    uint64_t serial;
    bool is_ca;
    uint16_t key_usage; /* X509_KEY_CERT_SIGN ...; 0: no extension */
};

#define SIM_SNP_SPLS 10

/* What all of it is made of. */
struct sim_snp_plan {
    struct sim_snp_item certs[SIM_SNP_CERTS];
    struct slice issuer_name; /* of the endorsement, DER; empty: by |certs| */
    /* Extensions of the endorsement. */
    uint8_t struct_version;
    const char *product;
    uint16_t spl[SIM_SNP_SPLS]; /* |spl[n]| is extension 3.n */
    unsigned without_spl;       /* bit n: leave it out */
    uint8_t hwid[66];           /* as the value stands */
    size_t hwid_len;            /* 0: none */
    const char *csp_id;         /* NULL: none */
    /* The list. */
    struct window list_dates;
    enum sim_snp_cert list_by; /* SIM_SNP_ARK or _ASK */
    uint64_t listed;           /* the one serial on it */
    /* The report, unsigned. */
    uint8_t report[SNP_REPORT_BYTES];
    uint64_t bend_signature_at; /* 0: the signature is good; else the byte of
                                 * the report to flip when it is signed */
};

/* A Milan, a VCEK, a report of version 3; good for a year about |now_unix|. */
void sim_snp_default(struct sim_snp_plan *plan, int64_t now_unix);

/* What is the same for a VLEK. */
void sim_snp_use_vlek(struct sim_snp_plan *plan);

/* |value| at |at| of the report, in |len| bytes, little endian. */
void sim_snp_put(struct sim_snp_plan *plan, size_t at, uint64_t value,
                 size_t len);

/* What AMD gives out. */
struct sim_snp {
    uint8_t endorsement[2048]; /* DER */
    size_t endorsement_len;
    uint8_t list[2048]; /* DER */
    size_t list_len;
    char root[8192]; /* PEM: ASK, ARK; terminated */
};

/* Make it; false when there is no randomness or memory. */
MUST_CHECK bool sim_snp_make(const struct sim_snp_plan *plan,
                             const struct sim_snp_keys *keys,
                             struct sim_snp *out);

/* A signed report as |plan| has it. Any thread, any time; false as above. */
MUST_CHECK bool sim_snp_report(const struct sim_snp_plan *plan,
                               const struct sim_snp_keys *keys,
                               uint8_t out[SNP_REPORT_BYTES]);

#endif
