/* TLS on bytes in memory: two ends of ours, certificates of each kind, and
 * bytes that are not TLS. */
#include "proxy/io/tls.h"

#include "common/buffer.h"
#include "proxy/io/tls_context.h"
#include "tests/support/check.h"
#include "tests/support/tls_files.h"

static struct tls_files files;

struct ends {
    struct tls_context *client_context, *server_context;
    struct tls *client, *server;
    enum tls_step step[2]; /* client, server */
    struct why why[2];
};

static struct tls_context *client_context(const char *ca)
{
    struct tls_context *context;
    struct why why;

    CHECK_STATUS(tls_context_client(tls_files_path(&files, ca), &context, &why),
                 STATUS_OK);
    return context;
}

static struct tls_context *server_context(const char *chain)
{
    struct tls_context *context;

    CHECK_STATUS(tls_files_server(&files, chain, &context), STATUS_OK);
    return context;
}

static void begin(struct ends *e, const char *ca, const char *chain,
                  const char *host)
{
    *e = (struct ends){ .step = { TLS_WANT_INPUT, TLS_WANT_INPUT } };
    e->client_context = client_context(ca);
    e->server_context = server_context(chain);
    CHECK_STATUS(tls_client_new(e->client_context, slice_text(host),
                                &e->client),
                 STATUS_OK);
    CHECK_STATUS(tls_server_new(e->server_context, &e->server), STATUS_OK);
}

static void end(struct ends *e)
{
    tls_free(e->client);
    tls_free(e->server);
    tls_context_free(e->client_context);
    tls_context_free(e->server_context);
}

/* All that |from| has for |to|; returns whether there was something. */
static bool carry(struct tls *from, struct tls *to)
{
    bool some = false;

    while (tls_output(from).len > 0) {
        size_t room, n;
        uint8_t *at = tls_reserve(to, &room);

        if (room == 0)
            return some;
        assert_non_null(at);
        n = MIN_OF(room, tls_output(from).len);
        memcpy(at, tls_output(from).at, n);
        tls_commit(to, n);
        tls_sent(from, n);
        some = true;
    }
    return some;
}

/* Until neither has anything to say. */
static void shake_hands(struct ends *e)
{
    do {
        if (e->step[0] == TLS_WANT_INPUT)
            e->step[0] = tls_handshake(e->client, &e->why[0]);
        (void)carry(e->client, e->server);
        if (e->step[1] == TLS_WANT_INPUT)
            e->step[1] = tls_handshake(e->server, &e->why[1]);
    } while (carry(e->server, e->client) || tls_output(e->client).len > 0);
}

/* Send |len| bytes and read them, a piece at a time. */
static void send_all(struct tls *from, struct tls *to, size_t len)
{
    uint8_t *bytes = malloc(len), *got = malloc(len);
    size_t have = 0;
    struct why why;

    assert_true(bytes != NULL && got != NULL);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 17 + i / 255);
    assert_int_equal(tls_write(from, slice_of(bytes, len), &why), TLS_DONE);
    while (have < len) {
        size_t n;
        enum tls_step step =
            tls_read(to, got + have, MIN_OF(len - have, 5000), &n, &why);

        have += n;
        if (step == TLS_WANT_INPUT)
            assert_true(carry(from, to));
        else
            assert_int_equal(step, TLS_DONE);
    }
    assert_memory_equal(got, bytes, len);
    free(bytes);
    free(got);
}

static void bytes_go_both_ways(void **state)
{
    static const size_t lengths[] = { 1, 100, 16384, 16385, 300000, 1000000 };
    struct ends e;
    uint8_t byte;
    size_t n;

    (void)state;
    begin(&e, "ca.pem", "good.pem", "localhost");
    shake_hands(&e);
    assert_int_equal(e.step[0], TLS_DONE);
    assert_int_equal(e.step[1], TLS_DONE);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        send_all(e.client, e.server, lengths[i]);
        send_all(e.server, e.client, lengths[i]);
    }
    assert_int_equal(tls_read(e.client, &byte, 1, &n, &e.why[0]),
                     TLS_WANT_INPUT);
    assert_int_equal(n, 0);
    end(&e);
}

