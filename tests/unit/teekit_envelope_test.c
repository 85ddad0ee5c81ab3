/* The outer messages of teekit, their seals and their bindings. */
#include "tests/support/check.h"

#include <sodium.h>

#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/tunnel/teekit_binding.h"
#include "proxy/tunnel/teekit_seal.h"
#include "proxy/tunnel/wire_out.h"

#define ROOM 4096

static const uint8_t key[TEEKIT_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t quote[300] = { 4, 5, 6 };
static const uint8_t nonce[32] = { 7, 8, 9 };
static const uint8_t issued[8] = { 0, 0, 0, 0, 1 };
static const uint8_t sealed[TEEKIT_SEALED_BYTES] = { 10 };
static const uint8_t message_nonce[TEEKIT_NONCE_BYTES] = { 11 };

static struct teekit_envelope announced(enum teekit_data data)
{
    return (struct teekit_envelope){
        .type = TEEKIT_SERVER_KX,
        .public_key = SLICE_OF(key),
        .quote = SLICE_OF(quote),
        .data = data,
        .val = data == TEEKIT_DATA_NONE ? (struct slice){ 0 } : SLICE_OF(nonce),
        .iat = data == TEEKIT_DATA_MAP ? SLICE_OF(issued) : (struct slice){ 0 },
    };
}

static struct teekit_envelope with_certs(void)
{
    struct teekit_envelope e = announced(TEEKIT_DATA_BYTES);

    e.has_certs = true;
    e.vcek = slice_text("-----BEGIN");
    e.ark = slice_text("-----BEGIN too");
    return e;
}

static struct teekit_envelope client_kx(void)
{
    return (struct teekit_envelope){ .type = TEEKIT_CLIENT_KX,
                                     .sealed = SLICE_OF(sealed) };
}

static struct teekit_envelope enc(void)
{
    return (struct teekit_envelope){ .type = TEEKIT_ENC,
                                     .nonce = SLICE_OF(message_nonce),
                                     .ciphertext = SLICE_OF(quote) };
}

static size_t encode(const struct teekit_envelope *e, enum teekit_style style,
                     uint8_t out[static ROOM])
{
    struct builder b = builder_over(out, MIN_OF(ROOM, teekit_envelope_room(e)));

    teekit_envelope_encode(e, style, &b);
    assert_true(builder_ok(&b));
    return b.len;
}

static void check_same(const struct teekit_envelope *a,
                       const struct teekit_envelope *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(slice_equal(a->public_key, b->public_key));
    assert_true(slice_equal(a->quote, b->quote));
    assert_int_equal(a->data, b->data);
    assert_true(slice_equal(a->val, b->val));
    assert_true(slice_equal(a->iat, b->iat));
    assert_int_equal(a->has_certs, b->has_certs);
    assert_true(slice_equal(a->vcek, b->vcek));
    assert_true(slice_equal(a->ask, b->ask));
    assert_true(slice_equal(a->ark, b->ark));
    assert_true(slice_equal(a->sealed, b->sealed));
    assert_true(slice_equal(a->nonce, b->nonce));
    assert_true(slice_equal(a->ciphertext, b->ciphertext));
}

static void what_is_written_is_read(void **state)
{
    const struct teekit_envelope all[] = {
        announced(TEEKIT_DATA_NONE),
        announced(TEEKIT_DATA_BYTES),
        announced(TEEKIT_DATA_MAP),
        with_certs(),
        { .type = TEEKIT_CLIENT_READY },
        client_kx(),
        enc(),
    };
    uint8_t raw[ROOM];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (unsigned s = TEEKIT_OURS; s <= TEEKIT_BUFFER; s++) {
            size_t len = encode(&all[i], (enum teekit_style)s, raw);
            struct teekit_envelope got;
            struct why why;

            CHECK_STATUS(teekit_envelope_parse(slice_of(raw, len), &got, &why),
                         STATUS_OK);
            check_same(&got, &all[i]);
        }
}

/* As recorded: this one has nothing that changes. */
static void the_shortest_is_as_teekit_writes_it(void **state)
{
    static const char want[] =
        "b9000164747970656f636c69656e745f6b785f7265616479";
    const struct teekit_envelope ready = { .type = TEEKIT_CLIENT_READY };
    uint8_t raw[ROOM];
    char hex[2 * ROOM + 1];

    (void)state;
    text_hex(slice_of(raw, encode(&ready, TEEKIT_NODE, raw)), hex, sizeof(hex));
    assert_string_equal(hex, want);
}

#define TYPE_ENC                                                               \
    "6474797065"                                                               \
    "63656e63"
#define TYPE_KX                                                                \
    "6474797065"                                                               \
    "69636c69656e745f6b78"
#define TYPE_NEW                                                               \
    "6474797065"                                                               \
    "636e6577"
#define NONCE_24                                                               \
    "656e6f6e6365"                                                             \
    "5818000102030405060708090a0b0c0d0e0f1011121314151617"
#define NONCE_23                                                               \
    "656e6f6e6365"                                                             \
    "57000102030405060708090a0b0c0d0e0f10111213141516"
#define TEXT_16                                                                \
    "6a63697068657274657874"                                                   \
    "50000102030405060708090a0b0c0d0e0f"
#define TEXT_15                                                                \
    "6a63697068657274657874"                                                   \
    "4f000102030405060708090a0b0c0d0e"
#define SEALED "727365616c656453796d6d65747269634b6579"

/* clang-format off */
static const struct {
    const char *name;
    const char *hex;
    enum status want;
    enum teekit_outer type;
} cases[] = {
    { "in order",                "a3" TYPE_ENC NONCE_24 TEXT_16,          STATUS_OK, TEEKIT_ENC },
    { "in no order",             "a3" TEXT_16 TYPE_ENC NONCE_24,          STATUS_OK, TEEKIT_ENC },
    { "an open map",             "bf" TYPE_ENC NONCE_24 TEXT_16 "ff",     STATUS_OK, TEEKIT_ENC },
    { "an unknown key",          "a4" TYPE_ENC NONCE_24 TEXT_16 "617801", STATUS_OK, TEEKIT_ENC },
    { "an unknown type",         "a1" TYPE_NEW,                           STATUS_OK, TEEKIT_OTHER },
    { "a nonce of 23 bytes",     "a3" TYPE_ENC NONCE_23 TEXT_16,          STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "no nonce",                "a2" TYPE_ENC TEXT_16,                   STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "no ciphertext",           "a2" TYPE_ENC NONCE_24,                  STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "less than a tag",         "a3" TYPE_ENC NONCE_24 TEXT_15,          STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "ciphertext as text",      "a3" TYPE_ENC NONCE_24 "6a63697068657274657874" "6161", STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "an undefined ciphertext", "a3" TYPE_ENC NONCE_24 "6a63697068657274657874" "f7", STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "a seal that is too short", "a2" TYPE_KX SEALED "43010203",         STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "no type",                 "a1617801",                              STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "a type that is bytes",    "a1647479706543656e63",                  STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "a key twice",             "a4" TYPE_ENC NONCE_24 NONCE_24 TEXT_16, STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "a big number",            "a26178c249010000000000000000" TYPE_NEW, STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "a map tagged as a Map",   "d90103a1" TYPE_NEW,                     STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "two messages",            "a1" TYPE_NEW "a1" TYPE_NEW,             STATUS_TRAILING, TEEKIT_OTHER },
    { "a number",                "00",                                    STATUS_BAD_FIELD, TEEKIT_OTHER },
    { "2^64-1 pairs",            "bbffffffffffffffff",                    STATUS_BAD_FIELD, TEEKIT_OTHER },
};
/* clang-format on */

static void forms_of_others_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].hex) / 2;
        uint8_t *raw = malloc(len);
        struct teekit_envelope got;
        struct why why;

        print_message("%s\n", cases[i].name);
        assert_true(text_from_hex(slice_text(cases[i].hex), raw, len));
        CHECK_STATUS(teekit_envelope_parse(slice_of(raw, len), &got, &why),
                     cases[i].want);
        CHECK_STATUS(why.status, cases[i].want);
        assert_int_equal(got.type, cases[i].type);
        free(raw);
    }
}

