/* teekit_stream and teekit_opening: what they make is what libsodium makes of
 * the whole, however the bytes are cut. */
#include "tests/support/check.h"

#include <sodium.h>

#include "common/builder.h"
#include "common/secret.h"
#include "proxy/tunnel/teekit_envelope.h"
#include "proxy/tunnel/teekit_opening.h"
#include "proxy/tunnel/teekit_write.h"
#include "proxy/tunnel/wire_out.h"

#define SMALL_MAX 300
#define LARGE     (1024 * 1024 + 77)

static const struct teekit_key key = { { 7, 1, 2, 3 } };
static const uint8_t nonce[TEEKIT_NONCE_BYTES] = { 9, 8, 7 };

/* |len| bytes that differ, on a block of just that size. */
static uint8_t *make_text(size_t len)
{
    uint8_t *text = malloc(MAX_OF(len, 1));

    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)(i * 31 + i / 251);
    return text;
}

/* What crypto_secretbox makes of it. */
static uint8_t *make_sealed(size_t len, uint8_t tag[TEEKIT_TAG_BYTES])
{
    uint8_t *text = make_text(len);

    assert_int_equal(
        crypto_secretbox_detached(text, tag, text, len, nonce, key.bytes), 0);
    return text;
}

/* Seal in two pieces, then open in two, and compare both with libsodium. */
static void check_split(size_t len, size_t at)
{
    uint8_t want_tag[TEEKIT_TAG_BYTES];
    uint8_t *text = make_text(len);
    uint8_t *plain = make_text(len);
    uint8_t *want = make_sealed(len, want_tag);
    struct teekit_stream s;

    teekit_stream_begin(&s, &key, nonce);
    teekit_stream_seal(&s, text, at);
    teekit_stream_seal(&s, text + at, len - at);
    assert_true(teekit_stream_check(&s, want_tag));
    assert_memory_equal(text, want, len);
    assert_true(sodium_is_zero((const uint8_t *)&s, sizeof(s)));

    teekit_stream_begin(&s, &key, nonce);
    teekit_stream_open(&s, text, at);
    teekit_stream_open(&s, text + at, len - at);
    assert_true(teekit_stream_check(&s, want_tag));
    assert_memory_equal(text, plain, len);
    free(text);
    free(plain);
    free(want);
}

static void any_split_of_a_small_message(void **state)
{
    (void)state;
    for (size_t len = 0; len <= SMALL_MAX; len++)
        for (size_t at = 0; at <= len; at++)
            check_split(len, at);
}

static size_t up_to(size_t max)
{
    return randombytes_uniform((uint32_t)max + 1);
}

static void many_pieces_of_a_large_message(void **state)
{
    uint8_t want_tag[TEEKIT_TAG_BYTES];

    (void)state;
    for (int round = 0; round < 20; round++) {
        uint8_t *text = make_text(LARGE);
        uint8_t *want = make_sealed(LARGE, want_tag);
        struct teekit_stream s;
        size_t n;

        teekit_stream_begin(&s, &key, nonce);
        for (size_t at = 0; at < LARGE; at += n) {
            n = up_to(round % 2 == 0 ? 700 : 90000);
            n = MIN_OF(n, LARGE - at);
            teekit_stream_seal(&s, text + at, n);
        }
        assert_true(teekit_stream_check(&s, want_tag));
        assert_memory_equal(text, want, LARGE);
        free(text);
        free(want);
    }
}

static void what_is_sealed_already_counts(void **state)
{
    uint8_t want_tag[TEEKIT_TAG_BYTES];
    uint8_t *want = make_sealed(SMALL_MAX, want_tag);
    uint8_t *text = make_text(SMALL_MAX);
    struct teekit_stream s;

    (void)state;
    teekit_stream_begin(&s, &key, nonce);
    teekit_stream_sealed(&s, want, 101);
    teekit_stream_seal(&s, text + 101, SMALL_MAX - 101);
    assert_true(teekit_stream_check(&s, want_tag));
    assert_memory_equal(text + 101, want + 101, SMALL_MAX - 101);
    free(want);
    free(text);
}

