/* verify_bench: what a verification costs, beside the signature checks in it.
 *
 * Usage: verify_bench make sgx|tdx DIR   write simulated evidence
 *        verify_bench run DIR TIME       measure DIR/quote.bin with the
 *                                        collateral in DIR, under root.pem if
 *                                        there is one
 *
 * Processor time of this process, medians of rounds that take turns; printed
 * as one line of JSON. For benchmarks only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/server/sim.h"
#include "proxy/tools/evidence_files.h"
#include "verifier/signature.h"
#include "verifier/verify.h"
#include "verifier/wolf.h"

#define ROUNDS 301 /* odd: the median is one of them */

static void fail(const char *what, const struct why *why)
{
    (void)fprintf(stderr, "verify_bench: %s: %s\n", what,
                  why == NULL ? "" : why->found);
    exit(EXIT_FAILURE);
}

/* --- evidence --- */

static int make_evidence(enum tee_type tee, const char *dir)
{
    static const uint8_t report_data[64];
    struct buffer quote = buffer_with_max(QUOTE_MAX_BYTES);
    struct sim *sim;
    struct why why = { 0 };
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/quote.bin", dir);
    if (sim_new(NULL, (int64_t)time(NULL), &sim, &why) != STATUS_OK ||
        sim_write_dir(sim, tee, dir, &why) != STATUS_OK ||
        sim_quote(sim, tee, report_data, &quote) != STATUS_OK ||
        file_replace(path, buffer_view(&quote), 0600, &why) != STATUS_OK)
        fail("cannot make evidence", &why);
    sim_free(sim);
    buffer_free(&quote);
    return EXIT_SUCCESS;
}

/* --- what is measured --- */

#define SIGNATURES_MAX 32

/* A signature of the evidence, and all it takes to check it. */
struct signature {
    uint8_t message[32 * 1024];
    size_t message_len;
    uint8_t key[WOLF_P256_BYTES];
    uint8_t bytes[128];
    size_t len;
    bool is_warm; /* of the quote: checked however warm the collateral is */
};

struct bench {
    struct verify_input in;
    struct collateral_set set;
    struct trusted_set *trusted;
    size_t count;
    struct signature signatures[SIGNATURES_MAX];
};

static bool check_signature(const struct signature *s)
{
    const struct signature_key key = { .type = SIGNATURE_KEY_P256,
                                       .bytes = SLICE_OF(s->key) };
    struct slice message = slice_of(s->message, s->message_len);

    if (s->len == WOLF_P256_BYTES)
        return wolf_p256_verify(s->key, message, s->bytes);
    return signature_holds(SIGNATURE_ECDSA_SHA256, &key, message,
                           slice_of(s->bytes, s->len));
}

/* The signatures alone, each once. */
static bool run_signatures(const struct bench *b)
{
    bool ok = true;

    for (size_t i = 0; i < b->count; i++)
        ok = ok && check_signature(&b->signatures[i]);
    return ok;
}

/* All, from raw bytes. */
static bool run_full(const struct bench *b)
{
    static struct verdict verdict;
    static struct claims claims;

    return verify_quote(&b->in, &claims, &verdict) == STATUS_OK;
}

/* A quote, with collateral that was parsed and verified before. */
static bool run_warm(const struct bench *b)
{
    static struct verdict verdict;
    static struct claims claims;

    return verify_quote_with(b->trusted, &b->in, &claims, &verdict) ==
           STATUS_OK;
}

static const struct way {
    const char *name;
    bool (*run)(const struct bench *b);
} ways[] = {
    { "signatures_us", run_signatures },
    { "full_us", run_full },
    { "warm_us", run_warm },
};

static double cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool is_known(const struct bench *b, struct slice message)
{
    for (size_t i = 0; i < b->count; i++)
        if (slice_equal(slice_of(b->signatures[i].message,
                                 b->signatures[i].message_len),
                        message))
            return true;
    return false;
}

