#include "proxy/server/quote_gramine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "proxy/server/quote_pseudo.h"

#define READ_SLACK 4096 /* quote_pseudo_read() wants so much room at the end */

struct quote_gramine {
    char dir[QUOTE_PSEUDO_PATH];
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
    enum status st = check_type(dir, why);
    int n;

    *out = NULL;
    if (st != STATUS_OK)
        return st;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "quote_source", NULL,
                        "out of memory");
    n = snprintf((*out)->dir, sizeof((*out)->dir), "%s", dir);
    if (n > 0 && (size_t)n < sizeof((*out)->dir))
        return STATUS_OK;
    quote_gramine_free(*out);
    *out = NULL;
    return why_fail(why, STATUS_NO_FILE, "quote_source", NULL,
                    "the path is too long: %.120s...", dir);
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
