/* pck_ext: what a PCK certificate says of its platform. */
#include "tests/support/check.h"

#include "common/builder.h"
#include "common/der_out.h"
#include "proxy/server/sim_pck_ext.h"
#include "tests/support/simulation.h"
#include "verifier/der.h"
#include "verifier/pck_ext.h"

static const struct x509_labels labels = X509_LABELS("leaf");

#define OID "\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01"

/* A certificate with |extensions| and nothing else. */
static enum status read_from(struct slice extensions, struct pck_ext *out,
                             struct why *why)
{
    struct x509 cert = { .labels = &labels, .extensions = extensions };

    return pck_ext_read(&cert, out, why);
}

/* --- sound ones --- */

static enum status read_written(const struct sim_options *options,
                                struct pck_ext *out, struct why *why)
{
    uint8_t room[2048];
    struct builder b = builder_over(room, sizeof(room));

    sim_pck_ext_write(options, &b);
    assert_true(builder_ok(&b));
    return read_from(builder_view(&b), out, why);
}

/* Field by field, because structs have holes. */
static void check_same(const struct platform_claims *a,
                       const struct platform_claims *b)
{
    assert_memory_equal(a->fmspc, b->fmspc, sizeof(a->fmspc));
    assert_memory_equal(a->pce_id, b->pce_id, sizeof(a->pce_id));
    assert_memory_equal(a->ppid, b->ppid, sizeof(a->ppid));
    assert_int_equal(a->has_ppid, b->has_ppid);
    assert_memory_equal(a->cpu_svn, b->cpu_svn, sizeof(a->cpu_svn));
    assert_int_equal(a->pce_svn, b->pce_svn);
    assert_int_equal(a->sgx_type, b->sgx_type);
    assert_memory_equal(a->instance_id, b->instance_id, sizeof(a->instance_id));
    assert_int_equal(a->has_instance_id, b->has_instance_id);
    assert_int_equal(a->dynamic_platform, b->dynamic_platform);
    assert_int_equal(a->cached_keys, b->cached_keys);
    assert_int_equal(a->smt_enabled, b->smt_enabled);
}

static void reads_every_field(void **state)
{
    struct sim_options options;

    (void)state;
    sim_options_default(&options);
    for (int reversed = 0; reversed <= 1; reversed++) {
        struct pck_ext ext;
        struct why why = { 0 };

        options.items[SIM_PCK].faults = reversed ? SIM_SGX_REVERSED : 0;
        CHECK_STATUS(read_written(&options, &ext, &why), STATUS_OK);
        check_same(&ext.platform, &options.platform);
        assert_memory_equal(ext.component_svns, options.component_svns, 16);
        assert_false(ext.platform.platform_ca);
    }
}

static void reads_numbers_of_every_size(void **state)
{
    static const uint16_t svns[] = {
        0, 1, 127, 128, 255, 256, 300, 32768, 65535
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(svns); i++) {
        struct sim_options options;
        struct pck_ext ext;
        struct why why = { 0 };

        sim_options_default(&options);
        options.platform.pce_svn = svns[i];
        options.component_svns[0] = (uint8_t)svns[i];
        CHECK_STATUS(read_written(&options, &ext, &why), STATUS_OK);
        assert_int_equal(ext.platform.pce_svn, svns[i]);
        assert_int_equal(ext.component_svns[0], (uint8_t)svns[i]);
    }
}

/* The Processor CA's certificates have no sixth and seventh element. */
static void may_lack_what_only_some_have(void **state)
{
    struct sim_options options;
    struct pck_ext ext;
    struct why why = { 0 };

    (void)state;
    sim_options_default(&options);
    options.platform.has_instance_id = false;
    options.platform.dynamic_platform = TRI_UNKNOWN;
    CHECK_STATUS(read_written(&options, &ext, &why), STATUS_OK);
    assert_false(ext.platform.has_instance_id);
    assert_int_equal(ext.platform.dynamic_platform, TRI_UNKNOWN);
    assert_int_equal(ext.platform.cached_keys, TRI_UNKNOWN);
    assert_int_equal(ext.platform.smt_enabled, TRI_UNKNOWN);
}

/* CPUSVN is told as it stands; the components decide about TCB levels. */
static void lets_cpusvn_differ_from_components(void **state)
{
    struct sim_options options;
    struct pck_ext ext;
    struct why why = { 0 };

    (void)state;
    sim_options_default(&options);
    options.platform.cpu_svn[3] = 99;
    CHECK_STATUS(read_written(&options, &ext, &why), STATUS_OK);
    assert_int_equal(ext.platform.cpu_svn[3], 99);
    assert_int_equal(ext.component_svns[3], 3);
}

/* --- odd ones --- */

#define ELEMENTS     7
#define TCB_ELEMENTS 18

/* Which element is |bytes| instead; |in_tcb|: of the TCB. */
struct bend {
    bool in_tcb;
    unsigned number;
    struct slice bytes;
};

