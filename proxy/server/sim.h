/* proxy/server/sim.h: a simulated TEE. It protects nothing.
 *
 * A root, a PCK chain, a quoting enclave and all collateral, made in software
 * at start with fresh keys, shaped so that the real verifier runs on them
 * unchanged. Whoever runs this program holds every key: evidence from here
 * proves nothing, and is accepted only where a policy names this root file.
 *
 * For demonstrations, and for tests, which bend it: each option is a way to
 * make evidence that must fail at one check. Formats as in verifier/. */
#ifndef PROXY_SERVER_SIM_H
#define PROXY_SERVER_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/claims.h"
#include "verifier/collateral_set.h"

/* Everything that is signed. The first four are certificates. */
enum sim_item {
    SIM_ROOT,
    SIM_PCK_CA,
    SIM_PCK,
    SIM_TCB_SIGNING,
    SIM_ROOT_CRL,
    SIM_PCK_CRL,
    SIM_TCB_INFO,
    SIM_QE_IDENTITY,
    SIM_QE_REPORT,
    SIM_QUOTE,
    SIM_ITEM_COUNT
};

/* Ways to make an item wrong; bits of |faults|. */
enum sim_fault {
    SIM_ROGUE = 1 << 0,   /* signed by a key that nobody vouches for */
    SIM_MISSING = 1 << 1, /* collateral: empty; certificates: not in chains */
    SIM_REVOKED = 1 << 2, /* certificates: on the CRL that covers them */
    /* certificates */
    SIM_OTHER_NAME = 1 << 3,        /* an unexpected common name */
    SIM_OTHER_ISSUER = 1 << 4,      /* also CRLs: another issuer's name */
    SIM_CA_FLIPPED = 1 << 5,        /* cA true for a leaf, false for a CA */
    SIM_PATH_TOO_SHORT = 1 << 6,    /* root: pathLen 0 */
    SIM_OTHER_KEY_USAGE = 1 << 7,   /* only keyEncipherment */
    SIM_NO_CONSTRAINTS = 1 << 8,    /* extension left out */
    SIM_NO_KEY_USAGE = 1 << 9,      /* likewise */
    SIM_NO_AUTHORITY_ID = 1 << 10,  /* likewise; also CRLs */
    SIM_NO_SUBJECT_ID = 1 << 11,    /* likewise */
    SIM_NO_CRL_POINTS = 1 << 12,    /* likewise */
    SIM_UNKNOWN_CRITICAL = 1 << 13, /* one more extension; also CRLs */
    SIM_NO_SGX = 1 << 14,           /* PCK: without the SGX extension */
    SIM_SGX_REVERSED = 1 << 15,     /* PCK: its elements in reverse order */
    SIM_HIGH_SERIAL = 1 << 16,      /* first bit set: a leading 00 in DER */
    /* CRLs */
    SIM_NO_CRL_NUMBER = 1 << 17,
    SIM_OTHER_AUTHORITY_ID = 1 << 18, /* also certificates: another key's */
    SIM_MANY_ENTRIES = 1 << 19,       /* 2000 other serials besides */
    /* quote */
    SIM_OTHER_BINDING = 1 << 20, /* QE report binds another attestation key */
    SIM_OFF_CURVE = 1 << 21      /* the attestation key is no point of P-256 */
};

struct sim_item_options {
    int64_t from_s;  /* begin of validity, relative to |now_unix| */
    int64_t until_s; /* end of validity, likewise */
    uint32_t faults; /* of enum sim_fault */
};

/* One TCB level; |status| and |advisories| ("INTEL-SA-00001,...") static. */
struct sim_level {
    uint8_t sgx_svns[16]; /* not for QE and module levels */
    uint16_t pce_svn;     /* likewise */
    uint8_t tdx_svns[16]; /* likewise */
    uint16_t isv_svn;     /* QE and module levels only */
    const char *status;
    const char *advisories; /* NULL if none */
    int64_t date_s;         /* tcbDate, relative to |now_unix| */
};

#define SIM_LEVELS_MAX 8

struct sim_levels {
    size_t count;
    struct sim_level at[SIM_LEVELS_MAX];
};

/* One of the TCB data sets that the maker says there are. */
struct sim_number {
    uint32_t number;
    int64_t event_s; /* of the recovery, relative to |now_unix| */
};

#define SIM_NUMBERS_MAX 4

