/* The opening handshake: what is written, and what is taken for an answer. */
#include "proxy/io/ws_handshake.h"

#include "common/buffer.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "tests/support/check.h"

/* The example of RFC 6455 section 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define OK_LINE   "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE   "Upgrade: websocket\r\n"
#define CONNECT   "Connection: Upgrade\r\n"
#define ACCEPTED  "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define PROTOCOL  "Sec-WebSocket-Protocol: veritee.2\r\n"
#define GOOD_HEAD OK_LINE UPGRADE CONNECT ACCEPTED PROTOCOL

static struct ws_request request_of(const char *protocol)
{
    struct ws_request r = { .host = "enclave.example",
                            .path = "/__ra__",
                            .key = KEY,
                            .protocol = protocol };

    return r;
}

static void a_request_has_all_it_needs(void **state)
{
    static const char want[] = "GET /__ra__ HTTP/1.1\r\n"
                               "Host: enclave.example\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: " KEY "\r\n"
                               "Sec-WebSocket-Protocol: veritee.2\r\n"
                               "Veritee-Challenge: AAAA\r\n"
                               "\r\n";
    static const struct ws_line lines[] = { { "Veritee-Challenge", "AAAA" } };
    uint8_t out[sizeof(want)];
    struct builder b = builder_over(out, sizeof(want) - 1);
    struct ws_request r = request_of("veritee.2");

    (void)state;
    r.lines = lines;
    r.line_count = COUNT_OF(lines);
    ws_handshake_request(&b, &r);
    assert_true(slice_equal(builder_view(&b), slice_text(want)));
    b = builder_over(out, sizeof(want) - 2);
    ws_handshake_request(&b, &r);
    assert_false(builder_ok(&b));
}

static void keys_are_fresh_and_well_formed(void **state)
{
    struct ws_request a = request_of(NULL), b = request_of(NULL);
    uint8_t nonce[16];
    size_t len;

    (void)state;
    ws_handshake_key(&a);
    ws_handshake_key(&b);
    assert_string_not_equal(a.key, b.key);
    assert_int_equal(strlen(a.key), WS_KEY_BYTES);
    assert_true(
        text_from_base64(slice_text(a.key), nonce, sizeof(nonce), &len));
    assert_int_equal(len, sizeof(nonce));
}

static void a_head_ends_at_its_empty_line(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        { "", 0 },         { "\r\n\r", 0 },
        { "\r\n\r\n", 4 }, { "a\r\n\r\nb\r\n\r\n", 5 },
        { "a\n\nb", 0 },   { "a\r\nb\r\n", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(ws_handshake_head_length(slice_text(cases[i].bytes)),
                         cases[i].len);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *protocol; /* asked for */
    const char *head;
    enum status status;
    const char *found; /* words of the message; NULL: any */
} cases[] = {
    { "a good answer", "veritee.2", GOOD_HEAD "\r\n", STATUS_OK, NULL },
    { "names in other letters", "veritee.2",
      OK_LINE "UPGRADE: WebSocket\r\nconnection: upgrade\r\n"
      "sec-websocket-accept:" ACCEPT "\r\nSEC-WEBSOCKET-PROTOCOL:\tveritee.2 \r\n\r\n",
      STATUS_OK, NULL },
    { "a list in Connection", "veritee.2",
      OK_LINE UPGRADE "Connection: keep-alive, Upgrade\r\n" ACCEPTED PROTOCOL
      "\r\n", STATUS_OK, NULL },
    { "headers that do not matter", "veritee.2",
      GOOD_HEAD "Server: x\r\nDate: today\r\nX:\r\n\r\n", STATUS_OK, NULL },
    { "no reason", "veritee.2",
      "HTTP/1.1 101\r\n" UPGRADE CONNECT ACCEPTED PROTOCOL "\r\n", STATUS_OK, NULL },
    { "no protocol, none asked for", NULL,
      OK_LINE UPGRADE CONNECT ACCEPTED "\r\n", STATUS_OK, NULL },

    { "200", "veritee.2", "HTTP/1.1 200 OK\r\n\r\n",
      STATUS_BAD_HANDSHAKE, "200 OK" },
    { "404", "veritee.2", "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n",
      STATUS_BAD_HANDSHAKE, "404 Not Found" },
    { "503", "veritee.2", "HTTP/1.1 503 Busy\r\n\r\n", STATUS_BUSY, "503 Busy" },
    { "429", "veritee.2", "HTTP/1.1 429 \r\n\r\n", STATUS_BUSY, "429 " },
    { "a redirection", "veritee.2",
      "HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n",
      STATUS_BAD_HANDSHAKE, "302 Found" },

    { "another accept value", "veritee.2",
      OK_LINE UPGRADE CONNECT "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
      PROTOCOL "\r\n", STATUS_BAD_HANDSHAKE, "not the answer to our key" },
    { "an accept value in other letters", "veritee.2",
      OK_LINE UPGRADE CONNECT "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n"
      PROTOCOL "\r\n", STATUS_BAD_HANDSHAKE, NULL },
    { "no accept value", "veritee.2", OK_LINE UPGRADE CONNECT PROTOCOL "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "two accept values", "veritee.2", GOOD_HEAD ACCEPTED "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "no Upgrade", "veritee.2", OK_LINE CONNECT ACCEPTED PROTOCOL "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "another Upgrade", "veritee.2",
      OK_LINE "Upgrade: h2c\r\n" CONNECT ACCEPTED PROTOCOL "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "no Connection", "veritee.2", OK_LINE UPGRADE ACCEPTED PROTOCOL "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "no protocol", "veritee.2", OK_LINE UPGRADE CONNECT ACCEPTED "\r\n",
      STATUS_BAD_HANDSHAKE, "\"\"" },
    { "another protocol", "veritee.2",
      OK_LINE UPGRADE CONNECT ACCEPTED "Sec-WebSocket-Protocol: veritee.1\r\n\r\n",
      STATUS_BAD_HANDSHAKE, "\"veritee.1\"" },
    { "a protocol not asked for", NULL, GOOD_HEAD "\r\n",
      STATUS_BAD_HANDSHAKE, NULL },
    { "an extension", "veritee.2",
      GOOD_HEAD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      STATUS_BAD_HANDSHAKE, NULL },

    { "HTTP/1.0", "veritee.2", "HTTP/1.0 101 Switching Protocols\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "HTTP/2", "veritee.2", "HTTP/2 101\r\n\r\n", STATUS_BAD_FIELD, NULL },
    { "no HTTP at all", "veritee.2", "SSH-2.0-x\r\n\r\n", STATUS_BAD_FIELD, NULL },
    { "a status of two digits", "veritee.2", "HTTP/1.1 10 x\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a status of four digits", "veritee.2", "HTTP/1.1 1010 x\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a status below 100", "veritee.2", "HTTP/1.1 099 x\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "an empty line first", "veritee.2", "\r\n" GOOD_HEAD "\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a folded line", "veritee.2", GOOD_HEAD "X: a\r\n b\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a blank before the colon", "veritee.2", GOOD_HEAD "X : a\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "no colon", "veritee.2", GOOD_HEAD "X\r\n\r\n", STATUS_BAD_FIELD, NULL },
    { "no name", "veritee.2", GOOD_HEAD ": x\r\n\r\n", STATUS_BAD_FIELD, NULL },
    { "a bare CR", "veritee.2", GOOD_HEAD "X: a\rb\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a bare LF", "veritee.2", GOOD_HEAD "X: a\nb: c\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "a control byte", "veritee.2", GOOD_HEAD "X: a\x01\r\n\r\n",
      STATUS_BAD_FIELD, NULL },
    { "bytes behind the head", "veritee.2", GOOD_HEAD "\r\nx",
      STATUS_BAD_FIELD, NULL },
    { "no empty line", "veritee.2", GOOD_HEAD, STATUS_BAD_FIELD, NULL },
};
/* clang-format on */

static void answers_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ws_request r = request_of(cases[i].protocol);
        struct why why = { 0 };

        print_message("%s\n", cases[i].name);
        CHECK_STATUS(ws_handshake_check_response(slice_text(cases[i].head), &r,
                                                 &why),
                     cases[i].status);
        CHECK_STATUS(why.status, cases[i].status);
        if (cases[i].found != NULL)
            assert_string_equal(why.found, cases[i].found);
    }
}

