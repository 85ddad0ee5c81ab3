/* status_page, status_json, status_text, status_metrics, pac, tally, attempts:
 * what the proxy says of itself. */
#include "tests/support/check.h"

#include "proxy/local/own_pages.h"
#include "tests/support/good_claims.h"

#define HOSTILE "<b onload='x'>\"\\\x01"

/* A proxy with one service, accepted; every text from outside is hostile. */
struct sample {
    struct host_pattern host;
    struct endpoint endpoint;
    struct service service;
    struct policy policy;
    struct attempt attempt;
    struct attestation attestation;
    struct status_service state;
    struct tally tally;
    struct status_data data;
};

static void make_sample(struct sample *s)
{
    *s = (struct sample){ 0 };
    s->host = (struct host_pattern){ .host = "a.example" };
    s->endpoint = (struct endpoint){ .url = "wss://" HOSTILE };
    s->service = (struct service){ .name = HOSTILE,
                                   .host_count = 1,
                                   .hosts = &s->host,
                                   .endpoint_count = 1,
                                   .endpoints = &s->endpoint };
    s->policy = (struct policy){ .file_name = "/" HOSTILE,
                                 .service_count = 1,
                                 .services = &s->service };
    s->attempt = (struct attempt){ .order = 1, .at_unix = GOOD_NOW };
    s->attestation.claims = good_claims_tdx();
    s->attestation.attested_unix = GOOD_NOW;
    s->attestation.deadline_unix = GOOD_NOW + 3 * DAY_S;
    s->attestation.decision.release = HOSTILE;
    s->attestation.verdict.count = 1;
    s->attestation.verdict.checks[0] = (struct check_result){
        .id = "shape", .title = "quote parses", .outcome = OUTCOME_PASS
    };
    why_seen(&s->attestation.verdict.checks[0].why, "%s", HOSTILE);
    s->state = (struct status_service){ .service = &s->service,
                                        .standing = STANDING_VERIFIED,
                                        .attempts = &s->attempt,
                                        .attestation = &s->attestation };
    s->data = (struct status_data){ .now_unix = GOOD_NOW,
                                    .started_unix = GOOD_NOW,
                                    .policy = &s->policy,
                                    .address = "localhost:8118",
                                    .tally = &s->tally,
                                    .service_count = 1,
                                    .services = &s->state };
}

/* The far end is refused for something hostile. */
static void refuse(struct sample *s)
{
    struct why why = { 0 };

    (void)why_fail(&why, STATUS_POLICY, "accept.mrtd", "A.4", "%s", HOSTILE);
    (void)why_expect(&why, "%s", "other " HOSTILE);
    s->attempt.why = why;
    s->attempt.failures = 2;
    s->attestation.why = why;
    s->attestation.deadline_unix = 0;
    s->attestation.verdict.checks[0].outcome = OUTCOME_FAIL;
    s->attestation.verdict.checks[0].why = why;
    s->state.standing = STANDING_REFUSED;
    s->state.failure = &s->attempt;
    tally_refusal(&s->tally, GOOD_NOW, HOSTILE, HOSTILE, &why);
}

/* The page at |path|, for the caller to free. */
static char *written(const struct sample *s, const char *path)
{
    struct buffer body = buffer_with_max(1536 * 1024);
    struct front_page page = { .body = &body };

    assert_true(own_pages_find(&s->data, slice_text(path), &page));
    assert_true(buffer_ok(&body));
    buffer_byte(&body, 0);
    return (char *)body.at;
}

static void check_page(const struct sample *s, const char *path,
                       const char *const *has, const char *const *lacks)
{
    char *text = written(s, path);

    for (; *has != NULL; has++)
        if (strstr(text, *has) == NULL)
            fail_msg("%s: no \"%s\" in: %s", path, *has, text);
    for (; *lacks != NULL; lacks++)
        if (strstr(text, *lacks) != NULL)
            fail_msg("%s: \"%s\" in: %s", path, *lacks, text);
    free(text);
}

#define TEXTS(...)                                                             \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

#define ESCAPED_BUT "&#60;b onload=&#39;x&#39;&#62;&#34;\\"
#define ESCAPED     ESCAPED_BUT "&#xfffd;"

static void text_from_outside_stays_text_on_the_page(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    check_page(&s, "/",
               TEXTS("<h2>" ESCAPED "</h2>", "<span class=\"pill\">verified<",
                     "<p class=\"code\">wss://" ESCAPED
                     "</p><span class=\"state good\">accepted</span>",
                     "<dt>Release</dt><dd>" ESCAPED "<small>",
                     "<p class=\"found\">" ESCAPED_BUT "?</p>",
                     "<dd>/" ESCAPED "</dd>"),
               TEXTS("<b ", "<script>", " src=\"http", "\x01"));
    refuse(&s);
    check_page(&s, "/",
               TEXTS("<div class=\"verdict bad\">",
                     "<span class=\"pill\">refused<", "<dd>accept.mrtd</dd>",
                     "<dd>other " ESCAPED_BUT "?</dd>",
                     ", 2 times in a row</small>", "Last refusals",
                     "<summary>" ESCAPED " <small>",
                     "<dt>Endpoint</dt><dd>" ESCAPED "</dd>",
                     "<li class=\"fail\">", "<dt>What to do</dt>"),
               TEXTS("<b ", "<script>", "\x01"));
}

