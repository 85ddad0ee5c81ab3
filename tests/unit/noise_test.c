/* Noise NK: published vectors, our own, and everything that must fail. */
#include "tests/support/check.h"

#include <jansson.h>

#include "common/builder.h"
#include "common/secret.h"
#include "common/text.h"
#include "proxy/tunnel/noise.h"
#include "proxy/tunnel/record.h"

#define MESSAGE_MAX_BYTES 256

static const enum aead_suite suites[] = { AEAD_AESGCM, AEAD_CHACHAPOLY };

struct keys {
    uint8_t responder[NOISE_KEY_BYTES]; /* secret */
    uint8_t responder_public[NOISE_KEY_BYTES];
    uint8_t init_ephemeral[NOISE_KEY_BYTES];
    uint8_t resp_ephemeral[NOISE_KEY_BYTES];
};

struct pair {
    struct noise init;
    struct noise resp;
};

static void start(struct pair *p, enum aead_suite suite, const struct keys *k,
                  struct slice init_prologue, struct slice resp_prologue)
{
    noise_init(&p->init, NOISE_INITIATOR, suite, init_prologue,
               k->responder_public, k->init_ephemeral);
    noise_init(&p->resp, NOISE_RESPONDER, suite, resp_prologue, k->responder,
               k->resp_ephemeral);
}

static struct keys some_keys(void)
{
    struct keys k;

    memset(k.responder, 0x11, sizeof(k.responder));
    memset(k.init_ephemeral, 0x22, sizeof(k.init_ephemeral));
    memset(k.resp_ephemeral, 0x33, sizeof(k.resp_ephemeral));
    noise_public_key(k.responder, k.responder_public);
    return k;
}

/* One message from |from| to |to|; what |from| wrote is in |wire|. */
static enum status pass(struct noise *from, struct noise *to,
                        struct slice payload, struct builder *wire)
{
    uint8_t copy[MESSAGE_MAX_BYTES];
    struct slice got;
    enum status st;

    assert_int_equal(noise_write(from, payload, wire), STATUS_OK);
    assert_int_equal(wire->len, payload.len + NOISE_OVERHEAD_BYTES);
    memcpy(copy, wire->out, wire->len);
    st = noise_read(to, copy, wire->len, &got);
    if (st == STATUS_OK)
        assert_true(slice_equal(got, payload));
    else
        assert_int_equal(got.len, 0);
    return st;
}

/* Published vectors. */

static struct slice text_of(json_t *v, const char *key)
{
    const char *text = json_string_value(json_object_get(v, key));

    assert_non_null(text);
    return slice_text(text);
}

static struct slice hex_of(json_t *v, const char *key, uint8_t *out,
                           size_t room)
{
    struct slice hex = text_of(v, key);

    assert_true(hex.len / 2 <= room);
    assert_true(text_from_hex(hex, out, hex.len / 2));
    return slice_of(out, hex.len / 2);
}

static struct keys keys_of(json_t *v)
{
    struct keys k;

    (void)hex_of(v, "resp_static", k.responder, sizeof(k.responder));
    (void)hex_of(v, "init_remote_static", k.responder_public,
                 sizeof(k.responder_public));
    (void)hex_of(v, "init_ephemeral", k.init_ephemeral,
                 sizeof(k.init_ephemeral));
    (void)hex_of(v, "resp_ephemeral", k.resp_ephemeral,
                 sizeof(k.resp_ephemeral));
    return k;
}

static void check_handshake(json_t *v, struct pair *p)
{
    json_t *messages = json_object_get(v, "messages");

    for (size_t i = 0; i < 2; i++) {
        json_t *m = json_array_get(messages, i);
        uint8_t in[MESSAGE_MAX_BYTES], out[MESSAGE_MAX_BYTES];
        uint8_t wire[MESSAGE_MAX_BYTES];
        struct builder b = builder_over(wire, sizeof(wire));
        struct slice payload = hex_of(m, "payload", in, sizeof(in));
        struct slice want = hex_of(m, "ciphertext", out, sizeof(out));

        CHECK_STATUS(pass(i == 0 ? &p->init : &p->resp,
                          i == 0 ? &p->resp : &p->init, payload, &b),
                     STATUS_OK);
        assert_true(slice_equal(builder_view(&b), want));
    }
}

