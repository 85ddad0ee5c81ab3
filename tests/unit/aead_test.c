/* AES-256-GCM by both of its makers: the same bytes from either, whatever the
 * length and the place, and nothing opened that was not sealed. */
#include "tests/support/check.h"

#include <sys/mman.h>

#include "common/text.h"
#include "proxy/tunnel/aead.h"
#include "proxy/tunnel/aead_aes.h"
#include "proxy/tunnel/aead_vaes.h"

#define TEXT_MAX_BYTES 65536

enum maker { WOLF, VAES, MAKERS };

static const char *const names[MAKERS] = { "wolfCrypt", "libipsec-mb" };

static bool usable(enum maker m)
{
    return m == WOLF || aead_vaes_usable();
}

/* As aead_init(), which leaves no choice. */
static struct aead key_of(enum maker m, const uint8_t key[AEAD_KEY_BYTES])
{
    struct aead a = { .suite = AEAD_AESGCM };

    if (m == WOLF)
        a.aes = aead_aes_new(key);
    else
        a.vaes = aead_vaes_new(key);
    assert_true(a.aes != NULL || a.vaes != NULL);
    return a;
}

static void fill(uint8_t *at, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245u + 12345u;
        at[i] = (uint8_t)(seed >> 16);
    }
}

/* --- published vectors ---------------------------------------------------- */

/* McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test
 * cases 13 to 16: those of AES-256 with nonces of 12 bytes. */
#define KEY_15                                                                 \
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define NONCE_15 "cafebabefacedbaddecaf888"
#define PLAIN_16                                                               \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"         \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define SEALED_16                                                              \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"         \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
#define ZERO_16_BYTES "00000000000000000000000000000000"

static const struct {
    const char *name;
    const char *key, *nonce, *extra, *plain, *sealed, *tag;
} vectors[] = {
    /* clang-format off */
    { "nothing", ZERO_16_BYTES ZERO_16_BYTES, "000000000000000000000000", "",
      "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { "one block", ZERO_16_BYTES ZERO_16_BYTES, "000000000000000000000000", "",
      ZERO_16_BYTES, "cea7403d4d606b6e074ec5d3baf39d18",
      "d0d1c8a799996bf0265b98b5d48ab919" },
    { "four blocks", KEY_15, NONCE_15, "",
      PLAIN_16 "1aafd255", SEALED_16 "898015ad",
      "b094dac5d93471bdec1a502270e3cc6c" },
    { "part of a block, and more beside it", KEY_15, NONCE_15,
      "feedfacedeadbeeffeedfacedeadbeefabaddad2", PLAIN_16, SEALED_16,
      "76fc6ece0f4e1768cddf8853bb2d551b" },
    /* clang-format on */
};

static size_t from_hex(const char *hex, uint8_t *out, size_t max)
{
    size_t len = strlen(hex) / 2;

    assert_true(len <= max);
    assert_true(text_from_hex(slice_text(hex), out, len));
    return len;
}

static void check_vector(enum maker m, size_t i)
{
    uint8_t key[AEAD_KEY_BYTES], nonce[AEAD_NONCE_BYTES], extra[20];
    uint8_t plain[64], sealed[64 + AEAD_TAG_BYTES], text[sizeof(sealed)];
    size_t extra_len = from_hex(vectors[i].extra, extra, sizeof(extra));
    size_t len = from_hex(vectors[i].plain, plain, sizeof(plain));
    struct slice beside = slice_of(extra, extra_len);
    struct aead a;

    (void)from_hex(vectors[i].key, key, sizeof(key));
    (void)from_hex(vectors[i].nonce, nonce, sizeof(nonce));
    (void)from_hex(vectors[i].sealed, sealed, len);
    (void)from_hex(vectors[i].tag, sealed + len, AEAD_TAG_BYTES);
    memcpy(text, plain, len);
    a = key_of(m, key);
    if (m == WOLF)
        aead_aes_seal(a.aes, nonce, beside, text, len);
    else
        aead_vaes_seal(a.vaes, nonce, beside, text, len);
    assert_memory_equal(text, sealed, len + AEAD_TAG_BYTES);
    if (m == WOLF)
        assert_true(aead_aes_open(a.aes, nonce, beside, text, len));
    else
        assert_true(aead_vaes_open(a.vaes, nonce, beside, text, len));
    assert_memory_equal(text, plain, len);
    aead_fini(&a);
}

static void published_vectors_pass(void **state)
{
    (void)state;
    for (enum maker m = 0; m < MAKERS; m++)
        for (size_t i = 0; usable(m) && i < COUNT_OF(vectors); i++) {
            print_message("%s: %s\n", names[m], vectors[i].name);
            check_vector(m, i);
        }
}

