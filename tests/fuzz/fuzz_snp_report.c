/* SEV-SNP reports. The corpus was made by proxy/server/sim_snp.c. */
#include <assert.h>

#include "verifier/snp_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snp_report report;
    struct snp_tcb tcb;
    struct why why = { 0 };
    enum status st = snp_report_parse(slice_of(data, size), &report, &why);

    assert(st == why.status);
    assert((st == STATUS_OK) == (report.version != 0));
    if (st != STATUS_OK)
        return 0;
    assert(size >= SNP_REPORT_BYTES && report.version <= 5);
    assert(report.says.vmpl <= 3 && report.says.signer != SNP_NO_SIGNER);
    if (snp_tcb_read(SNP_TURIN, report.current_tcb, &tcb))
        assert(snp_tcb_covers(&tcb, &tcb));
    return 0;
}
