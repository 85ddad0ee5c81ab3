/* proxy/server/snp_table.h: the certificates that a host hands to an SEV-SNP
 * guest beside its report.
 *
 *   +------------------+--------------+--------------+
 *   | GUID (16)        | offset (LE32)| length (LE32)|   as many as there are,
 *   +------------------+--------------+--------------+   then one all zero
 *   | ... certificates, DER, where the entries say     |
 *
 * The host may have put anything there: nothing is believed, clients verify.
 * AMD 56421 (GHCB), section 4.1.8.1; Linux, coco/sev-guest. */
#ifndef PROXY_SERVER_SNP_TABLE_H
#define PROXY_SERVER_SNP_TABLE_H

#include "common/compiler.h"
#include "common/slice.h"
#include "common/status.h"

/* Borrowed from the table; empty is not there. */
struct snp_table {
    struct slice vcek; /* or VLEK, which counts where both are */
    struct slice ask;
    struct slice ark;
};

/* Parse |bytes|: a table, and perhaps bytes behind it that no entry names. No
 * bytes are no certificates. Returns STATUS_OK, or STATUS_TRUNCATED or
 * STATUS_BAD_FIELD with |why| filled; |out| is all zero unless OK. */
MUST_CHECK enum status snp_table_parse(struct slice bytes,
                                       struct snp_table *out, struct why *why);

#endif
