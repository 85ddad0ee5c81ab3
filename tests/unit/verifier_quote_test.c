#include "tests/support/evidence.h"

#include "common/text.h"
#include "verifier/quote.h"

/* The shapes that are known, by the simulated TEE. */
static const struct shape {
    const char *name;
    enum tee_type tee;
    uint16_t version;
    bool is_1_5;
    enum quote_body body;
    size_t body_at;
} shapes[] = {
    /* clang-format off */
    { "SGX version 3",     TEE_SGX, 3, false, QUOTE_BODY_SGX,    48 },
    { "SGX version 4",     TEE_SGX, 4, false, QUOTE_BODY_SGX,    48 },
    { "SGX version 5",     TEE_SGX, 5, false, QUOTE_BODY_SGX,    54 },
    { "TDX version 4",     TEE_TDX, 4, false, QUOTE_BODY_TD_1_0, 48 },
    { "TDX 1.0 version 5", TEE_TDX, 5, false, QUOTE_BODY_TD_1_0, 54 },
    { "TDX 1.5 version 5", TEE_TDX, 5, true,  QUOTE_BODY_TD_1_5, 54 },
    /* clang-format on */
};

static void make_shape(const struct shape *shape, struct evidence *e)
{
    struct sim_options o;

    sim_options_default(&o);
    o.sgx_quote_version = shape->version;
    o.tdx_quote_version = shape->tee == TEE_TDX ? shape->version : 4;
    o.tdx.has_1_5 = shape->is_1_5;
    memset(o.tdx.mr_service_td, 0x5d, sizeof(o.tdx.mr_service_td));
    memset(o.tdx.mr_config_id, 0xc1, sizeof(o.tdx.mr_config_id));
    memset(o.tdx.mr_owner, 0xc2, sizeof(o.tdx.mr_owner));
    memset(o.tdx.mr_owner_config, 0xc3, sizeof(o.tdx.mr_owner_config));
    memset(o.sgx.config_id, 0xc4, sizeof(o.sgx.config_id));
    memset(o.sgx.isv_family_id, 0xc5, sizeof(o.sgx.isv_family_id));
    memset(o.sgx.isv_ext_prod_id, 0xc6, sizeof(o.sgx.isv_ext_prod_id));
    o.sgx.misc_select = 0x01020304;
    o.sgx.isv_prod_id = 0x0506;
    o.sgx.isv_svn = 0x0708;
    o.sgx.config_svn = 0x090a;
    evidence_make(e, &o, shape->tee);
}

#define CHECK_ALL(array, value)                                                \
    do {                                                                       \
        for (size_t k = 0; k < sizeof(array); k++)                             \
            assert_int_equal((array)[k], value);                               \
    } while (0)

static void check_sgx(const struct sgx_claims *c)
{
    assert_int_equal(c->misc_select, 0x01020304);
    assert_int_equal(c->isv_prod_id, 0x0506);
    assert_int_equal(c->isv_svn, 0x0708);
    assert_int_equal(c->config_svn, 0x090a);
    CHECK_ALL(c->cpu_svn, 3);
    CHECK_ALL(c->mr_enclave, 0xe0);
    CHECK_ALL(c->mr_signer, 0xe1);
    CHECK_ALL(c->config_id, 0xc4);
    CHECK_ALL(c->isv_family_id, 0xc5);
    CHECK_ALL(c->isv_ext_prod_id, 0xc6);
    assert_int_equal(c->attributes[0], 5);
    assert_int_equal(c->attributes[8], 0xe7);
}

static void check_tdx(const struct tdx_claims *c, bool is_1_5)
{
    assert_int_equal(c->tee_tcb_svn[0], 8);
    assert_int_equal(c->tee_tcb_svn[1], 1);
    CHECK_ALL(c->mr_seam, 0xd0);
    CHECK_ALL(c->mr_signer_seam, 0);
    CHECK_ALL(c->seam_attributes, 0);
    assert_int_equal(c->td_attributes[3], 0x10);
    assert_memory_equal(c->xfam, "\xe7\x02\x06", 3);
    CHECK_ALL(c->mr_td, 0xd1);
    CHECK_ALL(c->mr_config_id, 0xc1);
    CHECK_ALL(c->mr_owner, 0xc2);
    CHECK_ALL(c->mr_owner_config, 0xc3);
    for (unsigned i = 0; i < 4; i++)
        CHECK_ALL(c->rtmr[i], 0xa0 + i);
    assert_int_equal(c->has_1_5, is_1_5);
    CHECK_ALL(c->mr_service_td, is_1_5 ? 0x5d : 0);
}

