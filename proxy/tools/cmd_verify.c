#include "proxy/tools/cmd_verify.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"
#include "proxy/local/verdict_text.h"
#include "proxy/tools/evidence_files.h"
#include "proxy/tools/explain_text.h"
#include "proxy/tools/snp_files.h"
#include "proxy/tools/terminal.h"
#include "proxy/tools/verify_policy.h"
#include "verifier/verify.h"
#include "verifier/verify_snp.h"

/* The version of the object that --json prints: docs/VERIFICATION.md. */
#define JSON_VERSION     1
#define OUTPUT_MAX_BYTES (1024 * 1024)

struct options {
    const char *quote;
    const char *collateral;
    const char *tee; /* NULL: as the quote says */
    const char *endorsement;
    const char *crl;     /* NULL: none */
    const char *root;    /* NULL: built in */
    const char *policy;  /* NULL: none */
    const char *service; /* of it; NULL: its only one */
    int64_t at_unix;
    bool explain;
    bool json;
};

#define FIELD(name) offsetof(struct options, name)

static const struct command_option known[] = {
    { "quote", 0, OPTION_FILE, FIELD(quote), "FILE",
      "the quote or report, as the TEE made it" },
    { "collateral", 0, OPTION_FOLDER, FIELD(collateral), "DIR",
      "a folder with tcb_info.json, qe_identity.json,\n"
      "tcb_info_issuer_chain.pem, pck_crl.der,\n"
      "qe_identity_issuer_chain.pem, root_ca_crl.der and\n"
      "pck_crl_issuer_chain.pem" },
    { "tee", 0, OPTION_WORD, FIELD(tee), "sev-snp",
      "sev-snp: the quote is an AMD SEV-SNP report; SGX and\n"
      "TDX say by themselves which they are" },
    { "endorsement", 0, OPTION_FILE, FIELD(endorsement), "FILE",
      "its VCEK or VLEK certificate: DER, or PEM, of which\n"
      "only the first certificate counts" },
    { "crl", 0, OPTION_FILE, FIELD(crl), "FILE",
      "AMD's revocation list, DER; without it revocation\n"
      "is not checked, and the verdict says so" },
    { "at", 0, OPTION_TIME, FIELD(at_unix), "TIME",
      "verify as of that second (default: now): unix time,\n"
      "or as 2026-01-31T00:00:00Z" },
    { "root", 0, OPTION_FILE, FIELD(root), "PEM",
      "trust this root instead of the one built in: of Intel\n"
      "the SGX Root CA, of AMD the ASK and then its ARK" },
    { "policy", 0, OPTION_FILE, FIELD(policy), "FILE",
      "then judge by this policy, its root and its lists" },
    { "service", 0, OPTION_TEXT, FIELD(service), "NAME",
      "which service of the policy; its only one if there is\n"
      "only one" },
    { "explain", 0, OPTION_FLAG, FIELD(explain), NULL,
      "also print the bytes that each check hashed or\n"
      "compared" },
    { "json", 0, OPTION_FLAG, FIELD(json), NULL,
      "print one JSON object instead of a table" },
    { .name = NULL },
};

static int verify_main(int argc, char **argv);

const struct command cmd_verify_command = {
    .name = "verify",
    .what = "verify a quote from files",
    .synopsis = "--quote FILE --collateral DIR [options]\n"
                "--tee sev-snp --quote FILE --endorsement FILE [options]",
    .about = "Verify a TEE's quote and print every check.\n",
    .options = known,
    .exits = "0 every check passed, whatever the TCB status, and the policy\n"
             "accepts it, if one is named; 1 a check failed, or it does not;\n"
             "2 wrong usage, or a file that cannot be read.\n",
    .examples =
        "veritee verify --quote quote.bin --collateral DIR --explain\n"
        "veritee verify --tee sev-snp --quote report.bin --endorsement vcek.der\n",
    .main = verify_main,
};

/* What came of it. */
struct answer {
    enum status status;
    struct claims claims;
    struct verdict verdict;
    struct explain_text explain; /* empty unless asked for */
    struct verify_policy policy; /* likewise */
};

