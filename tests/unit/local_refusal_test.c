/* refusal, answer, page: why, said to whoever asked. */
#include "tests/support/check.h"

#include <sodium.h>

#include "common/text.h"
#include "proxy/local/page.h"
#include "proxy/local/refusal.h"
#include "proxy/local/refusal_words.h"

static const struct {
    const char *accept;
    enum refusal_form want;
} accepts[] = {
    /* clang-format off */
    { "",                                               REFUSAL_PLAIN },
    { "*/*",                                            REFUSAL_PLAIN },
    { "text/html",                                      REFUSAL_PAGE },
    { "text/html,application/xhtml+xml,*/*;q=0.8",      REFUSAL_PAGE },
    { "TEXT/HTML ; charset=utf-8",                      REFUSAL_PAGE },
    { "application/json",                               REFUSAL_JSON },
    { "application/json, text/plain, */*",              REFUSAL_JSON },
    { "application/json;q=0.5, text/html;q=0.4",        REFUSAL_JSON },
    { "application/json;q=0.5, text/html;q=0.6",        REFUSAL_PAGE },
    { "application/json;q=0, text/html;q=0.001",        REFUSAL_PAGE },
    { "application/json;q=0, text/html;q=0.000",        REFUSAL_PLAIN },
    { "application/json;version=1;q=0.2,text/html;q=0.1", REFUSAL_JSON },
    { "image/avif,image/webp,*/*;q=0.8",                REFUSAL_PLAIN },
    { "application/json;q=0.999,text/html;q=1.000",     REFUSAL_PAGE },
    { "application/json;q=.1,text/html;q=0.9",          REFUSAL_JSON },
    { ",,;q=1,text/html;q",                             REFUSAL_PAGE },
    { "text/html;q=99999999999999999999999999",         REFUSAL_PAGE },
    /* clang-format on */
};

static void the_form_follows_accept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepts); i++)
        if (refusal_form_of(slice_text(accepts[i].accept)) != accepts[i].want)
            fail_msg("%s", accepts[i].accept);
}

/* A refusal as it comes: markup and quotes from outside in every text. */
struct sample {
    struct verdict verdict;
    struct verdict judgement;
    struct far_failure failure;
    struct target target;
    struct refusal refusal;
};

static void set_check(struct check_result *c, const char *id, const char *title,
                      enum outcome outcome)
{
    *c = (struct check_result){ .id = id, .title = title, .outcome = outcome };
}

static void make_sample(struct sample *s, enum refusal_form form)
{
    struct why why = { 0 };

    *s = (struct sample){ .refusal = { .form = form } };
    s->verdict.count = 3;
    set_check(&s->verdict.checks[0], "shape", "quote parses", OUTCOME_PASS);
    set_check(&s->verdict.checks[1], "signature", "quote signature",
              OUTCOME_FAIL);
    set_check(&s->verdict.checks[2], "level", "TCB level", OUTCOME_SKIP);
    (void)why_fail(&s->failure.why, STATUS_BAD_SIGNATURE, "quote.signature",
                   "A.4", "<b onload='x'>\"\\\xff\x01");
    (void)why_expect(&s->failure.why, "a & b");
    s->verdict.checks[1].why = s->failure.why;
    s->failure.service = "chat";
    s->failure.endpoint = "tee.example:443";
    s->failure.verdict = &s->verdict;
    CHECK_STATUS(target_set(&s->target, slice_text("chat.example.com"), 443,
                            &why),
                 STATUS_OK);
    s->refusal.failure = &s->failure;
    s->refusal.target = &s->target;
}

/* The answer to |s| as a text, for the caller to free. */
static char *written(const struct sample *s)
{
    struct buffer out = buffer_with_max(REFUSAL_MAX_BYTES);

    refusal_write(&s->refusal, &out);
    buffer_byte(&out, 0);
    assert_true(buffer_ok(&out));
    return (char *)out.at;
}

static void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in: %s", part, text);
}

static void check_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" in: %s", part, text);
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void check_length(const char *answer)
{
    const char *field = strstr(answer, "Content-Length: ");

    assert_non_null(field);
    assert_int_equal(strtoul(field + 16, NULL, 10), strlen(body_of(answer)));
}

