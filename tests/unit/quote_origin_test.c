/* quote_origin: the platform's interfaces, against a process that stands in for
 * the kernel, for Gramine, and for an operator's program. */
#include "proxy/server/quote_origin.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/secret.h"
#include "proxy/server/quote_command.h"
#include "tests/support/check.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"
#include "verifier/quote.h"
#include "verifier/snp_report.h"
#include "verifier/verify_snp.h"

#define PLATFORM TEST_BIN_DIR "/fake_platform"
#define PATH     512

/* The keys of the simulated platforms are kept here from one to the next. */
static struct folder shelf;

struct rig {
    struct folder tree;
    struct child platform;
    struct quote_origin *origin;
    struct why why;
};

static const char *sim_dir(const char *tee)
{
    static char path[PATH];

    (void)snprintf(path, sizeof(path), "%s/%s", shelf.path, tee);
    return path;
}

static void begin(struct rig *rig, const char *kind, const char *tee,
                  const char *fault)
{
    const char *argv[] = {
        PLATFORM, kind, NULL, sim_dir(tee), tee, fault, NULL
    };
    char line[64];

    *rig = (struct rig){ .origin = NULL };
    folder_make(&rig->tree);
    argv[2] = rig->tree.path;
    child_start(&rig->platform, argv);
    child_hear(&rig->platform, line, sizeof(line));
    assert_string_equal(line, "ready");
}

static enum status open_kind(struct rig *rig, enum quote_origin_kind kind)
{
    const struct quote_origin_choice choice = { kind, rig->tree.path };

    return quote_origin_open(&choice, &rig->origin, &rig->why);
}

static void end(struct rig *rig)
{
    quote_origin_free(rig->origin);
    child_end(&rig->platform);
    folder_remove(&rig->tree);
}

/* The caller's to proof_fini(). */
static enum status ask(struct rig *rig, struct proof *out)
{
    uint8_t report_data[64];
    const struct quote_maker maker = quote_origin_maker(rig->origin);

    for (size_t i = 0; i < sizeof(report_data); i++)
        report_data[i] = (uint8_t)(0x80 + i);
    rig->why = (struct why){ 0 };
    proof_init(out);
    return maker.make(maker.ctx, report_data, out, &rig->why);
}

/* --- configfs-tsm -------------------------------------------------------- */

static void a_tdx_quote_comes_from_an_entry(void **state)
{
    struct rig rig;
    struct proof proof;
    struct quote quote;
    struct why why;

    (void)state;
    begin(&rig, "tsm", "tdx", "");
    CHECK_STATUS(open_kind(&rig, ORIGIN_TSM), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(ask(&rig, &proof), STATUS_OK);
        CHECK_STATUS(quote_parse(buffer_view(&proof.quote), &quote, &why),
                     STATUS_OK);
        assert_int_equal(quote.tee, TEE_TDX);
        assert_int_equal(quote.td.report_data[1], 0x81);
        assert_false(proof.is_snp);
        proof_fini(&proof);
    }
    end(&rig);
}

static void check_sound_snp(const struct proof *proof)
{
    struct buffer root = { 0 };
    struct claims claims;
    struct verdict verdict;
    char path[2 * PATH];
    struct why why;
    struct verify_snp_input in = {
        .report = buffer_view(&proof->quote),
        .endorsement = buffer_view(&proof->vcek),
        .now_unix = (int64_t)time(NULL),
    };

    (void)snprintf(path, sizeof(path), "%s/root.pem", sim_dir("sev-snp"));
    CHECK_STATUS(file_read(path, 65536, &root, &why), STATUS_OK);
    in.root_pem = buffer_view(&root);
    CHECK_STATUS(verify_snp(&in, &claims, &verdict), STATUS_OK);
    buffer_free(&root);
}

static void an_sev_snp_report_comes_with_its_certificates(void **state)
{
    struct rig rig;
    struct proof proof;

    (void)state;
    begin(&rig, "tsm", "sev-snp", "");
    CHECK_STATUS(open_kind(&rig, ORIGIN_TSM), STATUS_OK);
    CHECK_STATUS(ask(&rig, &proof), STATUS_OK);
    assert_true(proof.is_snp);
    assert_int_equal(proof.quote.len, SNP_REPORT_BYTES);
    assert_true(proof.ask.len > 0 && proof.ark.len > 0);
    check_sound_snp(&proof);
    proof_fini(&proof);
    end(&rig);
}

