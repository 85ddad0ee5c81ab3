/* WebSocket frames: what the reader makes of them, in any pieces. The writer is
 * tested by reading. */
#include "proxy/io/ws_reader.h"

#include "common/text.h"
#include "tests/support/check.h"
#include "tests/support/ws_transcript.h"

/* --- tables -------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    enum ws_role role; /* of the reader */
    const char *hex;
    const char *said;
    enum status status;
    uint16_t close_code;
} cases[] = {
    /* RFC 6455 section 5.7 */
    { "an unmasked text message", WS_CLIENT,
      "810548656c6c6f", "1:48656c6c6f ", STATUS_OK, 0 },
    { "a masked text message", WS_SERVER,
      "818537fa213d7f9f4d5158", "1:48656c6c6f ", STATUS_OK, 0 },
    { "a text message in fragments", WS_CLIENT,
      "010348656c" "80026c6f", "1:48656c6c6f ", STATUS_OK, 0 },
    { "an unmasked ping", WS_CLIENT,
      "890548656c6c6f", "9:48656c6c6f ", STATUS_OK, 0 },
    { "a masked pong", WS_SERVER,
      "8a8537fa213d7f9f4d5158", "10:48656c6c6f ", STATUS_OK, 0 },

    { "nothing", WS_CLIENT, "", "", STATUS_OK, 0 },
    { "an empty binary message", WS_CLIENT, "8200", "2: ", STATUS_OK, 0 },
    { "empty fragments", WS_CLIENT, "0200" "0000" "8000", "2: ", STATUS_OK, 0 },
    { "a ping between fragments", WS_CLIENT,
      "020161" "890170" "800162", "9:70 2:6162 ", STATUS_OK, 0 },
    { "two messages in a row", WS_CLIENT,
      "820161" "820162", "2:61 2:62 ", STATUS_OK, 0 },
    { "an empty close", WS_CLIENT, "8800", "8: ", STATUS_OK, 0 },
    { "a close with code 1000", WS_CLIENT, "880203e8", "8:03e8 ", STATUS_OK, 0 },
    { "a close with code 4999 and a reason", WS_CLIENT,
      "88041387c3bc", "8:1387c3bc ", STATUS_OK, 0 },
    { "a character cut by fragments", WS_CLIENT,
      "0101c3" "8001bc", "1:c3bc ", STATUS_OK, 0 },

    { "a reserved bit", WS_CLIENT, "c20161", "", STATUS_BAD_FIELD, 1002 },
    { "another", WS_CLIENT, "a20161", "", STATUS_BAD_FIELD, 1002 },
    { "the third", WS_CLIENT, "920161", "", STATUS_BAD_FIELD, 1002 },
    { "a reserved data opcode", WS_CLIENT, "830161", "", STATUS_BAD_FIELD, 1002 },
    { "another reserved data opcode", WS_CLIENT,
      "870161", "", STATUS_BAD_FIELD, 1002 },
    { "a reserved control opcode", WS_CLIENT,
      "8b00", "", STATUS_BAD_FIELD, 1002 },
    { "the last opcode", WS_CLIENT, "8f00", "", STATUS_BAD_FIELD, 1002 },
    { "a server that masks", WS_CLIENT,
      "828137fa213d56", "", STATUS_BAD_FIELD, 1002 },
    { "a client that does not", WS_SERVER, "820161", "", STATUS_BAD_FIELD, 1002 },
    { "125 in 16 bits", WS_CLIENT, "827e007d", "", STATUS_BAD_FIELD, 1002 },
    { "65535 in 64 bits", WS_CLIENT,
      "827f000000000000ffff", "", STATUS_BAD_FIELD, 1002 },
    { "a length of 2^63", WS_CLIENT,
      "827f8000000000000000", "", STATUS_BAD_FIELD, 1002 },
    { "a length of 2^63 - 1", WS_CLIENT,
      "827f7fffffffffffffff", "", STATUS_LIMIT, 1009 },
    { "a message one over the limit", WS_CLIENT,
      "827f0000000000011171", "", STATUS_LIMIT, 1009 },
    { "a fragment that brings it over the limit", WS_CLIENT,
      "020161" "807f0000000000011170", "", STATUS_LIMIT, 1009 },
    { "a fragmented ping", WS_CLIENT, "090161", "", STATUS_BAD_FIELD, 1002 },
    { "a ping of 126 bytes", WS_CLIENT,
      "897e007e", "", STATUS_BAD_FIELD, 1002 },
    { "a continuation of nothing", WS_CLIENT,
      "800161", "", STATUS_BAD_STATE, 1002 },
    { "a continuation after the last fragment", WS_CLIENT,
      "820161" "800162", "2:61 ", STATUS_BAD_STATE, 1002 },
    { "a message inside a message", WS_CLIENT,
      "020161" "820162", "", STATUS_BAD_STATE, 1002 },
    { "a close of one byte", WS_CLIENT, "880103", "", STATUS_BAD_FIELD, 1002 },
    { "close code 999", WS_CLIENT, "880203e7", "", STATUS_BAD_FIELD, 1002 },
    { "close code 1004", WS_CLIENT, "880203ec", "", STATUS_BAD_FIELD, 1002 },
    { "close code 1005", WS_CLIENT, "880203ed", "", STATUS_BAD_FIELD, 1002 },
    { "close code 1006", WS_CLIENT, "880203ee", "", STATUS_BAD_FIELD, 1002 },
    { "close code 1015", WS_CLIENT, "880203f7", "", STATUS_BAD_FIELD, 1002 },
    { "close code 2999", WS_CLIENT, "88020bb7", "", STATUS_BAD_FIELD, 1002 },
    { "close code 5000", WS_CLIENT, "88021388", "", STATUS_BAD_FIELD, 1002 },
    { "a reason that is not UTF-8", WS_CLIENT,
      "880303e8ff", "", STATUS_BAD_FIELD, 1007 },
    { "text that is not UTF-8", WS_CLIENT, "8101ff", "", STATUS_BAD_FIELD, 1007 },
    { "text that ends inside a character", WS_CLIENT,
      "8101c3", "", STATUS_BAD_FIELD, 1007 },
    { "bytes that are not text", WS_CLIENT, "8201ff", "2:ff ", STATUS_OK, 0 },
};
/* clang-format on */

