/* verifier/claims.h: what is true of a TEE after its evidence was verified.
 *
 * Plain data: owns nothing, points to nothing that can die. It exists only
 * when every check of verify.h passed. Whether it is acceptable is the
 * policy's question.
 *
 * Fields: Intel SGX DCAP quoting library API, appendix A (quote and reports);
 * PCS API v4 (TCB info, QE identity); SGX PCK certificate specification; AMD
 * 56860, SEV-SNP firmware ABI (report) and 57230 (VCEK certificate). */
#ifndef VERIFIER_CLAIMS_H
#define VERIFIER_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json_out.h"
#include "common/limits.h"

enum tee_type { TEE_NONE, TEE_SGX, TEE_TDX, TEE_SEV_SNP };

/* "sgx", "tdx", "sev-snp"; "" for TEE_NONE. Static. */
const char *tee_name(enum tee_type tee);

/* Intel's words, in the order of the PCS API. */
enum tcb_status {
    TCB_NONE, /* not evaluated */
    TCB_UP_TO_DATE,
    TCB_SW_HARDENING_NEEDED,
    TCB_CONFIGURATION_NEEDED,
    TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    TCB_OUT_OF_DATE,
    TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    TCB_REVOKED,
    TCB_RELAUNCH_ADVISED,
    TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    TCB_STATUS_COUNT
};

/* "UpToDate" ...; "" for TCB_NONE. Static. */
const char *tcb_status_name(enum tcb_status s);

/* The status of that name; false for another word. */
MUST_CHECK bool tcb_status_parse(struct slice word, enum tcb_status *out);

/* Certificate statements that may be absent. */
enum tristate { TRI_UNKNOWN, TRI_FALSE, TRI_TRUE };

/* Which TCB level an advisory came with; bits of advisories.parts. */
enum tcb_part { TCB_PLATFORM = 1, TCB_MODULE = 2, TCB_QE = 4 };

/* A sorted set of advisory names such as "INTEL-SA-00615". */
struct advisories {
    size_t count;
    char names[ADVISORIES_MAX][ADVISORY_MAX_BYTES]; /* terminated */
    uint8_t parts[ADVISORIES_MAX];                  /* of enum tcb_part */
};

/* Add |name|, from |part|, unless it is there; false when the name is empty or
 * too long, or the set is full. */
MUST_CHECK bool advisories_add(struct advisories *set, struct slice name,
                               enum tcb_part part);

struct sgx_claims {
    uint8_t cpu_svn[16];
    uint32_t misc_select;
    uint8_t isv_ext_prod_id[16];
    uint8_t attributes[16]; /* flags 8, xfrm 8; bit 1 of byte 0 is DEBUG */
    uint8_t mr_enclave[32];
    uint8_t mr_signer[32];
    uint8_t config_id[64];
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    uint8_t isv_family_id[16];
};

struct tdx_claims {
    uint8_t tee_tcb_svn[16];
    uint8_t mr_seam[48];
    uint8_t mr_signer_seam[48];
    uint8_t seam_attributes[8];
    uint8_t td_attributes[8]; /* any bit of byte 0 (TUD): open to its host */
    uint8_t xfam[8];
    uint8_t mr_td[48];
    uint8_t mr_config_id[48];
    uint8_t mr_owner[48];
    uint8_t mr_owner_config[48];
    uint8_t rtmr[4][48];
    bool has_1_5; /* the two below are from a TDX 1.5 body */
    uint8_t tee_tcb_svn_2[16];
    uint8_t mr_service_td[48];
};

/* AMD's processors, as far as keys and the TCB's shape differ. */
enum snp_product { SNP_NO_PRODUCT, SNP_MILAN, SNP_GENOA, SNP_TURIN };

/* "Milan" ...; "" for SNP_NO_PRODUCT. Static. */
const char *snp_product_name(enum snp_product product);

/* Whose key signed a report: the chip's own, or the cloud provider's. */
enum snp_signer { SNP_NO_SIGNER, SNP_VCEK, SNP_VLEK };

/* "vcek", "vlek"; "" for SNP_NO_SIGNER. Static. */
const char *snp_signer_name(enum snp_signer signer);

/* Security version numbers of a platform's firmware. */
struct snp_tcb {
    uint8_t fmc; /* Turin only, else 0 */
    uint8_t bootloader;
    uint8_t tee;
    uint8_t snp;
    uint8_t microcode;
};

/* A version of the SNP firmware. */
struct snp_build {
    uint8_t major;
    uint8_t minor;
    uint8_t build;
};

/* What a guest's owner allows, 56860 section 4.3: bits of snp_claims.policy,
 * whose low 16 are the least major and minor version of the firmware's ABI. */
#define SNP_POLICY_SMT           (UINT64_C(1) << 16)
#define SNP_POLICY_RESERVED_ONE  (UINT64_C(1) << 17)
#define SNP_POLICY_MIGRATE_MA    (UINT64_C(1) << 18)
#define SNP_POLICY_DEBUG         (UINT64_C(1) << 19)
#define SNP_POLICY_SINGLE_SOCKET (UINT64_C(1) << 20)

