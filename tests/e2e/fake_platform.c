/* A platform that makes quotes, for tests: what the kernel and Gramine offer as
 * files, and a command, with evidence of the simulation.
 *
 *   fake_platform tsm|gramine TREE SIMDIR TEE [FAULT]   until it is killed
 *   fake_platform command - SIMDIR TEE [FAULT]          one quote
 *
 * Where the kernel computes in read(2) and write(2), this stands behind named
 * pipes: who reads or writes them waits until it is there. Otherwise the order
 * of events and what generation counts are the kernel's; EBUSY and signals do
 * not happen here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/builder.h"
#include "common/file.h"
#include "common/secret.h"
#include "proxy/server/quote_pseudo.h"
#include "proxy/server/sim_source.h"

#define TABLE_MAX_BYTES 16384
#define ENTRY_BYTES     24

struct platform {
    const char *tree;
    const char *fault; /* "" for none */
    enum tee_type tee;
    struct sim_source *source;
    unsigned long generation;
    unsigned asked;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "fake_platform: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static bool has_fault(const struct platform *p, const char *name)
{
    return strcmp(p->fault, name) == 0;
}

/* --- evidence ------------------------------------------------------------ */

static void put_entry(struct builder *b, const uint8_t guid[16], size_t *offset,
                      const struct buffer *cert)
{
    builder_bytes(b, slice_of(guid, 16));
    builder_u32le(b, (uint32_t)*offset);
    builder_u32le(b, (uint32_t)cert->len);
    *offset += cert->len;
}

/* VCEK, ASK, ARK, and the end. */
static size_t make_table(const struct proof *proof, uint8_t *out)
{
    static const uint8_t guids[4][16] = {
        { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4,
          0xb9, 0x3b, 0xe8, 0xac, 0xcd },
        { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05,
          0xae, 0xf3, 0x27, 0xc7, 0x82 },
        { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f,
          0xb6, 0x01, 0x4c, 0xd0, 0xae },
    };
    const struct buffer *certs[] = { &proof->vcek, &proof->ask, &proof->ark };
    struct builder b = builder_over(out, TABLE_MAX_BYTES);
    size_t offset = 4 * (size_t)ENTRY_BYTES;

    for (size_t i = 0; i < COUNT_OF(certs); i++)
        put_entry(&b, guids[i], &offset, certs[i]);
    for (size_t i = 0; i < ENTRY_BYTES; i++)
        builder_u8(&b, 0);
    for (size_t i = 0; i < COUNT_OF(certs); i++)
        builder_bytes(&b, buffer_view(certs[i]));
    if (!builder_ok(&b))
        fail("a table too long");
    return b.len;
}

static void make_proof(struct platform *p, uint8_t report_data[64],
                       struct proof *out)
{
    const struct quote_maker maker = sim_source_maker(p->source);
    struct why why = { 0 };

    p->asked++;
    if (has_fault(p, "other-data"))
        report_data[0] ^= 1;
    proof_init(out);
    if (maker.make(maker.ctx, report_data, out, &why) != STATUS_OK)
        fail("no quote");
    if (has_fault(p, "garbage"))
        memset(out->quote.at, 0xff, out->quote.len);
}

/* --- files --------------------------------------------------------------- */

static void put_file(const struct platform *p, const char *name,
                     const char *text)
{
    char path[PATH_MAX];
    struct why why;

    if (file_path(p->tree, name, "tree", path, &why) != STATUS_OK ||
        file_replace(path, slice_text(text), 0600, &why) != STATUS_OK)
        fail(name);
}

static void put_pipe(const struct platform *p, const char *name)
{
    char path[PATH_MAX];
    struct why why;

    if (file_path(p->tree, name, "tree", path, &why) != STATUS_OK ||
        mkfifo(path, 0600) != 0)
        fail(name);
}

static void put_generation(struct platform *p, unsigned long steps)
{
    char text[32];

    p->generation += steps;
    (void)snprintf(text, sizeof(text), "%lu\n", p->generation);
    put_file(p, "generation", text);
}

static void take_request(const struct platform *p, const char *name,
                         uint8_t report_data[64])
{
    struct buffer in = buffer_with_max(65536);
    struct why why;

    if (quote_pseudo_read(p->tree, name, &in, &why) != STATUS_OK ||
        in.len != 64)
        fail(name);
    memcpy(report_data, in.at, 64);
    buffer_free(&in);
}

