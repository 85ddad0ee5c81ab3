#include "proxy/server/quote_gramine.h"

#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/limits.h"
#include "proxy/server/quote_pseudo.h"

#define READ_SLACK 4096 /* quote_pseudo_read() wants so much room at the end */

struct quote_gramine {
    char dir[PATH_MAX];
};

static enum status check_type(const char *dir, struct why *why)
{
    char type[QUOTE_PSEUDO_WORD];
    enum status st = quote_pseudo_word(dir, "attestation_type", type, why);

    if (st != STATUS_OK || strcmp(type, "dcap") == 0)
        return st;
    (void)why_fail(why, STATUS_UNSUPPORTED, "quote_source.attestation_type",
                   NULL, "\"%s\"", type);
    return why_expect(why, "dcap: sgx.remote_attestation in the manifest");
}

enum status quote_gramine_open(const char *dir, struct quote_gramine **out,
                               struct why *why)
{
    struct quote_gramine *g;
    enum status st = check_type(dir, why);

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    g = calloc(1, sizeof(*g));
    if (g == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "quote_source", NULL,
                        "out of memory");
    st = file_path(dir, NULL, "quote_source", g->dir, why);
    if (st != STATUS_OK) {
        quote_gramine_free(g);
        return st;
    }
    *out = g;
    return STATUS_OK;
}

void quote_gramine_free(struct quote_gramine *g)
{
    free(g);
}

static enum status make(void *ctx,
                        const uint8_t report_data[QUOTE_REPORT_DATA_BYTES],
                        struct proof *out, struct why *why)
{
    const struct quote_gramine *g = ctx;
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES + READ_SLACK);
    enum status st =
        quote_pseudo_write(g->dir, "user_report_data",
                           slice_of(report_data, QUOTE_REPORT_DATA_BYTES), why);

    if (st == STATUS_OK)
        st = quote_pseudo_read(g->dir, "quote", &quote, why);
    if (st == STATUS_OK)
        st = proof_fill(buffer_view(&quote), (struct slice){ 0 }, report_data,
                        out, why);
    buffer_free(&quote);
    return st;
}

struct quote_maker quote_gramine_maker(struct quote_gramine *g)
{
    return (struct quote_maker){ .name = "gramine", .make = make, .ctx = g };
}
