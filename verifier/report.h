/* verifier/report.h: the bodies of quotes: SGX enclave reports, TD reports.
 *
 * Bytes in, fields out: nothing here is judged. Reserved bytes are signed but
 * mean nothing, and are skipped, as Intel's library does.
 * Layouts: Intel SGX and TDX DCAP quoting library API, appendix A. */
#ifndef VERIFIER_REPORT_H
#define VERIFIER_REPORT_H

#include <stdint.h>

#include "common/cursor.h"
#include "verifier/claims.h"

#define REPORT_SGX_BYTES    384
#define REPORT_TD_1_0_BYTES 584
#define REPORT_TD_1_5_BYTES 648
/* TD 1.5 and fields of migration that no quote in the field carries. */
#define REPORT_TD_1_5_EX_BYTES 885

/* Of the first byte of an enclave's ATTRIBUTES. A TD has a whole byte of such
 * flags (TUD): with any of them set its host can look inside. */
#define REPORT_SGX_DEBUG 0x02

struct sgx_report {
    struct sgx_claims says;
    uint8_t report_data[64];
};

struct td_report {
    struct tdx_claims says;
    uint8_t report_data[64];
};

/* The next REPORT_SGX_BYTES of |c|; all zero once it failed. */
void report_read_sgx(struct cursor *c, struct sgx_report *out);

/* The next REPORT_TD_1_0_BYTES of |c|, and with |is_1_5| the fields that
 * TDX 1.5 puts behind them; all zero once it failed. */
void report_read_td(struct cursor *c, bool is_1_5, struct td_report *out);

#endif