static void check_shape(const struct shape *shape, const struct quote *q)
{
    uint8_t report_data[64];

    assert_int_equal(q->version, shape->version);
    assert_int_equal(q->tee, shape->tee);
    assert_int_equal(q->body, shape->body);
    evidence_report_data(report_data);
    if (shape->tee == TEE_SGX) {
        check_sgx(&q->sgx.says);
        assert_memory_equal(q->sgx.report_data, report_data, 64);
    } else {
        check_tdx(&q->td.says, shape->is_1_5);
        assert_memory_equal(q->td.report_data, report_data, 64);
    }
    assert_int_equal(q->auth.signature.len, 64);
    assert_int_equal(q->auth.key.len, 64);
    assert_int_equal(q->auth.qe_report.len, REPORT_SGX_BYTES);
    assert_int_equal(q->auth.qe_signature.len, 64);
    assert_int_equal(q->auth.cert_type, QUOTE_CERT_PCK_CHAIN);
    CHECK_ALL(q->auth.qe.says.mr_signer, 0x5e);
}

static void every_field_is_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct evidence e;
        struct quote q;
        struct why why;

        make_shape(&shapes[i], &e);
        CHECK_STATUS(quote_parse(buffer_view(&e.quote), &q, &why), STATUS_OK);
        check_shape(&shapes[i], &q);
        assert_true(slice_equal(q.auth.cert_data, sim_pck_chain(e.sim)));
        evidence_free(&e);
    }
}

/* Type 4 is a TD 1.5 body and 237 bytes more, which are signed like it. */
static void the_extended_body_is_a_1_5_body_and_more(void **state)
{
    const struct shape *shape = &shapes[5];
    const size_t more = REPORT_TD_1_5_EX_BYTES - REPORT_TD_1_5_BYTES;
    struct evidence e;
    struct quote q;
    struct why why;
    struct buffer ex = buffer_with_max(QUOTE_MAX_BYTES);
    size_t split = shape->body_at + REPORT_TD_1_5_BYTES;

    (void)state;
    make_shape(shape, &e);
    buffer_add(&ex, slice_of(e.quote.at, split));
    for (size_t i = 0; i < more; i++)
        buffer_byte(&ex, 0xee);
    buffer_add(&ex, slice_of(e.quote.at + split, e.quote.len - split));
    memcpy(ex.at + 48, "\x04\x00\x75\x03\x00\x00", 6);
    CHECK_STATUS(quote_parse(buffer_view(&ex), &q, &why), STATUS_OK);
    assert_int_equal(q.body, QUOTE_BODY_TD_1_5_EX);
    assert_int_equal(q.signed_part.len, split + more);
    check_tdx(&q.td.says, true);
    assert_int_equal(q.auth.cert_type, QUOTE_CERT_PCK_CHAIN);
    buffer_free(&ex);
    evidence_free(&e);
}

/* --- bent quotes --- */

/* Places of a quote, to bend it there. */
enum place { HEADER, BODY, AUTH, WRAP, CERT };

static size_t offset_of(const struct shape *shape, const struct evidence *e,
                        enum place place)
{
    struct quote q;
    struct why why;
    struct slice bytes = buffer_view(&e->quote);

    CHECK_STATUS(quote_parse(bytes, &q, &why), STATUS_OK);
    if (place == HEADER)
        return 0;
    if (place == BODY)
        return shape->body_at;
    if (place == AUTH) /* its length */
        return q.signed_part.len;
    if (place == WRAP) /* type and size of the QE report certification */
        return q.signed_part.len + 4 + 128;
    return (size_t)(q.auth.cert_data.at - bytes.at) - 6; /* type and size */
}

