/* server_kx: ours, what JavaScript would write, and everything bent. */
#include "tests/support/check.h"

#include "common/buffer.h"
#include "proxy/tunnel/aead.h"
#include "proxy/tunnel/announce.h"
#include "proxy/tunnel/flow.h"
#include "proxy/tunnel/wire_out.h"

static const uint8_t key[SESSION_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t nonce[ANNOUNCE_NONCE_BYTES] = { 4, 5, 6 };
static const uint8_t quote[300] = { 7, 8, 9 };

static struct announce challenged(void)
{
    return (struct announce){
        .public_key = SLICE_OF(key),
        .quote = SLICE_OF(quote),
        .challenged = true,
        .epoch = 12,
        .issued_unix = 1790000000,
        .aes = true,
        .chacha = true,
        .streams_max = 100,
        .first_credit = STREAM_CREDIT_BYTES,
    };
}

static struct announce of_epoch(void)
{
    struct announce a = challenged();

    a.challenged = false;
    a.nonce = SLICE_OF(nonce);
    return a;
}

static struct announce stapled(void)
{
    struct announce a = of_epoch();

    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        a.stapled.item[i] = slice_of(quote, 10 + i);
    return a;
}

static struct announce of_snp(void)
{
    struct announce a = challenged();

    a.is_snp = true;
    a.snp.vcek = slice_text("PEM");
    return a;
}

static void encode(const struct announce *a, struct buffer *out)
{
    struct builder b;

    *out = buffer_with_max(ANNOUNCE_MAX_BYTES);
    b = builder_over(buffer_reserve(out, announce_room(a)), announce_room(a));
    announce_encode(a, &b);
    assert_true(builder_ok(&b));
    buffer_commit(out, b.len);
}

static void check_same(const struct announce *a, const struct announce *b)
{
    assert_true(slice_equal(a->public_key, b->public_key));
    assert_true(slice_equal(a->quote, b->quote));
    assert_true(slice_equal(a->nonce, b->nonce));
    assert_int_equal(a->challenged, b->challenged);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->issued_unix, b->issued_unix);
    assert_int_equal(a->aes, b->aes);
    assert_int_equal(a->chacha, b->chacha);
    assert_int_equal(a->streams_max, b->streams_max);
    assert_int_equal(a->first_credit, b->first_credit);
    for (size_t i = 0; i < SESSION_STAPLED_ITEMS; i++)
        assert_true(slice_equal(a->stapled.item[i], b->stapled.item[i]));
    assert_int_equal(a->is_snp, b->is_snp);
    assert_true(slice_equal(a->snp.vcek, b->snp.vcek));
    assert_int_equal(a->snp.ask.len + a->snp.ark.len, 0);
}

static void what_is_encoded_is_parsed(void **state)
{
    const struct announce all[] = { challenged(), of_epoch(), stapled(),
                                    of_snp() };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct announce got;
        struct buffer b;
        struct why why;

        encode(&all[i], &b);
        CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_OK);
        check_same(&got, &all[i]);
        buffer_free(&b);
    }
}

/* What a peer says of AMD's own certificates is not even read. */
static void no_peer_tells_what_stands_above_the_vcek(void **state)
{
    static const char *const others[] = { "", "another ASK or ARK" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct announce a = of_snp(), got;
        struct buffer b;
        struct why why;

        a.snp.ask = a.snp.ark = slice_text(others[i]);
        encode(&a, &b);
        CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_OK);
        a = of_snp();
        check_same(&got, &a);
        buffer_free(&b);
    }
}

static void a_report_may_come_without_its_vcek(void **state)
{
    struct announce a = of_snp(), got;
    struct buffer b;
    struct why why;

    (void)state;
    a.snp.vcek = (struct slice){ 0 };
    encode(&a, &b);
    CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_OK);
    check_same(&got, &a);
    buffer_free(&b);
}

static void an_absent_suite_is_absent(void **state)
{
    struct announce a = challenged(), got;
    struct buffer b;
    struct why why;

    (void)state;
    a.aes = false;
    encode(&a, &b);
    CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_OK);
    assert_true(!got.aes && got.chacha);
    buffer_free(&b);
}

