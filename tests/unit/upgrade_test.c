/* proxy/server/upgrade.h: which requests open a session, and why not. */
#include "proxy/server/upgrade.h"

#include "common/compiler.h"
#include "tests/support/check.h"

#define LINE       "GET /__ra__ HTTP/1.1\r\n"
#define HOST       "Host: a.test\r\n"
#define UPGRADE    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define KEY        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
#define PROTOCOL   "Sec-WebSocket-Protocol: veritee.2\r\n"
#define CHALLENGE  "Veritee-Challenge: " DIGITS "\r\n"
#define DIGITS     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define FRESH(how) "Veritee-Freshness: " how "\r\n"
#define GOOD       LINE HOST UPGRADE VERSION KEY PROTOCOL CHALLENGE

static const struct {
    const char *name;
    const char *head; /* without the last empty line */
    int http;
    const char *field; /* that the reason is about */
    bool epoch;
} cases[] = {
    /* clang-format off */
    { "by challenge",          GOOD, 101, NULL, false },
    { "by challenge, in words", GOOD FRESH("challenge"), 101, NULL, false },
    { "by epoch",              GOOD FRESH("epoch"), 101, NULL, true },
    { "ours among others",     LINE HOST UPGRADE VERSION KEY CHALLENGE
      "Sec-WebSocket-Protocol: chat, veritee.2\r\n", 101, NULL, false },
    { "a POST",                "POST /__ra__ HTTP/1.1\r\n" HOST UPGRADE VERSION
      KEY PROTOCOL CHALLENGE, 405, "method", false },
    { "HTTP/1.0",              "GET /__ra__ HTTP/1.0\r\n" HOST UPGRADE VERSION
      KEY PROTOCOL CHALLENGE, 400, "version", false },
    { "a body",                GOOD "Content-Length: 1\r\n", 400, "body",
      false },
    { "chunks",                GOOD "Transfer-Encoding: chunked\r\n", 400,
      "body", false },
    { "a plain GET",           LINE HOST, 426, "upgrade", false },
    { "an upgrade to others",  LINE HOST "Upgrade: h2c\r\n"
      "Connection: Upgrade\r\n" VERSION, 400, "upgrade", false },
    { "no Connection",         LINE HOST "Upgrade: websocket\r\n" VERSION KEY
      PROTOCOL CHALLENGE, 400, "upgrade", false },
    { "another version",       LINE HOST UPGRADE KEY PROTOCOL CHALLENGE
      "Sec-WebSocket-Version: 8\r\n", 426, "sec-websocket-version", false },
    { "no key",                LINE HOST UPGRADE VERSION PROTOCOL CHALLENGE,
      400, "sec-websocket-key", false },
    { "a short key",           LINE HOST UPGRADE VERSION PROTOCOL CHALLENGE
      "Sec-WebSocket-Key: MDEy\r\n", 400, "sec-websocket-key", false },
    { "no protocol",           LINE HOST UPGRADE VERSION KEY CHALLENGE, 400,
      "sec-websocket-protocol", false },
    { "another protocol",      LINE HOST UPGRADE VERSION KEY CHALLENGE
      "Sec-WebSocket-Protocol: veritee.1\r\n", 400, "sec-websocket-protocol",
      false },
    { "no challenge",          LINE HOST UPGRADE VERSION KEY PROTOCOL, 400,
      "veritee-challenge", false },
    { "two challenges",        GOOD CHALLENGE, 400, "veritee-challenge",
      false },
    { "a challenge of 31 bytes", LINE HOST UPGRADE VERSION KEY PROTOCOL
      "Veritee-Challenge: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\r\n", 400,
      "veritee-challenge", false },
    { "a challenge of 33 bytes", LINE HOST UPGRADE VERSION KEY PROTOCOL
      "Veritee-Challenge: " DIGITS "A\r\n", 400, "veritee-challenge", false },
    { "a padded challenge",    LINE HOST UPGRADE VERSION KEY PROTOCOL
      "Veritee-Challenge: " DIGITS "=\r\n", 400, "veritee-challenge", false },
    { "an unknown freshness",  GOOD FRESH("none"), 400, "veritee-freshness",
      false },
    { "an empty freshness",    GOOD FRESH(""), 400, "veritee-freshness",
      false },
    /* clang-format on */
};

/* Read |head| and an empty line; true when it is a request's head. */
static bool read_head(struct request *r, struct slice head)
{
    struct slice end = slice_text("\r\n");

    request_init(r, 4096);
    return request_read(r, &head) == HTTP_WANT_MORE &&
           request_read(r, &end) == HTTP_GOT_HEAD;
}

static void each_request_gets_its_answer(void **state)
{
    struct request r;
    struct upgrade u;
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool good = cases[i].http == 101;
        enum status st;

        print_message("  %s\n", cases[i].name);
        assert_true(read_head(&r, slice_text(cases[i].head)));
        st = upgrade_check(&r, false, &u, &why);
        assert_int_equal(st == STATUS_OK, good);
        assert_int_equal(u.http, cases[i].http);
        if (!good) {
            assert_string_equal(why.field, cases[i].field);
            assert_true(slice_is_zero(SLICE_OF(u.challenge)));
            assert_int_equal(u.key.len, 0);
        }
        assert_int_equal(u.epoch, cases[i].epoch);
        request_fini(&r);
    }
}

static void the_challenge_is_read(void **state)
{
    struct request r;
    struct upgrade u;
    struct why why;

    (void)state;
    assert_true(read_head(&r, slice_text(GOOD)));
    CHECK_STATUS(upgrade_check(&r, false, &u, &why), STATUS_OK);
    for (uint8_t i = 0; i < sizeof(u.challenge); i++)
        assert_int_equal(u.challenge[i], i);
    assert_true(slice_equal(u.key, slice_text("MDEyMzQ1Njc4OWFiY2RlZg==")));
    request_fini(&r);
}

static void try_head(struct slice head, void *ctx)
{
    struct request r;
    struct upgrade u;
    struct why why;
    enum status st;

    (void)ctx;
    if (read_head(&r, head)) {
        st = upgrade_check(&r, false, &u, &why);
        assert_int_equal(st == STATUS_OK, u.http == 101);
    }
    request_fini(&r);
}

static void prefixes_and_flipped_bits_are_survived(void **state)
{
    (void)state;
    for_each_prefix(slice_text(GOOD FRESH("epoch")), try_head, NULL);
    for_each_flip(slice_text(GOOD FRESH("epoch")), try_head, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_gets_its_answer),
        cmocka_unit_test(the_challenge_is_read),
        cmocka_unit_test(prefixes_and_flipped_bits_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