static const struct bend {
    const char *name;
    size_t shape; /* index of shapes */
    enum place place;
    int offset;
    const char *value; /* hexadecimal */
    enum status want;
    const char *field;
} bends[] = {
    /* clang-format off */
    { "version 0",            0, HEADER, 0, "0000", STATUS_BAD_VERSION, "quote.header.version" },
    { "version 2",            0, HEADER, 0, "0200", STATUS_BAD_VERSION, "quote.header.version" },
    { "version 6",            0, HEADER, 0, "0600", STATUS_BAD_VERSION, "quote.header.version" },
    { "version 0x0103",       0, HEADER, 0, "0301", STATUS_BAD_VERSION, "quote.header.version" },
    { "EPID key",             0, HEADER, 2, "0000", STATUS_UNSUPPORTED, "quote.header.key_type" },
    { "P-384 key",            3, HEADER, 2, "0300", STATUS_UNSUPPORTED, "quote.header.key_type" },
    { "TDX in version 3",     0, HEADER, 4, "81000000", STATUS_BAD_FIELD, "quote.header.tee_type" },
    { "an unknown TEE",       3, HEADER, 4, "82000000", STATUS_BAD_FIELD, "quote.header.tee_type" },
    { "a TEE's high bits",    3, HEADER, 4, "81000080", STATUS_BAD_FIELD, "quote.header.tee_type" },
    { "body type 0",          5, BODY, -6, "0000", STATUS_BAD_FIELD, "quote.body_type" },
    { "body type 5",          5, BODY, -6, "0500", STATUS_BAD_FIELD, "quote.body_type" },
    { "an SGX body for TDX",  5, BODY, -6, "0100", STATUS_BAD_FIELD, "quote.body_type" },
    { "a TD body for SGX",    2, BODY, -6, "0200", STATUS_BAD_FIELD, "quote.body_type" },
    { "another type's size",  5, BODY, -6, "0200", STATUS_BAD_FIELD, "quote.body_size" },
    { "body size 0",          5, BODY, -4, "00000000", STATUS_BAD_FIELD, "quote.body_size" },
    { "body size 4 GiB",      5, BODY, -4, "ffffffff", STATUS_BAD_FIELD, "quote.body_size" },
    { "no auth data",         0, AUTH, 0, "00000000", STATUS_TRUNCATED, "quote.auth" },
    { "auth data 4 GiB",      0, AUTH, 0, "ffffffff", STATUS_TRUNCATED, "quote.auth" },
    { "auth data 2 GiB",      3, AUTH, 0, "00000080", STATUS_TRUNCATED, "quote.auth" },
    { "certified by a chain", 3, WRAP, 0, "0500", STATUS_UNSUPPORTED, "quote.auth.cert_type" },
    { "wrapped size 0",       3, WRAP, 2, "00000000", STATUS_TRUNCATED, "quote.auth.qe_report_certification" },
    { "wrapped size 4 GiB",   3, WRAP, 2, "ffffffff", STATUS_TRUNCATED, "quote.auth" },
    { "chain size 4 GiB",     0, CERT, 2, "ffffffff", STATUS_TRUNCATED, "quote.auth" },
    { "chain size 4 GiB",     3, CERT, 2, "ffffffff", STATUS_TRUNCATED, "quote.auth.qe_report_certification" },
    { "chain size 1",         3, CERT, 2, "01000000", STATUS_TRAILING, "quote.auth" },
    { "chain size 1",         0, CERT, 2, "01000000", STATUS_OK, NULL },
    { "certification type 1", 0, CERT, 0, "0100", STATUS_OK, NULL },
    /* clang-format on */
};

static void bent_quotes_are_refused_where_they_are_bent(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bends); i++) {
        const struct bend *b = &bends[i];
        struct evidence e;
        struct quote q;
        struct why why = { 0 };
        enum status st;
        uint8_t value[8];
        size_t len = strlen(b->value) / 2;
        size_t at;

        make_shape(&shapes[b->shape], &e);
        at = offset_of(&shapes[b->shape], &e, b->place);
        assert_true(text_from_hex(slice_text(b->value), value, len));
        memcpy(e.quote.at + (int)at + b->offset, value, len);
        st = quote_parse(buffer_view(&e.quote), &q, &why);
        if (st != b->want)
            fail_msg("%s: %s %s", b->name, status_name(st), why.found);
        if (b->field != NULL)
            assert_string_equal(why.field, b->field);
        if (st != STATUS_OK)
            assert_int_equal(q.version, 0);
        evidence_free(&e);
    }
}