static void check_transport(json_t *v, struct pair *p, enum aead_suite suite)
{
    json_t *messages = json_object_get(v, "messages");
    struct noise_keys init, resp;
    struct record to_resp, to_init, at_resp, at_init;
    struct why why;

    noise_split(&p->init, &init);
    noise_split(&p->resp, &resp);
    assert_memory_equal(init.hash, resp.hash, sizeof(init.hash));
    CHECK_STATUS(record_init(&to_resp, suite, init.send), STATUS_OK);
    CHECK_STATUS(record_init(&at_resp, suite, resp.receive), STATUS_OK);
    CHECK_STATUS(record_init(&to_init, suite, resp.send), STATUS_OK);
    CHECK_STATUS(record_init(&at_init, suite, init.receive), STATUS_OK);
    for (size_t i = 2; i < json_array_size(messages); i++) {
        json_t *m = json_array_get(messages, i);
        uint8_t in[MESSAGE_MAX_BYTES], out[MESSAGE_MAX_BYTES];
        uint8_t text[MESSAGE_MAX_BYTES];
        struct slice payload = hex_of(m, "payload", in, sizeof(in));
        struct slice want = hex_of(m, "ciphertext", out, sizeof(out));
        struct slice plain;

        memcpy(text, payload.at, payload.len);
        CHECK_STATUS(record_seal(i % 2 == 0 ? &to_resp : &to_init, text,
                                 payload.len),
                     STATUS_OK);
        assert_true(
            slice_equal(slice_of(text, payload.len + AEAD_TAG_BYTES), want));
        CHECK_STATUS(record_open(i % 2 == 0 ? &at_resp : &at_init, text,
                                 want.len, &plain, &why),
                     STATUS_OK);
        assert_true(slice_equal(plain, payload));
    }
    record_fini(&to_resp);
    record_fini(&at_resp);
    record_fini(&to_init);
    record_fini(&at_init);
}

static void check_vector(json_t *v, enum aead_suite suite)
{
    uint8_t init_prologue[MESSAGE_MAX_BYTES], resp_prologue[MESSAGE_MAX_BYTES];
    uint8_t hash[NOISE_HASH_BYTES];
    struct keys k = keys_of(v);
    struct pair p;

    start(&p, suite, &k,
          hex_of(v, "init_prologue", init_prologue, sizeof(init_prologue)),
          hex_of(v, "resp_prologue", resp_prologue, sizeof(resp_prologue)));
    check_handshake(v, &p);
    if (json_object_get(v, "handshake_hash") != NULL) {
        struct noise_keys keys;

        noise_split(&p.init, &keys);
        assert_true(slice_equal(hex_of(v, "handshake_hash", hash, sizeof(hash)),
                                SLICE_OF(keys.hash)));
    }
    check_transport(v, &p, suite);
}

static void published_vectors_pass(const char *file)
{
    json_error_t error;
    json_t *root = json_load_file(file, 0, &error);
    unsigned checked = 0;
    size_t i;
    json_t *v;

    if (root == NULL) {
        print_message("skipped: no %s\n", file);
        skip();
    }
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        struct slice name = text_of(v, "protocol_name");

        for (size_t s = 0; s < COUNT_OF(suites); s++) {
            char want[64];

            (void)snprintf(want, sizeof(want), "Noise_NK_25519_%s_BLAKE2b",
                           aead_name(suites[s]));
            if (!slice_equal(name, slice_text(want)))
                continue;
            check_vector(v, suites[s]);
            checked++;
        }
    }
    json_decref(root);
    print_message("%s: %u vectors\n", file, checked);
    assert_true(checked >= 2);
}

static void cacophony_vectors_pass(void **state)
{
    (void)state;
    published_vectors_pass(TEST_SHARED_DIR "/vectors/noise/cacophony-nk.json");
}