static struct slice from_hex(const char *hex, uint8_t *out)
{
    size_t len = strlen(hex) / 2;

    assert_true(text_from_hex(slice_text(hex), out, len));
    return slice_of(out, len);
}

static void frames_are_read_strictly(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice in = from_hex(cases[i].hex, bytes);

        print_message("%s\n", cases[i].name);
        for (size_t step = 1; step <= in.len; step++) {
            struct transcript t = transcript_read(cases[i].role, in, step);

            CHECK_STATUS(t.status, cases[i].status);
            assert_int_equal(t.close_code, cases[i].close_code);
            buffer_byte(&t.said, '\0');
            assert_string_equal((char *)t.said.at, cases[i].said);
            transcript_fini(&t);
        }
    }
}

static void a_reader_that_failed_stays_failed(void **state)
{
    uint8_t bytes[] = { 0x8f, 0x00, 0x82, 0x00 }, *at = bytes;
    size_t len = sizeof(bytes);
    struct ws_reader r;
    struct ws_piece piece;
    struct why why;
    bool got;

    (void)state;
    ws_reader_init(&r, WS_CLIENT, 100);
    CHECK_STATUS(ws_reader_next(&r, &at, &len, &got, &piece, &why),
                 STATUS_BAD_FIELD);
    CHECK_STATUS(ws_reader_next(&r, &at, &len, &got, &piece, &why),
                 STATUS_BAD_STATE);
    assert_false(got);
    assert_int_equal(ws_reader_close_code(&r), WS_CLOSE_PROTOCOL);
}