/* What identifies a quoting enclave. */
struct sim_qe {
    uint8_t mr_signer[32];
    uint8_t attributes[16];
    uint32_t misc_select;
    uint16_t isv_prod_id;
    uint16_t isv_svn; /* in the report only */
};

/* Start from sim_options_default(), then change what a case is about. */
struct sim_options {
    struct sim_item_options items[SIM_ITEM_COUNT];
    bool processor_ca; /* PCK CA is the Processor CA, not the Platform CA */
    struct platform_claims platform; /* in the PCK certificate */
    uint8_t component_svns[16];      /* likewise */
    uint8_t tcb_fmspc[6];            /* in the TCB info */
    uint8_t tcb_pce_id[2];           /* likewise */
    uint32_t tcb_evaluation_number;
    uint32_t qe_evaluation_number;
    size_t number_count; /* of the next, newest first */
    struct sim_number numbers[SIM_NUMBERS_MAX];
    struct sim_levels tcb_levels; /* as they stand in the TCB info */
    uint8_t module_mr_signer[48]; /* of tdxModule and its identities */
    unsigned module_version;      /* of the one identity; 0: no identities */
    struct sim_levels module_levels;
    struct sim_qe qe;          /* in the QE report */
    struct sim_qe qe_identity; /* in the QE identity */
    uint8_t qe_attributes_mask[16];
    uint32_t qe_misc_select_mask;
    struct sim_levels qe_levels;
    uint16_t sgx_quote_version; /* 3, 4 or 5 */
    uint16_t tdx_quote_version; /* 4 or 5 */
    struct sgx_claims sgx;      /* what SGX quotes report */
    struct tdx_claims tdx; /* what TDX quotes report; has_1_5 needs version 5 */
};

/* A sound platform, up to date, with measurements that are plainly made up. */
void sim_options_default(struct sim_options *options);

struct sim;

/* Make keys, certificates and collateral that are good at |now_unix| as far as
 * |options| (NULL: the defaults) let them. |*out| is the caller's to free.
 * Returns STATUS_OK, or STATUS_NO_MEMORY or STATUS_INTERNAL with |why| filled;
 * |*out| is NULL unless OK. */
MUST_CHECK enum status sim_new(const struct sim_options *options,
                               int64_t now_unix, struct sim **out,
                               struct why *why);

/* sim_new() with the keys of |from|: the same root says something new. */
MUST_CHECK enum status sim_renew(const struct sim *from,
                                 const struct sim_options *options,
                                 int64_t now_unix, struct sim **out,
                                 struct why *why);

/* Keep the keys of |sim| in the file |path|, for sim_restore(), readable by its
 * owner only. Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status sim_save_keys(const struct sim *sim, const char *path,
                                     struct why *why);

/* sim_new() with the keys in the file |path|: what trusted the root of that
 * simulation trusts this one. Results as sim_new(), or STATUS_NO_FILE. */
MUST_CHECK enum status sim_restore(const char *path,
                                   const struct sim_options *options,
                                   int64_t now_unix, struct sim **out,
                                   struct why *why);

void sim_free(struct sim *sim); /* NULL is allowed */

/* The trust anchor, PEM, for a policy's root file. Borrowed. */
struct slice sim_root_pem(const struct sim *sim);

/* PCK, PCK CA and root, PEM, as quotes carry them. Borrowed. */
struct slice sim_pck_chain(const struct sim *sim);

/* The collateral for quotes of |tee| (TEE_SGX or TEE_TDX). Borrowed. */
void sim_collateral(const struct sim *sim, enum tee_type tee,
                    struct collateral_set *out);

/* The list of TCB data sets for |tee|, as the PCS serves it; its chain is that
 * of the TCB info. Borrowed. */
struct slice sim_tcb_numbers(const struct sim *sim, enum tee_type tee);

/* Append a quote over |report_data| to |out|. Any thread may call it at any
 * time. |tee| is TEE_SGX or TEE_TDX.
 * Returns STATUS_OK, or STATUS_NO_MEMORY or STATUS_INTERNAL. */
MUST_CHECK enum status sim_quote(const struct sim *sim, enum tee_type tee,
                                 const uint8_t report_data[64],
                                 struct buffer *out);

/* Write root.pem, the seven collateral files for |tee| and tcb_numbers.json into
 * |dir|, which is made if need be, under the names that `veritee verify
 * --collateral` reads.
 * Returns STATUS_OK, or STATUS_NO_FILE with |why| filled. */
MUST_CHECK enum status sim_write_dir(const struct sim *sim, enum tee_type tee,
                                     const char *dir, struct why *why);

#endif
