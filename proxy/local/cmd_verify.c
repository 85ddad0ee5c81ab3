#include "proxy/local/cmd_verify.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "proxy/local/evidence_files.h"
#include "proxy/local/explain_text.h"
#include "proxy/local/snp_files.h"
#include "proxy/local/verdict_text.h"
#include "verifier/verify.h"
#include "verifier/verify_snp.h"

enum { EXIT_VERIFIED, EXIT_REFUSED, EXIT_TROUBLE };

/* The version of the object that --json prints: docs/VERIFICATION.md. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

static const char usage[] =
    "usage: veritee verify --quote FILE --collateral DIR [--at UNIX_TIME]\n"
    "                      [--root PEM] [--explain] [--json]\n"
    "       veritee verify --tee sev-snp --quote FILE --endorsement FILE\n"
    "                      [--crl FILE] [--at UNIX_TIME] [--root PEM] [--json]\n"
    "\n"
    "Verify a TEE's quote and print every check.\n"
    "\n"
    "  --quote FILE       the quote or report, as the TEE made it\n"
    "  --collateral DIR   a folder with tcb_info.json, qe_identity.json,\n"
    "                     tcb_info_issuer_chain.pem, pck_crl.der,\n"
    "                     qe_identity_issuer_chain.pem, root_ca_crl.der and\n"
    "                     pck_crl_issuer_chain.pem\n"
    "  --tee sev-snp      the quote is an AMD SEV-SNP report; SGX and TDX\n"
    "                     say by themselves which they are\n"
    "  --endorsement FILE its VCEK or VLEK certificate: DER, or PEM, of which\n"
    "                     only the first certificate counts\n"
    "  --crl FILE         AMD's revocation list, DER; without it revocation\n"
    "                     is not checked, and the verdict says so\n"
    "  --at UNIX_TIME     verify as of that second (default: now)\n"
    "  --root PEM         trust this root instead of the one built in: of Intel\n"
    "                     the SGX Root CA, of AMD the ASK and then its ARK\n"
    "  --explain          also print the bytes that each check hashed or\n"
    "                     compared; not for sev-snp\n"
    "  --json             print one JSON object instead of a table\n"
    "\n"
    "Exit status: 0 every check passed, whatever the TCB status; 1 a check\n"
    "failed; 2 wrong usage, or a file that cannot be read.\n";

struct options {
    const char *quote;
    const char *collateral;
    const char *endorsement;
    const char *crl;  /* NULL: none */
    const char *root; /* NULL: built in */
    int64_t at_unix;
    bool is_snp;
    bool explain;
    bool json;
    bool help;
};

enum {
    OPTION_QUOTE = 256,
    OPTION_COLLATERAL,
    OPTION_TEE,
    OPTION_ENDORSEMENT,
    OPTION_CRL,
    OPTION_AT,
    OPTION_ROOT,
    OPTION_EXPLAIN,
    OPTION_JSON,
    OPTION_HELP = 'h'
};

