/* Sessions recorded between teekit's own programs: each message is read, and
 * written again byte for byte; the sealed ones are opened with the recorded
 * keys and sealed again. */
#include "tests/support/check.h"

#include <jansson.h>
#include <sodium.h>

#include "common/text.h"
#include "proxy/tunnel/teekit_binding.h"
#include "proxy/tunnel/teekit_message.h"
#include "proxy/tunnel/teekit_seal.h"

#define FOLDER TEST_SHARED_DIR "/vectors/teekit/"

/* Bytes on the heap, exactly as many. */
struct bytes {
    uint8_t *at;
    size_t len;
};

static struct slice view(struct bytes b)
{
    return slice_of(b.at, b.len);
}

static struct bytes from_hex(const json_t *text)
{
    const char *hex = json_string_value(text);
    struct bytes b = { 0 };

    assert_non_null(hex);
    b.len = strlen(hex) / 2;
    b.at = malloc(b.len);
    assert_non_null(b.at);
    assert_true(text_from_hex(slice_text(hex), b.at, b.len));
    return b;
}

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    (void)snprintf(path, sizeof(path), FOLDER "%s", name);
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (root == NULL &&
        json_error_code(&error) == json_error_cannot_open_file) {
        printf("%s: %s: nothing to compare with\n", path, error.text);
        skip();
    }
    assert_non_null(root);
    return root;
}

/* Is it |want| again, in either of the two hands of cbor-x? */
static void check_envelope_again(const struct teekit_envelope *e,
                                 struct slice want)
{
    const size_t room = teekit_envelope_room(e);
    uint8_t *at = malloc(room);
    bool same = false;

    assert_non_null(at);
    for (unsigned s = TEEKIT_NODE; s <= TEEKIT_BUFFER && !same; s++) {
        struct builder b = builder_over(at, room);

        teekit_envelope_encode(e, (enum teekit_style)s, &b);
        assert_true(builder_ok(&b));
        same = slice_equal(builder_view(&b), want);
    }
    assert_true(same);
    free(at);
}

static void check_message_again(const struct teekit_message *m,
                                struct slice want)
{
    const size_t room = teekit_message_room(m);
    uint8_t *at = malloc(room);
    bool same = false;

    assert_non_null(at);
    for (unsigned s = TEEKIT_NODE; s <= TEEKIT_BUFFER && !same; s++) {
        struct builder b = builder_over(at, room);

        teekit_message_encode(m, (enum teekit_style)s, &b);
        assert_true(builder_ok(&b));
        same = slice_equal(builder_view(&b), want);
    }
    assert_true(same);
    free(at);
}

/* The same message in our hand says the same. */
static void check_ours(const struct teekit_message *m)
{
    const size_t room = teekit_message_room(m);
    uint8_t *at = malloc(room), *again = malloc(room);
    struct builder b = builder_over(at, room), c = builder_over(again, room);
    struct teekit_message got;
    struct why why;

    teekit_message_encode(m, TEEKIT_OURS, &b);
    assert_true(builder_ok(&b));
    CHECK_STATUS(teekit_message_parse(at, b.len, &got, &why), STATUS_OK);
    teekit_message_encode(&got, TEEKIT_OURS, &c);
    assert_true(slice_equal(builder_view(&b), builder_view(&c)));
    free(at);
    free(again);
}

struct keys {
    uint8_t public_key[TEEKIT_KEY_BYTES];
    uint8_t secret_key[TEEKIT_KEY_BYTES];
    struct teekit_key key;
};

static void read_key(const json_t *keys, const char *name, uint8_t *out)
{
    const char *hex = json_string_value(json_object_get(keys, name));

    assert_non_null(hex);
    assert_true(text_from_hex(slice_text(hex), out, TEEKIT_KEY_BYTES));
}

static void check_client_kx(const struct keys *k,
                            const struct teekit_envelope *e)
{
    struct teekit_key key;

    CHECK_STATUS(teekit_seal_unseal(k->public_key, k->secret_key, e->sealed,
                                    &key),
                 STATUS_OK);
    assert_memory_equal(key.bytes, k->key.bytes, sizeof(key.bytes));
}