/* An explain_fn: keep the signatures, each of which is told as what is signed,
 * the signature and the key. One that stands in several chains counts once. */
static void keep_signature(void *ctx, const struct explain_row *row)
{
    static bool skipping;
    struct bench *b = ctx;
    struct signature *s = &b->signatures[b->count];

    if (row->act == EXPLAIN_SIGNED) {
        skipping = is_known(b, row->bytes);
        if (b->count == SIGNATURES_MAX || row->bytes.len > sizeof(s->message))
            fail("too many signatures, or too long a text", NULL);
        if (skipping)
            return;
        memcpy(s->message, row->bytes.at, row->bytes.len);
        s->message_len = row->bytes.len;
        s->is_warm = strcmp(row->what, "quote") == 0 ||
                     strncmp(row->what, "pck_chain", 9) == 0;
    }
    if (row->act == EXPLAIN_SIGNATURE && !skipping) {
        memcpy(s->bytes, row->bytes.at, row->bytes.len);
        s->len = row->bytes.len;
    }
    if (row->act == EXPLAIN_KEY && !skipping && s->len > 0) {
        memcpy(s->key, row->bytes.at, sizeof(s->key));
        b->count++;
    }
}

static void prepare(struct bench *b)
{
    struct verify_input in = b->in;
    struct claims claims;
    struct verdict verdict;

    in.explain = keep_signature;
    in.explain_ctx = b;
    if (verify_quote(&in, &claims, &verdict) != STATUS_OK ||
        verify_collateral(&b->set, in.root_der, &b->trusted, &verdict) !=
            STATUS_OK)
        fail("refused", &verdict_failed(&verdict)->why);
}

static size_t count_warm(const struct bench *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->count; i++)
        n += b->signatures[i].is_warm;
    return n;
}

static void measure(const struct bench *b, double median[COUNT_OF(ways)])
{
    static double samples[COUNT_OF(ways)][ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            double begin = cpu_us();

            if (!ways[i].run(b))
                fail(ways[i].name, NULL);
            samples[i][round] = cpu_us() - begin;
        }
    }
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        qsort(samples[i], ROUNDS, sizeof(samples[i][0]), compare);
        median[i] = samples[i][ROUNDS / 2];
    }
}

static int run(const char *dir, int64_t now_unix)
{
    char quote[4096], root[4096];
    double median[COUNT_OF(ways)];
    struct evidence_files files;
    static struct bench b;
    struct why why = { 0 };

    (void)snprintf(quote, sizeof(quote), "%s/quote.bin", dir);
    (void)snprintf(root, sizeof(root), "%s/root.pem", dir);
    if (evidence_files_read(quote, dir, access(root, R_OK) == 0 ? root : NULL,
                            &files, &why) != STATUS_OK)
        fail("cannot read evidence", &why);
    b.in.now_unix = now_unix;
    b.set = evidence_files_set(&files);
    b.in.quote = buffer_view(&files.quote);
    b.in.collateral = &b.set;
    b.in.root_der = buffer_view(&files.root);
    prepare(&b);
    measure(&b, median);
    (void)printf("{\"full_signatures\":%zu,\"warm_signatures\":%zu", b.count,
                 count_warm(&b));
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        (void)printf(",\"%s\":%.2f", ways[i].name, median[i]);
    (void)puts("}");
    verify_trusted_free(b.trusted);
    evidence_files_free(&files);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    uint64_t now = 0;

    if (!secret_init())
        return EXIT_FAILURE;
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make_evidence(strcmp(argv[2], "sgx") == 0 ? TEE_SGX : TEE_TDX,
                             argv[3]);
    if (argc == 4 && strcmp(argv[1], "run") == 0 &&
        text_from_decimal(slice_text(argv[3]), INT64_MAX, &now))
        return run(argv[2], (int64_t)now);
    (void)fputs("usage: verify_bench make sgx|tdx DIR | run DIR TIME\n",
                stderr);
    return 2;
}
