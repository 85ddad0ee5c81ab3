/* teekit_parcel: a message whose body comes in pieces, sealed where it lies. */
#include "tests/support/check.h"

#include "common/secret.h"
#include "proxy/io/teekit_parcel.h"

static const struct teekit_key key = { { 1, 2, 3 } };

/* A request of everything a head can have, but for the id. */
static struct teekit_message request(void)
{
    struct teekit_message m = { .type = TEEKIT_HTTP_REQUEST,
                                .method = slice_text("POST"),
                                .url = slice_text("http://a/b?c") };

    m.fields[0] = (struct teekit_field){ .name = slice_text("x"),
                                         .value = slice_text("y") };
    m.field_count = 1;
    return m;
}

/* What |p| says to who has the key; it borrows from |p|. */
static void open_parcel(const struct teekit_parcel *p, struct teekit_message *m)
{
    struct teekit_envelope e;
    struct why why;
    uint8_t *at = p->packet.out.at;
    uint8_t *text;
    size_t len;

    CHECK_STATUS(teekit_envelope_parse(slice_of(at, p->packet.out.len), &e,
                                       &why),
                 STATUS_OK);
    assert_int_equal(e.type, TEEKIT_ENC);
    CHECK_STATUS(teekit_seal_open(&key, at, &e, &text, &len), STATUS_OK);
    CHECK_STATUS(teekit_message_parse(text, len, m, &why), STATUS_OK);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *body;
    size_t len;
    size_t step; /* bytes of a piece */
    enum teekit_body kind;
} cases[] = {
    { "no body", "", 0, 1, TEEKIT_TEXT },
    { "a text", "gr\xc3\xbc\xc3\x9f", 6, 100, TEEKIT_TEXT },
    { "a text whose pieces cut characters", "gr\xc3\xbc\xc3\x9f", 6, 3,
      TEEKIT_TEXT },
    { "a NUL is text", "a\0b", 3, 1, TEEKIT_TEXT },
    { "bytes", "\xff\xfe", 2, 1, TEEKIT_BYTES },
    { "a text that ends inside a character", "a\xc3", 2, 1, TEEKIT_BYTES },
    { "a piece that is no text alone", "a\xc3z", 3, 2, TEEKIT_BYTES },
};
/* clang-format on */

static void bodies_arrive_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t room[TEEKIT_ID_ROOM];
        struct teekit_message m = request(), got;
        struct teekit_parcel *p;

        CHECK_STATUS(teekit_parcel_new(NULL, &m, 0, &p), STATUS_OK);
        for (size_t at = 0; at < cases[i].len; at += cases[i].step) {
            size_t n = MIN_OF(cases[i].step, cases[i].len - at);

            memcpy(teekit_parcel_reserve(p, n), cases[i].body + at, n);
            teekit_parcel_commit(p, n);
        }
        assert_int_equal(teekit_parcel_body(p), cases[i].len);
        if (teekit_parcel_kind(p) != cases[i].kind)
            fail_msg("%s is of another kind", cases[i].name);
        m.id = teekit_message_id("0001234567890abcdefghi", room);
        teekit_parcel_seal(p, &m, cases[i].kind, &key, NULL);
        open_parcel(p, &got);
        assert_int_equal(got.body_kind, cases[i].kind);
        assert_true(
            slice_equal(got.body, slice_of(cases[i].body, cases[i].len)));
        assert_true(slice_equal(got.id, m.id));
        assert_true(slice_equal(got.url, m.url));
        assert_int_equal(got.field_count, 1);
        teekit_parcel_free(p);
    }
}

