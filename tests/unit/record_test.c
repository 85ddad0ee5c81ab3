/* Sealed messages: order, keys that change, and nothing that opens twice. */
#include "tests/support/check.h"

#include "common/secret.h"
#include "common/text.h"
#include "proxy/tunnel/record.h"

#define TEXT         "veritee"
#define TEXT_BYTES   7
#define SEALED_BYTES (TEXT_BYTES + AEAD_TAG_BYTES)

static const enum aead_suite suites[] = { AEAD_AESGCM, AEAD_CHACHAPOLY };

struct pair {
    struct record out;
    struct record in;
};

static void start(struct pair *p, enum aead_suite suite)
{
    uint8_t key[AEAD_KEY_BYTES];

    memset(key, 0x42, sizeof(key));
    CHECK_STATUS(record_init(&p->out, suite, key), STATUS_OK);
    CHECK_STATUS(record_init(&p->in, suite, key), STATUS_OK);
}

static void finish(struct pair *p)
{
    record_fini(&p->out);
    record_fini(&p->in);
    assert_true(slice_is_zero(slice_of(p, sizeof(*p))));
}

static void seal(struct pair *p, uint8_t out[static SEALED_BYTES])
{
    memcpy(out, TEXT, TEXT_BYTES);
    CHECK_STATUS(record_seal(&p->out, out, TEXT_BYTES), STATUS_OK);
}

static enum status open_copy(struct pair *p, const uint8_t *sealed, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    struct slice plain;
    struct why why;
    enum status st;

    assert_non_null(copy);
    memcpy(copy, sealed, len);
    st = record_open(&p->in, copy, len, &plain, &why);
    if (st == STATUS_OK)
        assert_true(slice_equal(plain, slice_text(TEXT)));
    else
        assert_true(why.status == st && plain.len == 0);
    free(copy);
    return st;
}

static void what_is_sealed_opens_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        struct pair p;
        uint8_t sealed[SEALED_BYTES], before[SEALED_BYTES] = { 0 };

        start(&p, suites[i]);
        for (int n = 0; n < 3; n++) {
            seal(&p, sealed);
            assert_memory_not_equal(sealed, before, sizeof(sealed));
            CHECK_STATUS(open_copy(&p, sealed, sizeof(sealed)), STATUS_OK);
            memcpy(before, sealed, sizeof(sealed));
        }
        finish(&p);
    }
}

/* Which of three messages are delivered, in which order. */
static const struct {
    const char *name;
    const char *order;
    unsigned opened; /* before the first that must not open */
} orders[] = {
    { "as sent", "012", 3 },   { "one lost", "02", 1 },
    { "swapped", "021", 1 },   { "one repeated", "001", 1 },
    { "begun late", "12", 0 }, { "repeated later", "0120", 3 },
};

static unsigned opened_in_order(enum aead_suite suite, const char *order)
{
    uint8_t sealed[3][SEALED_BYTES];
    unsigned opened = 0;
    struct pair p;

    start(&p, suite);
    for (size_t m = 0; m < COUNT_OF(sealed); m++)
        seal(&p, sealed[m]);
    for (; *order != '\0'; order++)
        opened +=
            open_copy(&p, sealed[*order - '0'], SEALED_BYTES) == STATUS_OK;
    finish(&p);
    return opened;
}

static void no_message_can_be_moved(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(orders) * COUNT_OF(suites); i++) {
        unsigned opened = opened_in_order(suites[i % 2], orders[i / 2].order);

        if (opened != orders[i / 2].opened)
            fail_msg("%s: %u opened", orders[i / 2].name, opened);
    }
}

static void nothing_opens_after_a_failure(void **state)
{
    struct pair p;
    uint8_t sealed[SEALED_BYTES], bent[SEALED_BYTES];

    (void)state;
    start(&p, AEAD_CHACHAPOLY);
    seal(&p, sealed);
    memcpy(bent, sealed, sizeof(bent));
    bent[0] ^= 1;
    CHECK_STATUS(open_copy(&p, bent, sizeof(bent)), STATUS_BAD_RECORD);
    CHECK_STATUS(open_copy(&p, sealed, sizeof(sealed)), STATUS_BAD_RECORD);
    finish(&p);
}

struct attempt {
    enum aead_suite suite;
    unsigned refused;
};

static void refuses_bent(struct slice bent, void *ctx)
{
    struct attempt *t = ctx;
    struct pair p;

    start(&p, t->suite);
    CHECK_STATUS(open_copy(&p, bent.at, bent.len), STATUS_BAD_RECORD);
    t->refused++;
    finish(&p);
}