/* --- one against the other ------------------------------------------------ */

/* Memory between two pages that cannot be touched: assembly is not seen by a
 * sanitizer, but cannot reach past these. */
struct pen {
    uint8_t *all;
    uint8_t *at;
    size_t len;
    size_t page;
};

static struct pen pen_new(void)
{
    struct pen p = { .page = 65536, .len = 2 * TEXT_MAX_BYTES };

    p.all = mmap(NULL, p.len + 2 * p.page, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p.all != MAP_FAILED);
    p.at = p.all + p.page;
    assert_int_equal(mprotect(p.at, p.len, PROT_READ | PROT_WRITE), 0);
    return p;
}

static void pen_free(struct pen *p)
{
    assert_int_equal(munmap(p->all, p->len + 2 * p->page), 0);
}

struct keys {
    struct aead of[MAKERS];
    struct pen pen;
    uint8_t plain[TEXT_MAX_BYTES];
    uint8_t extra[64];
};

static struct keys *keys_new(void)
{
    struct keys *k = calloc(1, sizeof(*k));
    uint8_t key[AEAD_KEY_BYTES];

    assert_non_null(k);
    fill(key, sizeof(key), 1);
    fill(k->plain, sizeof(k->plain), 2);
    fill(k->extra, sizeof(k->extra), 3);
    for (enum maker m = 0; m < MAKERS; m++)
        if (usable(m))
            k->of[m] = key_of(m, key);
    k->pen = pen_new();
    return k;
}

static void keys_free(struct keys *k)
{
    for (enum maker m = 0; m < MAKERS; m++)
        aead_fini(&k->of[m]);
    pen_free(&k->pen);
    free(k);
}

/* What VAES makes of |len| bytes |at| is what wolfCrypt makes elsewhere; each
 * opens what the other made, and neither touches what is around. */
static void agree(struct keys *k, uint8_t *at, size_t len)
{
    size_t whole = len + AEAD_TAG_BYTES;
    struct slice extra = slice_of(k->extra, len % sizeof(k->extra));
    uint8_t *other = malloc(whole);
    bool before = at > k->pen.at, behind = at + whole < k->pen.at + k->pen.len;

    assert_non_null(other);
    if (before)
        at[-1] = 0x5a;
    if (behind)
        at[whole] = 0xa5;
    memcpy(at, k->plain, len);
    memcpy(other, k->plain, len);
    aead_seal(&k->of[VAES], len, extra, at, len);
    aead_seal(&k->of[WOLF], len, extra, other, len);
    assert_memory_equal(at, other, whole);
    CHECK_STATUS(aead_open(&k->of[VAES], len, extra, at, whole), STATUS_OK);
    CHECK_STATUS(aead_open(&k->of[WOLF], len, extra, other, whole), STATUS_OK);
    assert_memory_equal(at, k->plain, len);
    assert_memory_equal(other, k->plain, len);
    assert_true(!before || at[-1] == 0x5a);
    assert_true(!behind || at[whole] == 0xa5);
    free(other);
}

static void agree_at_both_ends(struct keys *k, size_t len)
{
    agree(k, k->pen.at, len);
    agree(k, k->pen.at + k->pen.len - len - AEAD_TAG_BYTES, len);
}

static void both_make_the_same_of_every_length(void **state)
{
    static const size_t more[] = { 1535,  1536,  1537,  4096,
                                   16367, 16368, 16384, 20000,
                                   32767, 32768, 65535, TEXT_MAX_BYTES };
    struct keys *k;

    (void)state;
    if (!usable(VAES))
        skip();
    k = keys_new();
    for (size_t len = 0; len <= 1100; len++)
        agree_at_both_ends(k, len);
    for (size_t i = 0; i < COUNT_OF(more); i++)
        agree_at_both_ends(k, more[i]);
    keys_free(k);
}

static void both_make_the_same_at_every_offset(void **state)
{
    static const size_t lengths[] = { 1, 16, 767, 768, 1000, 16368 };
    struct keys *k;

    (void)state;
    if (!usable(VAES))
        skip();
    k = keys_new();
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (size_t offset = 0; offset < 64; offset++)
            agree(k, k->pen.at + offset, lengths[i]);
    keys_free(k);
}

static void both_go_on_with_another_key(void **state)
{
    uint8_t key[AEAD_KEY_BYTES];
    struct keys *k;

    (void)state;
    if (!usable(VAES))
        skip();
    k = keys_new();
    fill(key, sizeof(key), 4);
    for (enum maker m = 0; m < MAKERS; m++)
        aead_rekey(&k->of[m], key);
    agree(k, k->pen.at, 1000);
    keys_free(k);
}

