#include "proxy/tools/evidence_files.h"

#include "common/file.h"
#include "common/limits.h"

/* In the order of evidence_files_set(). */
static const char *const names[EVIDENCE_FILES_ITEMS] = {
    "tcb_info.json",    "tcb_info_issuer_chain.pem",
    "qe_identity.json", "qe_identity_issuer_chain.pem",
    "pck_crl.der",      "pck_crl_issuer_chain.pem",
    "root_ca_crl.der",
};

static enum status read_item(const char *dir, const char *name,
                             struct buffer *out, struct why *why)
{
    char path[PATH_MAX];
    enum status st = file_path(dir, name, "file", path, why);

    return st == STATUS_OK ? file_read(path, COLLATERAL_MAX_BYTES, out, why)
                           : st;
}

enum status evidence_files_read(const char *quote, const char *dir,
                                const char *root, struct evidence_files *out,
                                struct why *why)
{
    struct evidence_files files = { 0 };
    enum status st = file_read(quote, QUOTE_MAX_BYTES, &files.quote, why);

    *out = files;
    for (size_t i = 0; i < COUNT_OF(names) && st == STATUS_OK; i++)
        st = read_item(dir, names[i], &files.items[i], why);
    if (root != NULL && st == STATUS_OK)
        st = file_read(root, CERT_MAX_BYTES, &files.root, why);
    if (st == STATUS_OK)
        *out = files;
    else
        evidence_files_free(&files);
    return st;
}

struct collateral_set evidence_files_set(const struct evidence_files *files)
{
    return (struct collateral_set){
        .tcb_info = buffer_view(&files->items[0]),
        .tcb_info_chain = buffer_view(&files->items[1]),
        .qe_identity = buffer_view(&files->items[2]),
        .qe_identity_chain = buffer_view(&files->items[3]),
        .pck_crl = buffer_view(&files->items[4]),
        .pck_crl_chain = buffer_view(&files->items[5]),
        .root_crl = buffer_view(&files->items[6]),
    };
}

void evidence_files_free(struct evidence_files *files)
{
    buffer_free(&files->quote);
    buffer_free(&files->root);
    for (size_t i = 0; i < COUNT_OF(files->items); i++)
        buffer_free(&files->items[i]);
}