static void a_host_may_have_no_certificates(void **state)
{
    struct rig rig;
    struct proof proof;

    (void)state;
    begin(&rig, "tsm", "sev-snp", "no-certs");
    CHECK_STATUS(open_kind(&rig, ORIGIN_TSM), STATUS_OK);
    CHECK_STATUS(ask(&rig, &proof), STATUS_OK);
    assert_true(proof.is_snp);
    assert_int_equal(proof.vcek.len + proof.ask.len + proof.ark.len, 0);
    proof_fini(&proof);
    end(&rig);
}

static void who_was_interrupted_asks_again(void **state)
{
    struct rig rig;
    struct proof proof;

    (void)state;
    begin(&rig, "tsm", "tdx", "race");
    CHECK_STATUS(open_kind(&rig, ORIGIN_TSM), STATUS_OK);
    CHECK_STATUS(ask(&rig, &proof), STATUS_OK);
    proof_fini(&proof);
    end(&rig);
}

/* What goes wrong, and how that is named. */
static const struct {
    const char *name;
    const char *platform;
    const char *tee;
    const char *fault;
    enum quote_origin_kind kind;
    bool at_open;
    enum status want;
    const char *field;
} failures[] = {
    /* clang-format off */
    { "always interrupted", "tsm", "tdx", "races", ORIGIN_TSM, false, STATUS_BUSY, "quote_source.generation" },
    { "a quote for others", "tsm", "tdx", "other-data", ORIGIN_TSM, false, STATUS_BAD_BINDING, "quote.report_data" },
    { "a report for others", "tsm", "sev-snp", "other-data", ORIGIN_TSM, false, STATUS_BAD_BINDING, "quote.report_data" },
    { "no quote at all", "tsm", "tdx", "garbage", ORIGIN_TSM, false, STATUS_BAD_VERSION, NULL },
    { "another provider", "tsm", "tdx", "provider", ORIGIN_TSM, true, STATUS_UNSUPPORTED, "quote_source.provider" },
    { "Gramine without DCAP", "gramine", "sgx", "type", ORIGIN_GRAMINE, true, STATUS_UNSUPPORTED, "quote_source.attestation_type" },
    { "Gramine for others", "gramine", "sgx", "other-data", ORIGIN_GRAMINE, false, STATUS_BAD_BINDING, "quote.report_data" },
    { "Gramine where it is not", "tsm", "tdx", "", ORIGIN_GRAMINE, true, STATUS_NO_FILE, "quote_source" },
    /* clang-format on */
};

static void what_goes_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct rig rig;
        struct proof proof;
        enum status st;

        print_message("  %s\n", failures[i].name);
        begin(&rig, failures[i].platform, failures[i].tee, failures[i].fault);
        st = open_kind(&rig, failures[i].kind);
        if (!failures[i].at_open) {
            CHECK_STATUS(st, STATUS_OK);
            st = ask(&rig, &proof);
            assert_int_equal(proof.quote.len, 0);
            proof_fini(&proof);
        }
        CHECK_STATUS(st, failures[i].want);
        if (failures[i].field != NULL)
            assert_string_equal(rig.why.field, failures[i].field);
        end(&rig);
    }
}

/* An entry that a process which was killed has left, for |rig|. */
static void leave_entry(struct rig *rig, const struct folder *reports,
                        const char *name, const char *fault)
{
    const char *argv[] = {
        PLATFORM, "tsm", rig->tree.path, sim_dir("sev-snp"), "sev-snp",
        fault,    NULL
    };
    char line[64];
    int len;

    *rig = (struct rig){ .origin = NULL };
    len = snprintf(rig->tree.path, sizeof(rig->tree.path), "%s/%s",
                   reports->path, name);
    assert_in_range(len, 1, sizeof(rig->tree.path) - 1);
    assert_int_equal(mkdir(rig->tree.path, 0700), 0);
    child_start(&rig->platform, argv);
    child_hear(&rig->platform, line, sizeof(line));
    assert_string_equal(line, "ready");
}

static void check_file(const struct rig *entry, const char *name,
                       const char *want)
{
    struct buffer text = { 0 };
    char path[PATH];
    struct why why;

    (void)snprintf(path, sizeof(path), "%s/%s", entry->tree.path, name);
    CHECK_STATUS(file_read(path, 64, &text, &why), STATUS_OK);
    assert_true(slice_equal(buffer_view(&text), slice_text(want)));
    buffer_free(&text);
}

/* Open |rig|'s origin in |reports|, and have it make a quote. */
static void open_and_ask(struct rig *rig, const struct folder *reports)
{
    const struct quote_origin_choice choice = { ORIGIN_TSM, reports->path };
    struct proof proof;

    CHECK_STATUS(quote_origin_open(&choice, &rig->origin, &rig->why),
                 STATUS_OK);
    CHECK_STATUS(ask(rig, &proof), STATUS_OK);
    proof_fini(&proof);
}