static void a_quote_has_a_limit(void **state)
{
    uint8_t *big = calloc(1, QUOTE_MAX_BYTES + 1);
    uint8_t *raw = malloc(QUOTE_MAX_BYTES + ROOM);
    struct teekit_envelope e = announced(TEEKIT_DATA_NONE), got;
    struct why why;

    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        struct builder b = builder_over(raw, QUOTE_MAX_BYTES + ROOM);

        e.quote = slice_of(big, QUOTE_MAX_BYTES + over);
        teekit_envelope_encode(&e, TEEKIT_OURS, &b);
        CHECK_STATUS(teekit_envelope_parse(builder_view(&b), &got, &why),
                     over == 0 ? STATUS_OK : STATUS_BAD_FIELD);
    }
    free(big);
    free(raw);
}

static void try_parse(struct slice bytes, void *ctx)
{
    struct teekit_envelope got;
    struct why why;
    enum status st = teekit_envelope_parse(bytes, &got, &why);

    CHECK_STATUS(why.status, st);
    if (ctx != NULL)
        assert_int_not_equal(st, STATUS_OK);
}

static void cut_and_flipped_bytes_end_in_a_status(void **state)
{
    const struct teekit_envelope all[] = { announced(TEEKIT_DATA_MAP),
                                           with_certs(), client_kx(), enc() };
    uint8_t raw[ROOM];
    bool must_fail = true;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        size_t len = encode(&all[i], TEEKIT_NODE, raw);

        for_each_prefix(slice_of(raw, len), try_parse, &must_fail);
        for_each_flip(slice_of(raw, len), try_parse, NULL);
    }
}