static void a_missing_item_is_not_stapled(void **state)
{
    struct announce a = stapled(), got;
    struct buffer b;
    struct why why;

    (void)state;
    a.stapled.item[3] = (struct slice){ 0 };
    encode(&a, &b);
    CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_OK);
    check_same(&got, &a);
    buffer_free(&b);
}

/* As a JavaScript encoder writes it: heads longer than needed, bytes tagged,
 * undefined for null, keys in another order, keys that we do not know. */
static void put_tagged(struct builder *b, struct slice bytes)
{
    builder_u8(b, 0xd8);
    builder_u8(b, 64);
    builder_u8(b, 0x59);
    builder_u16be(b, (uint16_t)bytes.len);
    builder_bytes(b, bytes);
}

static void put_map(struct builder *b, uint16_t pairs)
{
    builder_u8(b, 0xb9);
    builder_u16be(b, pairs);
}

static void put_foreign(struct builder *b)
{
    put_map(b, 8);
    wire_out_text(b, "veritee");
    put_map(b, 7);
    wire_out_text(b, "challenged");
    wire_out_bool(b, true);
    wire_out_text(b, "later");
    wire_out_array(b, 1);
    put_map(b, 0);
    wire_out_text(b, "limits");
    builder_u8(b, 0xbf);
    wire_out_text(b, "credit");
    wire_out_uint(b, STREAM_CREDIT_BYTES);
    wire_out_text(b, "streams");
    builder_u8(b, 0x1a);
    builder_u32be(b, 100);
    builder_u8(b, 0xff);
    wire_out_text(b, "suites");
    wire_out_array(b, 3);
    wire_out_uint(b, 200);
    wire_out_uint(b, AEAD_CHACHAPOLY);
    wire_out_uint(b, AEAD_AESGCM);
    wire_out_text(b, "epoch");
    wire_out_uint(b, 12);
    wire_out_text(b, "issued");
    wire_out_uint(b, 1790000000);
    wire_out_text(b, "version");
    wire_out_uint(b, ANNOUNCE_VERSION);
    wire_out_text(b, "quote");
    put_tagged(b, SLICE_OF(quote));
    wire_out_text(b, "type");
    wire_out_text(b, "server_kx");
    wire_out_text(b, "more");
    wire_out_null(b);
    wire_out_text(b, "sev_snp_data");
    put_map(b, 1);
    wire_out_text(b, "vcek_cert");
    wire_out_text(b, "PEM");
    wire_out_text(b, "runtime_data");
    put_tagged(b, SLICE_OF(nonce));
    wire_out_text(b, "verifier_data");
    builder_u8(b, 0xf7);
    wire_out_text(b, "x25519PublicKey");
    put_tagged(b, SLICE_OF(key));
}

static void what_others_write_is_parsed(void **state)
{
    uint8_t raw[1024];
    struct builder b = builder_over(raw, sizeof(raw));
    const struct announce want = of_snp();
    struct announce got;
    struct why why;

    (void)state;
    put_foreign(&b);
    CHECK_STATUS(announce_parse(builder_view(&b), &got, &why), STATUS_OK);
    check_same(&got, &want);
}

/* Refusals. Each bends one thing of a good announcement. */

static void no_bend(struct announce *a)
{
    (void)a;
}

static void short_key(struct announce *a)
{
    a->public_key.len--;
}

static void no_quote(struct announce *a)
{
    a->quote.len = 0;
}

static void long_vcek(struct announce *a)
{
    static const char text[2 * CERT_MAX_BYTES + 1];

    *a = of_snp();
    a->snp.vcek = slice_of(text, sizeof(text));
}

static void some_vcek(struct announce *a)
{
    *a = of_snp();
}

static void short_nonce(struct announce *a)
{
    *a = of_epoch();
    a->nonce.len--;
}

static void before_1970(struct announce *a)
{
    *a = of_epoch();
    a->issued_unix = -1;
}

static void no_streams(struct announce *a)
{
    a->streams_max = 0;
}

static void much_credit(struct announce *a)
{
    a->first_credit = (uint32_t)FLOW_CREDIT_MAX + 1;
}

