#include "tests/support/evidence.h"

#include "common/file.h"
#include "common/text.h"
#include "proxy/tools/cmd_inspect.h"
#include "proxy/tools/inspect.h"
#include "tests/support/folder.h"
#include "tests/support/printed.h"
#include "tests/support/snp_sim.h"
#include "verifier/json.h"

/* A folder with a quote, and where output goes. */
struct place {
    struct folder folder;
    char quote[96];
    char out[96];
    struct evidence evidence;
};

static void write_quote(struct place *p, struct slice bytes)
{
    struct why why;

    CHECK_STATUS(file_replace(p->quote, bytes, 0600, &why), STATUS_OK);
}

static void make_place(struct place *p, enum tee_type tee)
{
    folder_make(&p->folder);
    (void)snprintf(p->quote, sizeof(p->quote), "%s/quote", p->folder.path);
    (void)snprintf(p->out, sizeof(p->out), "%s/out", p->folder.path);
    evidence_make(&p->evidence, NULL, tee);
    write_quote(p, buffer_view(&p->evidence.quote));
}

static void remove_place(struct place *p)
{
    evidence_free(&p->evidence);
    folder_remove(&p->folder);
}

#define RUN(place, buffer, ...)                                                \
    printed_run(cmd_inspect_command.main,                                      \
                (char *[]){ "inspect", __VA_ARGS__, NULL }, (place)->out,      \
                (buffer))

static void a_td_s_quote_is_told_field_by_field(void **state)
{
    uint8_t report_data[64];
    char hex[2 * sizeof(report_data) + 1];
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, TEE_TDX);
    assert_int_equal(RUN(&p, &out, p.quote), 0);
    evidence_report_data(report_data);
    text_hex(SLICE_OF(report_data), hex, sizeof(hex));
    assert_true(printed_has(&out, "UNVERIFIED"));
    assert_true(printed_has(&out, "tdx, version 4"));
    assert_true(printed_has(&out, "\n  mrtd  "));
    assert_true(printed_has(&out, "\n  rtmr3  "));
    assert_true(printed_has(&out, "\n  tee tcb svn  "));
    assert_true(printed_has(&out, hex));
    assert_true(printed_has(&out, "5 (PCK certificate chain)"));
    assert_true(printed_has(&out, "SGX PCK Platform CA, "));
    assert_true(printed_has(&out, "\n  fmspc             0053494d0000\n"));
    assert_true(printed_has(&out, "\n  ca                Platform\n"));
    assert_false(printed_has(&out, "after it"));
    assert_false(printed_has(&out, "problem"));
    buffer_free(&out);
    remove_place(&p);
}

static void an_enclave_s_quote_is_told_field_by_field(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, TEE_SGX);
    assert_int_equal(RUN(&p, &out, p.quote), 0);
    assert_true(printed_has(&out, "sgx, version 3"));
    assert_true(printed_has(&out, "\nenclave\n  mrenclave  "));
    assert_false(printed_has(&out, "mrtd"));
    buffer_free(&out);
    remove_place(&p);
}

static void json_is_one_object_that_says_it_is_unverified(void **state)
{
    static const char *const names[] = { "version",      "verified", "problem",
                                         "tee",          "tdx",      "platform",
                                         "certification" };
    struct place p;
    struct buffer out;
    struct slice v[COUNT_OF(names)];
    struct json_object o = JSON_OBJECT(names);
    struct json j;
    struct why why;

    (void)state;
    make_place(&p, TEE_TDX);
    assert_int_equal(RUN(&p, &out, "--json", p.quote), 0);
    j = json_over(buffer_view(&out));
    while (json_member(&j, &o))
        v[o.at] = json_raw(&j);
    json_end(&j);
    json_require(&j, &o, (1 << COUNT_OF(names)) - 1);
    CHECK_STATUS(json_status(&j, "output", &why), STATUS_OK);
    assert_true(slice_equal(v[0], slice_text("1")));
    assert_true(slice_equal(v[1], slice_text("false")));
    assert_true(slice_equal(v[2], slice_text("null")));
    assert_true(slice_equal(v[3], slice_text("\"tdx\"")));
    buffer_free(&out);
    remove_place(&p);
}