/* What is wrong with them, NULL if nothing. */
static const char *find_mistake(const struct options *o)
{
    const bool is_snp = o->tee != NULL;

    if (o->quote == NULL)
        return "--quote is missing; see --help";
    if (o->service != NULL && o->policy == NULL)
        return "--service goes with --policy; see --help";
    if (!is_snp && (o->endorsement != NULL || o->crl != NULL))
        return "--endorsement and --crl go with --tee sev-snp; see --help";
    if (!is_snp && o->collateral == NULL)
        return "--collateral is missing; see --help";
    if (is_snp && o->endorsement == NULL)
        return "--endorsement is missing; see --help";
    if (is_snp && o->collateral != NULL)
        return "--collateral does not go with --tee sev-snp; see --help";
    return NULL;
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
    if (o->policy != NULL)
        verify_policy_json(&a->policy, &j);
    json_out_end_object(&j);
    buffer_byte(out, '\n');
}

static void put_text(const struct options *o, const struct answer *a,
                     struct buffer *out)
{
    const struct verdict *v = &a->verdict;
    const struct check_result *failed = verdict_failed(v);
    char time_text[TEXT_TIME_ROOM];

    verdict_text_table(v, terminal_colour(STDOUT_FILENO), out);
    if (o->explain) {
        buffer_text(out, "\nwhat was hashed and compared\n");
        explain_text_table(&a->explain, out);
    }
    text_time(o->at_unix, time_text);
    buffer_printf(out, "\n%s at %s\n", failed == NULL ? "verified" : "refused",
                  time_text);
    if (failed == NULL)
        verdict_text_claims(&a->claims, out);
    verify_policy_text(&a->policy, terminal_colour(STDOUT_FILENO), out);
}

static int print(const struct options *o, const struct answer *a)
{
    struct buffer out = buffer_with_max(OUTPUT_MAX_BYTES);

    if (o->json)
        put_json(o, a, &out);
    else
        put_text(o, a, &out);
    return command_print(&cmd_verify_command,
                         a->status == STATUS_OK &&
                                 a->policy.why.status == STATUS_OK
                             ? COMMAND_GOOD
                             : COMMAND_BAD,
                         &out);
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
        .user_crls = out->policy.crls.lists,
        .user_crl_count = out->policy.crls.count,
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
        .user_crls = out->policy.crls.lists,
        .user_crl_count = out->policy.crls.count,
        .explain = o->explain ? explain_text_keep : NULL,
        .explain_ctx = &out->explain,
    };

    if (st != STATUS_OK)
        return st;
    out->status = verify_snp(&in, &out->claims, &out->verdict);
    snp_files_free(&files);
    return STATUS_OK;
}

/* A policy may name a root; the command line has the last word. */
static enum status find_answer(struct options *o, struct answer *out,
                               struct why *why)
{
    enum status st = STATUS_OK;

    if (o->policy != NULL)
        st = verify_policy_read(o->policy, o->service, &out->policy, why);
    if (st == STATUS_OK && o->policy != NULL && o->root == NULL)
        o->root = out->policy.service->root_file;
    if (st == STATUS_OK)
        st = o->tee != NULL ? answer_snp(o, out, why)
                            : answer_quote(o, out, why);
    if (st == STATUS_OK && out->status == STATUS_OK && o->policy != NULL)
        verify_policy_judge(&out->policy, &out->claims, o->at_unix);
    return st;
}

static int verify_main(int argc, char **argv)
{
    struct options o = { .at_unix = (int64_t)time(NULL) };
    struct answer answer = { .explain = { .count = 0 } };
    char **operands;
    const char *mistake;
    struct why why;
    enum status st;
    int code = command_read(&cmd_verify_command, argc, argv, &o, &operands);

    if (code != -1)
        return code;
    mistake = find_mistake(&o);
    if (mistake != NULL)
        return command_fail(&cmd_verify_command, COMMAND_TROUBLE, "%s",
                            mistake);
    st = find_answer(&o, &answer, &why);
    if (st != STATUS_OK)
        code =
            command_fail(&cmd_verify_command, COMMAND_TROUBLE, "%s", why.found);
    else if (answer.status != STATUS_OK &&
             verdict_failed(&answer.verdict) == NULL)
        code = command_fail(&cmd_verify_command, COMMAND_TROUBLE, "%s",
                            status_text(answer.status));
    else
        code = print(&o, &answer);
    verify_policy_fini(&answer.policy);
    return code;
}