static void a_limit_holds_from_the_next_header_on(void **state)
{
    uint8_t bytes[] = { 0x02, 0x02, 'a', 'b', 0x80, 0x01, 'c' }, *at = bytes;
    size_t len = sizeof(bytes);
    struct ws_reader r;
    struct ws_piece piece;
    struct why why;
    bool got;

    (void)state;
    ws_reader_init(&r, WS_CLIENT, 2);
    CHECK_STATUS(ws_reader_next(&r, &at, &len, &got, &piece, &why), STATUS_OK);
    assert_true(got && piece.len == 2 && piece.first && !piece.last);
    ws_reader_limit(&r, 1); /* less than it has */
    CHECK_STATUS(ws_reader_next(&r, &at, &len, &got, &piece, &why),
                 STATUS_LIMIT);
    assert_string_equal(why.found, "1 bytes after 2");
    assert_string_equal(why.expected, "at most 1 a message");
}

/* A frame of 6 bytes, of which |read| were read before. */
static void a_read_ends_with_a_frame_if_it_can(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        size_t read, most, room;
    } reads[] = {
        { "nothing known yet",               0,  100, 100 },
        { "a header in parts",               1,  100, 100 },
        { "the rest, and whole ones",        3,   20,  15 },
        { "the rest alone",                  3,    8,   3 },
        { "less than the rest",              3,    2,   2 },
        { "whole ones",                      6,   20,  18 },
        { "one exactly",                     6,    6,   6 },
        { "less than one",                   6,    5,   5 },
        { "a header in parts, behind one",   7,   20,  20 },
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(reads); i++) {
        uint8_t bytes[] = { 0x82, 0x04, 'a', 'b', 'c', 'd', 0x82 };
        uint8_t *at = bytes;
        size_t len = reads[i].read;
        struct ws_reader r;
        struct ws_piece piece;
        struct why why;
        bool got = true;

        ws_reader_init(&r, WS_CLIENT, 100);
        while (got)
            CHECK_STATUS(ws_reader_next(&r, &at, &len, &got, &piece, &why),
                         STATUS_OK);
        if (ws_reader_room(&r, reads[i].most) != reads[i].room)
            fail_msg("%s", reads[i].name);
    }
}

static void close_frames_can_be_taken_apart(void **state)
{
    struct slice reason;

    (void)state;
    assert_int_equal(ws_frame_close_parse(slice_text(""), &reason),
                     WS_CLOSE_NO_CODE);
    assert_int_equal(reason.len, 0);
    assert_int_equal(ws_frame_close_parse(slice_text("\x03\xe9"
                                                     "bye"),
                                          &reason),
                     WS_CLOSE_GOING_AWAY);
    assert_true(slice_equal(reason, slice_text("bye")));
}

/* --- writer and reader --------------------------------------------------- */

static void frames_written_are_frames_read(void **state)
{
    static const size_t lengths[] = {
        0,  1,  2,   3,   7,   8,     9,     31,
        32, 33, 125, 126, 127, 65535, 65536, TRANSCRIPT_MESSAGE_MAX_BYTES
    };
    static const uint8_t key[4] = { 0x12, 0x34, 0xab, 0xff };
    uint8_t *block = malloc(WS_HEADER_MAX_BYTES + TRANSCRIPT_MESSAGE_MAX_BYTES);
    uint8_t *body = block + WS_HEADER_MAX_BYTES;

    (void)state;
    assert_non_null(block);
    for (size_t i = 0; i < 2 * COUNT_OF(lengths); i++) {
        size_t len = lengths[i / 2], head;
        enum ws_role role = i % 2 == 0 ? WS_CLIENT : WS_SERVER;
        struct transcript t, want = transcript_new();

        for (size_t j = 0; j < len; j++)
            body[j] = (uint8_t)(j * 7);
        transcript_say(&want, WS_BINARY, slice_of(body, len));
        head = ws_frame_header(body, len, WS_BINARY, true,
                               role == WS_SERVER ? key : NULL);
        if (role == WS_SERVER)
            ws_frame_mask(body, len, key, 0);
        t = transcript_read(role, slice_of(body - head, head + len), 4096);
        assert_true(transcript_same(&t, &want));
        transcript_fini(&t);
        transcript_fini(&want);
    }
    free(block);
}

