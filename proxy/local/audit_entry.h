/* proxy/local/audit_entry.h: one decision as a line of the audit log.
 *
 * Writes what was decided about, by what, and where the evidence is; reads the
 * same back. docs/man/veritee.1, section AUDIT, describes the members. */
#ifndef PROXY_LOCAL_AUDIT_ENTRY_H
#define PROXY_LOCAL_AUDIT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/local/appraise.h"
#include "proxy/local/ledger.h"

/* What a decision was based on. */
enum audit_blob {
    AUDIT_QUOTE,
    AUDIT_ROOT, /* none: the built-in one */
    AUDIT_TCB_INFO,
    AUDIT_TCB_INFO_CHAIN,
    AUDIT_QE_IDENTITY,
    AUDIT_QE_IDENTITY_CHAIN,
    AUDIT_PCK_CRL,
    AUDIT_PCK_CRL_CHAIN,
    AUDIT_ROOT_CRL,
    AUDIT_ENDORSEMENT, /* of SEV-SNP, as the next */
    AUDIT_CRL,
    AUDIT_POLICY,       /* the text of the policy's file */
    AUDIT_POLICY_FILES, /* satchel.h: what it includes, and names besides */
    AUDIT_USER_CRLS,    /* likewise: the user's own lists, DER */
    AUDIT_BLOBS
};

#define AUDIT_ENTRY_VERSION 1
#define AUDIT_TEXT_ROOM     256

/* Texts as they stand in JSON: what needed an escape has it. */
struct audit_entry {
    uint32_t id; /* 0 until it is read back */
    int64_t time_unix;
    char service[AUDIT_TEXT_ROOM];
    char endpoint[AUDIT_TEXT_ROOM];
    bool accepted;
    bool simulated;
    bool is_snp;
    char tee[16];                     /* "" if it did not come to claims */
    char tcb[64];                     /* likewise, and of SEV-SNP */
    char release[AUDIT_TEXT_ROOM];    /* "" if none matched, or without name */
    char status[32];                  /* status_name() */
    char check[64];                   /* the row that failed; "" if none */
    char reason[AUDIT_TEXT_ROOM * 2]; /* why_line(); "" if accepted */
    int64_t attested_unix;
    int64_t deadline_unix; /* 0 if refused */
    bool challenged;
    uint8_t report_data[64];
    uint32_t lost; /* decisions before this one that were not written */
    char policy_file[AUDIT_TEXT_ROOM];
    char exec[32]; /* status_name() of what the external check said; "" if it
                    * was not run. In older lines it is not told, as the next */
    char exec_answer[AUDIT_TEXT_ROOM]; /* "exit status 3: not on my list" */
    char blobs[AUDIT_BLOBS][LEDGER_NAME_ROOM]; /* "" where there is none */
};

/* All but blobs and the policy file. */
void audit_entry_make(struct audit_entry *e, const char *service,
                      const char *endpoint, const struct appraise_input *in,
                      const struct attestation *result);

/* The evidence of |in|, by enum audit_blob; empty where there is none, and
 * where it takes memory: _POLICY_FILES and _USER_CRLS. */
void audit_entry_blobs(const struct appraise_input *in,
                       struct slice blobs[AUDIT_BLOBS]);

/* "quote" ...; static. */
const char *audit_entry_blob_name(enum audit_blob blob);

/* An ledger_write_fn; |ctx| is a struct audit_entry. */
void audit_entry_write(void *ctx, struct buffer *out);

/* Read a line of version 1. Returns STATUS_OK, or STATUS_BAD_JSON with |why|
 * filled; |out| is all zero unless OK. |prev|: what it says of the line
 * before. */
MUST_CHECK enum status audit_entry_read(struct slice line,
                                        struct audit_entry *out,
                                        uint8_t prev[LEDGER_HASH_BYTES],
                                        struct why *why);

#endif