static void a_sealed_key_opens_with_the_secret_only(void **state)
{
    uint8_t public_key[32], secret_key[32], other[32], box[80];
    struct teekit_key chosen, got;

    (void)state;
    (void)crypto_box_keypair(public_key, secret_key);
    CHECK_STATUS(teekit_seal_key(public_key, &chosen, box), STATUS_OK);
    CHECK_STATUS(teekit_seal_unseal(public_key, secret_key, SLICE_OF(box),
                                    &got),
                 STATUS_OK);
    assert_memory_equal(got.bytes, chosen.bytes, sizeof(got.bytes));
    memcpy(other, secret_key, sizeof(other));
    other[5] ^= 1;
    CHECK_STATUS(teekit_seal_unseal(public_key, other, SLICE_OF(box), &got),
                 STATUS_BAD_HANDSHAKE);
    assert_true(slice_is_zero(SLICE_OF(got.bytes)));
    for (size_t i = 0; i < sizeof(box); i += 7) {
        box[i] ^= 0x80;
        CHECK_STATUS(teekit_seal_unseal(public_key, secret_key, SLICE_OF(box),
                                        &got),
                     STATUS_BAD_HANDSHAKE);
        box[i] ^= 0x80;
    }
    CHECK_STATUS(teekit_seal_unseal(public_key, secret_key,
                                    slice_of(box, sizeof(box) - 1), &got),
                 STATUS_BAD_HANDSHAKE);
}

static void a_key_of_small_order_is_refused(void **state)
{
    static const uint8_t zero[32];
    uint8_t box[80];
    struct teekit_key chosen;

    (void)state;
    CHECK_STATUS(teekit_seal_key(zero, &chosen, box), STATUS_BAD_HANDSHAKE);
    assert_true(slice_is_zero(SLICE_OF(chosen.bytes)));
}

