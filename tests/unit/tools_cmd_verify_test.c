#include "tests/support/evidence.h"

#include <getopt.h>
#include <unistd.h>

#include "common/file.h"
#include "proxy/tools/cmd_verify.h"
#include "tests/support/folder.h"
#include "verifier/json.h"

/* A folder with evidence, and what the command printed. */
struct place {
    struct folder folder;
    char *dir; /* of |folder| */
    char quote[96];
    char root[96];
    char out[96];
};

static void write_file(const char *path, struct slice bytes)
{
    struct why why;

    CHECK_STATUS(file_replace(path, bytes, 0600, &why), STATUS_OK);
}

static void make_place(struct place *p, const struct sim_options *options)
{
    struct evidence e;
    struct why why;

    folder_make(&p->folder);
    p->dir = p->folder.path;
    (void)snprintf(p->quote, sizeof(p->quote), "%s/quote.bin", p->dir);
    (void)snprintf(p->root, sizeof(p->root), "%s/root.pem", p->dir);
    (void)snprintf(p->out, sizeof(p->out), "%s/out", p->dir);
    evidence_make(&e, options, TEE_TDX);
    CHECK_STATUS(sim_write_dir(e.sim, TEE_TDX, p->dir, &why), STATUS_OK);
    write_file(p->quote, buffer_view(&e.quote));
    evidence_free(&e);
}

static void remove_place(struct place *p)
{
    folder_remove(&p->folder);
}

/* Run the command with standard output in a file; returns its exit status. */
static int run(struct place *p, char **args, int count, struct buffer *out)
{
    int kept = dup(STDOUT_FILENO);
    struct why why;
    int code;

    assert_true(kept >= 0);
    (void)fflush(stdout);
    assert_non_null(freopen(p->out, "w", stdout));
    optind = 1;
    code = cmd_verify_command.main(count, args);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    CHECK_STATUS(file_read(p->out, 1 << 20, out, &why), STATUS_OK);
    return code;
}

#define RUN(place, out, ...)                                                   \
    run((place), (char *[]){ "verify", __VA_ARGS__, NULL },                    \
        (int)(sizeof((char *[]){ "verify", __VA_ARGS__ }) / sizeof(char *)),   \
        (out))

#define AT_NOW "--at", "1780272000"

static bool mentions(const struct buffer *out, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= out->len; i++)
        if (memcmp(out->at + i, word, len) == 0)
            return true;
    return false;
}

static void good_evidence_exits_0(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, NULL);
    assert_int_equal(RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir,
                         "--root", p.root, AT_NOW),
                     0);
    assert_true(mentions(&out, "pass  quote-format"));
    assert_true(mentions(&out, "verified at 2026-06-01T00:00:00Z"));
    assert_true(mentions(&out, "SIMULATED"));
    assert_false(mentions(&out, "FAIL"));
    assert_false(mentions(&out, "\033"));
    buffer_free(&out);
    remove_place(&p);
}

static void a_failed_check_exits_1_and_is_explained(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, NULL);
    assert_int_equal(
        RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir, AT_NOW), 1);
    assert_true(mentions(&out, "FAIL  pck-crl-chain "));
    assert_true(mentions(&out, "field     pck_crl_chain.root"));
    assert_true(mentions(&out, "skip  quote-signature"));
    assert_true(mentions(&out, "refused at"));
    buffer_free(&out);
    remove_place(&p);
}

static void an_empty_file_is_a_failed_check(void **state)
{
    static const struct {
        const char *name;
        const char *check;
    } files[] = {
        { "quote.bin", "quote-format" },
        { "tcb_info.json", "tcb-info-signature" },
        { "tcb_info_issuer_chain.pem", "tcb-info-chain" },
        { "qe_identity.json", "qe-identity-signature" },
        { "qe_identity_issuer_chain.pem", "qe-identity-chain" },
        { "pck_crl.der", "pck-crl-signature" },
        { "pck_crl_issuer_chain.pem", "pck-crl-chain" },
        { "root_ca_crl.der", "root-crl-signature" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct place p;
        struct buffer out;
        char path[160], want[64];

        make_place(&p, NULL);
        (void)snprintf(path, sizeof(path), "%s/%s", p.dir, files[i].name);
        write_file(path, (struct slice){ 0 });
        assert_int_equal(RUN(&p, &out, "--quote", p.quote, "--collateral",
                             p.dir, "--root", p.root, AT_NOW),
                         1);
        (void)snprintf(want, sizeof(want), "FAIL  %s ", files[i].check);
        assert_true(mentions(&out, want));
        buffer_free(&out);
        remove_place(&p);
    }
}

static void what_cannot_be_read_or_understood_exits_2(void **state)
{
    struct place p;
    struct buffer out;
    char gone[160];

    (void)state;
    make_place(&p, NULL);
    (void)snprintf(gone, sizeof(gone), "%s/pck_crl.der", p.dir);
    assert_int_equal(
        RUN(&p, &out, "--quote", "/nonexistent", "--collateral", p.dir), 2);
    buffer_free(&out);
    assert_int_equal(
        RUN(&p, &out, "--quote", p.quote, "--collateral", "/nonexistent"), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir,
                         "--root", "/nonexistent"),
                     2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--quote", p.quote), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--collateral", p.dir), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir,
                         "--at", "yesterday"),
                     2);
    buffer_free(&out);
    assert_int_equal(
        RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir, "more"), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--unknown"), 2);
    buffer_free(&out);
    assert_int_equal(unlink(gone), 0);
    assert_int_equal(RUN(&p, &out, "--quote", p.quote, "--collateral", p.dir),
                     2);
    assert_int_equal(out.len, 0);
    buffer_free(&out);
    remove_place(&p);
}

