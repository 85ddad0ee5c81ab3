#include "tests/support/check.h"

#include "common/file.h"
#include "proxy/tools/cmd_verify.h"
#include "tests/support/folder.h"
#include "tests/support/printed.h"
#include "tests/support/snp_sim.h"

/* A folder with a report and what endorses it. */
struct place {
    struct folder folder;
    char report[96];
    char endorsement[96];
    char list[96];
    char root[96];
    char out[96];
};

static void put_file(const struct place *p, char path[96], const char *name,
                     struct slice bytes)
{
    struct why why;

    (void)snprintf(path, 96, "%s/%s", p->folder.path, name);
    CHECK_STATUS(file_replace(path, bytes, 0600, &why), STATUS_OK);
}

static void make_place(struct place *p)
{
    struct sim_snp_plan plan;
    struct snp_sim s;
    struct verify_snp_input in;

    folder_make(&p->folder);
    snp_sim_default(&plan);
    snp_sim_make(&plan, &s);
    in = snp_sim_input(&s);
    put_file(p, p->report, "report", in.report);
    put_file(p, p->endorsement, "vcek.der", in.endorsement);
    put_file(p, p->list, "crl.der", in.crl);
    put_file(p, p->root, "root.pem", in.root_pem);
    (void)snprintf(p->out, sizeof(p->out), "%s/out", p->folder.path);
}

#define RUN(place, buffer, ...)                                                \
    printed_run(cmd_verify_command.main,                                       \
                (char *[]){ "verify", "--tee", "sev-snp", __VA_ARGS__, NULL }, \
                (place)->out, (buffer))

#define AT_NOW "--at", "1780272000"

static void a_sound_report_is_verified(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--quote", p.report, "--endorsement",
                         p.endorsement, "--crl", p.list, "--root", p.root,
                         AT_NOW),
                     0);
    assert_true(printed_has(&out, "verified at 2026-06-01T00:00:00Z"));
    assert_true(printed_has(&out, "SIMULATED"));
    assert_true(printed_has(&out, "Milan, by its vcek"));
    assert_true(printed_has(&out, "revocation      checked"));
    buffer_free(&out);
    folder_remove(&p.folder);
}

static void without_a_list_that_is_said(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--quote", p.report, "--endorsement",
                         p.endorsement, "--root", p.root, AT_NOW),
                     0);
    assert_true(printed_has(&out, "no revocation list was given"));
    assert_true(printed_has(&out, "NOT CHECKED"));
    buffer_free(&out);
    folder_remove(&p.folder);
}

static void json_has_the_claims(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--quote", p.report, "--endorsement",
                         p.endorsement, "--root", p.root, AT_NOW, "--json"),
                     0);
    assert_true(printed_has(&out, "\"tee\":\"sev-snp\""));
    assert_true(printed_has(&out, "\"status\":null"));
    assert_true(printed_has(&out, "\"product\":\"Milan\""));
    assert_true(printed_has(&out, "\"revocation_checked\":false"));
    assert_true(printed_has(&out, "\"bits\":\"0x3011f\""));
    assert_false(printed_has(&out, "fmspc\":\""));
    buffer_free(&out);
    folder_remove(&p.folder);
}

static void explain_tells_what_was_signed_and_compared(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--explain", "--quote", p.report,
                         "--endorsement", p.endorsement, "--crl", p.list,
                         "--root", p.root, AT_NOW),
                     0);
    assert_true(printed_has(&out, "\nreport-signature\n    signed     report, "
                                  "from byte 0 of 1184, 672 bytes\n"
                                  "               SHA-384 "));
    assert_true(
        printed_has(&out, "\nark-crl-signature\n    signed     ark_crl"));
    assert_true(printed_has(&out, "serial     endorsement.serial\n"));
    assert_true(printed_has(&out, "found      report.reported_tcb\n"
                                  "               00040018db\n"
                                  "    expected   endorsement.tcb\n"
                                  "               00040018db\n"));
    assert_true(printed_has(&out, "expected   endorsement.hwid\n"));
    buffer_free(&out);
    folder_remove(&p.folder);
}

static void amds_root_refuses_a_simulation(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--quote", p.report, "--endorsement",
                         p.endorsement, AT_NOW),
                     1);
    assert_true(printed_has(&out, "FAIL  endorsement-chain-roles"));
    buffer_free(&out);
    folder_remove(&p.folder);
}

static void wrong_usage_is_trouble(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p);
    assert_int_equal(RUN(&p, &out, "--quote", p.report), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--quote", p.report, "--endorsement",
                         p.endorsement, "--collateral", p.folder.path),
                     2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--tee", "tdx", "--quote", p.report), 2);
    buffer_free(&out);
    assert_int_equal(
        RUN(&p, &out, "--quote", p.report, "--endorsement", "/nowhere"), 2);
    buffer_free(&out);
    folder_remove(&p.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_report_is_verified),
        cmocka_unit_test(without_a_list_that_is_said),
        cmocka_unit_test(json_has_the_claims),
        cmocka_unit_test(explain_tells_what_was_signed_and_compared),
        cmocka_unit_test(amds_root_refuses_a_simulation),
        cmocka_unit_test(wrong_usage_is_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