static void another_tag_is_seen(void **state)
{
    uint8_t tag[TEEKIT_TAG_BYTES];
    struct teekit_stream s;

    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof(tag); bit++) {
        uint8_t *text = make_sealed(50, tag);

        tag[bit / 8] ^= (uint8_t)(1 << bit % 8);
        teekit_stream_begin(&s, &key, nonce);
        teekit_stream_open(&s, text, 50);
        assert_false(teekit_stream_check(&s, tag));
        free(text);
    }
}

/* --- whole messages ------------------------------------------------------ */

struct message {
    uint8_t *at; /* of just |len| bytes */
    size_t len;
};

static struct message copy_of(struct slice bytes)
{
    struct message m = { malloc(bytes.len), bytes.len };

    assert_non_null(m.at);
    memcpy(m.at, bytes.at, bytes.len);
    return m;
}

static struct message make_message(size_t len, enum teekit_style style)
{
    uint8_t *sealed = malloc(TEEKIT_TAG_BYTES + len);
    uint8_t *room = malloc(1024 + len);
    struct builder b = builder_over(room, 1024 + len);
    struct teekit_envelope e = { .type = TEEKIT_ENC, .nonce = SLICE_OF(nonce) };
    struct message m;
    uint8_t *text = make_sealed(len, sealed);

    memcpy(sealed + TEEKIT_TAG_BYTES, text, len);
    e.ciphertext = slice_of(sealed, TEEKIT_TAG_BYTES + len);
    teekit_envelope_encode(&e, style, &b);
    assert_true(builder_ok(&b));
    m = copy_of(builder_view(&b));
    free(text);
    free(room);
    free(sealed);
    return m;
}

/* Open |m| in pieces of |step|, the first of |first|. */
static enum status open_in_pieces(struct message m, size_t first, size_t step,
                                  bool *was_on, uint8_t **text, size_t *len)
{
    struct teekit_opening o = { 0 };

    for (size_t at = MIN_OF(first, m.len); at < m.len; at += step)
        teekit_opening_more(&o, &key, m.at, at, m.len);
    teekit_opening_more(&o, &key, m.at, m.len, m.len);
    *was_on = teekit_opening_is_on(&o);
    if (*was_on)
        return teekit_opening_end(&o, m.at, m.len, text, len);
    teekit_opening_reset(&o);
    return STATUS_OK;
}

static void every_way_of_writing_is_opened(void **state)
{
    static const enum teekit_style styles[] = { TEEKIT_OURS, TEEKIT_NODE,
                                                TEEKIT_BUFFER };
    static const size_t sizes[] = { 0, 1, 23, 200, 300, 70000 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(styles); i++)
        for (size_t k = 0; k < COUNT_OF(sizes); k++)
            for (size_t step = 1; step < 70000; step = step * 7 + 1) {
                struct message m = make_message(sizes[k], styles[i]);
                uint8_t *want = make_text(sizes[k]);
                uint8_t *text;
                size_t len;
                bool on;

                CHECK_STATUS(open_in_pieces(m, 256, step, &on, &text, &len),
                             STATUS_OK);
                assert_true(on);
                assert_int_equal(len, sizes[k]);
                assert_memory_equal(text, want, len);
                free(want);
                free(m.at);
            }
}

/* Where it begins in a piece that is too short it is left as it was. */
static void a_short_beginning_is_left_alone(void **state)
{
    struct message whole = make_message(300, TEEKIT_NODE);

    (void)state;
    for (size_t first = 0; first < 100; first++) {
        struct message m = copy_of(slice_of(whole.at, whole.len));
        uint8_t *text;
        size_t len;
        bool on;

        CHECK_STATUS(open_in_pieces(m, first, 50, &on, &text, &len), STATUS_OK);
        if (!on)
            assert_memory_equal(m.at, whole.at, whole.len);
        free(m.at);
    }
    free(whole.at);
}

