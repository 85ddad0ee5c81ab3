/* socks: requests of all three kinds, and what is refused. */
#include "tests/support/check.h"

#include "common/limits.h"
#include "proxy/local/socks.h"

/* A message as a string literal, with its final NUL left out. */
#define BYTES(text)                                                            \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

#define HELLO5 "\x05\x01\x00"

static const struct {
    const char *name;
    struct slice in;
    const char *target; /* NULL: refused */
    enum status want;
    struct slice replies; /* all, before the answer to a request */
} talks[] = {
    /* clang-format off */
    { "SOCKS5 with a name", BYTES(HELLO5 "\x05\x01\x00\x03\x07" "a.examp\x01\xbb"),
      "a.examp:443", STATUS_OK, BYTES("\x05\x00") },
    { "SOCKS5 with IPv4", BYTES(HELLO5 "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"),
      "192.0.2.1:80", STATUS_OK, BYTES("\x05\x00") },
    { "SOCKS5 with IPv6", BYTES(HELLO5 "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50"),
      "[2001:db8::1]:80", STATUS_OK, BYTES("\x05\x00") },
    { "SOCKS5 with many methods", BYTES("\x05\x03\x01\x02\x00\x05\x01\x00\x03\x01" "a\x00\x01"),
      "a:1", STATUS_OK, BYTES("\x05\x00") },
    { "SOCKS5 without a method", BYTES("\x05\x00"),
      NULL, STATUS_NO_ACCESS, BYTES("\x05\xff") },
    { "SOCKS5 with GSSAPI only", BYTES("\x05\x01\x01"),
      NULL, STATUS_NO_ACCESS, BYTES("\x05\xff") },
    { "SOCKS5 BIND", BYTES(HELLO5 "\x05\x02\x00\x01\xc0\x00\x02\x01\x00\x50"),
      NULL, STATUS_BAD_METHOD, BYTES("\x05\x00\x05\x07\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 UDP ASSOCIATE", BYTES(HELLO5 "\x05\x03\x00\x01\xc0\x00\x02\x01\x00\x50"),
      NULL, STATUS_BAD_METHOD, BYTES("\x05\x00\x05\x07\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with an unknown address type", BYTES(HELLO5 "\x05\x01\x00\x02"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with another version inside", BYTES(HELLO5 "\x04\x01\x00\x01\xc0\x00\x02\x01\x00\x50"),
      NULL, STATUS_BAD_REQUEST, BYTES("\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with a reserved byte set", BYTES(HELLO5 "\x05\x01\x01\x01\xc0\x00\x02\x01\x00\x50"),
      NULL, STATUS_BAD_REQUEST, BYTES("\x05\x00\x05\x01\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with an empty name", BYTES(HELLO5 "\x05\x01\x00\x03\x00\x00\x50"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with a NUL in the name", BYTES(HELLO5 "\x05\x01\x00\x03\x03" "a\0b\x00\x50"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 with port 0", BYTES(HELLO5 "\x05\x01\x00\x03\x01" "a\x00\x00"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0") },
    { "SOCKS5 to the unspecified address", BYTES(HELLO5 "\x05\x01\x00\x01\0\0\0\0\x00\x50"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\x05\x00\x05\x08\x00\x01\0\0\0\0\0\0") },
    { "SOCKS4", BYTES("\x04\x01\x00\x50\xc0\x00\x02\x01me\0"),
      "192.0.2.1:80", STATUS_OK, BYTES("") },
    { "SOCKS4 without a user", BYTES("\x04\x01\x00\x50\xc0\x00\x02\x01\0"),
      "192.0.2.1:80", STATUS_OK, BYTES("") },
    { "SOCKS4a", BYTES("\x04\x01\x01\xbb\0\0\0\x01me\0a.example\0"),
      "a.example:443", STATUS_OK, BYTES("") },
    { "SOCKS4 BIND", BYTES("\x04\x02\x00\x50\xc0\x00\x02\x01\0"),
      NULL, STATUS_BAD_METHOD, BYTES("\0\x5b\0\0\0\0\0\0") },
    { "SOCKS4 with port 0", BYTES("\x04\x01\x00\x00\xc0\x00\x02\x01\0"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\0\x5b\0\0\0\0\0\0") },
    { "SOCKS4 to the unspecified address", BYTES("\x04\x01\x00\x50\0\0\0\0\0"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\0\x5b\0\0\0\0\0\0") },
    { "SOCKS4a with an empty name", BYTES("\x04\x01\x00\x50\0\0\0\x01\0\0"),
      NULL, STATUS_BAD_ADDRESS, BYTES("\0\x5b\0\0\0\0\0\0") },
    { "another version", BYTES("\x06\x01\x00"),
      NULL, STATUS_BAD_REQUEST, BYTES("") },
    /* clang-format on */
};

/* What a whole talk came to. */
struct heard {
    enum socks_step last;
    struct socks_event event;
    uint8_t replies[64];
    size_t replies_len;
    size_t used;
};

/* Feed |in|, |step| bytes more at a time, from an exact-size block. */
static struct heard talk(struct socks *s, struct slice in, size_t step)
{
    struct heard h = { .last = SOCKS_MORE };
    size_t have = 0;

    while (h.last == SOCKS_MORE && have < in.len) {
        have = MIN_OF(have + step, in.len);
        do {
            size_t len = have - h.used;
            uint8_t *exact = malloc(MAX_OF(len, 1));
            size_t used;

            assert_non_null(exact);
            memcpy(exact, in.at + h.used, len);
            h.last = socks_read(s, slice_of(exact, len), &used, &h.event);
            free(exact);
            if (h.last == SOCKS_MORE)
                assert_int_equal(used, 0);
            h.used += used;
            memcpy(h.replies + h.replies_len, h.event.reply, h.event.reply_len);
            h.replies_len += h.event.reply_len;
        } while (h.last == SOCKS_REPLY);
    }
    return h;
}

static void check_talk(size_t i, size_t step)
{
    struct socks s = socks_start(NULL, NULL);
    struct heard h = talk(&s, talks[i].in, step);
    char text[TARGET_TEXT_ROOM];

    if (!slice_equal(slice_of(h.replies, h.replies_len), talks[i].replies))
        fail_msg("%s: other replies", talks[i].name);
    if (talks[i].target == NULL) {
        if (h.last != SOCKS_REFUSED || h.event.why.status != talks[i].want)
            fail_msg("%s: %s", talks[i].name, h.event.why.found);
        return;
    }
    if (h.last != SOCKS_REQUEST || h.used != talks[i].in.len)
        fail_msg("%s: %s", talks[i].name, h.event.why.found);
    target_text(&h.event.target, text);
    assert_string_equal(text, talks[i].target);
}

static void requests_are_read_at_any_pace(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(talks); i++)
        for (size_t step = 1; step <= talks[i].in.len; step++)
            check_talk(i, step);
}

static void a_prefix_only_wants_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(talks); i++) {
        if (talks[i].target == NULL)
            continue;
        for (size_t len = 0; len < talks[i].in.len; len++) {
            struct socks s = socks_start(NULL, NULL);
            struct heard h = talk(&s, slice_of(talks[i].in.at, len), len);

            assert_int_equal(h.last, SOCKS_MORE);
        }
    }
}

static void try_talk(struct slice in, void *ctx)
{
    struct socks s = socks_start(NULL, NULL);

    (void)ctx;
    (void)talk(&s, in, in.len); /* any end: no bad access */
}

static void a_flipped_bit_is_harmless(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(talks); i++)
        for_each_flip(talks[i].in, try_talk, NULL);
}

static void early_data_is_left_alone(void **state)
{
    static const struct slice in =
        BYTES("\x04\x01\x00\x50\xc0\x00\x02\x01\0GET / HTTP/1.0");
    struct socks s = socks_start(NULL, NULL);
    struct heard h = talk(&s, in, in.len);

    (void)state;
    assert_int_equal(h.last, SOCKS_REQUEST);
    assert_int_equal(h.used, 9);
}

/* The limit holds on both sides: a user of any length, until the message is
 * too long. */
static void endless_requests_end(void **state)
{
    uint8_t in[SOCKS_MAX_BYTES] = { 4, 1, 0, 80, 192, 0, 2, 1 };
    struct socks s = socks_start(NULL, NULL);
    struct socks_event event;
    size_t used;

    (void)state;
    memset(in + 8, 'u', sizeof(in) - 8);
    assert_int_equal(socks_read(&s, slice_of(in, sizeof(in) - 1), &used,
                                &event),
                     SOCKS_MORE);
    assert_int_equal(socks_read(&s, SLICE_OF(in), &used, &event),
                     SOCKS_REFUSED);
    CHECK_STATUS(event.why.status, STATUS_BAD_REQUEST);
    s = socks_start(NULL, NULL);
    in[sizeof(in) - 1] = 0;
    assert_int_equal(socks_read(&s, SLICE_OF(in), &used, &event),
                     SOCKS_REQUEST);
}

static bool is_alice(void *ctx, struct slice user, struct slice password)
{
    ++*(int *)ctx;
    return slice_equal(user, slice_text("alice")) &&
           slice_equal(password, slice_text("secret"));
}

static const struct {
    const char *name;
    struct slice in;
    enum socks_step want;
    struct slice replies;
} users[] = {
    /* clang-format off */
    { "the right password is let in",
      BYTES("\x05\x02\x00\x02\x01\x05" "alice\x06secret\x05\x01\x00\x03\x01" "a\x00\x01"),
      SOCKS_REQUEST, BYTES("\x05\x02\x01\x00") },
    { "a wrong password is not", BYTES("\x05\x01\x02\x01\x05" "alice\x05wrong"),
      SOCKS_REFUSED, BYTES("\x05\x02\x01\x01") },
    { "nor an empty one", BYTES("\x05\x01\x02\x01\x00\x00"),
      SOCKS_REFUSED, BYTES("\x05\x02\x01\x01") },
    { "nor another version", BYTES("\x05\x01\x02\x02\x05" "alice\x06secret"),
      SOCKS_REFUSED, BYTES("\x05\x02\x01\x01") },
    { "a client without one is not", BYTES("\x05\x01\x00"),
      SOCKS_REFUSED, BYTES("\x05\xff") },
    { "SOCKS4 has none", BYTES("\x04\x01\x00\x50\xc0\x00\x02\x01" "alice\0"),
      SOCKS_REFUSED, BYTES("\0\x5b\0\0\0\0\0\0") },
    /* clang-format on */
};

static void users_are_asked_when_the_owner_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        for (size_t step = 1; step <= users[i].in.len; step++) {
            int asked = 0;
            struct socks s = socks_start(is_alice, &asked);
            struct heard h = talk(&s, users[i].in, step);

            if (h.last != users[i].want ||
                !slice_equal(slice_of(h.replies, h.replies_len),
                             users[i].replies))
                fail_msg("%s", users[i].name);
            assert_true(asked <= 1);
        }
    }
}

static const struct {
    unsigned version;
    enum status st;
    struct slice want;
} replies[] = {
    /* clang-format off */
    { 5, STATUS_OK,          BYTES("\x05\x00\x00\x01\0\0\0\0\0\0") },
    { 5, STATUS_REFUSED,     BYTES("\x05\x05\x00\x01\0\0\0\0\0\0") },
    { 5, STATUS_NOT_SERVICE, BYTES("\x05\x02\x00\x01\0\0\0\0\0\0") },
    { 5, STATUS_NO_NAME,     BYTES("\x05\x04\x00\x01\0\0\0\0\0\0") },
    { 5, STATUS_POLICY,      BYTES("\x05\x02\x00\x01\0\0\0\0\0\0") },
    { 4, STATUS_OK,          BYTES("\x00\x5a\0\0\0\0\0\0") },
    { 4, STATUS_POLICY,      BYTES("\x00\x5b\0\0\0\0\0\0") },
    /* clang-format on */
};

static void answers_follow_the_status_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct socks s = { .version = replies[i].version };
        uint8_t out[SOCKS_REPLY_ROOM];
        size_t len = socks_reply(&s, replies[i].st, out);

        assert_true(slice_equal(slice_of(out, len), replies[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_at_any_pace),
        cmocka_unit_test(a_prefix_only_wants_more),
        cmocka_unit_test(a_flipped_bit_is_harmless),
        cmocka_unit_test(early_data_is_left_alone),
        cmocka_unit_test(endless_requests_end),
        cmocka_unit_test(users_are_asked_when_the_owner_says_so),
        cmocka_unit_test(answers_follow_the_status_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