static void what_follows_a_quote_is_ignored(void **state)
{
    struct evidence e;
    struct quote q;
    struct why why;

    (void)state;
    make_shape(&shapes[3], &e);
    for (unsigned i = 0; i < 3061; i++)
        buffer_byte(&e.quote, 0);
    CHECK_STATUS(quote_parse(buffer_view(&e.quote), &q, &why), STATUS_OK);
    check_shape(&shapes[3], &q);
    evidence_free(&e);
}

static void a_quote_over_the_limit_is_refused(void **state)
{
    struct evidence e;
    uint8_t *big = calloc(1, QUOTE_MAX_BYTES + 1);
    struct quote q;
    struct why why;

    (void)state;
    assert_non_null(big);
    make_shape(&shapes[0], &e);
    memcpy(big, e.quote.at, e.quote.len);
    CHECK_STATUS(quote_parse(slice_of(big, QUOTE_MAX_BYTES), &q, &why),
                 STATUS_OK);
    CHECK_STATUS(quote_parse(slice_of(big, QUOTE_MAX_BYTES + 1), &q, &why),
                 STATUS_BAD_FIELD);
    free(big);
    evidence_free(&e);
}

/* --- sweeps --- */

static void must_be_truncated(struct slice bytes, void *ctx)
{
    struct quote q;
    struct why why;

    (void)ctx;
    CHECK_STATUS(quote_parse(bytes, &q, &why), STATUS_TRUNCATED);
}

static void must_end_in_a_status(struct slice bytes, void *ctx)
{
    struct quote q;
    struct why why;
    enum status st = quote_parse(bytes, &q, &why);

    (void)ctx;
    assert_true(st == STATUS_OK || q.version == 0);
}

static void every_prefix_is_refused_and_every_flip_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct evidence e;

        make_shape(&shapes[i], &e);
        for_each_prefix(buffer_view(&e.quote), must_be_truncated, NULL);
        for_each_flip(buffer_view(&e.quote), must_end_in_a_status, NULL);
        evidence_free(&e);
    }
}

/* --- what is read without verifying --- */

static void a_quote_tells_which_collateral_it_needs(void **state)
{
    static const uint8_t fmspc[6] = { 0x00, 'S', 'I', 'M', 0x00, 0x00 };
    struct sim_options o;
    struct evidence e;
    struct quote_platform p;
    uint8_t report_data[64], want[64];
    struct why why;

    (void)state;
    sim_options_default(&o);
    o.processor_ca = true;
    evidence_make(&e, &o, TEE_TDX);
    CHECK_STATUS(quote_platform_read(buffer_view(&e.quote), &p, &why),
                 STATUS_OK);
    assert_int_equal(p.tee, TEE_TDX);
    assert_int_equal(p.version, 4);
    assert_false(p.platform_ca);
    assert_memory_equal(p.fmspc, fmspc, sizeof(fmspc));
    evidence_report_data(want);
    CHECK_STATUS(quote_report_data_read(buffer_view(&e.quote), report_data,
                                        &why),
                 STATUS_OK);
    assert_memory_equal(report_data, want, 64);
    e.quote.at[0] = 9;
    CHECK_STATUS(quote_platform_read(buffer_view(&e.quote), &p, &why),
                 STATUS_BAD_VERSION);
    CHECK_STATUS(quote_report_data_read(buffer_view(&e.quote), report_data,
                                        &why),
                 STATUS_BAD_VERSION);
    assert_int_equal(p.tee, TEE_NONE);
    assert_true(slice_is_zero(SLICE_OF(report_data)));
    evidence_free(&e);
}

static void certification_data_types_have_names(void **state)
{
    (void)state;
    assert_string_equal(quote_cert_name(5), "PCK certificate chain");
    assert_string_equal(quote_cert_name(3), "PPID under RSA-3072");
    assert_string_equal(quote_cert_name(0), "unknown");
    assert_string_equal(quote_cert_name(8), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_where_it_belongs),
        cmocka_unit_test(the_extended_body_is_a_1_5_body_and_more),
        cmocka_unit_test(bent_quotes_are_refused_where_they_are_bent),
        cmocka_unit_test(what_follows_a_quote_is_ignored),
        cmocka_unit_test(a_quote_over_the_limit_is_refused),
        cmocka_unit_test(every_prefix_is_refused_and_every_flip_survived),
        cmocka_unit_test(a_quote_tells_which_collateral_it_needs),
        cmocka_unit_test(certification_data_types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