/* --- what must not open --------------------------------------------------- */

#define SHORT_BYTES 50
#define EXTRA_BYTES 5

/* Seal, flip |bit| of the record, or of what is beside it behind that, and do
 * not get it open, nor any of it. */
static void refuse_flipped(struct aead *a, size_t bit)
{
    uint8_t text[SHORT_BYTES + AEAD_TAG_BYTES], extra[EXTRA_BYTES] = "abcd";
    size_t byte = bit / 8;

    fill(text, SHORT_BYTES, 5);
    aead_seal(a, 7, SLICE_OF(extra), text, SHORT_BYTES);
    if (byte < sizeof(text))
        text[byte] ^= (uint8_t)(1u << bit % 8);
    else
        extra[byte - sizeof(text)] ^= (uint8_t)(1u << bit % 8);
    CHECK_STATUS(aead_open(a, 7, SLICE_OF(extra), text, sizeof(text)),
                 STATUS_BAD_RECORD);
    assert_true(slice_is_zero(slice_of(text, SHORT_BYTES)));
}

static void a_flipped_bit_is_refused_and_nothing_left(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES] = { 1 };

    (void)state;
    for (enum maker m = 0; m < MAKERS; m++) {
        struct aead a;

        if (!usable(m))
            continue;
        a = key_of(m, key);
        for (size_t bit = 0;
             bit < 8 * (SHORT_BYTES + AEAD_TAG_BYTES + EXTRA_BYTES); bit++)
            refuse_flipped(&a, bit);
        aead_fini(&a);
    }
}

static void refuse_cut(struct aead *a, size_t sealed, size_t left)
{
    uint8_t *text = malloc(sealed + AEAD_TAG_BYTES);

    assert_non_null(text);
    fill(text, sealed, 6);
    aead_seal(a, 7, slice_of(NULL, 0), text, sealed);
    CHECK_STATUS(aead_open(a, 7, slice_of(NULL, 0), text, left),
                 STATUS_BAD_RECORD);
    free(text);
}

static void what_is_cut_or_of_another_number_is_refused(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES] = { 1 };

    (void)state;
    for (enum maker m = 0; m < MAKERS; m++) {
        uint8_t text[SHORT_BYTES + AEAD_TAG_BYTES] = { 0 };
        struct aead a;

        if (!usable(m))
            continue;
        a = key_of(m, key);
        for (size_t left = 0; left < sizeof(text); left++)
            refuse_cut(&a, SHORT_BYTES, left);
        aead_seal(&a, 7, slice_of(NULL, 0), text, SHORT_BYTES);
        CHECK_STATUS(aead_open(&a, 8, slice_of(NULL, 0), text, sizeof(text)),
                     STATUS_BAD_RECORD);
        aead_fini(&a);
    }
}

/* --- who does it ---------------------------------------------------------- */

#ifdef TEST_IPSEC_MB
static bool can_be_usable(void)
{
    return __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("vpclmulqdq");
}
#else
static bool can_be_usable(void)
{
    return false;
}
#endif

/* Or all that is skipped above would never be missed. */
static void the_faster_one_is_usable_where_it_can_be(void **state)
{
    (void)state;
    assert_int_equal(aead_vaes_usable(), can_be_usable());
}

static void the_faster_one_is_taken(void **state)
{
    static const uint8_t key[AEAD_KEY_BYTES];
    struct aead a;

    (void)state;
    print_message("AES-GCM here: %s\n", aead_aes_maker());
    CHECK_STATUS(aead_init(&a, AEAD_AESGCM, key), STATUS_OK);
    assert_true((a.vaes != NULL) == aead_vaes_usable());
    assert_true((a.aes != NULL) == !aead_vaes_usable());
    assert_true((strstr(aead_aes_maker(), names[VAES]) != NULL) ==
                aead_vaes_usable());
    aead_fini(&a);
    assert_true(slice_is_zero(slice_of(&a, sizeof(a))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_pass),
        cmocka_unit_test(both_make_the_same_of_every_length),
        cmocka_unit_test(both_make_the_same_at_every_offset),
        cmocka_unit_test(both_go_on_with_another_key),
        cmocka_unit_test(a_flipped_bit_is_refused_and_nothing_left),
        cmocka_unit_test(what_is_cut_or_of_another_number_is_refused),
        cmocka_unit_test(the_faster_one_is_usable_where_it_can_be),
        cmocka_unit_test(the_faster_one_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