static void text_from_outside_stays_text_in_json(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    refuse(&s);
    check_page(&s, "/status.json",
               TEXTS("{\"version\":1,",
                     "\"name\":\"<b onload='x'>\\\"\\\\\\u0001\"",
                     "\"state\":\"refused\"", "\"status\":\"POLICY\""),
               TEXTS("\x01"));
}

static void a_label_is_escaped_as_prometheus_has_it(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    s.service.name = "a\"b\\c\nd";
    check_page(
        &s, "/metrics",
        TEXTS("veritee_service_verified{service=\"a\\\"b\\\\c\\nd\"} 1\n",
              "# TYPE veritee_service_streams gauge\n"),
        TEXTS("c\nd"));
}

static void the_soonest_end_is_told(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    check_page(&s, "/",
               TEXTS("<dt>Session until</dt>", "<dd>in 3 days<small>",
                     "<dt>Expires first</dt>", "UpToDate"),
               TEXTS("<dd>past"));
    s.data.now_unix = GOOD_NOW + 3 * DAY_S - 90;
    check_page(&s, "/", TEXTS("<dd>in 90 s<"), TEXTS("<dd>past"));
    s.data.now_unix = GOOD_NOW + 3 * DAY_S;
    check_page(&s, "/", TEXTS("<dd>past<"), TEXTS("<dd>in 0 s"));
}

static void what_a_recovery_will_break_is_told(void **state)
{
    struct forecast forecast = { .outlook = OUTLOOK_HOLDS,
                                 .present_number = 18,
                                 .early_number = 19,
                                 .event_unix = GOOD_NOW,
                                 .present_status = TCB_UP_TO_DATE,
                                 .early_status = TCB_OUT_OF_DATE };
    struct sample s;

    (void)state;
    make_sample(&s);
    s.state.forecast = &forecast;
    check_page(&s, "/", TEXTS("<dd>will hold<small>number 19, after 18<"),
               TEXTS("will break"));
    forecast.outlook = OUTLOOK_BREAKS;
    assert_true(
        advisories_add(&forecast.news, slice_text("<b onload"), TCB_PLATFORM));
    (void)why_fail(&forecast.why, STATUS_POLICY, "accept.tcb", NULL, "%s",
                   HOSTILE);
    check_page(&s, "/",
               TEXTS("1 will break</li>", "will break this service</h3>",
                     "UpToDate now, OutOfDate then", "&#60;b onload</dd>",
                     "<dd>accept.tcb</dd>", "<dt>What to do</dt>"),
               TEXTS("<b onload", "\x01"));
    forecast.outlook = OUTLOOK_UNKNOWN;
    check_page(&s, "/", TEXTS("<dd>not known<small>"), TEXTS("will break"));
}

static void a_protocol_with_weaknesses_says_so(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    check_page(&s, "/", TEXTS("</html>"), TEXTS("teekit"));
    check_page(&s, "/status.json", TEXTS("\"protocol\":\"native\""),
               TEXTS("teekit"));
    s.service.protocol = PROTOCOL_TEEKIT;
    check_page(&s, "/", TEXTS("It speaks teekit, which leaves open:"),
               TEXTS("native"));
    check_page(&s, "/status.txt", TEXTS("teekit"), TEXTS("native"));
    check_page(&s, "/status.json", TEXTS("\"protocol\":\"teekit\""),
               TEXTS("native"));
}

static const struct {
    enum standing standing;
    const char *page;
} standings[] = {
    { STANDING_WAITING, "class=\"pill\">waiting" },
    { STANDING_CONNECTING, "class=\"pill\">connecting" },
    { STANDING_UNREACHABLE, "class=\"pill\">unreachable" },
    { STANDING_REFUSED, "class=\"pill\">refused" },
    { STANDING_SIMULATED, "class=\"pill\">SIMULATED" },
    { STANDING_VERIFIED, "class=\"pill\">verified" },
};

static void every_standing_has_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(standings); i++) {
        const char *word = status_data_word(standings[i].standing);
        struct sample s;

        make_sample(&s);
        s.state.standing = standings[i].standing;
        s.state.attestation = NULL;
        check_page(&s, "/", TEXTS(standings[i].page, word), TEXTS("<details>"));
        check_page(&s, "/status.json", TEXTS(word, "\"attestation\":null"),
                   TEXTS("\"claims\""));
        check_page(&s, "/status.txt", TEXTS(word), TEXTS("tcb status"));
    }
}

