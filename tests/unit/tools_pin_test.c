/* From a URL that a person types, and from claims, to a policy. */
#include "tests/support/check.h"

#include "policy/judge.h"
#include "policy/policy.h"
#include "proxy/tools/pin.h"
#include "tests/support/good_claims.h"

static const struct {
    const char *name;
    const char *given;
    const char *url; /* NULL: refused */
    const char *host;
    const char *service;
} urls[] = {
    /* clang-format off */
    { "a full URL stays", "wss://a.example:8443/ra?x=1",
      "wss://a.example:8443/ra?x=1", "a.example", "a" },
    { "an empty path is ours", "ws://a.example", "ws://a.example/__ra__",
      "a.example", "a" },
    { "a slash is ours", "ws://a.example/", "ws://a.example/__ra__",
      "a.example", "a" },
    { "a site is asked where servers are", "https://chat.example.com/app?x#y",
      "wss://chat.example.com/__ra__", "chat.example.com", "chat" },
    { "a site without TLS too", "http://chat.example.com:8080",
      "ws://chat.example.com:8080/__ra__", "chat.example.com", "chat" },
    { "a host means TLS", "chat.example.com",
      "wss://chat.example.com/__ra__", "chat.example.com", "chat" },
    { "a host may have a port", "chat.example.com:444",
      "wss://chat.example.com:444/__ra__", "chat.example.com", "chat" },
    { "an address has no name", "ws://127.0.0.1:9/__ra__",
      "ws://127.0.0.1:9/__ra__", "127.0.0.1", "service" },
    { "nor has a long one", "ws://[fe80::1]:9", "ws://[fe80::1]:9/__ra__",
      "fe80::1", "service" },
    { "another scheme is refused", "ftp://a.example/", NULL, NULL, NULL },
    { "no host is refused", "wss:///x", NULL, NULL, NULL },
    { "nothing is refused", "", NULL, NULL, NULL },
    { "blanks are refused", "wss://a b/", NULL, NULL, NULL },
    { "quotes are refused", "wss://a\"b/", NULL, NULL, NULL },
    /* clang-format on */
};

static void urls_are_completed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct pin pin;
        struct why why = { 0 };
        enum status st = pin_init(&pin, urls[i].given, NULL, &why);

        if (urls[i].url == NULL) {
            if (st != STATUS_BAD_ADDRESS)
                fail_msg("%s", urls[i].name);
            continue;
        }
        if (st != STATUS_OK || strcmp(pin.url, urls[i].url) != 0 ||
            strcmp(pin.host, urls[i].host) != 0 ||
            strcmp(pin.name, urls[i].service) != 0)
            fail_msg("%s: %s %s %s", urls[i].name, pin.url, pin.host, pin.name);
    }
}

/* The policy that pin makes of |claims|; the caller frees both. */
static struct policy *policy_of(const struct claims *claims,
                                struct buffer *text)
{
    struct policy_error error;
    struct policy *p;
    struct pin pin;
    struct why why;

    CHECK_STATUS(pin_init(&pin, "wss://a.example", "mine", &why), STATUS_OK);
    *text = buffer_with_max(64 * 1024);
    buffer_text(text, "services:\n");
    pin_policy_block(&pin, claims, GOOD_NOW, text);
    if (policy_parse(buffer_view(text), "pin", &p, &error) != STATUS_OK) {
        char line[512];

        policy_error_line(&error, line, sizeof(line));
        fail_msg("%s in\n%.*s", line, (int)text->len, (const char *)text->at);
    }
    return p;
}

static bool has(const struct buffer *text, const char *word)
{
    const size_t len = strlen(word);

    for (size_t i = 0; i + len <= text->len; i++)
        if (memcmp(text->at + i, word, len) == 0)
            return true;
    return false;
}

static enum status judge(const struct policy *p, const struct claims *claims)
{
    const struct judge_input in = { .claims = claims,
                                    .now_unix = GOOD_NOW,
                                    .attested_unix = GOOD_NOW,
                                    .challenged = true };
    struct decision decision;
    struct why why;

    return judge_claims(&p->services[0].accept, &in, &decision, &why);
}

static void what_was_found_is_accepted(void **state)
{
    const struct claims all[] = { good_claims_tdx(), good_claims_sgx(),
                                  good_claims_snp() };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct claims claims = all[i];
        struct buffer text;
        struct policy *p = policy_of(&claims, &text);

        CHECK_STATUS(judge(p, &claims), STATUS_OK);
        buffer_free(&text);
        policy_free(p);
    }
}

static void other_code_is_not(void **state)
{
    struct claims claims = good_claims_tdx();
    struct buffer text;
    struct policy *p = policy_of(&claims, &text);

    (void)state;
    claims.tdx.rtmr[2][47] ^= 1;
    CHECK_STATUS(judge(p, &claims), STATUS_POLICY);
    claims.tdx.rtmr[2][47] ^= 1;
    claims.tdx.mr_td[0] ^= 0x80;
    CHECK_STATUS(judge(p, &claims), STATUS_POLICY);
    buffer_free(&text);
    policy_free(p);
}

static void an_old_tcb_is_accepted_with_a_warning(void **state)
{
    struct claims claims = good_claims_tdx();
    struct buffer text;
    struct policy *p;

    (void)state;
    claims.tcb.status = claims.tcb.platform = TCB_OUT_OF_DATE;
    p = policy_of(&claims, &text);
    CHECK_STATUS(judge(p, &claims), STATUS_OK);
    assert_true(has(&text, "# WARNING: the machine's TCB is OutOfDate"));
    assert_true(has(&text, "status: [ OutOfDate ]"));
    buffer_free(&text);
    policy_free(p);
}

static void a_tee_that_is_open_to_its_host_is_not_accepted(void **state)
{
    struct claims claims = good_claims_tdx();
    struct buffer text;
    struct policy *p;

    (void)state;
    claims.debug = true;
    p = policy_of(&claims, &text);
    CHECK_STATUS(judge(p, &claims), STATUS_POLICY);
    assert_true(has(&text, "# WARNING: DEBUG"));
    buffer_free(&text);
    policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_completed),
        cmocka_unit_test(what_was_found_is_accepted),
        cmocka_unit_test(other_code_is_not),
        cmocka_unit_test(an_old_tcb_is_accepted_with_a_warning),
        cmocka_unit_test(a_tee_that_is_open_to_its_host_is_not_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