/* |find| in the encoded message becomes |put|, of the same length. */
static const struct {
    const char *name;
    void (*bend)(struct announce *a);
    const char *find;
    const char *put;
    enum status want;
    const char *field;
} bends[] = {
    /* clang-format off */
    { "a key of 31 bytes",      short_key,   NULL, NULL, STATUS_BAD_FIELD, "server_kx.x25519PublicKey" },
    { "an empty quote",         no_quote,    NULL, NULL, STATUS_BAD_FIELD, "server_kx.quote" },
    { "a nonce of 31 bytes",    short_nonce, NULL, NULL, STATUS_BAD_FIELD, "server_kx.verifier_data.val" },
    { "too long a VCEK",        long_vcek,   NULL, NULL, STATUS_BAD_FIELD, "server_kx.sev_snp_data.vcek_cert" },
    { "a VCEK in bytes",        some_vcek,   "vcek_cert\x63", "vcek_cert\x43", STATUS_BAD_FIELD, "server_kx.sev_snp_data.vcek_cert" },
    { "a list for a map",       no_bend, "sev_snp_data\xf6", "sev_snp_data\x80", STATUS_BAD_FIELD, "server_kx.sev_snp_data" },
    { "a time before 1970",     before_1970, NULL, NULL, STATUS_BAD_FIELD, "server_kx.verifier_data.iat" },
    { "no streams",             no_streams,  NULL, NULL, STATUS_BAD_FIELD, "server_kx.veritee.limits.streams" },
    { "too much credit",        much_credit, NULL, NULL, STATUS_BAD_FIELD, "server_kx.veritee.limits.credit" },
    { "another type",           no_bend, "server_kx", "server_xk", STATUS_BAD_FIELD, "server_kx.type" },
    { "no type",                no_bend, "dtype", "dtypf", STATUS_BAD_FIELD, "server_kx.type" },
    { "no key",                 no_bend, "x25519P", "y25519P", STATUS_BAD_FIELD, "server_kx.x25519PublicKey" },
    { "teekit's six keys only", no_bend, "gveritee", "gveritef", STATUS_BAD_VERSION, "server_kx.veritee" },
    { "no version",             no_bend, "gversion", "gversioo", STATUS_BAD_FIELD, "server_kx.veritee.version" },
    { "version 3",              no_bend, "gversion\x02", "gversion\x03", STATUS_BAD_VERSION, "server_kx.veritee.version" },
    { "a version in words",     no_bend, "gversion\x02", "gversion\x60", STATUS_BAD_FIELD, "server_kx.veritee.version" },
    { "no suites",              no_bend, "fsuites", "fsuitez", STATUS_BAD_FIELD, "server_kx.veritee.suites" },
    { "no limits",              no_bend, "flimits", "flimitz", STATUS_BAD_FIELD, "server_kx.veritee.limits" },
    { "no streams named",       no_bend, "gstreams", "gstreamz", STATUS_BAD_FIELD, "server_kx.veritee.limits.streams" },
    { "a limit twice",          no_bend, "fcredit\x19\x40", "gstreams\x19", STATUS_BAD_FIELD, "server_kx.veritee.limits.streams" },
    { "challenged by a number", no_bend, "challenged\xf5", "challenged\x01", STATUS_BAD_FIELD, "server_kx.veritee.challenged" },
    { "an epoch's without a nonce", no_bend, "challenged\xf5", "challenged\xf4", STATUS_BAD_FIELD, "server_kx.verifier_data" },
    { "a nonce that is bytes",  no_bend, "verifier_data\xf6", "verifier_data\x40", STATUS_BAD_FIELD, "server_kx.verifier_data" },
    { "a big number unasked",   no_bend, "runtime_data\xf6", "runtime_data\xc2", STATUS_BAD_FIELD, "server_kx.runtime_data" },
    { "a key that is a number", no_bend, "\x64type", "\x01type", STATUS_BAD_FIELD, "server_kx" },
    { "no map",                 no_bend, "\xa7\x64", "\x87\x64", STATUS_BAD_FIELD, "server_kx" },
    { "a pair less",            no_bend, "\xa7\x64", "\xa6\x64", STATUS_BAD_VERSION, "server_kx.veritee" },
    { "a pair more",            no_bend, "\xa7\x64", "\xa8\x64", STATUS_BAD_FIELD, "server_kx" },
    /* clang-format on */
};

