/* Frames: one reading of every record, and no other. */
#include "tests/support/check.h"

#include "common/text.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/frame.h"
#include "proxy/tunnel/reason.h"

#define HEX_MAX_BYTES 64

static const uint8_t bytes[] = { 'a', 'b', 'c' };
static const uint8_t opaque[FRAME_OPAQUE_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* clang-format off */
static const struct {
    const char *hex;
    struct frame frame;
} frames[] = {
    { "83000169612e623a3635353335", { FRAME_OPEN, 1, 0, { (const uint8_t *)"a.b:65535", 9 } } },
    { "820118ff",       { FRAME_OPENED, 255, 0, { 0 } } },
    { "83021a0001000043616263", { FRAME_DATA, 65536, 0, { bytes, 3 } } },
    { "8303011a7fffffff", { FRAME_CREDIT, 1, FLOW_CREDIT_MAX, { 0 } } },
    { "82041affffffff", { FRAME_FIN, UINT32_MAX, 0, { 0 } } },
    { "8305011903e8",   { FRAME_RESET, 1, 1000, { 0 } } },
    { "8206480102030405060708", { FRAME_PING, 0, 0, { opaque, 8 } } },
    { "8207480102030405060708", { FRAME_PONG, 0, 0, { opaque, 8 } } },
    { "8408000063616263", { FRAME_GOAWAY, 0, REASON_NONE, { bytes, 3 } } },
};
/* clang-format on */

static struct slice frame_of(size_t i, uint8_t out[HEX_MAX_BYTES])
{
    struct builder b = builder_over(out, HEX_MAX_BYTES);

    frame_write(&frames[i].frame, &b);
    assert_true(builder_ok(&b));
    return builder_view(&b);
}

static void every_type_is_written_as_specified(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        uint8_t out[HEX_MAX_BYTES];
        char hex[2 * HEX_MAX_BYTES + 1];

        text_hex(frame_of(i, out), hex, sizeof(hex));
        assert_string_equal(hex, frames[i].hex);
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        uint8_t out[HEX_MAX_BYTES];
        struct wire_in in = wire_in_over(frame_of(i, out), WIRE_DETERMINISTIC);
        struct frame got;
        struct why why;

        CHECK_STATUS(frame_read(&in, &got, &why), STATUS_OK);
        assert_true(wire_in_finish(&in));
        assert_int_equal(got.type, frames[i].frame.type);
        assert_int_equal(got.id, frames[i].frame.id);
        assert_int_equal(got.number, frames[i].frame.number);
        assert_true(slice_equal(got.bytes, frames[i].frame.bytes));
    }
}

static void a_record_is_a_sequence(void **state)
{
    uint8_t out[512];
    struct builder b = builder_over(out, sizeof(out));
    struct wire_in in;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames); i++)
        frame_write(&frames[i].frame, &b);
    in = wire_in_over(builder_view(&b), WIRE_DETERMINISTIC);
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        struct frame got;
        struct why why;

        CHECK_STATUS(frame_read(&in, &got, &why), STATUS_OK);
        assert_int_equal(got.type, i);
    }
    assert_true(wire_in_finish(&in));
}

static void a_data_head_is_what_a_frame_has(void **state)
{
    static const size_t lengths[] = { 1, 23, 24, 255, 256, 65535 };
    static const uint32_t ids[] = { 1, 24, 256, 65536, UINT32_MAX };
    static uint8_t data[65535];
    static uint8_t whole[65535 + FRAME_DATA_HEAD_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths) * COUNT_OF(ids); i++) {
        uint32_t id = ids[i / COUNT_OF(lengths)];
        size_t len = lengths[i % COUNT_OF(lengths)];
        uint8_t head[FRAME_DATA_HEAD_MAX_BYTES];
        struct builder a = builder_over(head, sizeof(head));
        struct builder b = builder_over(whole, sizeof(whole));
        struct frame f = { FRAME_DATA, id, 0, slice_of(data, len) };

        frame_data_head(id, len, &a);
        frame_write(&f, &b);
        assert_true(builder_ok(&a) && builder_ok(&b));
        assert_true(slice_equal(builder_view(&a), slice_of(whole, a.len)));
        assert_int_equal(b.len, a.len + len);
    }
}

static void no_control_frame_is_longer_than_promised(void **state)
{
    uint8_t out[FRAME_CONTROL_MAX_BYTES];
    uint8_t text[TARGET_MAX_BYTES];
    const struct frame longest[] = {
        { FRAME_OPEN, UINT32_MAX, 0, slice_of(text, TARGET_MAX_BYTES) },
        { FRAME_CREDIT, UINT32_MAX, UINT32_MAX, { 0 } },
        { FRAME_GOAWAY, UINT32_MAX, REASON_MAX,
          slice_of(text, FRAME_TEXT_MAX_BYTES) },
    };

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < COUNT_OF(longest); i++) {
        struct builder b = builder_over(out, sizeof(out));

        frame_write(&longest[i], &b);
        assert_true(builder_ok(&b));
    }
}

