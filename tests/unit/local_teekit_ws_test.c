/* teekit_ws: frames of an application become parcels, and the other way. */
#include "tests/support/check.h"

#include "proxy/local/teekit_ws.h"

static const uint8_t key[4] = { 1, 2, 3, 4 };

/* Append a frame as an application sends it. */
static void add(struct buffer *to, unsigned first, struct slice payload)
{
    uint8_t *at = malloc(WS_HEADER_MAX_BYTES + payload.len + 1);
    uint8_t *body = at + WS_HEADER_MAX_BYTES;
    size_t head;

    assert_non_null(at);
    memcpy(body, payload.at, payload.len);
    head = ws_frame_header(body, payload.len, (enum ws_opcode)(first & 15),
                           (first & WS_FIN_BIT) != 0, key);
    ws_frame_mask(body, payload.len, key, 0);
    buffer_add(to, slice_of(body - head, head + payload.len));
    free(at);
}

static void add_text(struct buffer *to, unsigned first, const char *text)
{
    add(to, first, slice_text(text));
}

/* Read all of |in| in blocks of |step|; what is found is written to |told|,
 * what the application gets to |out|. */
static void read_all(struct buffer *in, size_t step, struct buffer *told,
                     struct buffer *out)
{
    struct teekit_ws ws;
    struct teekit_ws_found found;
    enum teekit_ws_step got = TEEKIT_WS_WANT_MORE;

    teekit_ws_init(&ws);
    for (size_t at = 0; at < in->len && got != TEEKIT_WS_GOT_BAD; at += step) {
        uint8_t *from = in->at + at;
        size_t len = MIN_OF(step, in->len - at);

        do {
            got = teekit_ws_read(&ws, &from, &len, out, &found);
            if (got == TEEKIT_WS_GOT_MESSAGE) {
                buffer_printf(told, "%s:",
                              found.kind == TEEKIT_TEXT ? "text" : "bytes");
                buffer_add(told, slice_of(found.parcel->bytes.at +
                                              found.parcel->body_at,
                                          teekit_parcel_body(found.parcel)));
                buffer_text(told, ";");
                teekit_parcel_free(found.parcel);
            } else if (got == TEEKIT_WS_GOT_CLOSE) {
                buffer_printf(told, "close:%u ", (unsigned)found.code);
                buffer_add(told, found.reason);
                buffer_text(told, ";");
            } else if (got == TEEKIT_WS_GOT_BAD) {
                buffer_printf(told, "bad:%s;", status_name(found.why.status));
            }
        } while (got == TEEKIT_WS_GOT_MESSAGE || got == TEEKIT_WS_GOT_CLOSE);
    }
    teekit_ws_fini(&ws);
}

static void expect(struct buffer *in, const char *told_want,
                   struct slice out_want)
{
    for (size_t step = 1; step <= in->len;
         step += in->len > 1 ? in->len - 1 : 1) {
        struct buffer copy = buffer_with_max(1 << 20);
        struct buffer told = buffer_with_max(1 << 20);
        struct buffer out = buffer_with_max(1 << 20);

        buffer_add(&copy, buffer_view(in));
        read_all(&copy, step, &told, &out);
        if (!slice_equal(buffer_view(&told), slice_text(told_want)))
            fail_msg("in steps of %zu: %.*s", step, (int)told.len,
                     (const char *)told.at);
        assert_true(slice_equal(buffer_view(&out), out_want));
        buffer_free(&copy);
        buffer_free(&told);
        buffer_free(&out);
    }
}

static void fragments_become_one_message(void **state)
{
    static const uint8_t pong[] = { 0x8a, 4, 'h', 'e', 'r', 'e' };
    struct buffer in = buffer_with_max(1 << 20);

    (void)state;
    add_text(&in, 0x80 | WS_TEXT, "whole");
    add_text(&in, WS_BINARY, "in ");
    add_text(&in, 0x80 | WS_PING, "here");
    add_text(&in, WS_CONTINUATION, "");
    add_text(&in, 0x80 | WS_CONTINUATION, "parts");
    add_text(&in, 0x80 | WS_PONG, "unasked");
    add_text(&in, 0x80 | WS_TEXT, "");
    expect(&in, "text:whole;bytes:in parts;text:;", SLICE_OF(pong));
    buffer_free(&in);
}