static void every_form_has_status_and_reason(void **state)
{
    static const enum refusal_form forms[] = { REFUSAL_PLAIN, REFUSAL_JSON,
                                               REFUSAL_PAGE };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct sample s;
        char *text;

        make_sample(&s, forms[i]);
        text = written(&s);
        check_has(text, "HTTP/1.1 502 Bad Gateway\r\n");
        check_has(text, "\r\nProxy-Status: veritee; "
                        "error=destination_unavailable; "
                        "next-hop=\"tee.example:443\"; "
                        "details=\"quote.signature: ");
        check_has(text, "<b onload='x'>\\\"\\\\??, expected a & b (A.4)\"\r\n");
        check_has(text, "\r\nCache-Control: no-store\r\n");
        check_has(text, "\r\nX-Content-Type-Options: nosniff\r\n");
        check_has(text, "\r\nContent-Security-Policy: default-src 'none'; ");
        check_has(body_of(text), "chat.example.com:443");
        check_has(body_of(text), "quote.signature");
        check_lacks(text, "Connection: close");
        check_length(text);
        free(text);
    }
}

static void the_plain_form_is_one_line(void **state)
{
    struct sample s;
    char *text;
    const char *body;

    (void)state;
    make_sample(&s, REFUSAL_PLAIN);
    text = written(&s);
    body = body_of(text);
    check_has(body, "veritee: chat.example.com:443: the server did not prove "
                    "what it is: quote.signature: ");
    check_has(body, "[BAD_SIGNATURE]\n");
    assert_ptr_equal(strchr(body, '\n'), body + strlen(body) - 1);
    free(text);
}

static void the_json_form_has_every_check(void **state)
{
    struct sample s;
    char *text;

    (void)state;
    make_sample(&s, REFUSAL_JSON);
    text = written(&s);
    check_has(text, "\r\nContent-Type: application/json\r\n");
    check_has(text, "\"status\":\"BAD_SIGNATURE\",\"class\":\"evidence\"");
    check_has(text, "\"failed_check\":\"signature\"");
    check_has(text, "\"id\":\"level\"");
    check_has(text, "\"service\":\"chat\"");
    check_has(text, "<b onload='x'>\\\"\\\\\\ufffd?");
    free(text);
}

static void the_page_keeps_text_text(void **state)
{
    struct sample s;
    char *text;

    (void)state;
    make_sample(&s, REFUSAL_PAGE);
    text = written(&s);
    check_has(text, "\r\nContent-Type: text/html; charset=utf-8\r\n");
    check_has(text, "<h1>The server did not prove what it is</h1>");
    check_has(text, "&#60;b onload=&#39;x&#39;&#62;&#34;\\&#xfffd;?");
    check_has(text, "a &#38; b");
    check_has(text, "<li class=\"fail\"><span class=\"no\">2</span>");
    check_has(text, "<span class=\"hidden\">FAILED: </span>quote signature");
    check_has(text, "<dt>Failed check</dt><dd>quote signature</dd>");
    check_has(text, "<h2>chat.example.com:443</h2>");
    check_has(text, "<dt>Whose side</dt><dd class=\"sentence\">");
    check_lacks(body_of(text), "<b ");
    check_lacks(body_of(text), "<script");
    check_lacks(body_of(text), " src=");
    check_lacks(body_of(text), "url(");
    check_lacks(body_of(text), "<link");
    free(text);
}

static void the_style_is_the_one_that_is_allowed(void **state)
{
    struct buffer out = buffer_with_max(REFUSAL_MAX_BYTES);
    uint8_t digest[crypto_hash_sha256_BYTES];
    char allowed[TEXT_BASE64_ROOM(sizeof(digest))];
    const char *begin;
    const char *end;

    (void)state;
    page_begin("title", true, &out);
    buffer_byte(&out, 0);
    begin = strstr((const char *)out.at, "<style>");
    end = strstr((const char *)out.at, "</style>");
    assert_true(begin != NULL && end > begin);
    begin += strlen("<style>");
    assert_int_equal(crypto_hash_sha256(digest, (const uint8_t *)begin,
                                        (unsigned long long)(end - begin)),
                     0);
    text_base64(SLICE_OF(digest), allowed, sizeof(allowed));
    buffer_clear(&out);
    page_csp(false, &out);
    buffer_byte(&out, 0);
    check_has((const char *)out.at, allowed);
    check_lacks((const char *)out.at, "script-src");
    buffer_free(&out);
}

static void head_and_close_are_said(void **state)
{
    struct sample s;
    char *text;

    (void)state;
    make_sample(&s, REFUSAL_PLAIN);
    s.refusal.head_only = true;
    s.refusal.close = true;
    text = written(&s);
    check_has(text, "\r\nConnection: close\r\n");
    assert_string_equal(body_of(text), "");
    check_lacks(text, "Content-Length: 0\r\n");
    free(text);
}

/* Every outcome has a code, a registered error type and words; those that
 * need a field get it. */