/* |count| headers behind a good head. */
static enum status answer_with_headers(size_t count)
{
    struct buffer head = buffer_with_max(1 << 20);
    struct ws_request r = request_of("veritee.2");
    struct why why;
    enum status st;

    buffer_text(&head, GOOD_HEAD);
    for (size_t i = 0; i < count; i++)
        buffer_text(&head, "X: y\r\n");
    buffer_text(&head, "\r\n");
    st = ws_handshake_check_response(buffer_view(&head), &r, &why);
    buffer_free(&head);
    return st;
}

static void headers_are_counted(void **state)
{
    (void)state;
    CHECK_STATUS(answer_with_headers(HTTP_HEADERS_MAX - 4), STATUS_OK);
    CHECK_STATUS(answer_with_headers(HTTP_HEADERS_MAX - 3), STATUS_BAD_FIELD);
}

static void refuse(struct slice head, void *ctx)
{
    struct ws_request r = request_of("veritee.2");
    struct why why = { 0 };

    (void)ctx;
    assert_int_not_equal(ws_handshake_check_response(head, &r, &why),
                         STATUS_OK);
    assert_int_not_equal(why.status, STATUS_OK);
}

/* What is accepted differs only in the words of the reason, or in letters of
 * another case. */
static void judge(struct slice head, void *ctx)
{
    static const size_t line = sizeof(OK_LINE) - 1;
    const char *good = ctx;
    struct ws_request r = request_of("veritee.2");
    struct why why = { 0 };

    if (ws_handshake_check_response(head, &r, &why) == STATUS_OK)
        assert_true(text_same_word(slice_of(head.at + line, head.len - line),
                                   slice_text(good + line)));
}