static void every_prefix_and_flip_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        struct attempt t = { .suite = suites[i] };
        uint8_t sealed[SEALED_BYTES];
        struct pair p;

        start(&p, suites[i]);
        seal(&p, sealed);
        for_each_prefix(SLICE_OF(sealed), refuses_bent, &t);
        for_each_flip(SLICE_OF(sealed), refuses_bent, &t);
        assert_int_equal(t.refused, SEALED_BYTES * 9);
        finish(&p);
    }
}

static void a_message_is_at_most_65535_bytes(void **state)
{
    uint8_t *big = calloc(1, RECORD_MAX_BYTES + 1);
    struct slice plain;
    struct why why;
    struct pair p;

    (void)state;
    assert_non_null(big);
    start(&p, AEAD_AESGCM);
    CHECK_STATUS(record_seal(&p.out, big, RECORD_MAX_BYTES - AEAD_TAG_BYTES),
                 STATUS_OK);
    CHECK_STATUS(record_open(&p.in, big, RECORD_MAX_BYTES, &plain, &why),
                 STATUS_OK);
    assert_int_equal(plain.len, RECORD_MAX_BYTES - AEAD_TAG_BYTES);
    CHECK_STATUS(record_open(&p.in, big, RECORD_MAX_BYTES + 1, &plain, &why),
                 STATUS_BAD_RECORD);
    finish(&p);
    free(big);
}

/* By a second implementation: the last message of the first key and the first
 * of the next. */
static const struct {
    enum aead_suite suite;
    const char *last;
    const char *next;
} rekeyed[] = {
    /* clang-format off */
    { AEAD_AESGCM,
      "2b8b60319c61f01643310133661f38bc172a6048aef40e",
      "0de65029b474163462f6fa966a27242968df5a1849152d" },
    { AEAD_CHACHAPOLY,
      "dfe1ecc8b7b805459138bd3f5313766b24f70061336a16",
      "ba6687df053b0e1f1d78d5e3f66671f88bfb2a4440dcda" },
    /* clang-format on */
};

static void check_sealed(struct pair *p, const char *want)
{
    uint8_t sealed[SEALED_BYTES];
    char hex[2 * SEALED_BYTES + 1];

    seal(p, sealed);
    text_hex(SLICE_OF(sealed), hex, sizeof(hex));
    assert_string_equal(hex, want);
    CHECK_STATUS(open_copy(p, sealed, sizeof(sealed)), STATUS_OK);
}

static void the_key_changes_at_a_fixed_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rekeyed); i++) {
        struct pair p;

        start(&p, rekeyed[i].suite);
        p.out.next = p.in.next = RECORD_REKEY_MESSAGES - 1;
        check_sealed(&p, rekeyed[i].last);
        check_sealed(&p, rekeyed[i].next);
        p.out.next = p.in.next = 5 * (uint64_t)RECORD_REKEY_MESSAGES - 1;
        for (int n = 0; n < 3; n++) {
            uint8_t sealed[SEALED_BYTES];

            seal(&p, sealed);
            CHECK_STATUS(open_copy(&p, sealed, sizeof(sealed)), STATUS_OK);
        }
        finish(&p);
    }
}

static void used_up_numbers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        uint8_t sealed[SEALED_BYTES];
        struct pair p;

        start(&p, suites[i]);
        p.out.next = p.in.next = UINT64_MAX - 1;
        seal(&p, sealed);
        CHECK_STATUS(open_copy(&p, sealed, sizeof(sealed)), STATUS_OK);
        memcpy(sealed, TEXT, TEXT_BYTES);
        CHECK_STATUS(record_seal(&p.out, sealed, TEXT_BYTES), STATUS_LIMIT);
        assert_memory_equal(sealed, TEXT, TEXT_BYTES);
        CHECK_STATUS(open_copy(&p, sealed, sizeof(sealed)), STATUS_LIMIT);
        finish(&p);
    }
}

static void aes_is_said_only_where_it_is_fast(void **state)
{
    (void)state;
    assert_string_equal(aead_name(AEAD_AESGCM), "AESGCM");
    assert_string_equal(aead_name(AEAD_CHACHAPOLY), "ChaChaPoly");
    assert_string_equal(aead_name(AEAD_NONE), "");
    print_message("fast AES here: %s\n", aead_has_aes() ? "yes" : "no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_in_order),
        cmocka_unit_test(no_message_can_be_moved),
        cmocka_unit_test(nothing_opens_after_a_failure),
        cmocka_unit_test(every_prefix_and_flip_is_refused),
        cmocka_unit_test(a_message_is_at_most_65535_bytes),
        cmocka_unit_test(the_key_changes_at_a_fixed_count),
        cmocka_unit_test(used_up_numbers_are_refused),
        cmocka_unit_test(aes_is_said_only_where_it_is_fast),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