static void a_close_is_seen_as_such(void **state)
{
    struct ends e;
    uint8_t byte;
    size_t n;

    (void)state;
    begin(&e, "ca.pem", "good.pem", "localhost");
    shake_hands(&e);
    send_all(e.client, e.server, 10);
    tls_end(e.client);
    assert_true(carry(e.client, e.server));
    assert_false(tls_ended(e.server));
    assert_int_equal(tls_read(e.server, &byte, 1, &n, &e.why[1]), TLS_ENDED);
    assert_true(tls_ended(e.server));
    send_all(e.server, e.client, 10); /* the other half goes on */
    end(&e);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *ca, *chain, *host;
    const char *found; /* NULL: accepted; else how the message begins */
} cases[] = {
    { "a name",                 "ca.pem", "good.pem", "localhost", NULL },
    { "a name with a dot",      "ca.pem", "good.pem", "localhost.", NULL },
    { "a name in capitals",     "ca.pem", "good.pem", "LocalHost", NULL },
    { "a name under a star",    "ca.pem", "good.pem", "a.wild.example", NULL },
    { "an IPv4 address",        "ca.pem", "good.pem", "127.0.0.1", NULL },
    { "an IPv6 address",        "ca.pem", "good.pem", "::1", NULL },
    { "another name",           "ca.pem", "good.pem", "example.com",
      "the certificate is for another host" },
    { "a name that begins so",  "ca.pem", "good.pem", "localhost.evil",
      "the certificate is for another host" },
    { "two labels for a star",  "ca.pem", "good.pem", "a.b.wild.example",
      "the certificate is for another host" },
    { "no label for a star",    "ca.pem", "good.pem", "wild.example",
      "the certificate is for another host" },
    { "another IPv4 address",   "ca.pem", "good.pem", "127.0.0.2",
      "the certificate is for another host" },
    { "another IPv6 address",   "ca.pem", "good.pem", "::2",
      "the certificate is for another host" },
    { "a common name only",     "ca.pem", "no-name.pem", "localhost",
      "the certificate has no subject alternative name" },
    { "a common name of another", "ca.pem", "no-name.pem", "example.com",
      "the certificate is for another host" },
    { "another CA",             "other-ca.pem", "good.pem", "localhost",
      "the certificate is not from a CA that is trusted here" },
    { "signed by itself",       "ca.pem", "self.pem", "localhost",
      "the certificate is " },
    { "expired",                "ca.pem", "expired.pem", "localhost",
      "the certificate has expired" },
};
/* clang-format on */

static void certificates_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ends e;

        print_message("%s\n", cases[i].name);
        begin(&e, cases[i].ca, cases[i].chain, cases[i].host);
        shake_hands(&e);
        if (cases[i].found == NULL) {
            assert_int_equal(e.step[0], TLS_DONE);
        } else {
            assert_int_equal(e.step[0], TLS_FAILED);
            CHECK_STATUS(e.why[0].status, STATUS_TLS);
            assert_memory_equal(e.why[0].found, cases[i].found,
                                strlen(cases[i].found));
        }
        end(&e);
    }
}

static void what_is_not_tls_is_refused(void **state)
{
    static const char *const texts[] = { "HTTP/1.1 400 Bad Request\r\n\r\n",
                                         "SSH-2.0-OpenSSH\r\n" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct ends e;
        size_t room;
        uint8_t *at;

        begin(&e, "ca.pem", "good.pem", "localhost");
        (void)tls_handshake(e.client, &e.why[0]);
        at = tls_reserve(e.client, &room);
        memcpy(at, texts[i], strlen(texts[i]));
        tls_commit(e.client, strlen(texts[i]));
        assert_int_equal(tls_handshake(e.client, &e.why[0]), TLS_FAILED);
        CHECK_STATUS(e.why[0].status, STATUS_TLS);
        end(&e);
    }
}

/* The server's answer with one bit flipped: no handshake completes. */
static enum tls_step shake_with_flip(size_t bit, size_t *bits)
{
    struct ends e;
    struct slice answer;
    enum tls_step step;
    uint8_t *at;
    size_t room;

    begin(&e, "ca.pem", "good.pem", "localhost");
    (void)tls_handshake(e.client, &e.why[0]);
    (void)carry(e.client, e.server);
    (void)tls_handshake(e.server, &e.why[1]);
    answer = tls_output(e.server);
    at = tls_reserve(e.client, &room);
    assert_true(room >= answer.len);
    memcpy(at, answer.at, answer.len);
    *bits = answer.len * 8;
    if (bit < *bits)
        at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    tls_commit(e.client, answer.len);
    step = tls_handshake(e.client, &e.why[0]);
    end(&e);
    return step;
}