struct snp_claims {
    enum snp_product product;
    enum snp_signer signer;
    uint8_t measurement[48];
    uint8_t host_data[32];
    uint64_t policy;
    uint32_t vmpl; /* 0 is the most privileged, 3 the least */
    uint32_t guest_svn;
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint8_t id_key_digest[48];
    uint8_t author_key_digest[48];
    bool has_author_key;
    uint8_t report_id[32];
    uint8_t report_id_ma[32]; /* all 0xff: no migration agent */
    uint8_t chip_id[64];      /* all zero: its owner hides it */
    bool masks_chip_key;
    uint64_t platform_info;
    struct snp_tcb current;
    struct snp_tcb reported; /* the one that the endorsement is for */
    struct snp_tcb committed;
    struct snp_tcb launch;
    struct snp_build current_build;
    struct snp_build committed_build;
    bool has_cpuid; /* the three below; since version 3 */
    uint8_t cpuid_family;
    uint8_t cpuid_model;
    uint8_t cpuid_stepping;
    bool has_mitigations; /* the two below; since version 5 */
    uint64_t launch_mitigations;
    uint64_t current_mitigations;
    char csp_id[SNP_CSP_ID_MAX_BYTES]; /* of a VLEK's holder; terminated */
    bool revocation_checked;           /* AMD's CRL was there */
};

/* Statuses of the parts and of the whole, after convergence. Intel's: all zero
 * for SEV-SNP. */
struct tcb_claims {
    enum tcb_status status;   /* the whole */
    enum tcb_status platform; /* the TCB info's level */
    enum tcb_status module;   /* the TDX module's; TCB_NONE if not judged */
    enum tcb_status qe;       /* the quoting enclave's */
    int64_t date_unix;        /* tcbDate of the oldest level matched */
    int64_t platform_date_unix;
    int64_t module_date_unix; /* 0 if not judged */
    int64_t qe_date_unix;
    uint32_t evaluation_number;   /* the lesser of TCB info and QE identity,
                                   * of which |items| has each */
    struct advisories advisories; /* union of the parts, sorted */
};

/* From the PCK certificate (SGX PCK certificate specification 1.3.5): all zero
 * for SEV-SNP. */
struct platform_claims {
    uint8_t fmspc[6];
    uint8_t pce_id[2];
    uint8_t ppid[16];
    bool has_ppid;
    uint8_t cpu_svn[16];
    uint16_t pce_svn;
    bool platform_ca; /* issued by the Platform CA, else the Processor CA */
    uint8_t sgx_type; /* 0 standard, 1 scalable, 2 scalable with integrity */
    uint8_t instance_id[16];
    bool has_instance_id;
    enum tristate dynamic_platform;
    enum tristate cached_keys;
    enum tristate smt_enabled;
};

/* One item of collateral that was used. */
struct item_claims {
    const char *name; /* static: "tcb_info" ... */
    int64_t issued_unix;
    int64_t next_update_unix;   /* as it says itself; its signers may end
                                 * earlier */
    uint32_t evaluation_number; /* 0 if it has none */
    size_t crl_number_len;      /* 0 if it has none; RFC 5280 5.2.3, unsigned,
                                 * big endian */
    uint8_t crl_number[CRL_NUMBER_MAX_BYTES];
};

#define CLAIMS_ITEMS_MAX 4

/* A certificate that the evidence rests on. */
struct cert_claims {
    const char *name; /* static: "pck", "pck_ca", "vcek", "ask" ... */
    size_t serial_len;
    uint8_t serial[SERIAL_MAX_BYTES]; /* big endian, no leading zeros */
};

#define CLAIMS_CERTS_MAX 8

/* When all that was used begins and stops to be good. */
struct validity_claims {
    int64_t earliest_issue_unix;
    int64_t latest_issue_unix;
    int64_t earliest_expiry_unix;
    const char *earliest_expiry_item; /* static: "tcb_info" ... */
};

struct claims {
    enum tee_type tee;
    uint16_t quote_version; /* or of the SEV-SNP report */
    uint8_t qe_vendor_id[16];
    uint8_t user_data[20]; /* of the quote header; not authenticated by Intel */
    uint8_t report_data[64];
    bool debug;            /* the TEE's memory is open to its host */
    bool simulated;        /* the root is not one that is built in */
    struct sgx_claims sgx; /* all zero unless tee is TEE_SGX */
    struct tdx_claims tdx; /* all zero unless tee is TEE_TDX */
    struct snp_claims snp; /* all zero unless tee is TEE_SEV_SNP */
    struct tcb_claims tcb;
    struct platform_claims platform;
    struct validity_claims validity;
    size_t cert_count;
    struct cert_claims certs[CLAIMS_CERTS_MAX]; /* the leaf first */
    size_t item_count;
    struct item_claims items[CLAIMS_ITEMS_MAX];
};

/* Add a certificate, for which there must be room. */
void claims_add_cert(struct claims *c, const char *name, struct slice serial);

/* Add a copy of an item, likewise. */
void claims_add_item(struct claims *c, const struct item_claims *item);

/* Write |c| as the members of one JSON object, which the caller opened. */
void claims_json(const struct claims *c, struct json_out *j);

/* A part of them as an object: the member |key|. */
void claims_sgx_json(const struct sgx_claims *c, const char *key,
                     struct json_out *j);
void claims_tdx_json(const struct tdx_claims *c, const char *key,
                     struct json_out *j);
void claims_snp_json(const struct snp_claims *c, const char *key,
                     struct json_out *j);
void claims_platform_json(const struct platform_claims *c, const char *key,
                          struct json_out *j);

#endif