/* A bit anywhere: refused, or left for the others to judge. */
static void a_flipped_bit_is_never_opened(void **state)
{
    struct message whole = make_message(40, TEEKIT_NODE);

    (void)state;
    for (size_t bit = 0; bit < 8 * whole.len; bit++) {
        struct message m = copy_of(slice_of(whole.at, whole.len));
        uint8_t *text = NULL;
        size_t len = 0;
        bool on;
        enum status st;

        m.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        st = open_in_pieces(m, m.len, 1, &on, &text, &len);
        if (on) {
            CHECK_STATUS(st, STATUS_BAD_RECORD);
            assert_null(text);
        } else {
            m.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_memory_equal(m.at, whole.at, whole.len);
        }
        free(m.at);
    }
    free(whole.at);
}

/* The map as its writer chooses: so many pairs, in the order of |keys|. */
static struct message make_odd(size_t pairs, const char *keys, size_t behind)
{
    uint8_t room[512], tag[TEEKIT_TAG_BYTES];
    uint8_t *text = make_sealed(40, tag);
    struct builder b = builder_over(room, sizeof(room));
    struct message m;

    teekit_write_map(&b, TEEKIT_NODE, pairs);
    for (; *keys != '\0'; keys++)
        switch (*keys) {
        case 't':
            teekit_write_pair(&b, "type", "enc");
            break;
        case 'o':
            teekit_write_pair(&b, "type", "other");
            break;
        case 'n':
            wire_out_text(&b, "nonce");
            wire_out_bytes(&b, SLICE_OF(nonce));
            break;
        case 'c':
            wire_out_text(&b, "ciphertext");
            wire_out_bytes_head(&b, TEEKIT_TAG_BYTES + 40);
            builder_bytes(&b, SLICE_OF(tag));
            builder_bytes(&b, slice_of(text, 40));
            break;
        default:
            teekit_write_pair(&b, "more", "more");
        }
    for (; behind > 0; behind--)
        builder_u8(&b, 0);
    assert_true(builder_ok(&b));
    m = copy_of(builder_view(&b));
    free(text);
    return m;
}

/* clang-format off */
static const struct {
    const char *name;
    size_t pairs;
    const char *keys;
    size_t behind;
    bool on;
} orders[] = {
    { "the usual order", 3, "tnc", 0, true },
    { "the nonce first", 3, "ntc", 0, true },
    { "the ciphertext in the middle", 3, "tcn", 0, false },
    { "the ciphertext first", 3, "ctn", 0, false },
    { "another type", 3, "onc", 0, false },
    { "no type", 3, "nnc", 0, false },
    { "no nonce", 3, "ttc", 0, false },
    { "a pair more", 4, "txnc", 0, false },
    { "a pair announced and not there", 4, "tnc", 0, false },
    { "a pair less than there are", 2, "tnc", 0, false },
    { "no pairs", 0, "", 0, false },
    { "a byte behind", 3, "tnc", 1, false },
};
/* clang-format on */

static void only_what_is_certain_is_opened_early(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct message m =
            make_odd(orders[i].pairs, orders[i].keys, orders[i].behind);
        struct message as_it_was = copy_of(slice_of(m.at, m.len));
        uint8_t *text = NULL;
        size_t len = 0;
        bool on;

        CHECK_STATUS(open_in_pieces(m, 256, 1, &on, &text, &len), STATUS_OK);
        if (on != orders[i].on)
            fail_msg("%s", orders[i].name);
        if (!on)
            assert_memory_equal(m.at, as_it_was.at, m.len);
        free(as_it_was.at);
        free(m.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_of_a_small_message),
        cmocka_unit_test(many_pieces_of_a_large_message),
        cmocka_unit_test(what_is_sealed_already_counts),
        cmocka_unit_test(another_tag_is_seen),
        cmocka_unit_test(every_way_of_writing_is_opened),
        cmocka_unit_test(a_short_beginning_is_left_alone),
        cmocka_unit_test(a_flipped_bit_is_never_opened),
        cmocka_unit_test(only_what_is_certain_is_opened_early),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