static void explain_tells_what_was_signed_and_compared(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, NULL);
    assert_int_equal(RUN(&p, &out, "--explain", "--quote", p.quote,
                         "--collateral", p.dir, "--root", p.root, AT_NOW),
                     0);
    assert_true(mentions(&out, "pass  quote-format"));
    assert_true(mentions(&out, "\nquote-signature\n    signed     quote, "
                               "from byte 0 of "));
    assert_true(mentions(&out, ", 632 bytes\n               SHA-256 "));
    assert_true(mentions(&out, "found      tcb_info.fmspc\n               "
                               "0053494d0000\n"));
    assert_true(mentions(&out, "verified at"));
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--explain", "--json", "--quote", p.quote,
                         "--collateral", p.dir, "--root", p.root, AT_NOW),
                     0);
    assert_true(mentions(&out, "\"explanation\":[{\"check\":"));
    buffer_free(&out);
    remove_place(&p);
}

static void help_goes_to_standard_output(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, NULL);
    assert_int_equal(RUN(&p, &out, "--help"), 0);
    assert_true(mentions(&out, "Usage: veritee verify"));
    buffer_free(&out);
    remove_place(&p);
}

/* --- JSON --- */

enum {
    J_VERSION,
    J_VERDICT,
    J_TIME,
    J_STATUS,
    J_ADVISORIES,
    J_TEE,
    J_FMSPC,
    J_FAILED_CHECK,
    J_CHECKS,
    J_CLAIMS,
    J_COUNT
};

static const char *const members[J_COUNT] = {
    "version", "verdict", "time",         "status", "advisories",
    "tee",     "fmspc",   "failed_check", "checks", "claims",
};

static void read_json(const struct buffer *out, struct slice values[J_COUNT])
{
    struct json j = json_over(buffer_view(out));
    struct json_object o = JSON_OBJECT(members);
    struct why why;

    while (json_member(&j, &o))
        values[o.at] = json_raw(&j);
    json_end(&j);
    json_require(&j, &o, (1 << J_COUNT) - 1);
    CHECK_STATUS(json_status(&j, "output", &why), STATUS_OK);
}

#define CHECK_VALUE(value, want)                                               \
    assert_true(slice_equal((value), slice_text(want)))

static void json_has_every_member_when_it_passes(void **state)
{
    struct sim_options o;
    struct place p;
    struct buffer out;
    struct slice v[J_COUNT];

    (void)state;
    sim_options_default(&o);
    o.tcb_levels.at[0].status = "ConfigurationNeeded";
    o.tcb_levels.at[0].advisories = "INTEL-SA-00002,INTEL-SA-00001";
    make_place(&p, &o);
    assert_int_equal(RUN(&p, &out, "--json", "--quote", p.quote, "--collateral",
                         p.dir, "--root", p.root, AT_NOW),
                     0);
    read_json(&out, v);
    CHECK_VALUE(v[J_VERSION], "1");
    CHECK_VALUE(v[J_VERDICT], "\"pass\"");
    CHECK_VALUE(v[J_TIME], "\"2026-06-01T00:00:00Z\"");
    CHECK_VALUE(v[J_STATUS], "\"ConfigurationNeeded\"");
    CHECK_VALUE(v[J_ADVISORIES], "[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]");
    CHECK_VALUE(v[J_TEE], "\"tdx\"");
    CHECK_VALUE(v[J_FMSPC], "\"0053494d0000\"");
    CHECK_VALUE(v[J_FAILED_CHECK], "null");
    assert_true(v[J_CLAIMS].at[0] == '{');
    assert_true(mentions(&out, "\"simulated\":true"));
    assert_true(mentions(&out, "\"earliest_expiry_item\":\"tcb_info\""));
    buffer_free(&out);
    remove_place(&p);
}

static void json_has_every_member_when_it_fails(void **state)
{
    struct sim_options o;
    struct place p;
    struct buffer out;
    struct slice v[J_COUNT];

    (void)state;
    sim_options_default(&o);
    o.tcb_levels.at[0].status = "Revoked";
    make_place(&p, &o);
    assert_int_equal(RUN(&p, &out, "--json", "--quote", p.quote, "--collateral",
                         p.dir, "--root", p.root, AT_NOW),
                     1);
    read_json(&out, v);
    CHECK_VALUE(v[J_VERDICT], "\"fail\"");
    CHECK_VALUE(v[J_STATUS], "null");
    CHECK_VALUE(v[J_ADVISORIES], "[]");
    CHECK_VALUE(v[J_TEE], "null");
    CHECK_VALUE(v[J_FMSPC], "null");
    CHECK_VALUE(v[J_FAILED_CHECK], "\"tcb-status\"");
    CHECK_VALUE(v[J_CLAIMS], "null");
    assert_true(mentions(&out, "\"outcome\":\"fail\""));
    buffer_free(&out);
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_evidence_exits_0),
        cmocka_unit_test(a_failed_check_exits_1_and_is_explained),
        cmocka_unit_test(an_empty_file_is_a_failed_check),
        cmocka_unit_test(what_cannot_be_read_or_understood_exits_2),
        cmocka_unit_test(explain_tells_what_was_signed_and_compared),
        cmocka_unit_test(help_goes_to_standard_output),
        cmocka_unit_test(json_has_every_member_when_it_passes),
        cmocka_unit_test(json_has_every_member_when_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
