/* Quotes of a simulated TEE, for peers that are no programs of ours.
 *
 * usage: teekit_quote tdx|sgx|sev-snp DIR
 *
 * DIR gets what a policy and a collateral service need, as veriteed's
 * --simulate-dir does. For each line of hexadecimal report data on standard
 * input a line of JSON comes: the quote in hexadecimal, and of SEV-SNP the
 * certificates under the names that teekit has for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/buffer.h"
#include "common/json_out.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/server/sim_source.h"

static int complain(const struct why *why)
{
    char line[512];

    why_line(why, line, sizeof(line));
    (void)fprintf(stderr, "teekit_quote: %s\n", line);
    return EXIT_FAILURE;
}

static void put_proof(const struct proof *p, struct buffer *out)
{
    const struct session_snp snp = proof_snp(p);
    struct json_out j = json_out_to(out);

    json_out_object(&j, NULL);
    json_out_hex(&j, "quote", buffer_view(&p->quote));
    if (p->is_snp) {
        json_out_object(&j, "sev_snp_data");
        json_out_slice(&j, "vcek_cert", snp.vcek);
        json_out_slice(&j, "ask_cert", snp.ask);
        json_out_slice(&j, "ark_cert", snp.ark);
        json_out_end_object(&j);
    }
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

/* Answer one line of |hex|. */
static enum status answer(const struct quote_maker *maker, struct slice hex,
                          struct why *why)
{
    uint8_t data[QUOTE_REPORT_DATA_BYTES];
    struct proof proof;
    struct buffer out = buffer_with_max(4 * QUOTE_MAX_BYTES);
    enum status st = STATUS_OK;

    proof_init(&proof);
    if (!text_from_hex(hex, data, sizeof(data)))
        st = why_fail(why, STATUS_BAD_FIELD, "report_data", NULL, "not hex");
    if (st == STATUS_OK)
        st = maker->make(maker->ctx, data, &proof, why);
    put_proof(&proof, &out);
    if (st == STATUS_OK) {
        (void)fwrite(out.at, 1, out.len, stdout);
        (void)fflush(stdout);
    }
    proof_fini(&proof);
    buffer_free(&out);
    return st;
}

static enum status serve(const struct quote_maker *maker, struct why *why)
{
    char line[512];
    enum status st = STATUS_OK;

    while (st == STATUS_OK && fgets(line, sizeof(line), stdin) != NULL)
        st = answer(maker, slice_of((uint8_t *)line, strcspn(line, "\n")), why);
    return st;
}

static enum tee_type tee_of(const char *name)
{
    if (strcmp(name, tee_name(TEE_SEV_SNP)) == 0)
        return TEE_SEV_SNP;
    return strcmp(name, tee_name(TEE_SGX)) == 0 ? TEE_SGX : TEE_TDX;
}

int main(int argc, char **argv)
{
    struct sim_source_config config = { .now_unix = (int64_t)time(NULL) };
    struct sim_source *source;
    struct quote_maker maker;
    struct why why = { 0 };
    enum status st;

    if (argc != 3 || !secret_init()) {
        (void)fputs("usage: teekit_quote tdx|sgx|sev-snp DIR\n", stderr);
        return EXIT_FAILURE;
    }
    config.tee = tee_of(argv[1]);
    config.dir = argv[2];
    if (sim_source_new(&config, &source, &why) != STATUS_OK)
        return complain(&why);
    maker = sim_source_maker(source);
    st = serve(&maker, &why);
    sim_source_free(source);
    return st == STATUS_OK ? EXIT_SUCCESS : complain(&why);
}
