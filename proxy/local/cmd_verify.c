#include "proxy/local/cmd_verify.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "proxy/local/evidence_files.h"
#include "proxy/local/verdict_text.h"
#include "verifier/verify.h"

enum { EXIT_VERIFIED, EXIT_REFUSED, EXIT_TROUBLE };

/* The version of the object that --json prints: docs/VERIFICATION.md. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

static const char usage[] =
    "usage: veritee verify --quote FILE --collateral DIR [--at UNIX_TIME]\n"
    "                      [--root PEM] [--json]\n"
    "\n"
    "Verify a TEE's quote and print every check.\n"
    "\n"
    "  --quote FILE       the quote, as the TEE made it\n"
    "  --collateral DIR   a folder with tcb_info.json, qe_identity.json,\n"
    "                     tcb_info_issuer_chain.pem, pck_crl.der,\n"
    "                     qe_identity_issuer_chain.pem, root_ca_crl.der and\n"
    "                     pck_crl_issuer_chain.pem\n"
    "  --at UNIX_TIME     verify as of that second (default: now)\n"
    "  --root PEM         trust this root instead of the Intel SGX Root CA\n"
    "  --json             print one JSON object instead of a table\n"
    "\n"
    "Exit status: 0 every check passed, whatever the TCB status; 1 a check\n"
    "failed; 2 wrong usage, or a file that cannot be read.\n";

struct options {
    const char *quote;
    const char *collateral;
    const char *root; /* NULL: built in */
    int64_t at_unix;
    bool json;
    bool help;
};

static void complain(const char *what)
{
    (void)fprintf(stderr, "veritee verify: %s\n", what);
}

static bool parse_time(const char *text, int64_t *out)
{
    uint64_t v = 0;
    bool ok = text_from_decimal(slice_text(text), INT64_MAX, &v);

    if (!ok)
        complain("--at: not a unix time");
    *out = (int64_t)v;
    return ok;
}

static bool check_options(const struct options *o, int left)
{
    if (o->quote == NULL)
        complain("--quote is missing; see --help");
    else if (o->collateral == NULL)
        complain("--collateral is missing; see --help");
    else if (left > 0)
        complain("an argument too many; see --help");
    return o->quote != NULL && o->collateral != NULL && left == 0;
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    enum { QUOTE = 256, COLLATERAL, AT, ROOT, JSON };
    static const struct option names[] = {
        { "quote", required_argument, NULL, QUOTE },
        { "collateral", required_argument, NULL, COLLATERAL },
        { "at", required_argument, NULL, AT },
        { "root", required_argument, NULL, ROOT },
        { "json", no_argument, NULL, JSON },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    *out = (struct options){ .at_unix = (int64_t)time(NULL) };
    for (c = getopt_long(argc, argv, "h", names, NULL); c != -1;
         c = getopt_long(argc, argv, "h", names, NULL)) {
        if (c == QUOTE)
            out->quote = optarg;
        else if (c == COLLATERAL)
            out->collateral = optarg;
        else if (c == ROOT)
            out->root = optarg;
        else if (c == JSON)
            out->json = true;
        else if (c == 'h')
            out->help = true;
        else if (c != AT || !parse_time(optarg, &out->at_unix))
            return false;
    }
    return out->help || check_options(out, argc - optind);
}

/* Without claims (the verification failed) their members are null or empty. */
static void put_summary(const struct claims *c, struct json_out *j)
{
    if (c->tee == TEE_NONE) {
        json_out_null(j, "status");
        json_out_null(j, "tee");
        json_out_null(j, "fmspc");
    } else {
        json_out_text(j, "status", tcb_status_name(c->tcb.status));
        json_out_text(j, "tee", tee_name(c->tee));
        json_out_hex(j, "fmspc", SLICE_OF(c->platform.fmspc));
    }
    json_out_array(j, "advisories");
    for (size_t i = 0; i < c->tcb.advisories.count; i++)
        json_out_text(j, NULL, c->tcb.advisories.names[i]);
    json_out_end_array(j);
}

static void put_json(const struct options *o, const struct claims *c,
                     const struct verdict *v, struct buffer *out)
{
    struct json_out j = json_out_to(out);
    const struct check_result *failed = verdict_failed(v);

    json_out_object(&j, NULL);
    json_out_int(&j, "version", JSON_VERSION);
    json_out_text(&j, "verdict", failed == NULL ? "pass" : "fail");
    json_out_time(&j, "time", o->at_unix);
    put_summary(c, &j);
    if (failed == NULL)
        json_out_null(&j, "failed_check");
    else
        json_out_text(&j, "failed_check", failed->id);
    verdict_text_checks(v, &j);
    if (failed == NULL) {
        json_out_object(&j, "claims");
        claims_json(c, &j);
        json_out_end_object(&j);
    } else {
        json_out_null(&j, "claims");
    }
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static void put_text(const struct options *o, const struct claims *c,
                     const struct verdict *v, struct buffer *out)
{
    const struct check_result *failed = verdict_failed(v);
    char time_text[TEXT_TIME_ROOM];

    verdict_text_table(v, isatty(STDOUT_FILENO) == 1, out);
    text_time(o->at_unix, time_text);
    buffer_printf(out, "\n%s at %s\n", failed == NULL ? "verified" : "refused",
                  time_text);
    if (failed == NULL)
        verdict_text_claims(c, out);
}

static int print(const struct options *o, const struct claims *c,
                 const struct verdict *v)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    bool ok;

    if (o->json)
        put_json(o, c, v, &out);
    else
        put_text(o, c, v, &out);
    ok = buffer_ok(&out) && fwrite(out.at, 1, out.len, stdout) == out.len &&
         fflush(stdout) == 0;
    buffer_free(&out);
    if (!ok)
        complain("cannot write the verdict");
    return ok ? EXIT_VERIFIED : EXIT_TROUBLE;
}

static int verify(const struct options *o, const struct evidence_files *files)
{
    const struct collateral_set set = evidence_files_set(files);
    const struct verify_input in = { .quote = buffer_view(&files->quote),
                                     .collateral = &set,
                                     .root_der = buffer_view(&files->root),
                                     .now_unix = o->at_unix };
    struct claims claims;
    struct verdict verdict;
    enum status st = verify_quote(&in, &claims, &verdict);

    if (st != STATUS_OK && verdict_failed(&verdict) == NULL) {
        complain(status_text(st));
        return EXIT_TROUBLE;
    }
    if (print(o, &claims, &verdict) != EXIT_VERIFIED)
        return EXIT_TROUBLE;
    return st == STATUS_OK ? EXIT_VERIFIED : EXIT_REFUSED;
}

int cmd_verify_main(int argc, char **argv)
{
    struct options o;
    struct evidence_files files;
    struct why why;
    int code;

    if (!parse_options(argc, argv, &o))
        return EXIT_TROUBLE;
    if (o.help)
        return fputs(usage, stdout) < 0 ? EXIT_TROUBLE : EXIT_VERIFIED;
    if (evidence_files_read(o.quote, o.collateral, o.root, &files, &why) !=
        STATUS_OK) {
        complain(why.found);
        return EXIT_TROUBLE;
    }
    code = verify(&o, &files);
    evidence_files_free(&files);
    return code;
}