static void who_asks_beside_us_has_another_entry(void **state)
{
    struct folder reports;
    struct rig first, second;

    (void)state;
    folder_make(&reports);
    leave_entry(&first, &reports, "veriteed-0", "");
    leave_entry(&second, &reports, "veriteed-1", "");
    open_and_ask(&first, &reports);
    open_and_ask(&second, &reports);
    check_file(&first, "generation", "1\n");
    check_file(&second, "generation", "1\n");
    /* It is given up, and can be had again; the other cannot. */
    quote_origin_free(first.origin);
    open_and_ask(&first, &reports);
    check_file(&first, "generation", "2\n");
    check_file(&second, "generation", "1\n");
    end(&first);
    end(&second);
    folder_remove(&reports);
}

static void reports_are_of_the_level_that_is_left_to_us(void **state)
{
    static const struct {
        const char *fault;
        const char *want;
    } cases[] = { { "", "-" }, { "floor", "2" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct folder reports;
        struct rig rig;

        folder_make(&reports);
        leave_entry(&rig, &reports, "veriteed-0", cases[i].fault);
        open_and_ask(&rig, &reports);
        check_file(&rig, "privlevel", cases[i].want);
        end(&rig);
        folder_remove(&reports);
    }
}

/* A plain folder for configfs: an entry can be made, but has no attributes. */
static void an_entry_of_our_own_is_made_and_removed(void **state)
{
    struct rig rig = { .origin = NULL };

    (void)state;
    folder_make(&rig.tree);
    CHECK_STATUS(open_kind(&rig, ORIGIN_TSM), STATUS_NO_FILE);
    assert_non_null(strstr(rig.why.found, "/veriteed-"));
    assert_non_null(strstr(rig.why.found, "/provider"));
    assert_int_equal(folder_count(&rig.tree), 0);
    folder_remove(&rig.tree);
}

/* --- Gramine ------------------------------------------------------------- */

static void an_sgx_quote_comes_from_gramine(void **state)
{
    struct rig rig;
    struct proof proof;
    struct quote quote;
    struct why why;

    (void)state;
    begin(&rig, "gramine", "sgx", "");
    CHECK_STATUS(open_kind(&rig, ORIGIN_GRAMINE), STATUS_OK);
    CHECK_STATUS(ask(&rig, &proof), STATUS_OK);
    CHECK_STATUS(quote_parse(buffer_view(&proof.quote), &quote, &why),
                 STATUS_OK);
    assert_int_equal(quote.tee, TEE_SGX);
    proof_fini(&proof);
    end(&rig);
}

/* --- a command ----------------------------------------------------------- */

static void write_script(const struct rig *rig, const char *body,
                         char path[PATH])
{
    char text[4 * PATH];
    struct why why;

    (void)snprintf(path, PATH, "%s/quote.sh", rig->tree.path);
    (void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
    CHECK_STATUS(file_replace(path, slice_text(text), 0700, &why), STATUS_OK);
}

static enum status run_script(struct rig *rig, const char *body,
                              int64_t deadline_ms, struct proof *out)
{
    static const uint8_t report_data[64] = { 1, 2, 3 };
    struct quote_command *command;
    struct quote_maker maker;
    char path[PATH];
    enum status st;

    write_script(rig, body, path);
    CHECK_STATUS(quote_command_open(path, deadline_ms, &command, &rig->why),
                 STATUS_OK);
    maker = quote_command_maker(command);
    proof_init(out);
    st = maker.make(maker.ctx, report_data, out, &rig->why);
    quote_command_free(command);
    return st;
}

static void a_command_makes_quotes_of_each_kind(void **state)
{
    static const char *const tees[] = { "tdx", "sgx", "sev-snp" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tees); i++) {
        struct rig rig = { .origin = NULL };
        struct proof proof;
        char body[3 * PATH];

        folder_make(&rig.tree);
        (void)snprintf(body, sizeof(body), "exec " PLATFORM " command - %s %s",
                       sim_dir(tees[i]), tees[i]);
        CHECK_STATUS(run_script(&rig, body, 60000, &proof), STATUS_OK);
        assert_int_equal(proof.is_snp, i == 2);
        if (proof.is_snp)
            check_sound_snp(&proof);
        proof_fini(&proof);
        folder_remove(&rig.tree);
    }
}

/* A fifo in the tree shows whether a process that was started is gone. */
static void what_a_command_does_wrong_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        int64_t deadline_ms;
        enum status want;
        const char *found;
    } cases[] = {
        /* clang-format off */
        { "it fails", "exit 3", 60000, STATUS_UNREACHABLE, "status 3" },
        { "it says why", "echo one >&2; echo no device >&2; exit 3", 60000, STATUS_UNREACHABLE, "status 3: no device" },
        { "it says much of that", "yes no device | head -c 300000 >&2; exit 3", 60000, STATUS_UNREACHABLE, "status 3: no device" },
        { "it says why and takes too long", "echo no device >&2; exec sleep 1000", 1000, STATUS_TIMED_OUT, "takes longer: no device" },
        { "it says why not before its end", "exec >&-; yes no device | head -c 300000 >&2; exit 3", 60000, STATUS_UNREACHABLE, "status 3: " },
        { "it closes all", "exec >&- 2>&-; exit 3", 60000, STATUS_UNREACHABLE, "status 3" },
        { "it complains without end", "exec cat /dev/zero >&2", 500, STATUS_TIMED_OUT, "takes longer" },
        { "it is killed", "kill -9 $$", 60000, STATUS_UNREACHABLE, "signal 9" },
        { "it says nothing", "cat >/dev/null", 60000, STATUS_TRUNCATED, NULL },
        { "it says what it heard", "cat", 60000, STATUS_BAD_VERSION, NULL },
        { "it says too much", "exec cat /dev/zero", 60000, STATUS_LIMIT, "bytes" },
        { "it takes too long", "exec sleep 1000", 200, STATUS_TIMED_OUT, "takes longer" },
        { "its child takes too long", "sleep 1000", 200, STATUS_TIMED_OUT, "takes longer" },
        { "it goes on after its answer", "exec >&-; sleep 1000", 200, STATUS_TIMED_OUT, "takes longer" },
        /* clang-format on */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig = { .origin = NULL };
        struct proof proof;
        enum status st;

        print_message("  %s\n", cases[i].name);
        folder_make(&rig.tree);
        st = run_script(&rig, cases[i].body, cases[i].deadline_ms, &proof);
        CHECK_STATUS(st, cases[i].want);
        CHECK_STATUS(rig.why.status, cases[i].want);
        if (cases[i].found != NULL)
            assert_non_null(strstr(rig.why.found, cases[i].found));
        proof_fini(&proof);
        folder_remove(&rig.tree);
    }
}

