/* Where records are filled: room, places, order, and buffers used again. */
#include "tests/support/check.h"

#include "common/secret.h"
#include "proxy/tunnel/outbox.h"

static const uint8_t key[AEAD_KEY_BYTES] = { 5 };

static void begin(struct outbox *o)
{
    outbox_init(o);
    CHECK_STATUS(outbox_begin(o, AEAD_CHACHAPOLY, key), STATUS_OK);
}

static void put(struct outbox *o, size_t len, uint8_t byte)
{
    size_t room;
    uint8_t *at = outbox_place(o, len, &room);

    assert_true(at != NULL && room >= len);
    memset(at, byte, len);
    outbox_commit(o, len);
}

static void a_fresh_outbox_holds_and_wants_nothing(void **state)
{
    struct outbox o;

    (void)state;
    begin(&o);
    assert_false(outbox_waiting(&o));
    assert_null(o.open);
    assert_int_equal(outbox_room(&o, 0),
                     SESSION_OUT_RECORDS * RECORD_PLAIN_BYTES);
    outbox_seal(&o); /* nothing is in it */
    assert_int_equal(o.count, 0);
    outbox_fini(&o);
}

static void messages_leave_in_order_and_open(void **state)
{
    struct session_out out[4];
    struct outbox o;
    struct record in;
    uint8_t *first;

    (void)state;
    begin(&o);
    CHECK_STATUS(record_init(&in, AEAD_CHACHAPOLY, key), STATUS_OK);
    first = outbox_new_message(10);
    assert_non_null(first);
    memset(first, 0xaa, 10);
    outbox_add(&o, first, 10);
    for (uint8_t i = 1; i <= 2; i++) {
        put(&o, 100 * (size_t)i, i);
        outbox_seal(&o);
    }
    assert_int_equal(outbox_take(&o, out, 1), 1);
    assert_int_equal(out[0].len, 10);
    assert_int_equal(outbox_take(&o, out + 1, 3), 2);
    assert_int_equal(outbox_take(&o, out, 4), 0);
    assert_false(outbox_waiting(&o));
    for (uint8_t i = 1; i <= 2; i++) {
        struct slice plain;
        struct why why;

        memset(out[i].message - SESSION_HEADROOM, 0xff, SESSION_HEADROOM);
        CHECK_STATUS(record_open(&in, out[i].message, out[i].len, &plain, &why),
                     STATUS_OK);
        assert_true(plain.len == 100 * (size_t)i && plain.at[0] == i);
    }
    outbox_done(&o, 3);
    assert_int_equal(o.count, 0);
    assert_int_equal(o.spares, 2);
    record_fini(&in);
    outbox_fini(&o);
}

static void a_frame_is_never_split(void **state)
{
    struct outbox o;

    (void)state;
    begin(&o);
    put(&o, RECORD_PLAIN_BYTES - 1000, 1);
    put(&o, 1000 - 64, 2); /* fits */
    assert_int_equal(o.count, 0);
    put(&o, 65, 3); /* does not */
    assert_int_equal(o.count, 1);
    assert_int_equal(o.open_len, 65);
    outbox_fini(&o);
}

static void a_record_as_good_as_full_is_sealed(void **state)
{
    struct outbox o;

    (void)state;
    begin(&o);
    put(&o, RECORD_PLAIN_BYTES - 63, 1);
    assert_int_equal(o.count, 1);
    assert_null(o.open);
    assert_true(outbox_waiting(&o));
    outbox_fini(&o);
}

static void room_ends_and_comes_back(void **state)
{
    struct session_out out[SESSION_OUT_RECORDS];
    struct outbox o;
    size_t room;

    (void)state;
    begin(&o);
    for (int i = 0; i < SESSION_OUT_RECORDS; i++) {
        assert_int_equal(outbox_room(&o, 10),
                         (size_t)(SESSION_OUT_RECORDS - i) *
                             (RECORD_PLAIN_BYTES - 10));
        put(&o, RECORD_PLAIN_BYTES, 1);
    }
    assert_int_equal(outbox_room(&o, 0), 0);
    assert_null(outbox_place(&o, 1, &room));
    CHECK_STATUS(o.failed, STATUS_OK);
    outbox_last(&o);
    put(&o, 100, 2); /* the last word */
    outbox_seal(&o);
    assert_null(outbox_place(&o, 1, &room));
    assert_int_equal(outbox_take(&o, out, COUNT_OF(out)), COUNT_OF(out));
    outbox_done(&o, 3);
    assert_int_equal(outbox_room(&o, 0), 3 * RECORD_PLAIN_BYTES);
    outbox_fini(&o);
}

/* However long it runs, it allocates no more than it once needed. */
static void buffers_are_used_again(void **state)
{
    struct session_out out[3];
    struct outbox o;

    (void)state;
    begin(&o);
    for (int i = 0; i < 1000; i++) {
        for (int n = 0; n < 3; n++)
            put(&o, RECORD_PLAIN_BYTES, (uint8_t)n);
        assert_int_equal(outbox_take(&o, out, 3), 3);
        outbox_done(&o, 2);
        outbox_done(&o, 1);
        assert_int_equal(o.spares, 3);
    }
    outbox_trim(&o);
    assert_int_equal(o.spares, 0);
    outbox_fini(&o);
}

static void a_place_that_was_not_used_is_given_up(void **state)
{
    struct outbox o;
    size_t room;

    (void)state;
    begin(&o);
    assert_non_null(outbox_place(&o, 1, &room));
    assert_non_null(o.open);
    outbox_trim(&o);
    assert_null(o.open);
    put(&o, 1, 1);
    outbox_trim(&o);
    assert_non_null(o.open); /* something is in it */
    outbox_fini(&o);
}

static void after_the_end_only_what_is_sealed_leaves(void **state)
{
    struct session_out out[2];
    struct outbox o;
    size_t room;

    (void)state;
    begin(&o);
    put(&o, 10, 1);
    outbox_end(&o);
    assert_null(outbox_place(&o, 1, &room));
    assert_int_equal(outbox_room(&o, 0), 0);
    assert_int_equal(outbox_take(&o, out, 2), 1);
    assert_int_equal(out[0].len, 10 + AEAD_TAG_BYTES);
    outbox_done(&o, 1);
    assert_false(outbox_waiting(&o));
    outbox_fini(&o);
}

static void used_up_numbers_fail_it(void **state)
{
    struct outbox o;
    size_t room;

    (void)state;
    begin(&o);
    o.record.next = UINT64_MAX;
    put(&o, 10, 1);
    outbox_seal(&o);
    CHECK_STATUS(o.failed, STATUS_LIMIT);
    assert_null(outbox_place(&o, 1, &room));
    assert_int_equal(outbox_room(&o, 0), 0);
    outbox_end(&o);
    assert_false(outbox_waiting(&o));
    outbox_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_outbox_holds_and_wants_nothing),
        cmocka_unit_test(messages_leave_in_order_and_open),
        cmocka_unit_test(a_frame_is_never_split),
        cmocka_unit_test(a_record_as_good_as_full_is_sealed),
        cmocka_unit_test(room_ends_and_comes_back),
        cmocka_unit_test(buffers_are_used_again),
        cmocka_unit_test(a_place_that_was_not_used_is_given_up),
        cmocka_unit_test(after_the_end_only_what_is_sealed_leaves),
        cmocka_unit_test(used_up_numbers_fail_it),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
