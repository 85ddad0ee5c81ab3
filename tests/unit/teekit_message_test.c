/* The inner messages of teekit: as we write them, as JavaScript may write them,
 * and everything bent. */
#include "tests/support/check.h"

#include "common/text.h"
#include "proxy/tunnel/teekit_message.h"
#include "proxy/tunnel/wire_out.h"

#define ROOM 4096

static uint8_t id_room[TEEKIT_ID_ROOM];

static struct slice an_id(void)
{
    return teekit_message_id("1795343020728abcdef", id_room);
}

static struct teekit_message request(void)
{
    struct teekit_message m = { .type = TEEKIT_HTTP_REQUEST,
                                .id = an_id(),
                                .method = slice_text("POST"),
                                .url = slice_text("/echo?a=1"),
                                .body_kind = TEEKIT_TEXT,
                                .body = slice_text("gr\xc3\xbc\xc3\x9f") };

    m.fields[0] =
        (struct teekit_field){ slice_text("X-A"), slice_text("1"), false };
    m.fields[1] =
        (struct teekit_field){ slice_text("x-a"), slice_text("2"), false };
    m.fields[2] =
        (struct teekit_field){ slice_text("x-b"), slice_text(""), true };
    m.field_count = 3;
    return m;
}

static struct teekit_message response(void)
{
    struct teekit_message m = request();

    m.type = TEEKIT_HTTP_RESPONSE;
    m.method = m.url = (struct slice){ 0 };
    m.status = 404;
    m.status_text = slice_text("Not Found");
    m.body_kind = TEEKIT_BYTES;
    return m;
}

static struct teekit_message failure(void)
{
    struct teekit_message m = response();

    m.error = slice_text("it did not work");
    m.body_kind = TEEKIT_NOTHING;
    m.body = (struct slice){ 0 };
    return m;
}

static struct teekit_message of_type(enum teekit_type type)
{
    return (struct teekit_message){ .type = type, .id = an_id() };
}

static struct teekit_message connect_to(size_t protocols)
{
    struct teekit_message m = of_type(TEEKIT_WS_CONNECT);

    m.url = slice_text("ws://a.test/chat");
    m.protocol_count = protocols;
    m.protocols[0] = slice_text("p1");
    m.protocols[1] = slice_text("p2");
    return m;
}

static struct teekit_message event(enum teekit_event what)
{
    struct teekit_message m = of_type(TEEKIT_WS_EVENT);

    m.event = what;
    m.has_code = m.has_reason = what == TEEKIT_CLOSE;
    m.code = m.has_code ? 3001 : 0;
    m.reason = slice_text(m.has_reason ? "bye" : "");
    m.error = slice_text(what == TEEKIT_ERROR ? "no" : "");
    return m;
}

static struct teekit_message said(enum teekit_body kind)
{
    struct teekit_message m = of_type(TEEKIT_WS_MESSAGE);

    m.body_kind = kind;
    m.body = slice_text("hello");
    return m;
}

static void check_same(const struct teekit_message *a,
                       const struct teekit_message *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(slice_equal(a->id, b->id));
    assert_true(slice_equal(a->url, b->url));
    assert_true(slice_equal(a->method, b->method));
    assert_int_equal(a->status, b->status);
    assert_true(slice_equal(a->status_text, b->status_text));
    assert_true(slice_equal(a->error, b->error));
    assert_int_equal(a->body_kind, b->body_kind);
    assert_true(slice_equal(a->body, b->body));
    assert_int_equal(a->event, b->event);
    assert_int_equal(a->has_code, b->has_code);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->has_reason, b->has_reason);
    assert_true(slice_equal(a->reason, b->reason));
    assert_int_equal(a->protocol_count, b->protocol_count);
    for (size_t i = 0; i < a->protocol_count; i++)
        assert_true(slice_equal(a->protocols[i], b->protocols[i]));
    assert_int_equal(a->field_count, b->field_count);
    for (size_t i = 0; i < a->field_count; i++)
        assert_true(slice_equal(a->fields[i].value, b->fields[i].value));
}