static void a_command_must_be_one(void **state)
{
    const struct quote_origin_choice choice = { ORIGIN_COMMAND, "/nowhere/q" };
    struct quote_origin *origin;
    struct why why;

    (void)state;
    CHECK_STATUS(quote_origin_open(&choice, &origin, &why), STATUS_NO_FILE);
    assert_null(origin);
    assert_non_null(strstr(why.found, "/nowhere/q"));
}

/* --- what is there ------------------------------------------------------- */

/* Where this machine has neither, which is nearly everywhere. */
static void without_a_tee_that_is_said(void **state)
{
    const struct quote_origin_choice choice = { ORIGIN_FIND, NULL };
    struct quote_origin *origin;
    struct why why;

    (void)state;
    if (access("/sys/kernel/config/tsm/report", F_OK) == 0 ||
        access("/dev/attestation", F_OK) == 0)
        skip();
    CHECK_STATUS(quote_origin_open(&choice, &origin, &why), STATUS_BAD_CONFIG);
    assert_null(origin);
    assert_non_null(strstr(why.found, "/sys/kernel/config/tsm/report"));
    assert_non_null(strstr(why.found, "/dev/attestation"));
    assert_non_null(strstr(why.expected, "--quote-source"));
}

static int begin_all(void **state)
{
    (void)state;
    folder_make(&shelf);
    (void)signal(SIGPIPE, SIG_IGN); /* as the server does */
    return secret_init() ? 0 : -1;
}

static int end_all(void **state)
{
    (void)state;
    folder_remove(&shelf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tdx_quote_comes_from_an_entry),
        cmocka_unit_test(an_sev_snp_report_comes_with_its_certificates),
        cmocka_unit_test(a_host_may_have_no_certificates),
        cmocka_unit_test(who_was_interrupted_asks_again),
        cmocka_unit_test(what_goes_wrong_is_named),
        cmocka_unit_test(an_entry_of_our_own_is_made_and_removed),
        cmocka_unit_test(who_asks_beside_us_has_another_entry),
        cmocka_unit_test(reports_are_of_the_level_that_is_left_to_us),
        cmocka_unit_test(an_sgx_quote_comes_from_gramine),
        cmocka_unit_test(a_command_makes_quotes_of_each_kind),
        cmocka_unit_test(what_a_command_does_wrong_is_named),
        cmocka_unit_test(a_command_must_be_one),
        cmocka_unit_test(without_a_tee_that_is_said),
    };

    return cmocka_run_group_tests(tests, begin_all, end_all);
}