/* What is sealed in place opens in place, at every width of the head. */
static void messages_are_sealed_and_opened_in_place(void **state)
{
    static const size_t lengths[] = { 0,   1,   7,     8,     239,
                                      240, 241, 65519, 65520, 70000 };
    const struct teekit_key k = { { 1, 2, 3 } }, wrong = { { 1, 2, 4 } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        const size_t want = lengths[i];
        uint8_t *block = malloc(TEEKIT_SEAL_ROOM + want);
        uint8_t *text = block + TEEKIT_SEAL_ROOM, *got;
        struct teekit_envelope e;
        struct why why;
        size_t len, got_len;

        memset(text, 'x', want);
        len = teekit_seal_text(&k, NULL, text, want);
        assert_true(len >= want && len - want <= TEEKIT_SEAL_ROOM);
        CHECK_STATUS(teekit_envelope_parse(slice_of(text + want - len, len), &e,
                                           &why),
                     STATUS_OK);
        assert_int_equal(e.type, TEEKIT_ENC);
        CHECK_STATUS(teekit_seal_open(&wrong, text + want - len, &e, &got,
                                      &got_len),
                     STATUS_BAD_RECORD);
        assert_null(got);
        CHECK_STATUS(teekit_seal_open(&k, text + want - len, &e, &got,
                                      &got_len),
                     STATUS_OK);
        assert_int_equal(got_len, want);
        for (size_t n = 0; n < want; n++)
            assert_int_equal(got[n], 'x');
        free(block);
    }
}

static void bindings_need_what_they_hash(void **state)
{
    uint8_t got[TEEKIT_BINDING_BYTES], want[TEEKIT_BINDING_BYTES];
    uint8_t joined[32 + 8 + 32];
    struct teekit_envelope e = announced(TEEKIT_DATA_MAP);
    struct why why;

    (void)state;
    memcpy(joined, nonce, 32);
    memcpy(joined + 32, issued, 8);
    memcpy(joined + 40, key, 32);
    (void)crypto_hash_sha512(want, joined, sizeof(joined));
    CHECK_STATUS(teekit_binding_make(TEEKIT_TDX, &e, got, &why), STATUS_OK);
    assert_memory_equal(got, want, sizeof(got));

    memmove(joined + 32, key, 32);
    (void)crypto_hash_sha512(want, joined, 64);
    CHECK_STATUS(teekit_binding_make(TEEKIT_SNP, &e, got, &why), STATUS_OK);
    assert_memory_equal(got, want, sizeof(got));

    memset(want, 0, sizeof(want));
    (void)crypto_hash_sha256(want, key, sizeof(key));
    CHECK_STATUS(teekit_binding_make(TEEKIT_SGX, &e, got, &why), STATUS_OK);
    assert_memory_equal(got, want, sizeof(got));

    e.iat = (struct slice){ 0 };
    CHECK_STATUS(teekit_binding_make(TEEKIT_TDX, &e, got, &why),
                 STATUS_BAD_FIELD);
    assert_true(slice_is_zero(SLICE_OF(got)));
    e.val = (struct slice){ 0 };
    CHECK_STATUS(teekit_binding_make(TEEKIT_SNP, &e, got, &why),
                 STATUS_BAD_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_shortest_is_as_teekit_writes_it),
        cmocka_unit_test(forms_of_others_are_judged),
        cmocka_unit_test(a_quote_has_a_limit),
        cmocka_unit_test(cut_and_flipped_bytes_end_in_a_status),
        cmocka_unit_test(a_sealed_key_opens_with_the_secret_only),
        cmocka_unit_test(a_key_of_small_order_is_refused),
        cmocka_unit_test(messages_are_sealed_and_opened_in_place),
        cmocka_unit_test(bindings_need_what_they_hash),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