static const struct {
    const char *name;
    const char *hex;
    const char *field;
} refusals[] = {
    /* clang-format off */
    { "a map",                    "a10001",             "frame" },
    { "a number",                 "01",                 "frame" },
    { "no items",                 "80",                 "frame" },
    { "five items",               "850001020304",       "frame" },
    { "a type in words",          "81616f",             "frame" },
    { "a type that is not",       "820901",             "frame" },
    { "a type of 2^64-1",         "821bffffffffffffffff01", "frame" },
    { "an open array",            "9f0401ff",           "frame" },
    { "a long array head",        "98020401",           "frame" },
    { "a long type",              "82180401",           "frame" },
    { "a long id",                "82041801",           "frame.fin" },
    { "too few items",            "8104",               "frame.fin" },
    { "too many items",           "83040101",           "frame.fin" },
    { "stream 0",                 "820400",             "frame.fin" },
    { "a stream above 2^32-1",    "82041b0000000100000000", "frame.fin" },
    { "a negative stream",        "820420",             "frame.fin" },
    { "data of no bytes",         "83020140",           "frame.data" },
    { "data that is text",        "83020161ff",         "frame.data" },
    { "data that is tagged",      "830201d84041aa",     "frame.data" },
    { "data under a long head",   "830201580161",       "frame.data" },
    { "data in pieces",           "8302015f4161ff",     "frame.data" },
    { "credit of 0",              "83030100",           "frame.credit" },
    { "credit above 2^31-1",      "8303011a80000000",   "frame.credit" },
    { "a reason above 65535",     "8305011a00010000",   "frame.reset" },
    { "a ping of 7 bytes",        "82064701020304050607", "frame.ping" },
    { "a ping of 9 bytes",        "820649010203040506070809", "frame.ping" },
    { "a pong that is a number",  "820700",             "frame.pong" },
    { "a target without a port",  "83000163612e62",     "frame.open" },
    { "a target of no bytes",     "83000160",           "frame.open" },
    { "a target with a space",    "83000164612062" "3a", "frame.open" },
    { "a target that is bytes",   "83000143613a31",     "frame.open" },
    { "a goaway with a line end", "84080000620d0a",     "frame.goaway" },
    { "a goaway beyond ASCII",    "84080000" "62c3a4",  "frame.goaway" },
    { "a goaway without a text",  "83080000",           "frame.goaway" },
    /* clang-format on */
};

static void malformed_frames_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        size_t len = strlen(refusals[i].hex) / 2;
        uint8_t raw[HEX_MAX_BYTES];
        struct wire_in in;
        struct frame got;
        struct why why = { 0 };

        assert_true(text_from_hex(slice_text(refusals[i].hex), raw, len));
        in = wire_in_over(slice_of(raw, len), WIRE_DETERMINISTIC);
        if (frame_read(&in, &got, &why) != STATUS_BAD_FIELD ||
            strcmp(why.field, refusals[i].field) != 0)
            fail_msg("%s: %s at %s", refusals[i].name, status_name(why.status),
                     why.field);
        assert_true(slice_is_zero(slice_of(&got, sizeof(got))));
    }
}

static bool is_read(enum frame_type type, const char *text, size_t len)
{
    uint8_t out[512];
    struct builder b = builder_over(out, sizeof(out));
    struct frame f = { type, 1, 0, slice_of(text, len) };
    struct wire_in in;
    struct why why;

    frame_write(&f, &b);
    in = wire_in_over(builder_view(&b), WIRE_DETERMINISTIC);
    return frame_read(&in, &f, &why) == STATUS_OK;
}

static void lengths_hold_on_both_sides(void **state)
{
    char text[512], target[512];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_true(is_read(FRAME_GOAWAY, text, FRAME_TEXT_MAX_BYTES));
    assert_false(is_read(FRAME_GOAWAY, text, FRAME_TEXT_MAX_BYTES + 1));
    for (int host = 253; host <= 254; host++) {
        int len = snprintf(target, sizeof(target), "%.*s:65535", host, text);

        assert_int_equal(is_read(FRAME_OPEN, target, (size_t)len), host == 253);
    }
}

static void refuses(struct slice bent, void *ctx)
{
    struct wire_in in = wire_in_over(bent, WIRE_DETERMINISTIC);
    struct frame got;
    struct why why;

    (void)ctx;
    CHECK_STATUS(frame_read(&in, &got, &why), STATUS_BAD_FIELD);
}

/* What is read from a bent frame is the one thing that says so: it is written
 * as the very same bytes. */
static void reads_one_way(struct slice bent, void *ctx)
{
    struct wire_in in = wire_in_over(bent, WIRE_DETERMINISTIC);
    uint8_t again[HEX_MAX_BYTES];
    struct builder b = builder_over(again, sizeof(again));
    struct frame got;
    struct why why;

    (void)ctx;
    if (frame_read(&in, &got, &why) != STATUS_OK)
        return;
    frame_write(&got, &b);
    assert_true(slice_equal(builder_view(&b),
                            slice_of(bent.at, bent.len - in.left.len)));
}

static void every_prefix_and_flip_ends_in_a_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        uint8_t out[HEX_MAX_BYTES];

        for_each_prefix(frame_of(i, out), refuses, NULL);
        for_each_flip(frame_of(i, out), reads_one_way, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_written_as_specified),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_record_is_a_sequence),
        cmocka_unit_test(a_data_head_is_what_a_frame_has),
        cmocka_unit_test(no_control_frame_is_longer_than_promised),
        cmocka_unit_test(malformed_frames_are_refused_by_name),
        cmocka_unit_test(lengths_hold_on_both_sides),
        cmocka_unit_test(every_prefix_and_flip_ends_in_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