static void nothing_counts_behind_a_close(void **state)
{
    struct buffer in = buffer_with_max(1 << 20);

    (void)state;
    add(&in, 0x80 | WS_CLOSE,
        slice_of("\x0f\xa1"
                 "bye",
                 5));
    add_text(&in, 0x80 | WS_TEXT, "more");
    add_text(&in, 0x80 | WS_PING, "more");
    expect(&in, "close:4001 bye;", (struct slice){ 0 });
    buffer_clear(&in);
    add_text(&in, 0x80 | WS_CLOSE, "");
    expect(&in, "close:1005 ;", (struct slice){ 0 });
    buffer_free(&in);
}

static void a_defect_is_answered_by_a_close(void **state)
{
    struct buffer in = buffer_with_max(1 << 20);
    struct buffer told = buffer_with_max(1 << 20);
    struct buffer out = buffer_with_max(1 << 20);

    (void)state;
    add_text(&in, 0x80 | WS_TEXT, "\xff");
    read_all(&in, in.len, &told, &out);
    assert_true(slice_equal(buffer_view(&told), slice_text("bad:BAD_FIELD;")));
    assert_true(out.len > 4 && out.at[0] == (0x80 | WS_CLOSE));
    assert_int_equal(out.at[2] << 8 | out.at[3], WS_CLOSE_BAD_DATA);
    buffer_free(&in);
    buffer_free(&told);
    buffer_free(&out);
}

/* The frame that a close of |code| and |reason| becomes. */
static void expect_close(uint32_t code, const char *reason, struct slice want)
{
    struct buffer out = buffer_with_max(1 << 20);
    struct teekit_ws ws;

    teekit_ws_init(&ws);
    teekit_ws_close(&ws, code, slice_text(reason), &out);
    assert_true(slice_equal(buffer_view(&out), want));
    teekit_ws_close(&ws, code, slice_text(reason), &out);
    teekit_ws_say(&ws, TEEKIT_TEXT, slice_text("late"), &out);
    assert_int_equal(out.len, want.len);
    teekit_ws_fini(&ws);
    buffer_free(&out);
}

static void a_close_is_one_that_may_be_sent(void **state)
{
    char reason[200];
    uint8_t cut[2 + 2 + 122] = { 0x88, 2 + 122, 0x0b, 0xb9 };

    (void)state;
    expect_close(3001, "bye",
                 slice_of("\x88\5\x0b\xb9"
                          "bye",
                          7));
    expect_close(1005, "bye", slice_of("\x88\0", 2));
    expect_close(1006, "", slice_of("\x88\2\x03\xf3", 4));
    expect_close(99999, "", slice_of("\x88\2\x03\xf3", 4));
    /* 61 characters of two bytes fit into 123, and no half of one */
    for (size_t i = 0; i < sizeof(reason) - 1; i += 2)
        memcpy(reason + i, "\xc3\xa9", 2);
    reason[198] = '\0';
    memcpy(cut + 4, reason, 122);
    expect_close(3001, reason, SLICE_OF(cut));
}

static void messages_become_frames(void **state)
{
    struct buffer out = buffer_with_max(1 << 20);
    struct teekit_ws ws;

    (void)state;
    teekit_ws_init(&ws);
    teekit_ws_say(&ws, TEEKIT_TEXT, slice_text("a"), &out);
    teekit_ws_say(&ws, TEEKIT_BYTES, slice_text("b"), &out);
    teekit_ws_say(&ws, TEEKIT_BYTES, (struct slice){ 0 }, &out);
    assert_true(
        slice_equal(buffer_view(&out), slice_of("\x81\1a\x82\1b\x82\0", 8)));
    teekit_ws_fini(&ws);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragments_become_one_message),
        cmocka_unit_test(nothing_counts_behind_a_close),
        cmocka_unit_test(a_defect_is_answered_by_a_close),
        cmocka_unit_test(a_close_is_one_that_may_be_sent),
        cmocka_unit_test(messages_become_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