static bool bent(const struct bend *bend, bool in_tcb, unsigned number,
                 struct builder *b)
{
    if (bend->in_tcb != in_tcb || bend->number != number)
        return false;
    builder_bytes(b, bend->bytes);
    return true;
}

/* SEQUENCE { OID.|number|, |value| } */
static void put_element(struct builder *b, const char *oid, uint8_t number,
                        struct slice value)
{
    size_t element = der_out_open(b, DER_SEQUENCE);
    size_t id = der_out_open(b, DER_OID);

    builder_text(b, oid);
    builder_u8(b, number);
    der_out_close(b, id);
    builder_bytes(b, value);
    der_out_close(b, element);
}

static void put_tcb(struct builder *b, const struct bend *bend)
{
    size_t element = der_out_open(b, DER_SEQUENCE);
    size_t list;

    der_out_put(b, DER_OID, slice_text(OID "\x02"));
    list = der_out_open(b, DER_SEQUENCE);
    for (uint8_t i = 1; i <= TCB_ELEMENTS; i++) {
        if (bent(bend, true, i, b))
            continue;
        put_element(b, OID "\x02", i,
                    i < TCB_ELEMENTS ? slice_of("\x02\x01\x05", 3)
                                     : slice_of("\x04\x10"
                                                "0123456789abcdef",
                                                18));
    }
    (void)bent(bend, true, TCB_ELEMENTS + 1, b); /* one more at the end */
    der_out_close(b, list);
    der_out_close(b, element);
}

static void put_list(struct builder *b, const struct bend *bend)
{
    static const struct {
        const char *bytes;
        size_t len;
    } values[ELEMENTS + 1] = {
        [1] = { "\x04\x10"
                "0123456789abcdef",
                18 },
        [3] = { "\x04\x02\x00\x00", 4 },
        [4] = { "\x04\x06"
                "fmspc1",
                8 },
        [5] = { "\x0a\x01\x01", 3 },
        [6] = { "\x04\x10"
                "fedcba9876543210",
                18 },
        [7] = { "\x30\x00", 2 },
    };
    size_t list = der_out_open(b, DER_SEQUENCE);

    for (uint8_t i = 1; i <= ELEMENTS; i++) {
        if (bent(bend, false, i, b))
            continue;
        if (i == 2)
            put_tcb(b, bend);
        else
            put_element(b, OID, i, slice_of(values[i].bytes, values[i].len));
    }
    (void)bent(bend, false, ELEMENTS + 1, b);
    der_out_close(b, list);
}

static const struct {
    const char *name;
    bool in_tcb;
    unsigned number;
    const char *bytes;
    size_t len;
    bool ok;
} odd_elements[] = {
/* clang-format off */
#define BYTES(text) text, sizeof(text) - 1
#define LEAF(len, number) "\x30" len "\x06\x0a" OID number
#define IN_TCB(len, number) "\x30" len "\x06\x0b" OID "\x02" number
    { "nothing odd", false, 0, BYTES(""), true },
    { "no PPID", false, 1, BYTES(""), false },
    { "no TCB", false, 2, BYTES(""), false },
    { "no PCEID", false, 3, BYTES(""), false },
    { "no FMSPC", false, 4, BYTES(""), false },
    { "no SGX type", false, 5, BYTES(""), false },
    { "no instance identifier", false, 6, BYTES(""), true },
    { "no configuration", false, 7, BYTES(""), true },
    { "a PPID of 15 bytes", false, 1,
      BYTES(LEAF("\x1d", "\x01") "\x04\x0f" "0123456789abcde"), false },
    { "a PCEID of 3 bytes", false, 3,
      BYTES(LEAF("\x11", "\x03") "\x04\x03\x00\x00\x00"), false },
    { "an FMSPC of 5 bytes", false, 4,
      BYTES(LEAF("\x13", "\x04") "\x04\x05" "fmspc"), false },
    { "an SGX type of 3", false, 5,
      BYTES(LEAF("\x0f", "\x05") "\x0a\x01\x03"), false },
    { "an SGX type of 2", false, 5,
      BYTES(LEAF("\x0f", "\x05") "\x0a\x01\x02"), true },
    { "an SGX type that is an INTEGER", false, 5,
      BYTES(LEAF("\x0f", "\x05") "\x02\x01\x01"), false },
    { "two values", false, 5,
      BYTES(LEAF("\x12", "\x05") "\x0a\x01\x01\x0a\x01\x01"), false },
    { "an eighth element", false, 8,
      BYTES(LEAF("\x0f", "\x08") "\x0a\x01\x01"), false },
    { "element zero", false, 8,
      BYTES(LEAF("\x0f", "\x00") "\x0a\x01\x01"), false },
    { "an element twice", false, 8,
      BYTES(LEAF("\x0f", "\x05") "\x0a\x01\x01"), false },
    { "an element of another extension", false, 8,
      BYTES("\x30\x0f\x06\x0a\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x02\x06"
            "\x0a\x01\x01"), false },
    { "an identifier that goes on", false, 6,
      BYTES(IN_TCB("\x10", "\x01") "\x02\x01\x05"), false },
    { "an identifier that ends early", false, 6,
      BYTES("\x30\x0e\x06\x09" OID "\x0a\x01\x01"), false },
#define FLAG(number, value) "\x30\x10\x06\x0b" OID "\x07" number value
    { "one flag", false, 7,
      BYTES(LEAF("\x20", "\x07") "\x30\x12" FLAG("\x03", "\x01\x01\xff")),
      true },
    { "a flag twice", false, 7,
      BYTES(LEAF("\x32", "\x07") "\x30\x24" FLAG("\x03", "\x01\x01\xff")
            FLAG("\x03", "\x01\x01\x00")), false },
    { "a fourth flag", false, 7,
      BYTES(LEAF("\x20", "\x07") "\x30\x12" FLAG("\x04", "\x01\x01\xff")),
      false },
    { "a flag that is a number", false, 7,
      BYTES(LEAF("\x20", "\x07") "\x30\x12" FLAG("\x03", "\x02\x01\x01")),
      false },
    { "a component missing", true, 3, BYTES(""), false },
    { "PCESVN missing", true, 17, BYTES(""), false },
    { "CPUSVN missing", true, 18, BYTES(""), false },
    { "a component of 255", true, 3,
      BYTES(IN_TCB("\x11", "\x03") "\x02\x02\x00\xff"), true },
    { "a component of 256", true, 3,
      BYTES(IN_TCB("\x11", "\x03") "\x02\x02\x01\x00"), false },
    { "a negative component", true, 3,
      BYTES(IN_TCB("\x10", "\x03") "\x02\x01\xff"), false },
    { "a PCESVN of 65535", true, 17,
      BYTES(IN_TCB("\x12", "\x11") "\x02\x03\x00\xff\xff"), true },
    { "a PCESVN of 65536", true, 17,
      BYTES(IN_TCB("\x12", "\x11") "\x02\x03\x01\x00\x00"), false },
    { "a CPUSVN of 15 bytes", true, 18,
      BYTES(IN_TCB("\x1e", "\x12") "\x04\x0f" "0123456789abcde"), false },
    { "a component twice", true, 19,
      BYTES(IN_TCB("\x10", "\x03") "\x02\x01\x05"), false },
    { "a nineteenth element", true, 19,
      BYTES(IN_TCB("\x10", "\x13") "\x02\x01\x05"), false },
    { "an element of another list", true, 3,
      BYTES("\x30\x10\x06\x0b" OID "\x07\x03\x02\x01\x05"), false },
    /* clang-format on */
};