static void snow_vectors_pass(void **state)
{
    (void)state;
    published_vectors_pass(TEST_SHARED_DIR "/vectors/noise/snow-nk.json");
}

/* Our own. */

/* Made by a second implementation of the specification, in another language
 * on other libraries. */
static const struct own_vector {
    enum aead_suite suite;
    const char *message[2];
    const char *hash;
} own_vectors[] = {
    /* clang-format off */
    { AEAD_AESGCM,
      { "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20"
        "41eaaa19a372f49dfd7b86413d9f9395201c45a7db1e481a",
        "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14"
        "b29441b44e128985262896b134515668" },
      "ac52a3bca8820aff757c0a116a95953c1070955860c2ba69679259ad959f5eda"
      "a96a49da09aac82b7a3ab935f61c29b5f17e3801e40108d48c88cfad616b1e0b" },
    { AEAD_CHACHAPOLY,
      { "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20"
        "29f9f924ce159899dff0d22aa2328f6fe13c279e3a8e3b82",
        "7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14"
        "f23d050fdf9fd9f67182efbb62e77961" },
      "123b22a86603674497dcdadb2d22e0bef717a4768bd4e5f5002634fdcf325686"
      "2c831228ba6f788ebd5fa21dc32431bcdba2c87a967d3226b3ea1ac38b196b7f" },
    /* clang-format on */
};

static void check_hex(struct slice got, const char *want)
{
    char hex[2 * MESSAGE_MAX_BYTES + 1];

    text_hex(got, hex, sizeof(hex));
    assert_string_equal(hex, want);
}

static void our_own_vectors_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(own_vectors); i++) {
        const struct own_vector *v = &own_vectors[i];
        struct keys k = some_keys();
        uint8_t first[MESSAGE_MAX_BYTES], second[MESSAGE_MAX_BYTES];
        struct builder a = builder_over(first, sizeof(first));
        struct builder b = builder_over(second, sizeof(second));
        struct noise_keys init, resp;
        struct pair p;

        start(&p, v->suite, &k, slice_text("prologue"), slice_text("prologue"));
        CHECK_STATUS(pass(&p.init, &p.resp, slice_text("settings"), &a),
                     STATUS_OK);
        CHECK_STATUS(pass(&p.resp, &p.init, (struct slice){ 0 }, &b),
                     STATUS_OK);
        noise_split(&p.init, &init);
        noise_split(&p.resp, &resp);
        check_hex(builder_view(&a), v->message[0]);
        check_hex(builder_view(&b), v->message[1]);
        check_hex(SLICE_OF(init.hash), v->hash);
        assert_memory_equal(init.send, resp.receive, sizeof(init.send));
        assert_memory_equal(init.receive, resp.send, sizeof(init.send));
        assert_memory_not_equal(init.send, init.receive, sizeof(init.send));
    }
}

static void both_must_have_the_same_prologue(void **state)
{
    struct keys k = some_keys();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        uint8_t wire[MESSAGE_MAX_BYTES];
        struct builder b = builder_over(wire, sizeof(wire));
        struct pair p;

        start(&p, suites[i], &k, slice_text("a"), slice_text("b"));
        CHECK_STATUS(pass(&p.init, &p.resp, slice_text("x"), &b),
                     STATUS_BAD_HANDSHAKE);
        assert_true(p.resp.failed);
    }
}

static void both_must_have_the_same_suite(void **state)
{
    struct keys k = some_keys();
    uint8_t wire[MESSAGE_MAX_BYTES];
    struct builder b = builder_over(wire, sizeof(wire));
    struct pair aes, chacha;

    (void)state;
    start(&aes, AEAD_AESGCM, &k, slice_text("a"), slice_text("a"));
    start(&chacha, AEAD_CHACHAPOLY, &k, slice_text("a"), slice_text("a"));
    CHECK_STATUS(pass(&aes.init, &chacha.resp, slice_text("x"), &b),
                 STATUS_BAD_HANDSHAKE);
}