/* Opened, read, written, and sealed with the nonce it came with. */
static void check_enc(const struct keys *k, struct bytes wire,
                      const struct teekit_envelope *e)
{
    struct bytes want = { malloc(e->ciphertext.len), e->ciphertext.len };
    struct bytes plain = { malloc(want.len), want.len - TEEKIT_TAG_BYTES };
    struct bytes sealed = { malloc(want.len), want.len };
    struct teekit_message *m = malloc(sizeof(*m));
    uint8_t *text;
    size_t len;
    struct why why;

    memcpy(want.at, e->ciphertext.at, want.len);
    CHECK_STATUS(teekit_seal_open(&k->key, wire.at, e, &text, &len), STATUS_OK);
    assert_int_equal(len, plain.len);
    memcpy(plain.at, text, len);
    (void)crypto_secretbox_easy(sealed.at, text, len, e->nonce.at,
                                k->key.bytes);
    assert_true(slice_equal(view(sealed), view(want)));

    CHECK_STATUS(teekit_message_parse(text, len, m, &why), STATUS_OK);
    check_message_again(m, view(plain));
    check_ours(m);
    free(m);
    free(want.at);
    free(plain.at);
    free(sealed.at);
}

/* Returns 1 for one that was sealed. */
static size_t check_frame(const struct keys *k, const json_t *frame)
{
    struct bytes wire;
    struct teekit_envelope e;
    struct why why;

    if (json_integer_value(json_object_get(frame, "opcode")) != 2)
        return 0;
    wire = from_hex(json_object_get(frame, "payload_hex"));
    CHECK_STATUS(teekit_envelope_parse(view(wire), &e, &why), STATUS_OK);
    assert_int_not_equal(e.type, TEEKIT_OTHER);
    check_envelope_again(&e, view(wire));
    if (e.type == TEEKIT_CLIENT_KX)
        check_client_kx(k, &e);
    if (e.type == TEEKIT_ENC)
        check_enc(k, wire, &e);
    free(wire.at);
    return e.type == TEEKIT_ENC;
}

static void check_file(const char *name, size_t sealed_want)
{
    json_t *root = load(name);
    const json_t *sessions = json_object_get(root, "sessions");
    size_t sealed = 0;

    for (size_t s = 0; s < json_array_size(sessions); s++) {
        const json_t *session = json_array_get(sessions, s);
        const json_t *keys = json_object_get(session, "keys");
        const json_t *frames = json_object_get(session, "frames");
        struct keys k;

        read_key(keys, "server_x25519_pub", k.public_key);
        read_key(keys, "server_x25519_priv", k.secret_key);
        read_key(keys, "client_symmetric_key", k.key.bytes);
        for (size_t f = 0; f < json_array_size(frames); f++)
            sealed += check_frame(&k, json_array_get(frames, f));
    }
    assert_int_equal(sealed, sealed_want);
    json_decref(root);
}

static void sessions_with_bound_quotes_are_read_and_written_again(void **state)
{
    (void)state;
    check_file("capture-bound.json", 91);
}

static void sessions_with_sample_quotes_are_read_and_written_again(void **state)
{
    (void)state;
    check_file("capture-samples.json", 91);
}

/* Where the report data stands in the quotes of the recordings. */
static const struct {
    const char *name;
    enum teekit_tee tee;
    size_t report_data_at;
    size_t bound; /* bytes that the rule of the TEE speaks of */
} variants[] = {
    { "LAB tdx bound (root out/forge/root.pem)", TEEKIT_TDX, 568, 64 },
    { "LAB sgx bound (root out/forge/root.pem)", TEEKIT_SGX, 368, 32 },
    { "LAB sev bound (root out/forge/ark.pem)", TEEKIT_SNP, 80, 64 },
};

static size_t check_variant(const json_t *variant, size_t i)
{
    uint8_t want[TEEKIT_BINDING_BYTES];
    struct teekit_envelope e;
    struct bytes wire;
    struct why why;

    if (strcmp(json_string_value(json_object_get(variant, "name")),
               variants[i].name) != 0)
        return 0;
    wire = from_hex(json_object_get(variant, "frame_hex"));
    CHECK_STATUS(teekit_envelope_parse(view(wire), &e, &why), STATUS_OK);
    if (e.data != TEEKIT_DATA_MAP) /* whose order is each application's own */
        check_envelope_again(&e, view(wire));
    CHECK_STATUS(teekit_binding_make(variants[i].tee, &e, want, &why),
                 STATUS_OK);
    assert_memory_equal(e.quote.at + variants[i].report_data_at, want,
                        variants[i].bound);
    free(wire.at);
    return 1;
}

static void recorded_quotes_are_bound_as_we_compute_it(void **state)
{
    json_t *root = load("capture-bound.json");
    const json_t *list = json_object_get(root, "server_kx_variants");
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        for (size_t k = 0; k < json_array_size(list); k++)
            found += check_variant(json_array_get(list, k), i);
    assert_int_equal(found, COUNT_OF(variants));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_with_bound_quotes_are_read_and_written_again),
        cmocka_unit_test(
            sessions_with_sample_quotes_are_read_and_written_again),
        cmocka_unit_test(recorded_quotes_are_bound_as_we_compute_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