static void give(const struct platform *p, const char *name, struct slice bytes)
{
    char path[PATH_MAX];
    struct why why;
    FILE *f;

    if (file_path(p->tree, name, "tree", path, &why) != STATUS_OK)
        fail(name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes.at, 1, bytes.len, f) != bytes.len)
        fail(name);
    (void)fclose(f); /* who stopped reading has its reasons */
}

/* --- what it is ---------------------------------------------------------- */

static void serve_tsm_once(struct platform *p)
{
    uint8_t report_data[64], table[TABLE_MAX_BYTES];
    struct proof proof;

    take_request(p, "inblob", report_data);
    make_proof(p, report_data, &proof);
    /* Another writer was there, the first time or always. */
    put_generation(p, has_fault(p, "race") && p->asked == 1 ? 2
                      : has_fault(p, "races")               ? 2
                                                            : 1);
    give(p, "outblob", buffer_view(&proof.quote));
    if (p->tee == TEE_SEV_SNP && !has_fault(p, "no-certs"))
        give(p, "auxblob", slice_of(table, make_table(&proof, table)));
    proof_fini(&proof);
}

static void serve_tsm(struct platform *p)
{
    put_file(p, "provider",
             has_fault(p, "provider") ? "arm_cca_guest\n"
             : p->tee == TEE_SEV_SNP  ? "sev_guest\n"
                                      : "tdx_guest\n");
    put_generation(p, 0);
    if (p->tee == TEE_SEV_SNP) {
        put_file(p, "privlevel_floor", has_fault(p, "floor") ? "2\n" : "0\n");
        put_file(p, "privlevel", "-");
    }
    put_pipe(p, "inblob");
    put_pipe(p, "outblob");
    if (p->tee == TEE_SEV_SNP && !has_fault(p, "no-certs"))
        put_pipe(p, "auxblob");
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;)
        serve_tsm_once(p);
}

static void serve_gramine(struct platform *p)
{
    uint8_t report_data[64];
    struct proof proof;

    put_file(p, "attestation_type", has_fault(p, "type") ? "none" : "dcap");
    put_pipe(p, "user_report_data");
    put_pipe(p, "quote");
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        take_request(p, "user_report_data", report_data);
        make_proof(p, report_data, &proof);
        give(p, "quote", buffer_view(&proof.quote));
        proof_fini(&proof);
    }
}

static void run_command(struct platform *p)
{
    uint8_t report_data[64], table[TABLE_MAX_BYTES];
    struct proof proof;

    if (fread(report_data, 1, 64, stdin) != 64)
        fail("no report data");
    make_proof(p, report_data, &proof);
    if (fwrite(proof.quote.at, 1, proof.quote.len, stdout) != proof.quote.len)
        fail("standard output");
    if (proof.is_snp && !has_fault(p, "no-certs")) {
        size_t len = make_table(&proof, table);

        if (fwrite(table, 1, len, stdout) != len)
            fail("standard output");
    }
    proof_fini(&proof);
}

static enum tee_type read_tee(const char *name)
{
    static const enum tee_type tees[] = { TEE_TDX, TEE_SGX, TEE_SEV_SNP };

    for (size_t i = 0; i < COUNT_OF(tees); i++)
        if (strcmp(name, tee_name(tees[i])) == 0)
            return tees[i];
    errno = EINVAL;
    fail(name);
    return TEE_NONE;
}

int main(int argc, char **argv)
{
    struct platform p = { .fault = argc > 5 ? argv[5] : "" };
    struct sim_source_config config = { .now_unix = (int64_t)time(NULL) };
    struct why why;

    if (argc < 5 || !secret_init())
        return 2;
    p.tree = argv[2];
    config.dir = argv[3];
    config.tee = p.tee = read_tee(argv[4]);
    if (sim_source_new(&config, &p.source, &why) != STATUS_OK)
        fail(why.found);
    if (strcmp(argv[1], "tsm") == 0)
        serve_tsm(&p);
    else if (strcmp(argv[1], "gramine") == 0)
        serve_gramine(&p);
    else
        run_command(&p);
    sim_source_free(p.source);
    return EXIT_SUCCESS;
}