static void a_report_of_sev_snp_is_told_field_by_field(void **state)
{
    static const char *const words[] = {
        "kind              sev-snp, version 3\n",
        "measurement       9090",
        "policy            000000000003011f\n",
        "vmpl              1\n",
        "product           Milan\n",
        "signed by         vcek\n",
        "chip id           1a1a",
        "reported tcb      bootloader 4, tee 0, snp 24, microcode 219",
        "after it          5 bytes, all zero: ignored\n",
        "UNVERIFIED",
    };
    uint8_t padded[SNP_REPORT_BYTES + 5] = { 0 };
    struct sim_snp_plan plan;
    struct snp_sim snp;
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, TEE_TDX);
    snp_sim_default(&plan);
    snp_sim_make(&plan, &snp);
    memcpy(padded, snp.report, sizeof(snp.report));
    write_quote(&p, SLICE_OF(padded));
    assert_int_equal(RUN(&p, &out, p.quote), 0);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        print_message("  %s\n", words[i]);
        assert_true(printed_has(&out, words[i]));
    }
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--json", p.quote), 0);
    assert_true(printed_has(&out, "\"tee\":\"sev-snp\""));
    assert_true(printed_has(&out, "\"vmpl\":1"));
    buffer_free(&out);
    padded[8 + 2] = 0; /* bit 17 of the policy must be one */
    write_quote(&p, SLICE_OF(padded));
    assert_int_equal(RUN(&p, &out, p.quote), 1);
    assert_true(printed_has(&out, "report.policy"));
    buffer_free(&out);
    remove_place(&p);
}

static void what_follows_a_quote_is_told(void **state)
{
    struct place p;
    struct buffer out;
    struct buffer *quote = &p.evidence.quote;

    (void)state;
    make_place(&p, TEE_TDX);
    buffer_add(quote, slice_of((uint8_t[3]){ 0 }, 3));
    write_quote(&p, buffer_view(quote));
    assert_int_equal(RUN(&p, &out, p.quote), 0);
    assert_true(printed_has(&out, "3 bytes, all zero: ignored"));
    buffer_free(&out);
    buffer_byte(quote, 1);
    write_quote(&p, buffer_view(quote));
    assert_int_equal(RUN(&p, &out, p.quote), 0);
    assert_true(printed_has(&out, "4 bytes, not all zero: ignored"));
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--json", p.quote), 0);
    assert_true(printed_has(&out, "\"trailing_bytes\":4"));
    buffer_free(&out);
    remove_place(&p);
}

static void what_cannot_be_read_exits_1_and_is_named(void **state)
{
    struct place p;
    struct buffer out;
    struct buffer *quote = &p.evidence.quote;

    (void)state;
    make_place(&p, TEE_TDX);
    write_quote(&p, slice_text("no quote at all"));
    assert_int_equal(RUN(&p, &out, p.quote), 1);
    assert_true(printed_has(&out, "field             quote.header"));
    assert_false(printed_has(&out, "mrtd"));
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--json", p.quote), 1);
    assert_true(printed_has(&out, "\"field\":\"quote.header\""));
    assert_true(printed_has(&out, "\"tee\":null"));
    buffer_free(&out);

    quote->at[quote->len - 100] = '!'; /* within the root's PEM */
    write_quote(&p, buffer_view(quote));
    assert_int_equal(RUN(&p, &out, p.quote), 1);
    assert_true(printed_has(&out, "\n  mrtd  "));
    assert_true(printed_has(&out, "field             pck_chain\n"));
    assert_false(printed_has(&out, "fmspc"));
    buffer_free(&out);
    remove_place(&p);
}

/* Every prefix of every quote, on a block of its exact size. */
static void every_prefix_is_told_or_refused(void **state)
{
    struct evidence e;

    (void)state;
    evidence_make(&e, NULL, TEE_TDX);
    for (size_t len = 0; len <= e.quote.len; len += len < 800 ? 1 : 37) {
        uint8_t *block = malloc(len > 0 ? len : 1);
        struct buffer text = buffer_with_max(1 << 20);
        struct inspect in;

        assert_non_null(block);
        memcpy(block, e.quote.at, len);
        assert_true((inspect_read(slice_of(block, len), &in) == STATUS_OK) ==
                    (len == e.quote.len));
        inspect_text(&in, &text);
        assert_true(buffer_ok(&text));
        buffer_free(&text);
        free(block);
    }
    evidence_free(&e);
}

static void wrong_usage_and_missing_files_exit_2(void **state)
{
    struct place p;
    struct buffer out;

    (void)state;
    make_place(&p, TEE_TDX);
    assert_int_equal(RUN(&p, &out, "/nonexistent"), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, p.quote, p.quote), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--json"), 2);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--unknown", p.quote), 2);
    assert_int_equal(out.len, 0);
    buffer_free(&out);
    assert_int_equal(RUN(&p, &out, "--help"), 0);
    assert_true(printed_has(&out, "Usage: veritee inspect"));
    buffer_free(&out);
    remove_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_td_s_quote_is_told_field_by_field),
        cmocka_unit_test(an_enclave_s_quote_is_told_field_by_field),
        cmocka_unit_test(json_is_one_object_that_says_it_is_unverified),
        cmocka_unit_test(a_report_of_sev_snp_is_told_field_by_field),
        cmocka_unit_test(what_follows_a_quote_is_told),
        cmocka_unit_test(what_cannot_be_read_exits_1_and_is_named),
        cmocka_unit_test(every_prefix_is_told_or_refused),
        cmocka_unit_test(wrong_usage_and_missing_files_exit_2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