static size_t encode(const struct teekit_message *m, enum teekit_style style,
                     uint8_t out[static ROOM])
{
    struct builder b = builder_over(out, MIN_OF(ROOM, teekit_message_room(m)));

    teekit_message_encode(m, style, &b);
    assert_true(builder_ok(&b));
    return b.len;
}

static void what_is_written_is_read(void **state)
{
    const struct teekit_message all[] = {
        request(),
        response(),
        failure(),
        connect_to(0),
        connect_to(2),
        event(TEEKIT_OPEN),
        event(TEEKIT_CLOSE),
        event(TEEKIT_ERROR),
        said(TEEKIT_TEXT),
        said(TEEKIT_BYTES),
        of_type(TEEKIT_WS_CLOSE),
    };
    uint8_t raw[ROOM];
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (unsigned s = TEEKIT_OURS; s <= TEEKIT_BUFFER; s++) {
            static struct teekit_message got;
            size_t len = encode(&all[i], (enum teekit_style)s, raw);

            CHECK_STATUS(teekit_message_parse(raw, len, &got, &why), STATUS_OK);
            check_same(&got, &all[i]);
        }
}

static void a_head_is_all_but_the_body(void **state)
{
    const struct teekit_message all[] = { request(), response(), failure(),
                                          said(TEEKIT_TEXT) };
    uint8_t whole[ROOM], head[ROOM];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        size_t len = encode(&all[i], TEEKIT_OURS, whole);
        struct builder b = builder_over(head, sizeof(head));

        teekit_message_encode_head(&all[i], &b);
        builder_bytes(&b, all[i].body);
        assert_true(slice_equal(builder_view(&b), slice_of(whole, len)));
    }
}

/* Pairs of a map in hexadecimal, by their keys. */
#define TYPE_REQUEST                                                           \
    "6474797065"                                                               \
    "6c687474705f72657175657374"
#define TYPE_RESPONSE                                                          \
    "6474797065"                                                               \
    "6d687474705f726573706f6e7365"
#define TYPE_MESSAGE                                                           \
    "6474797065"                                                               \
    "6a77735f6d657373616765"
#define TYPE_CLOSE                                                             \
    "6474797065"                                                               \
    "6877735f636c6f7365"
#define TYPE_NEW                                                               \
    "6474797065"                                                               \
    "636e6577"
#define REQUEST_ID    "69726571756573744964"
#define CONNECTION_ID "6c636f6e6e656374696f6e4964"
#define STATUS        "66737461747573"
#define HEADERS       "6768656164657273"
#define BODY          "64626f6479"
#define DATA          "6464617461"
#define CODE          "64636f6465"
#define ERROR         "656572726f72"

