/* proxy/tools/inspect.h: what a quote says, as it says it.
 *
 * Nothing is verified: anybody can write a file that says anything. For
 * people who ask what a quote is, not whether it is true: that is
 * verifier/verify.h's answer. */
#ifndef PROXY_TOOLS_INSPECT_H
#define PROXY_TOOLS_INSPECT_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/json_out.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/chain.h"
#include "verifier/pck_ext.h"
#include "verifier/quote.h"
#include "verifier/snp_report.h"

/* Parts that cannot be read are told by |why|, and what stands after them is
 * empty. Large, and certificates point into it: it must stay where it is. */
struct inspect {
    struct quote quote; /* |len| is 0 when the bytes are no quote */
    bool is_snp;        /* they are an SEV-SNP report instead: */
    uint16_t snp_version;
    struct snp_claims snp; /* TCBs all zero where no product is named */
    uint8_t snp_report_data[64];
    struct slice tail;  /* borrowed: what follows the quote */
    struct chain chain; /* |count| is 0 when there is none */
    bool has_platform;  /* the PCK certificate says which it is: */
    struct pck_ext pck;
    struct why why; /* the first part that cannot be read; or all zero */
};

/* Read the quote, or the SEV-SNP report, at the start of |bytes|, which |out|
 * borrows. Returns STATUS_OK when all of it can be read, else the status of |out->why|. */
MUST_CHECK enum status inspect_read(struct slice bytes, struct inspect *out);

/* For people: a line a field. */
void inspect_text(const struct inspect *in, struct buffer *out);

/* The members of one JSON object, which the caller opened. */
void inspect_json(const struct inspect *in, struct json_out *j);

#endif