static void control_frames_written_are_read(void **state)
{
    static const uint8_t key[4] = { 1, 2, 3, 4 };
    char reason[200];
    struct ws_control c;
    struct transcript t;

    (void)state;
    memset(reason, 'r', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    ws_frame_close(&c, WS_CLOSE_NORMAL, reason, key);
    t = transcript_read(WS_SERVER, c.frame, 1000);
    CHECK_STATUS(t.status, STATUS_OK);
    assert_int_equal(t.said.len, 2 + 2 * WS_CONTROL_MAX_BYTES + 1);
    transcript_fini(&t);
    ws_frame_control(&c, WS_PING, slice_of(NULL, 0), NULL);
    assert_int_equal(c.frame.len, 2);
    t = transcript_read(WS_CLIENT, c.frame, 1000);
    assert_true(slice_equal(buffer_view(&t.said), slice_text("9: ")));
    transcript_fini(&t);
}

/* Masking by words is masking byte by byte, at every place and length. */
static void masking_is_exclusive_or(void **state)
{
    static const uint8_t key[4] = { 0xde, 0xad, 0xbe, 0xef };
    uint8_t bytes[80], want[80];

    (void)state;
    for (size_t offset = 0; offset < 8; offset++)
        for (size_t len = 0; len <= 70; len++)
            for (unsigned at = 0; at < 8; at++) {
                for (size_t i = 0; i < sizeof(bytes); i++)
                    bytes[i] = want[i] = (uint8_t)(i * 31);
                for (size_t i = 0; i < len; i++)
                    want[offset + i] ^= key[(at + i) % 4];
                ws_frame_mask(bytes + offset, len, key, at);
                assert_memory_equal(bytes, want, sizeof(want));
            }
}

/* --- sweeps -------------------------------------------------------------- */

static void read_anything(struct slice bytes, void *ctx)
{
    const enum ws_role *role = ctx;
    struct transcript whole = transcript_read(*role, bytes, bytes.len + 1);
    struct transcript single = transcript_read(*role, bytes, 1);

    assert_true(transcript_same(&whole, &single));
    transcript_fini(&whole);
    transcript_fini(&single);
}

/* One frame of |len| letters. */
static void add_frame(struct buffer *to, enum ws_role reader, unsigned first,
                      size_t len)
{
    static const uint8_t key[4] = { 0x5a, 0xa5, 0x00, 0xff };
    uint8_t block[WS_HEADER_MAX_BYTES + 200];
    uint8_t *body = block + WS_HEADER_MAX_BYTES;
    bool masked = reader == WS_SERVER;
    size_t head =
        ws_frame_header(body, len, (enum ws_opcode)(first & 15),
                        (first & WS_FIN_BIT) != 0, masked ? key : NULL);

    memset(body, 'a', len);
    if (masked)
        ws_frame_mask(body, len, key, 0);
    buffer_add(to, slice_of(body - head, head + len));
}

static void every_prefix_and_flip_ends_in_a_status(void **state)
{
    struct buffer bytes = buffer_with_max(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        enum ws_role role = i == 0 ? WS_CLIENT : WS_SERVER;

        buffer_clear(&bytes);
        add_frame(&bytes, role, WS_TEXT, 20);
        add_frame(&bytes, role, WS_FIN_BIT | WS_PING, 5);
        add_frame(&bytes, role, WS_FIN_BIT, 130);
        add_frame(&bytes, role, WS_FIN_BIT | WS_BINARY, 3);
        for_each_prefix(buffer_view(&bytes), read_anything, &role);
        for_each_flip(buffer_view(&bytes), read_anything, &role);
    }
    buffer_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_strictly),
        cmocka_unit_test(a_reader_that_failed_stays_failed),
        cmocka_unit_test(a_limit_holds_from_the_next_header_on),
        cmocka_unit_test(a_read_ends_with_a_frame_if_it_can),
        cmocka_unit_test(close_frames_can_be_taken_apart),
        cmocka_unit_test(frames_written_are_frames_read),
        cmocka_unit_test(control_frames_written_are_read),
        cmocka_unit_test(masking_is_exclusive_or),
        cmocka_unit_test(every_prefix_and_flip_ends_in_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