static void only_the_attested_key_can_answer(void **state)
{
    struct keys k = some_keys();
    uint8_t wire[MESSAGE_MAX_BYTES];
    struct builder b = builder_over(wire, sizeof(wire));
    struct pair p;

    (void)state;
    k.responder[3] ^= 1; /* the public key stays */
    start(&p, AEAD_CHACHAPOLY, &k, slice_text("a"), slice_text("a"));
    CHECK_STATUS(pass(&p.init, &p.resp, slice_text("x"), &b),
                 STATUS_BAD_HANDSHAKE);
}

static void keys_of_small_order_are_refused(void **state)
{
    /* 0, 1, and a point of order 8 (RFC 7748, section 6.1 and its errata). */
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    };
    struct keys k = some_keys();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        uint8_t wire[MESSAGE_MAX_BYTES] = { 0 };
        struct builder b = builder_over(wire, sizeof(wire));
        struct slice got;
        struct pair p;

        assert_true(text_from_hex(slice_text(points[i]), k.responder_public,
                                  NOISE_KEY_BYTES));
        start(&p, AEAD_CHACHAPOLY, &k, slice_text("a"), slice_text("a"));
        CHECK_STATUS(noise_write(&p.init, slice_text("x"), &b),
                     STATUS_BAD_HANDSHAKE);
        memcpy(wire, k.responder_public, NOISE_KEY_BYTES); /* as ephemeral */
        CHECK_STATUS(noise_read(&p.resp, wire, NOISE_OVERHEAD_BYTES + 1, &got),
                     STATUS_BAD_HANDSHAKE);
    }
}

struct attempt {
    enum aead_suite suite;
    bool second;                      /* bend the responder's message */
    uint8_t first[MESSAGE_MAX_BYTES]; /* the initiator's, if so */
    size_t first_len;
    unsigned refused;
};

/* A fresh pair reads |bent| where message 1 or 2 should come. */
static void refuses_bent(struct slice bent, void *ctx)
{
    struct attempt *t = ctx;
    struct keys k = some_keys();
    uint8_t copy[MESSAGE_MAX_BYTES];
    struct builder b = builder_over(copy, sizeof(copy));
    struct slice got;
    struct pair p;

    start(&p, t->suite, &k, slice_text("a"), slice_text("a"));
    if (t->second)
        CHECK_STATUS(noise_write(&p.init, slice_text("x"), &b), STATUS_OK);
    /* An exact block: the reader works in place. */
    CHECK_STATUS(noise_read(t->second ? &p.init : &p.resp,
                            (uint8_t *)(uintptr_t)bent.at, bent.len, &got),
                 STATUS_BAD_HANDSHAKE);
    assert_int_equal(got.len, 0);
    t->refused++;
}

static void every_prefix_and_flip_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(suites) * 2; i++) {
        struct attempt t = { .suite = suites[i / 2], .second = i % 2 != 0 };
        struct keys k = some_keys();
        uint8_t first[MESSAGE_MAX_BYTES], second[MESSAGE_MAX_BYTES];
        struct builder a = builder_over(first, sizeof(first));
        struct builder b = builder_over(second, sizeof(second));
        struct slice whole;
        struct pair p;

        start(&p, t.suite, &k, slice_text("a"), slice_text("a"));
        CHECK_STATUS(pass(&p.init, &p.resp, slice_text("x"), &a), STATUS_OK);
        CHECK_STATUS(pass(&p.resp, &p.init, slice_text("y"), &b), STATUS_OK);
        whole = builder_view(t.second ? &b : &a);
        for_each_prefix(whole, refuses_bent, &t);
        assert_int_equal(t.refused, whole.len);
        for_each_flip(whole, refuses_bent, &t);
        assert_int_equal(t.refused, whole.len * 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cacophony_vectors_pass),
        cmocka_unit_test(snow_vectors_pass),
        cmocka_unit_test(our_own_vectors_pass),
        cmocka_unit_test(both_must_have_the_same_prologue),
        cmocka_unit_test(both_must_have_the_same_suite),
        cmocka_unit_test(only_the_attested_key_can_answer),
        cmocka_unit_test(keys_of_small_order_are_refused),
        cmocka_unit_test(every_prefix_and_flip_is_refused),
    };

    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
