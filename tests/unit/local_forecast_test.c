/* forecast: two judgements of the same evidence, and what their difference is
 * called. */
#include "tests/support/check.h"

#include "proxy/local/forecast.h"

#define NOW INT64_C(1780272000)

static struct attestation attested(uint32_t number, enum tcb_status status,
                                   enum status verdict)
{
    struct attestation a = { .why = { .status = STATUS_OK } };

    a.claims.tee = TEE_TDX;
    a.claims.tcb.evaluation_number = number;
    a.claims.tcb.status = status;
    if (verdict != STATUS_OK)
        (void)why_fail(&a.why, verdict, "accept.tcb.status", NULL, "%s",
                       tcb_status_name(status));
    return a;
}

static void add(struct attestation *a, const char *name)
{
    assert_true(advisories_add(&a->claims.tcb.advisories, slice_text(name),
                               TCB_PLATFORM));
}

static void the_outcome_decides_the_outlook(void **state)
{
    static const struct {
        enum status status;
        enum outlook want;
        const char *line;
    } cases[] = {
        { STATUS_OK, OUTLOOK_HOLDS, "forecast        holds\n" },
        { STATUS_POLICY, OUTLOOK_BREAKS, "forecast        breaks\n" },
        { STATUS_REVOKED, OUTLOOK_BREAKS, "forecast        breaks\n" },
        { STATUS_TCB_UNKNOWN, OUTLOOK_BREAKS, "forecast        breaks\n" },
        { STATUS_TIMED_OUT, OUTLOOK_UNKNOWN, "forecast        unknown\n" },
        { STATUS_NO_COLLATERAL, OUTLOOK_UNKNOWN, "forecast        unknown\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct attestation now = attested(18, TCB_UP_TO_DATE, STATUS_OK);
        const struct attestation early =
            attested(19, TCB_OUT_OF_DATE, cases[i].status);
        struct buffer text = buffer_with_max(4096);
        struct forecast f;

        forecast_compare(&now, &early, NOW, &f);
        assert_int_equal(f.outlook, cases[i].want);
        forecast_text(&f, "", &text);
        buffer_byte(&text, '\0');
        assert_non_null(strstr((char *)text.at, cases[i].line));
        buffer_free(&text);
        assert_int_equal(f.why.status, cases[i].status);
        assert_int_equal(forecast_advice(&f)[0] == '\0',
                         cases[i].want == OUTLOOK_HOLDS);
    }
}

static void only_new_advisories_are_news(void **state)
{
    struct attestation now = attested(18, TCB_UP_TO_DATE, STATUS_OK);
    struct attestation early = attested(19, TCB_OUT_OF_DATE, STATUS_POLICY);
    struct forecast f;

    (void)state;
    add(&now, "INTEL-SA-00001");
    add(&early, "INTEL-SA-00001");
    add(&early, "INTEL-SA-00002");
    add(&early, "INTEL-SA-00003");
    forecast_compare(&now, &early, NOW, &f);
    assert_int_equal(f.news.count, 2);
    assert_string_equal(f.news.names[0], "INTEL-SA-00002");
    assert_string_equal(f.news.names[1], "INTEL-SA-00003");
}

static void the_date_is_that_of_the_number(void **state)
{
    const struct tcb_numbers numbers = {
        .count = 2, .at = { { 19, NOW - 10, NOW }, { 20, NOW - 5, NOW } }
    };
    const struct attestation now = attested(18, TCB_UP_TO_DATE, STATUS_OK);
    struct attestation early = attested(19, TCB_UP_TO_DATE, STATUS_OK);
    struct forecast f;

    (void)state;
    forecast_compare(&now, &early, NOW, &f);
    forecast_date(&f, &numbers);
    assert_int_equal(f.event_unix, NOW - 10);
    early.claims.tcb.evaluation_number = 21; /* not in the list */
    forecast_compare(&now, &early, NOW, &f);
    forecast_date(&f, &numbers);
    assert_int_equal(f.event_unix, 0);
    early = attested(0, TCB_NONE, STATUS_REVOKED); /* without claims */
    forecast_compare(&now, &early, NOW, &f);
    forecast_date(&f, &numbers);
    assert_int_equal(f.early_number, 20);
    assert_int_equal(f.event_unix, NOW - 5);
}

static void a_person_is_told_what_changes_and_what_to_do(void **state)
{
    struct attestation now = attested(18, TCB_UP_TO_DATE, STATUS_OK);
    struct attestation early = attested(19, TCB_OUT_OF_DATE, STATUS_POLICY);
    struct buffer text = buffer_with_max(4096);
    struct forecast f;

    (void)state;
    add(&early, "INTEL-SA-00002");
    forecast_compare(&now, &early, NOW, &f);
    f.event_unix = NOW;
    forecast_text(&f, "  ", &text);
    buffer_byte(&text, '\0');
    assert_non_null(strstr((char *)text.at, "  forecast        breaks\n"));
    assert_non_null(strstr((char *)text.at, "18 now, 19 to come, public since "
                                            "2026-06-01\n"));
    assert_non_null(strstr((char *)text.at, "UpToDate now, OutOfDate then\n"));
    assert_non_null(strstr((char *)text.at, "INTEL-SA-00002\n"));
    assert_non_null(strstr((char *)text.at, "what to do      Ask"));
    buffer_clear(&text);
    forecast_text(&(struct forecast){ 0 }, "  ", &text);
    assert_int_equal(text.len, 0);
    buffer_free(&text);
}

static void json_has_null_for_what_is_not_known(void **state)
{
    const struct forecast none = { 0 };
    struct buffer text = buffer_with_max(4096);
    struct json_out j = json_out_to(&text);

    (void)state;
    json_out_object(&j, NULL);
    forecast_json(&none, "forecast", &j);
    json_out_end_object(&j);
    assert_true(
        slice_equal(buffer_view(&text), slice_text("{\"forecast\":null}")));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outcome_decides_the_outlook),
        cmocka_unit_test(only_new_advisories_are_news),
        cmocka_unit_test(the_date_is_that_of_the_number),
        cmocka_unit_test(a_person_is_told_what_changes_and_what_to_do),
        cmocka_unit_test(json_has_null_for_what_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