/* As the other way of sealing, for bodies whose length is known before. */
static void begun_bodies_arrive_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t room[TEEKIT_ID_ROOM];
        struct teekit_message m = request(), got;
        struct teekit_parcel *p;

        if (cases[i].len == 0)
            continue;
        CHECK_STATUS(teekit_parcel_new(NULL, &m, cases[i].len, &p), STATUS_OK);
        m.id = teekit_message_id("0001234567890abcdefghi", room);
        teekit_parcel_begin(p, &m, TEEKIT_TEXT, cases[i].len, &key, NULL);
        for (size_t at = 0; at < cases[i].len; at += cases[i].step) {
            size_t n = MIN_OF(cases[i].step, cases[i].len - at);

            memcpy(teekit_parcel_reserve(p, n), cases[i].body + at, n);
            teekit_parcel_commit(p, n);
        }
        teekit_parcel_end(p);
        open_parcel(p, &got);
        if (got.body_kind != cases[i].kind)
            fail_msg("%s is of another kind", cases[i].name);
        assert_true(slice_equal(
            got.body, slice_of((const uint8_t *)cases[i].body, cases[i].len)));
        assert_true(slice_equal(got.id, m.id));
        p->packet.done(&p->packet);
    }
}

/* Text up to each place of a body, for every length of the body's head. */
static void a_begun_body_may_turn_out_to_be_bytes(void **state)
{
    static const size_t sizes[] = { 1, 23, 24, 255, 256, 70000 };
    static uint8_t body[70000];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t odd = 0; odd < sizes[i]; odd = odd * 3 + 1) {
            struct teekit_message m = request(), got;
            struct teekit_parcel *p;
            uint8_t room[TEEKIT_ID_ROOM];

            memset(body, 'x', sizeof(body));
            body[odd] = 0xff;
            CHECK_STATUS(teekit_parcel_new(NULL, &m, sizes[i], &p), STATUS_OK);
            m.id = teekit_message_id("000", room);
            teekit_parcel_begin(p, &m, TEEKIT_TEXT, sizes[i], &key, NULL);
            for (size_t at = 0, n; at < sizes[i]; at += n) {
                n = MIN_OF((size_t)1000, sizes[i] - at);
                memcpy(teekit_parcel_reserve(p, n), body + at, n);
                teekit_parcel_commit(p, n);
            }
            teekit_parcel_end(p);
            open_parcel(p, &got);
            assert_int_equal(got.body_kind, TEEKIT_BYTES);
            assert_true(slice_equal(got.body, slice_of(body, sizes[i])));
            p->packet.done(&p->packet);
        }
}

static void nothing_is_no_body(void **state)
{
    uint8_t room[TEEKIT_ID_ROOM];
    struct teekit_message m = request(), got;
    struct teekit_parcel *p;

    (void)state;
    CHECK_STATUS(teekit_parcel_new(NULL, &m, 0, &p), STATUS_OK);
    m.id = teekit_message_id("x", room);
    teekit_parcel_seal(p, &m, TEEKIT_NOTHING, &key, NULL);
    open_parcel(p, &got);
    assert_int_equal(got.body_kind, TEEKIT_NOTHING);
    teekit_parcel_free(p);
}

static void the_longest_body_fits_and_no_longer(void **state)
{
    uint8_t room[TEEKIT_ID_ROOM];
    struct teekit_message m = request(), got;
    size_t max = teekit_parcel_body_max(teekit_message_room(&m));
    struct teekit_parcel *p;

    (void)state;
    CHECK_STATUS(teekit_parcel_new(NULL, &m, max, &p), STATUS_OK);
    memset(teekit_parcel_reserve(p, max), 'x', max);
    teekit_parcel_commit(p, max);
    m.id = teekit_message_id("0001234567890abcdefghi", room);
    teekit_parcel_seal(p, &m, TEEKIT_TEXT, &key, NULL);
    assert_true(p->packet.out.len <= TEEKIT_MESSAGE_MAX_BYTES);
    assert_true(p->packet.out.len > TEEKIT_MESSAGE_MAX_BYTES - 1024);
    open_parcel(p, &got);
    assert_int_equal(got.body.len, max);
    assert_null(teekit_parcel_reserve(p, TEEKIT_MESSAGE_MAX_BYTES - max + 1));
    teekit_parcel_free(p);
}

static int begin(void **state)
{
    (void)state;
    return secret_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_arrive_as_they_were),
        cmocka_unit_test(begun_bodies_arrive_as_they_were),
        cmocka_unit_test(a_begun_body_may_turn_out_to_be_bytes),
        cmocka_unit_test(nothing_is_no_body),
        cmocka_unit_test(the_longest_body_fits_and_no_longer),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