static void the_pac_file_names_hosts_and_the_proxy(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    check_page(&s, "/proxy.pac",
               TEXTS("var hosts = [\"veritee.invalid\",\"a.example\"];\n",
                     "var below = [];\n",
                     "var proxy = \"PROXY localhost:8118\";\n"),
               TEXTS("DIRECT;"));
    s.host.wildcard = true;
    check_page(&s, "/proxy.pac",
               TEXTS("var hosts = [\"veritee.invalid\"];\n",
                     "var below = [\"a.example\"];\n"),
               TEXTS("DIRECT;"));
}

static void other_paths_are_not_ours(void **state)
{
    static const char *const paths[] = {
        "", "/x", "//", "/status.json/", "/STATUS.JSON", "/status"
    };
    struct buffer body = buffer_with_max(1024);
    struct front_page page = { .body = &body };
    struct sample s;

    (void)state;
    make_sample(&s);
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        assert_false(own_pages_find(&s.data, slice_text(paths[i]), &page));
    assert_int_equal(body.len, 0);
}

static void the_last_refusals_are_kept(void **state)
{
    struct tally t = { 0 };
    char long_name[3 * TALLY_NAME_ROOM];
    struct why why = { 0 };

    (void)state;
    assert_null(tally_last(&t, 0));
    memset(long_name, 'a', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    for (int i = 1; i <= TALLY_REFUSALS_MAX + 3; i++) {
        (void)why_fail(&why, STATUS_POLICY, "field", NULL, "%d", i);
        tally_refusal(&t, i, long_name, "b", &why);
        assert_int_equal(tally_last(&t, 0)->at_unix, i);
    }
    assert_int_equal(tally_last(&t, TALLY_REFUSALS_MAX - 1)->at_unix, 4);
    assert_null(tally_last(&t, TALLY_REFUSALS_MAX));
    assert_int_equal(strlen(tally_last(&t, 0)->service), TALLY_NAME_ROOM - 1);
}

static void attempt(struct attempts *a, size_t i, enum status st)
{
    const struct attestation refused = { .why.status = st };
    const struct why why = { .status = st };

    attempts_note(a, i, GOOD_NOW, attempts_is_refusal(st) ? &refused : NULL,
                  &why);
}

static void a_refusal_says_more_than_a_dead_endpoint(void **state)
{
    struct attempts a;

    (void)state;
    CHECK_STATUS(attempts_init(&a, 2), STATUS_OK);
    assert_null(attempts_failure(&a));
    attempt(&a, 0, STATUS_POLICY);
    attempt(&a, 1, STATUS_TIMED_OUT);
    assert_ptr_equal(attempts_failure(&a), &a.last[0]);
    assert_int_equal(a.refused->why.status, STATUS_POLICY);
    attempt(&a, 0, STATUS_TIMED_OUT);
    assert_ptr_equal(attempts_failure(&a), &a.last[0]);
    assert_int_equal(a.last[0].failures, 2);
    attempt(&a, 1, STATUS_OK);
    assert_int_equal(a.last[1].failures, 0);
    assert_null(attempts_failure(&a)); /* what came before is forgiven */
    assert_null(a.refused);
    attempt(&a, 0, STATUS_BAD_SIGNATURE);
    assert_ptr_equal(attempts_failure(&a), &a.last[0]);
    attempts_fini(&a);
}

/* More services than details fit: the pages stay whole. */
static void many_services_fit(void **state)
{
    static struct status_service many[512];
    struct sample s;

    (void)state;
    make_sample(&s);
    refuse(&s);
    s.attestation.verdict.count = VERDICT_CHECKS_MAX;
    for (size_t i = 1; i < VERDICT_CHECKS_MAX; i++)
        s.attestation.verdict.checks[i] = s.attestation.verdict.checks[0];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = s.state;
    s.data.services = many;
    s.data.service_count = COUNT_OF(many);
    check_page(&s, "/", TEXTS("512 refused</li>", "</html>\n"), TEXTS("\x01"));
    check_page(&s, "/status.json", TEXTS("\"refusals\":["), TEXTS("\x01"));
    check_page(&s, "/metrics", TEXTS("veritee_"), TEXTS("\x02"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_from_outside_stays_text_on_the_page),
        cmocka_unit_test(text_from_outside_stays_text_in_json),
        cmocka_unit_test(a_label_is_escaped_as_prometheus_has_it),
        cmocka_unit_test(the_soonest_end_is_told),
        cmocka_unit_test(what_a_recovery_will_break_is_told),
        cmocka_unit_test(a_protocol_with_weaknesses_says_so),
        cmocka_unit_test(every_standing_has_its_word),
        cmocka_unit_test(the_pac_file_names_hosts_and_the_proxy),
        cmocka_unit_test(other_paths_are_not_ours),
        cmocka_unit_test(the_last_refusals_are_kept),
        cmocka_unit_test(a_refusal_says_more_than_a_dead_endpoint),
        cmocka_unit_test(many_services_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