/* clang-format off */
static const struct {
    const char *name;
    const char *hex;
    enum status want;
} cases[] = {
    { "a short map",             "a2" TYPE_REQUEST REQUEST_ID "6161",                    STATUS_OK },
    { "a map of one byte",       "b802" TYPE_REQUEST REQUEST_ID "6161",                  STATUS_OK },
    { "a map of two",            "b90002" TYPE_REQUEST REQUEST_ID "6161",                STATUS_OK },
    { "a map of four",           "ba00000002" TYPE_REQUEST REQUEST_ID "6161",            STATUS_OK },
    { "a map of eight",          "bb0000000000000002" TYPE_REQUEST REQUEST_ID "6161",    STATUS_OK },
    { "an open map",             "bf" TYPE_REQUEST REQUEST_ID "6161" "ff",               STATUS_OK },
    { "the type last",           "a2" REQUEST_ID "6161" TYPE_REQUEST,                    STATUS_OK },
    { "a number for an id",      "a2" TYPE_REQUEST REQUEST_ID "1903e8",                  STATUS_OK },
    { "a double for an id",      "a2" TYPE_REQUEST REQUEST_ID "fb427a000000000000",      STATUS_OK },
    { "bytes for an id",         "a2" TYPE_REQUEST REQUEST_ID "d8404101",                STATUS_OK },
    { "an undefined body",       "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "f7",          STATUS_OK },
    { "a null body",             "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "f6",          STATUS_OK },
    { "a tagged body",           "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "d84042ff00",  STATUS_OK },
    { "a body without a tag",    "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "42ff00",      STATUS_OK },
    { "half a surrogate pair",   "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "63eda080",    STATUS_OK },
    { "headers that are null",   "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "f6",       STATUS_OK },
    { "a header that is a number", "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "a1617805", STATUS_OK },
    { "a header that is null",   "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "a16178f7", STATUS_OK },
    { "an array of values",      "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "a16178826131" "6132", STATUS_OK },
    { "an unknown key",          "a3" TYPE_REQUEST REQUEST_ID "6161" "6178" "a1818102f4", STATUS_OK },
    { "an unknown type",         "a1" TYPE_NEW,                                          STATUS_OK },
    { "a status as a float",     "a3" TYPE_RESPONSE REQUEST_ID "6161" STATUS "f95a40",   STATUS_OK },
    { "an undefined code",       "a3" TYPE_CLOSE CONNECTION_ID "6161" CODE "f7",         STATUS_OK },

    { "no type",                 "a1" REQUEST_ID "6161",                                 STATUS_BAD_FIELD },
    { "no id",                   "a1" TYPE_REQUEST,                                      STATUS_BAD_FIELD },
    { "an id that is null",      "a2" TYPE_REQUEST REQUEST_ID "f6",                      STATUS_BAD_FIELD },
    { "an id that is an array",  "a2" TYPE_REQUEST REQUEST_ID "80",                      STATUS_BAD_FIELD },
    { "two kinds of id",         "a3" TYPE_REQUEST REQUEST_ID "6161" CONNECTION_ID "6161", STATUS_BAD_FIELD },
    { "a key twice",             "a3" TYPE_REQUEST REQUEST_ID "6161" REQUEST_ID "6161",  STATUS_BAD_FIELD },
    { "no status",               "a2" TYPE_RESPONSE REQUEST_ID "6161",                   STATUS_BAD_FIELD },
    { "a status with a fraction", "a3" TYPE_RESPONSE REQUEST_ID "6161" STATUS "fb4069100000000000", STATUS_BAD_FIELD },
    { "no data",                 "a2" TYPE_MESSAGE CONNECTION_ID "6161",                 STATUS_BAD_FIELD },
    { "data that is null",       "a3" TYPE_MESSAGE CONNECTION_ID "6161" DATA "f6",       STATUS_BAD_FIELD },
    { "data that is a number",   "a3" TYPE_MESSAGE CONNECTION_ID "6161" DATA "05",       STATUS_BAD_FIELD },
    { "a body and data",         "a4" TYPE_MESSAGE CONNECTION_ID "6161" DATA "6161" BODY "6161", STATUS_BAD_FIELD },
    { "a body of numbers",       "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "820102",      STATUS_BAD_FIELD },
    { "a body that is no text",  "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "6180",        STATUS_BAD_FIELD },
    { "text in pieces",          "a3" TYPE_REQUEST REQUEST_ID "6161" BODY "7f6161ff",    STATUS_BAD_FIELD },
    { "a big number",            "a3" TYPE_REQUEST REQUEST_ID "6161" "6178" "c249010000000000000000", STATUS_BAD_FIELD },
    { "headers that are no map", "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "80",       STATUS_BAD_FIELD },
    { "an array in an array",    "a3" TYPE_REQUEST REQUEST_ID "6161" HEADERS "a161788180", STATUS_BAD_FIELD },
    { "an error that is a number", "a4" TYPE_RESPONSE REQUEST_ID "6161" STATUS "18c8" ERROR "05", STATUS_BAD_FIELD },
    { "an array",                "8161" "61",                                           STATUS_BAD_FIELD },
    { "nothing",                 "",                                                     STATUS_BAD_FIELD },
    { "a byte behind it",        "a2" TYPE_REQUEST REQUEST_ID "6161" "00",               STATUS_TRAILING },
    { "deep nesting",            "a3" TYPE_REQUEST REQUEST_ID "6161" "6178" "818181818181818181818100", STATUS_BAD_FIELD },
};
/* clang-format on */

static void forms_of_others_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct teekit_message got;
        size_t len = strlen(cases[i].hex) / 2;
        uint8_t *raw = malloc(len + 1);
        struct why why;

        print_message("%s\n", cases[i].name);
        assert_true(text_from_hex(slice_text(cases[i].hex), raw, len));
        CHECK_STATUS(teekit_message_parse(raw, len, &got, &why), cases[i].want);
        CHECK_STATUS(why.status, cases[i].want);
        if (got.type == TEEKIT_HTTP_REQUEST && cases[i].want == STATUS_OK)
            assert_true(slice_equal(got.method, slice_text("GET")));
        free(raw);
    }
}

static void half_a_surrogate_pair_is_replaced(void **state)
{
    struct teekit_message m = said(TEEKIT_TEXT), got;
    uint8_t raw[ROOM];
    struct why why;
    size_t len;

    (void)state;
    m.body = slice_text("a\xed\xa0\x80z\xed\xbf\xbf");
    len = encode(&m, TEEKIT_NODE, raw);
    CHECK_STATUS(teekit_message_parse(raw, len, &got, &why), STATUS_OK);
    assert_true(
        slice_equal(got.body, slice_text("a\xef\xbf\xbdz\xef\xbf\xbd")));
}

static void an_answerable_defect_keeps_the_id(void **state)
{
    static struct teekit_message m, got;
    uint8_t *raw;
    struct why why;
    struct builder b;

    (void)state;
    m = request();
    m.field_count = TEEKIT_FIELDS_MAX;
    for (size_t i = 0; i < TEEKIT_FIELDS_MAX; i++)
        m.fields[i] = (struct teekit_field){ slice_text(i % 2 ? "a" : "b"),
                                             slice_text("v"), false };
    raw = malloc(2 * TEEKIT_HEADERS_MAX + ROOM);
    b = builder_over(raw, ROOM);
    teekit_message_encode(&m, TEEKIT_OURS, &b);
    CHECK_STATUS(teekit_message_parse(raw, b.len, &got, &why), STATUS_OK);
    assert_int_equal(got.field_count, TEEKIT_FIELDS_MAX);

    b = builder_over(raw, 2 * TEEKIT_HEADERS_MAX + ROOM);
    wire_out_map(&b, 3);
    teekit_write_pair(&b, "type", "http_request");
    teekit_write_pair(&b, "requestId", "me");
    wire_out_text(&b, "headers");
    wire_out_map(&b, 1);
    wire_out_text(&b, "a");
    wire_out_text_head(&b, TEEKIT_HEADERS_MAX);
    memset(builder_reserve(&b, TEEKIT_HEADERS_MAX), 'x', TEEKIT_HEADERS_MAX);
    CHECK_STATUS(teekit_message_parse(raw, b.len, &got, &why),
                 STATUS_HEAD_TOO_LARGE);
    assert_int_equal(got.type, TEEKIT_HTTP_REQUEST);
    assert_true(slice_equal(got.id, slice_text("\x62me")));
    free(raw);
}

static void try_parse(struct slice bytes, void *ctx)
{
    static struct teekit_message got;
    uint8_t *copy = malloc(bytes.len == 0 ? 1 : bytes.len);
    struct why why;
    enum status st;

    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    st = teekit_message_parse(copy, bytes.len, &got, &why);
    CHECK_STATUS(why.status, st);
    if (ctx != NULL)
        assert_int_not_equal(st, STATUS_OK);
    free(copy);
}

static void cut_and_flipped_bytes_end_in_a_status(void **state)
{
    const struct teekit_message all[] = { request(), response(), connect_to(2),
                                          event(TEEKIT_CLOSE),
                                          said(TEEKIT_BYTES) };
    uint8_t raw[ROOM];
    bool must_fail = true;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (unsigned s = TEEKIT_OURS; s <= TEEKIT_NODE; s++) {
            size_t len = encode(&all[i], (enum teekit_style)s, raw);

            for_each_prefix(slice_of(raw, len), try_parse, &must_fail);
            for_each_flip(slice_of(raw, len), try_parse, NULL);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_head_is_all_but_the_body),
        cmocka_unit_test(forms_of_others_are_judged),
        cmocka_unit_test(half_a_surrogate_pair_is_replaced),
        cmocka_unit_test(an_answerable_defect_keeps_the_id),
        cmocka_unit_test(cut_and_flipped_bytes_end_in_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