static void replace(struct slice in, const char *find, const char *put)
{
    size_t len = strlen(find);

    for (size_t i = 0; i + len <= in.len; i++) {
        if (slice_equal(slice_of(in.at + i, len), slice_text(find))) {
            memcpy((uint8_t *)(uintptr_t)in.at + i, put, len);
            return;
        }
    }
    fail_msg("nothing to replace: %s", find);
}

static void one_bent_thing_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bends); i++) {
        struct announce a = challenged(), got;
        struct why why = { 0 };
        struct buffer b;
        enum status st;

        bends[i].bend(&a);
        encode(&a, &b);
        if (bends[i].find != NULL)
            replace(buffer_view(&b), bends[i].find, bends[i].put);
        st = announce_parse(buffer_view(&b), &got, &why);
        if (st != bends[i].want || why.status != st ||
            strcmp(why.field, bends[i].field) != 0)
            fail_msg("%s: %s at %s", bends[i].name, status_name(st), why.field);
        assert_true(slice_is_zero(slice_of(&got, sizeof(got))));
        buffer_free(&b);
    }
}

static void another_issue_time_is_refused(void **state)
{
    struct announce a = of_epoch(), got;
    struct buffer b;
    struct why why;

    (void)state;
    encode(&a, &b);
    replace(buffer_view(&b), "fissued\x1a\x6a", "fissued\x1a\x6b");
    CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_BAD_FIELD);
    assert_string_equal(why.field, "server_kx.veritee.issued");
    buffer_free(&b);
}

static void leftovers_are_refused(void **state)
{
    struct announce a = challenged(), got;
    struct buffer b;
    struct why why;

    (void)state;
    encode(&a, &b);
    buffer_byte(&b, 0xf6);
    CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why), STATUS_TRAILING);
    buffer_free(&b);
}

static void a_quote_has_a_limit(void **state)
{
    uint8_t *big = calloc(1, QUOTE_MAX_BYTES + 1);

    (void)state;
    assert_non_null(big);
    for (size_t more = 0; more <= 1; more++) {
        struct announce a = challenged(), got;
        struct buffer b;
        struct why why;

        a.quote = slice_of(big, QUOTE_MAX_BYTES + more);
        encode(&a, &b);
        CHECK_STATUS(announce_parse(buffer_view(&b), &got, &why),
                     more == 0 ? STATUS_OK : STATUS_BAD_FIELD);
        buffer_free(&b);
    }
    free(big);
}

static void refuses(struct slice bent, void *ctx)
{
    struct announce got;
    struct why why;

    (void)ctx;
    CHECK_STATUS(announce_parse(bent, &got, &why), STATUS_BAD_FIELD);
}

static void survives(struct slice bent, void *ctx)
{
    struct announce got;
    struct why why;
    enum status st = announce_parse(bent, &got, &why);

    (void)ctx;
    assert_true(st == why.status);
    assert_true(st == STATUS_OK || st == STATUS_BAD_FIELD ||
                st == STATUS_BAD_VERSION || st == STATUS_TRAILING);
    assert_int_equal(got.public_key.len, st == STATUS_OK ? 32 : 0);
}

static void every_prefix_and_flip_ends_in_a_status(void **state)
{
    const struct announce a = stapled();
    uint8_t raw[1024];
    struct builder foreign = builder_over(raw, sizeof(raw));
    struct buffer b;

    (void)state;
    encode(&a, &b);
    for_each_prefix(buffer_view(&b), refuses, NULL);
    for_each_flip(buffer_view(&b), survives, NULL);
    buffer_free(&b);
    put_foreign(&foreign);
    for_each_prefix(builder_view(&foreign), refuses, NULL);
    for_each_flip(builder_view(&foreign), survives, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_parsed),
        cmocka_unit_test(no_peer_tells_what_stands_above_the_vcek),
        cmocka_unit_test(a_report_may_come_without_its_vcek),
        cmocka_unit_test(an_absent_suite_is_absent),
        cmocka_unit_test(a_missing_item_is_not_stapled),
        cmocka_unit_test(what_others_write_is_parsed),
        cmocka_unit_test(one_bent_thing_is_refused_by_name),
        cmocka_unit_test(another_issue_time_is_refused),
        cmocka_unit_test(leftovers_are_refused),
        cmocka_unit_test(a_quote_has_a_limit),
        cmocka_unit_test(every_prefix_and_flip_ends_in_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