static void every_prefix_is_refused_and_no_flip_breaks(void **state)
{
    static char good[] = GOOD_HEAD "\r\n";

    (void)state;
    for_each_prefix(slice_text(good), refuse, NULL);
    for_each_flip(slice_text(good), judge, good);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *upgrade, *connection, *key, *version;
    enum status status;
} requests[] = {
    { "a good one", "websocket", "Upgrade", KEY, "13", STATUS_OK },
    { "lists", "h2c, WebSocket", "keep-alive, upgrade", KEY, "13", STATUS_OK },
    { "no upgrade", "", "Upgrade", KEY, "13", STATUS_BAD_REQUEST },
    { "no connection", "websocket", "close", KEY, "13", STATUS_BAD_REQUEST },
    { "version 8", "websocket", "Upgrade", KEY, "8", STATUS_BAD_REQUEST },
    { "no version", "websocket", "Upgrade", KEY, "", STATUS_BAD_REQUEST },
    { "no key", "websocket", "Upgrade", "", "13", STATUS_BAD_REQUEST },
    { "a key of 15 bytes", "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25j", "13",
      STATUS_BAD_REQUEST },
    { "a key of 17 bytes", "websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZXM=", "13",
      STATUS_BAD_REQUEST },
    { "a key twice", "websocket", "Upgrade", KEY ", " KEY, "13",
      STATUS_BAD_REQUEST },
    { "a key that is not base64", "websocket", "Upgrade",
      "dGhlIHNhbXBsZSBub25j*Q==", "13", STATUS_BAD_REQUEST },
};
/* clang-format on */

static void requests_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        const struct ws_upgrade u = {
            .upgrade = slice_text(requests[i].upgrade),
            .connection = slice_text(requests[i].connection),
            .key = slice_text(requests[i].key),
            .version = slice_text(requests[i].version),
        };
        struct why why = { 0 };

        print_message("%s\n", requests[i].name);
        CHECK_STATUS(ws_handshake_check_upgrade(&u, &why), requests[i].status);
        CHECK_STATUS(why.status, requests[i].status);
    }
}

static void our_own_answer_is_accepted(void **state)
{
    uint8_t out[512];
    struct builder b = builder_over(out, sizeof(out));
    struct ws_request r = request_of("veritee.2");
    struct why why;

    (void)state;
    ws_handshake_respond(&b, slice_text(KEY), "veritee.2");
    CHECK_STATUS(ws_handshake_check_response(builder_view(&b), &r, &why),
                 STATUS_OK);
    r.protocol = NULL;
    b = builder_over(out, sizeof(out));
    ws_handshake_respond(&b, slice_text(KEY), NULL);
    CHECK_STATUS(ws_handshake_check_response(builder_view(&b), &r, &why),
                 STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_all_it_needs),
        cmocka_unit_test(keys_are_fresh_and_well_formed),
        cmocka_unit_test(a_head_ends_at_its_empty_line),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(headers_are_counted),
        cmocka_unit_test(every_prefix_is_refused_and_no_flip_breaks),
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(our_own_answer_is_accepted),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