static void an_altered_handshake_does_not_complete(void **state)
{
    size_t bits = 0, done = 0;

    (void)state;
    assert_int_equal(shake_with_flip(SIZE_MAX, &bits), TLS_DONE);
    for (size_t bit = 0; bit < bits; bit += 37)
        done += shake_with_flip(bit, &bits) == TLS_DONE;
    /* the version in a record's head is ignored by RFC 8446, section 5.1 */
    assert_true(done <= 8);
}

static void an_altered_record_is_refused(void **state)
{
    struct ends e;
    uint8_t *at, byte;
    size_t room, n, len;

    (void)state;
    begin(&e, "ca.pem", "good.pem", "localhost");
    shake_hands(&e);
    assert_int_equal(tls_write(e.server, slice_text("secret"), &e.why[1]),
                     TLS_DONE);
    at = tls_reserve(e.client, &room);
    len = tls_output(e.server).len;
    memcpy(at, tls_output(e.server).at, len);
    at[len - 1] ^= 1;
    tls_commit(e.client, len);
    assert_int_equal(tls_read(e.client, &byte, 1, &n, &e.why[0]), TLS_FAILED);
    CHECK_STATUS(e.why[0].status, STATUS_TLS);
    end(&e);
}

static void the_input_is_bounded(void **state)
{
    struct ends e;
    size_t room, total = 0;

    (void)state;
    begin(&e, "ca.pem", "good.pem", "localhost");
    while (tls_reserve(e.client, &room) != NULL) {
        memset(tls_reserve(e.client, &room), 0x16, room);
        tls_commit(e.client, room);
        total += room;
        assert_true(total <= 64 * 1024);
    }
    assert_int_equal(room, 0);
    end(&e);
}

static void files_that_are_wrong_are_named(void **state)
{
    char missing[160], garbage[160], chain[160];
    struct tls_context *context = (struct tls_context *)missing;
    struct why why;

    (void)state;
    (void)snprintf(missing, sizeof(missing), "%s",
                   tls_files_path(&files, "none.pem"));
    (void)snprintf(garbage, sizeof(garbage), "%s",
                   tls_files_path(&files, "names"));
    (void)snprintf(chain, sizeof(chain), "%s",
                   tls_files_path(&files, "good.pem"));
    CHECK_STATUS(tls_context_client(missing, &context, &why), STATUS_NO_FILE);
    assert_null(context);
    CHECK_STATUS(tls_context_client(garbage, &context, &why),
                 STATUS_BAD_CONFIG);
    assert_non_null(strstr(why.found, "names: "));
    CHECK_STATUS(tls_context_server(missing, missing, &context, &why),
                 STATUS_NO_FILE);
    CHECK_STATUS(tls_context_server(garbage, missing, &context, &why),
                 STATUS_BAD_CONFIG);
    CHECK_STATUS(tls_context_server(chain, missing, &context, &why),
                 STATUS_NO_FILE);
    CHECK_STATUS(tls_context_server(chain, garbage, &context, &why),
                 STATUS_BAD_CONFIG);
    CHECK_STATUS(tls_context_server(chain,
                                    tls_files_path(&files, "other-key.pem"),
                                    &context, &why),
                 STATUS_BAD_CONFIG);
    assert_null(context);
    tls_context_free(NULL);
    tls_free(NULL);
}

/* Without a CA of our own, nobody vouches for the test's server. */
static void the_systems_store_does_not_know_us(void **state)
{
    struct ends e;
    struct why why;

    (void)state;
    begin(&e, "ca.pem", "good.pem", "localhost");
    tls_free(e.client);
    tls_context_free(e.client_context);
    e.client_context = NULL;
    e.client = NULL;
    if (tls_context_client(NULL, &e.client_context, &why) != STATUS_OK) {
        print_message("skipped: no CA store here\n");
        end(&e);
        skip();
    }
    CHECK_STATUS(tls_client_new(e.client_context, slice_text("localhost"),
                                &e.client),
                 STATUS_OK);
    shake_hands(&e);
    assert_int_equal(e.step[0], TLS_FAILED);
    CHECK_STATUS(e.why[0].status, STATUS_TLS);
    end(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(a_close_is_seen_as_such),
        cmocka_unit_test(certificates_are_judged),
        cmocka_unit_test(what_is_not_tls_is_refused),
        cmocka_unit_test(an_altered_handshake_does_not_complete),
        cmocka_unit_test(an_altered_record_is_refused),
        cmocka_unit_test(the_input_is_bounded),
        cmocka_unit_test(files_that_are_wrong_are_named),
        cmocka_unit_test(the_systems_store_does_not_know_us),
    };
    int failed;

    if (!tls_files_make(&files))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_files_remove(&files);
    return failed;
}