/* What came of it. */
struct answer {
    enum status status;
    struct claims claims;
    struct verdict verdict;
    struct explain_text explain; /* empty unless asked for */
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

static bool parse_tee(const char *text, bool *is_snp)
{
    *is_snp = strcmp(text, tee_name(TEE_SEV_SNP)) == 0;
    if (!*is_snp)
        complain("--tee: only sev-snp is ever named; see --help");
    return *is_snp;
}

/* What is wrong with them, NULL if nothing. */
static const char *find_mistake(const struct options *o, int left)
{
    if (o->quote == NULL)
        return "--quote is missing; see --help";
    if (left > 0)
        return "an argument too many; see --help";
    if (!o->is_snp && (o->endorsement != NULL || o->crl != NULL))
        return "--endorsement and --crl go with --tee sev-snp; see --help";
    if (!o->is_snp && o->collateral == NULL)
        return "--collateral is missing; see --help";
    if (o->is_snp && o->endorsement == NULL)
        return "--endorsement is missing; see --help";
    if (o->is_snp && o->collateral != NULL)
        return "--collateral does not go with --tee sev-snp; see --help";
    if (o->is_snp && o->explain)
        return "--explain does not go with --tee sev-snp; see --help";
    return NULL;
}

static bool check_options(const struct options *o, int left)
{
    const char *mistake = find_mistake(o, left);

    if (mistake != NULL)
        complain(mistake);
    return mistake == NULL;
}

static bool take_option(int c, const char *value, struct options *out)
{
    switch (c) {
    case OPTION_QUOTE:
        out->quote = value;
        return true;
    case OPTION_COLLATERAL:
        out->collateral = value;
        return true;
    case OPTION_TEE:
        return parse_tee(value, &out->is_snp);
    case OPTION_ENDORSEMENT:
        out->endorsement = value;
        return true;
    case OPTION_CRL:
        out->crl = value;
        return true;
    case OPTION_ROOT:
        out->root = value;
        return true;
    case OPTION_AT:
        return parse_time(value, &out->at_unix);
    case OPTION_EXPLAIN:
        out->explain = true;
        return true;
    case OPTION_JSON:
        out->json = true;
        return true;
    case OPTION_HELP:
        out->help = true;
        return true;
    default: /* getopt_long() has said what is wrong */
        return false;
    }
}

static bool parse_options(int argc, char **argv, struct options *out)
{
    static const struct option names[] = {
        { "quote", required_argument, NULL, OPTION_QUOTE },
        { "collateral", required_argument, NULL, OPTION_COLLATERAL },
        { "tee", required_argument, NULL, OPTION_TEE },
        { "endorsement", required_argument, NULL, OPTION_ENDORSEMENT },
        { "crl", required_argument, NULL, OPTION_CRL },
        { "at", required_argument, NULL, OPTION_AT },
        { "root", required_argument, NULL, OPTION_ROOT },
        { "explain", no_argument, NULL, OPTION_EXPLAIN },
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int c;

    *out = (struct options){ .at_unix = (int64_t)time(NULL) };
    for (c = getopt_long(argc, argv, "h", names, NULL); c != -1;
         c = getopt_long(argc, argv, "h", names, NULL))
        if (!take_option(c, optarg, out))
            return false;
    return out->help || check_options(out, argc - optind);
}

/* Without claims (the verification failed) their members are null or empty;
 * AMD publishes no TCB status, and its platforms have no FMSPC. */
static void put_summary(const struct claims *c, struct json_out *j)
{
    if (c->tee == TEE_NONE)
        json_out_null(j, "tee");
    else
        json_out_text(j, "tee", tee_name(c->tee));
    if (c->tcb.status == TCB_NONE) {
        json_out_null(j, "status");
        json_out_null(j, "fmspc");
    } else {
        json_out_text(j, "status", tcb_status_name(c->tcb.status));
        json_out_hex(j, "fmspc", SLICE_OF(c->platform.fmspc));
    }
    json_out_array(j, "advisories");
    for (size_t i = 0; i < c->tcb.advisories.count; i++)
        json_out_text(j, NULL, c->tcb.advisories.names[i]);
    json_out_end_array(j);
}

static void put_json(const struct options *o, const struct answer *a,
                     struct buffer *out)
{
    const struct claims *c = &a->claims;
    const struct verdict *v = &a->verdict;
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
    if (o->explain)
        explain_text_json(&a->explain, &j);
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

static void put_text(const struct options *o, const struct answer *a,
                     struct buffer *out)
{
    const struct verdict *v = &a->verdict;
    const struct check_result *failed = verdict_failed(v);
    char time_text[TEXT_TIME_ROOM];

    verdict_text_table(v, isatty(STDOUT_FILENO) == 1, out);
    if (o->explain) {
        buffer_text(out, "\nwhat was hashed and compared\n");
        explain_text_table(&a->explain, out);
    }
    text_time(o->at_unix, time_text);
    buffer_printf(out, "\n%s at %s\n", failed == NULL ? "verified" : "refused",
                  time_text);
    if (failed == NULL)
        verdict_text_claims(&a->claims, out);
}

static int print(const struct options *o, const struct answer *a)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);
    bool ok;

    if (o->json)
        put_json(o, a, &out);
    else
        put_text(o, a, &out);
    ok = buffer_ok(&out) && fwrite(out.at, 1, out.len, stdout) == out.len &&
         fflush(stdout) == 0;
    buffer_free(&out);
    if (!ok)
        complain("cannot write the verdict");
    return ok ? EXIT_VERIFIED : EXIT_TROUBLE;
}

static enum status answer_quote(const struct options *o, struct answer *out,
                                struct why *why)
{
    struct evidence_files files;
    enum status st =
        evidence_files_read(o->quote, o->collateral, o->root, &files, why);
    const struct collateral_set set = evidence_files_set(&files);
    const struct verify_input in = {
        .quote = buffer_view(&files.quote),
        .collateral = &set,
        .root_der = buffer_view(&files.root),
        .now_unix = o->at_unix,
        .explain = o->explain ? explain_text_keep : NULL,
        .explain_ctx = &out->explain,
    };

    if (st != STATUS_OK)
        return st;
    out->status = verify_quote(&in, &out->claims, &out->verdict);
    evidence_files_free(&files);
    return STATUS_OK;
}

static enum status answer_snp(const struct options *o, struct answer *out,
                              struct why *why)
{
    const struct snp_files_paths paths = { .report = o->quote,
                                           .endorsement = o->endorsement,
                                           .crl = o->crl,
                                           .root = o->root };
    struct snp_files files;
    enum status st = snp_files_read(&paths, &files, why);
    const struct verify_snp_input in = {
        .report = buffer_view(&files.report),
        .endorsement = buffer_view(&files.endorsement),
        .crl = buffer_view(&files.crl),
        .root_pem = buffer_view(&files.root),
        .now_unix = o->at_unix,
    };

    if (st != STATUS_OK)
        return st;
    out->status = verify_snp(&in, &out->claims, &out->verdict);
    snp_files_free(&files);
    return STATUS_OK;
}

static int tell(const struct options *o, const struct answer *a)
{
    if (a->status != STATUS_OK && verdict_failed(&a->verdict) == NULL) {
        complain(status_text(a->status));
        return EXIT_TROUBLE;
    }
    if (print(o, a) != EXIT_VERIFIED)
        return EXIT_TROUBLE;
    return a->status == STATUS_OK ? EXIT_VERIFIED : EXIT_REFUSED;
}

int cmd_verify_main(int argc, char **argv)
{
    struct options o;
    struct answer answer = { .explain = { .count = 0 } };
    struct why why;
    enum status st;

    if (!parse_options(argc, argv, &o))
        return EXIT_TROUBLE;
    if (o.help)
        return fputs(usage, stdout) < 0 ? EXIT_TROUBLE : EXIT_VERIFIED;
    st = o.is_snp ? answer_snp(&o, &answer, &why)
                  : answer_quote(&o, &answer, &why);
    if (st != STATUS_OK) {
        complain(why.found);
        return EXIT_TROUBLE;
    }
    return tell(&o, &answer);
}
