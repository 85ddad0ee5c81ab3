#include "proxy/tools/snp_files.h"

#include "common/file.h"
#include "common/limits.h"

/* A chain in PEM is a third longer than its certificates. */
#define CHAIN_MAX_BYTES (2 * CHAIN_MAX_CERTS * CERT_MAX_BYTES)

enum status snp_files_read(const struct snp_files_paths *paths,
                           struct snp_files *out, struct why *why)
{
    struct snp_files files = { 0 };
    enum status st;

    *out = files;
    st = file_read(paths->report, QUOTE_MAX_BYTES, &files.report, why);
    if (st == STATUS_OK)
        st = file_read(paths->endorsement, CHAIN_MAX_BYTES, &files.endorsement,
                       why);
    if (st == STATUS_OK && paths->crl != NULL)
        st = file_read(paths->crl, COLLATERAL_MAX_BYTES, &files.crl, why);
    if (st == STATUS_OK && paths->root != NULL)
        st = file_read(paths->root, CHAIN_MAX_BYTES, &files.root, why);
    if (st == STATUS_OK)
        *out = files;
    else
        snp_files_free(&files);
    return st;
}

void snp_files_free(struct snp_files *files)
{
    buffer_free(&files->report);
    buffer_free(&files->endorsement);
    buffer_free(&files->crl);
    buffer_free(&files->root);
}