static void judges_odd_elements(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd_elements); i++) {
        struct bend bend = { odd_elements[i].in_tcb, odd_elements[i].number,
                             slice_of(odd_elements[i].bytes,
                                      odd_elements[i].len) };
        uint8_t room[2048];
        struct builder b = builder_over(room, sizeof(room));
        size_t extension = der_out_open(&b, DER_SEQUENCE);
        size_t value;
        struct pck_ext ext;
        struct why why = { 0 };
        enum status st;

        der_out_put(&b, DER_OID, slice_text(OID));
        value = der_out_open(&b, DER_OCTET_STRING);
        put_list(&b, &bend);
        der_out_close(&b, value);
        der_out_close(&b, extension);
        st = read_from(builder_view(&b), &ext, &why);
        if (st != (odd_elements[i].ok ? STATUS_OK : STATUS_BAD_CERT))
            fail_msg("%s: %s: %s", odd_elements[i].name, status_name(st),
                     why.found);
        if (!odd_elements[i].ok)
            assert_string_equal(why.field, "leaf.sgx_extension");
    }
}

static void says_when_it_is_missing(void **state)
{
    struct pck_ext ext;
    struct why why = { 0 };

    (void)state;
    CHECK_STATUS(read_from((struct slice){ 0 }, &ext, &why), STATUS_BAD_CERT);
    assert_string_equal(why.found, "missing");
}

static void try_any(struct slice extensions, void *ctx)
{
    struct pck_ext ext;
    struct why why = { 0 };

    if (read_from(extensions, &ext, &why) == STATUS_OK)
        ++*(size_t *)ctx;
    else
        assert_true(slice_is_zero(SLICE_OF(ext.component_svns)));
}

static void survives_prefixes_and_flips(void **state)
{
    uint8_t room[2048];
    struct builder b = builder_over(room, sizeof(room));
    struct sim_options options;
    size_t read = 0;

    (void)state;
    sim_options_default(&options);
    sim_pck_ext_write(&options, &b);
    for_each_prefix(builder_view(&b), try_any, &read);
    assert_int_equal(read, 0);
    for_each_flip(builder_view(&b), try_any, &read);
    assert_true(read > 0); /* a value may be any other */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field),
        cmocka_unit_test(reads_numbers_of_every_size),
        cmocka_unit_test(may_lack_what_only_some_have),
        cmocka_unit_test(lets_cpusvn_differ_from_components),
        cmocka_unit_test(judges_odd_elements),
        cmocka_unit_test(says_when_it_is_missing),
        cmocka_unit_test(survives_prefixes_and_flips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