static void every_outcome_can_be_told(void **state)
{
    (void)state;
    for (int i = STATUS_OK + 1; i < STATUS_COUNT; i++) {
        struct refusal_words words = refusal_words_of((enum status)i);
        struct sample s;
        char *text;
        char line[64];

        assert_true(words.token != NULL && words.title != NULL &&
                    words.side != NULL && words.advice != NULL);
        make_sample(&s, REFUSAL_JSON);
        s.failure = (struct far_failure){ .why = { .status = (enum status)i } };
        s.refusal.target = NULL;
        text = written(&s);
        (void)snprintf(line, sizeof(line), "HTTP/1.1 %d ",
                       status_http((enum status)i));
        assert_memory_equal(text, line, strlen(line));
        check_has(text, words.token);
        check_has(text, "\"verdict\":null");
        free(text);
    }
}

static void credentials_are_asked_for(void **state)
{
    struct sample s;
    char *text;

    (void)state;
    make_sample(&s, REFUSAL_PLAIN);
    s.failure.why.status = STATUS_NO_ACCESS;
    text = written(&s);
    check_has(text, "HTTP/1.1 407 Proxy Authentication Required\r\n"
                    "Proxy-Authenticate: Basic realm=\"veritee\"");
    free(text);
}

/* Verified, and then refused by the policy. */
static void make_judged(struct sample *s, enum refusal_form form)
{
    struct why why = { 0 };

    make_sample(s, form);
    s->verdict.checks[1].outcome = OUTCOME_PASS;
    why_seen(&s->verdict.checks[1].why, "seen by the verifier");
    s->judgement.count = 2;
    set_check(&s->judgement.checks[0], "policy-tee", "kind of TEE",
              OUTCOME_PASS);
    set_check(&s->judgement.checks[1], "policy-mrtd", "TD at its start",
              OUTCOME_FAIL);
    (void)why_fail(&why, STATUS_POLICY, "accept.mrtd", NULL, "d1d1");
    (void)why_expect(&why, "d2d2");
    s->judgement.checks[1].why = why;
    s->failure.why = why;
    s->failure.judgement = &s->judgement;
}

static void every_check_is_told_the_verifiers_and_the_policys(void **state)
{
    struct sample s;
    const char *at;
    char *text;

    (void)state;
    make_judged(&s, REFUSAL_JSON);
    text = written(&s);
    check_has(text, "\"failed_check\":\"policy-mrtd\"");
    at = strstr(text, "seen by the verifier");
    assert_non_null(at);
    at = strstr(at, "\"id\":\"policy-tee\"");
    assert_non_null(at);
    check_has(at, "\"found\":\"d1d1\"");
    check_has(at, "\"expected\":\"d2d2\"");
    free(text);
    make_judged(&s, REFUSAL_PAGE);
    text = written(&s);
    check_has(text, "seen by the verifier");
    check_has(text, "<li class=\"pass\"><span class=\"no\">4</span>");
    check_has(text, "<li class=\"fail\"><span class=\"no\">5</span>");
    check_lacks(text, "<span class=\"no\">6</span>");
    free(text);
}

static void fill(struct verdict *v)
{
    v->count = VERDICT_CHECKS_MAX;
    for (size_t i = 0; i < v->count; i++) {
        struct check_result *c = &v->checks[i];

        set_check(c, "a-check-with-a-long-name", "a title of some length",
                  OUTCOME_FAIL);
        memset(c->why.found, '<', sizeof(c->why.found) - 1);
        memset(c->why.expected, '\"', sizeof(c->why.expected) - 1);
    }
}

static void a_full_verdict_fits(void **state)
{
    struct sample s;

    (void)state;
    for (int form = REFUSAL_PLAIN; form <= REFUSAL_PAGE; form++) {
        char *text;

        make_sample(&s, (enum refusal_form)form);
        fill(&s.verdict);
        fill(&s.judgement);
        s.failure.judgement = &s.judgement;
        text = written(&s);
        assert_true(strlen(body_of(text)) > 0);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_follows_accept),
        cmocka_unit_test(every_form_has_status_and_reason),
        cmocka_unit_test(the_plain_form_is_one_line),
        cmocka_unit_test(the_json_form_has_every_check),
        cmocka_unit_test(the_page_keeps_text_text),
        cmocka_unit_test(the_style_is_the_one_that_is_allowed),
        cmocka_unit_test(head_and_close_are_said),
        cmocka_unit_test(every_outcome_can_be_told),
        cmocka_unit_test(credentials_are_asked_for),
        cmocka_unit_test(every_check_is_told_the_verifiers_and_the_policys),
        cmocka_unit_test(a_full_verdict_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
