#include "tests/support/check.h"

#include "common/buffer.h"
#include "verifier/qe_identity.h"
#include "verifier/tcb_info.h"

#define ZEROS_16 "0000000000000000"
#define ZEROS_96 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
#define C4(a)    "{\"svn\":" a "},{\"svn\":" a "},{\"svn\":" a "},{\"svn\":" a "}"
#define C16(a)   "[" C4(a) "," C4(a) "," C4(a) "," C4(a) "]"
#define MODULE                                                                 \
    "\"mrsigner\":\"" ZEROS_96 "\",\"attributes\":\"" ZEROS_16                 \
    "\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\""
#define RATING     "\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\""
#define ISV_LEVELS "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":4}," RATING "}]"
#define HEAD                                                                   \
    "\"issueDate\":\"2026-05-15T00:00:00Z\","                                  \
    "\"nextUpdate\":\"2026-06-14T00:00:00Z\","
#define BODY                                                                   \
    "\"fmspc\":\"90C06f000000\",\"pceId\":\"0001\",\"tcbType\":0,"             \
    "\"tcbEvaluationDataNumber\":20,"

/* clang-format off */
static const char tdx_info[] =
    "{\"id\":\"TDX\",\"version\":3," HEAD BODY
    "\"tdxModule\":{" MODULE "},"
    "\"tdxModuleIdentities\":[{\"id\":\"TDX_03\"," MODULE "," ISV_LEVELS "},"
                             "{\"id\":\"tdx_0a\"," MODULE "," ISV_LEVELS "}],"
    "\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":" C16("3") ",\"pcesvn\":13,"
                    "\"tdxtcbcomponents\":" C16("2") "}," RATING "},"
                   "{\"tcb\":{\"sgxtcbcomponents\":" C16("1") ",\"pcesvn\":5,"
                    "\"tdxtcbcomponents\":" C16("1") "}," RATING "}]}";

static const char sgx_info[] =
    "{\"id\":\"SGX\",\"version\":3," HEAD BODY
    "\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":" C16("3") ",\"pcesvn\":13},"
                    RATING "}]}";

static const char sgx_info_2[] =
    "{\"version\":2," HEAD BODY "\"tcbLevels\":[{\"tcb\":{"
    "\"sgxtcbcomp01svn\":1,\"sgxtcbcomp02svn\":2,\"sgxtcbcomp03svn\":3,"
    "\"sgxtcbcomp04svn\":4,\"sgxtcbcomp05svn\":5,\"sgxtcbcomp06svn\":6,"
    "\"sgxtcbcomp07svn\":7,\"sgxtcbcomp08svn\":8,\"sgxtcbcomp09svn\":9,"
    "\"sgxtcbcomp10svn\":10,\"sgxtcbcomp11svn\":11,\"sgxtcbcomp12svn\":12,"
    "\"sgxtcbcomp13svn\":13,\"sgxtcbcomp14svn\":14,\"sgxtcbcomp15svn\":15,"
    "\"sgxtcbcomp16svn\":16,\"pcesvn\":13}," RATING "}]}";

static const char qe_id[] =
    "{\"id\":\"QE\",\"version\":2," HEAD "\"tcbEvaluationDataNumber\":21,"
    "\"miscselect\":\"01000000\",\"miscselectMask\":\"FFFFFFFF\","
    "\"attributes\":\"11000000000000000000000000000000\","
    "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
    "\"mrsigner\":\"" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 "\",\"isvprodid\":1,"
    ISV_LEVELS "}";
/* clang-format on */

/* |text| with the first |from| replaced by |to|; the caller frees |out|. */
static void bend(const char *text, const char *from, const char *to,
                 struct buffer *out)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    *out = buffer_with_max(65536);
    buffer_add(out, slice_of(text, (size_t)(at - text)));
    buffer_text(out, to);
    buffer_text(out, at + strlen(from));
    assert_true(buffer_ok(out));
}

/* --- TCB info --- */

static void reads_every_member(void **state)
{
    struct tcb_info info;
    struct why why;

    (void)state;
    CHECK_STATUS(tcb_info_parse(slice_text(tdx_info), &info, &why), STATUS_OK);
    assert_int_equal(info.tee, TEE_TDX);
    assert_int_equal(info.version, 3);
    assert_int_equal(info.dates.from_unix, 1778803200);
    assert_int_equal(info.dates.until_unix, 1781395200);
    assert_int_equal(info.evaluation_number, 20);
    assert_memory_equal(info.fmspc, "\x90\xc0\x6f\0\0\0", 6);
    assert_memory_equal(info.pce_id, "\0\1", 2);
    assert_int_equal(info.module_count, 2);
    assert_int_equal(info.modules[0].version, 3);
    assert_int_equal(info.modules[1].version, 10);
    assert_int_equal(info.modules[1].levels.at[0].isv_svn, 4);
    assert_int_equal(info.level_count, 2);
    assert_int_equal(info.levels[0].sgx[15], 3);
    assert_int_equal(info.levels[0].tdx[15], 2);
    assert_int_equal(info.levels[1].pce_svn, 5);
    assert_int_equal(info.levels[1].rating.status, TCB_UP_TO_DATE);
    assert_int_equal(info.levels[1].rating.date_unix, 1735689600);
}

static void reads_version_2_for_sgx(void **state)
{
    struct tcb_info info;
    struct why why;

    (void)state;
    CHECK_STATUS(tcb_info_parse(slice_text(sgx_info_2), &info, &why),
                 STATUS_OK);
    assert_int_equal(info.tee, TEE_SGX);
    for (size_t i = 0; i < TCB_COMPONENTS; i++)
        assert_int_equal(info.levels[0].sgx[i], i + 1);
}

static const struct {
    const char *name;
    const char *text;
    const char *from;
    const char *to;
    enum status want;
} infos[] = {
    /* clang-format off */
    { "as it is",           sgx_info, "\"id\"", "\"id\"", STATUS_OK },
    { "an unknown member",  sgx_info, "\"id\"", "\"x\":{\"a\":[1,2]},\"id\"", STATUS_OK },
    { "an SVN of 256",      sgx_info, "\"svn\":3", "\"svn\":256", STATUS_OK },
    { "version 1",          sgx_info, "\"version\":3", "\"version\":1", STATUS_BAD_VERSION },
    { "version 4",          sgx_info, "\"version\":3", "\"version\":4", STATUS_BAD_VERSION },
    { "no version",         sgx_info, "\"version\":3,", "", STATUS_BAD_JSON },
    { "no id",              sgx_info, "\"id\":\"SGX\",", "", STATUS_BAD_JSON },
    { "another id",         sgx_info, "\"SGX\"", "\"SEV\"", STATUS_BAD_JSON },
    { "no fmspc",           sgx_info, "\"fmspc\":\"90C06f000000\",", "", STATUS_BAD_JSON },
    { "fmspc twice",        sgx_info, "\"pceId\"", "\"fmspc\":\"000000000000\",\"pceId\"", STATUS_BAD_JSON },
    { "a short fmspc",      sgx_info, "90C06f000000", "90C06f0000", STATUS_BAD_JSON },
    { "no pceId",           sgx_info, "\"pceId\":\"0001\",", "", STATUS_BAD_JSON },
    { "no tcbType",         sgx_info, "\"tcbType\":0,", "", STATUS_BAD_JSON },
    { "tcbType 1",          sgx_info, "\"tcbType\":0", "\"tcbType\":1", STATUS_BAD_JSON },
    { "no issueDate",       sgx_info, "\"issueDate\"", "\"issuedate\"", STATUS_BAD_JSON },
    { "no nextUpdate",      sgx_info, "\"nextUpdate\"", "\"nextupdate\"", STATUS_BAD_JSON },
    { "no evaluation number", sgx_info, "\"tcbEvaluationDataNumber\":20,", "", STATUS_BAD_JSON },
    { "no levels",          sgx_info, "\"tcbLevels\"", "\"levels\"", STATUS_BAD_JSON },
    { "a level without tcb", sgx_info, "\"tcb\"", "\"tbc\"", STATUS_BAD_JSON },
    { "a level without date", sgx_info, "\"tcbDate\"", "\"date\"", STATUS_BAD_JSON },
    { "a level without status", sgx_info, "\"tcbStatus\"", "\"status\"", STATUS_BAD_JSON },
    { "an unknown status",  sgx_info, "UpToDate", "SomethingNew", STATUS_BAD_JSON },
    { "15 components",      sgx_info, "{\"svn\":3},", "", STATUS_BAD_JSON },
    { "17 components",      sgx_info, "{\"svn\":3}", "{\"svn\":3},{\"svn\":3}", STATUS_BAD_JSON },
    { "a negative SVN",     sgx_info, "\"svn\":3", "\"svn\":-1", STATUS_BAD_JSON },
    { "an SVN of 65536",    sgx_info, "\"svn\":3", "\"svn\":65536", STATUS_BAD_JSON },
    { "an SVN as text",     sgx_info, "\"svn\":3", "\"svn\":\"3\"", STATUS_BAD_JSON },
    { "a component without SVN", sgx_info, "\"svn\":3", "\"x\":3", STATUS_BAD_JSON },
    { "no PCESVN",          sgx_info, "\"pcesvn\":13", "\"x\":13", STATUS_BAD_JSON },
    { "version 2 with arrays", sgx_info, "\"version\":3", "\"version\":2", STATUS_BAD_JSON },
    { "version 3 without arrays", sgx_info_2, "\"version\":2", "\"id\":\"SGX\",\"version\":3", STATUS_BAD_JSON },
    { "version 2 for TDX",  sgx_info_2, "\"version\":2", "\"id\":\"TDX\",\"version\":2", STATUS_BAD_JSON },
    { "version 2, one missing", sgx_info_2, "\"sgxtcbcomp07svn\":7,", "", STATUS_BAD_JSON },
    { "text behind",        sgx_info, "}]}", "}]}x", STATUS_BAD_JSON },
    { "TDX as it is",       tdx_info, "\"id\"", "\"id\"", STATUS_OK },
    { "TDX without module", tdx_info, "\"tdxModule\"", "\"x\"", STATUS_BAD_JSON },
    { "TDX without identities", tdx_info, "\"tdxModuleIdentities\"", "\"x\"", STATUS_OK },
    { "a module without signer", tdx_info, "\"mrsigner\"", "\"x\"", STATUS_BAD_JSON },
    { "a module without mask", tdx_info, "\"attributesMask\"", "\"x\"", STATUS_BAD_JSON },
    { "an identity twice",  tdx_info, "tdx_0a", "TDX_03", STATUS_BAD_JSON },
    { "an identity without digits", tdx_info, "TDX_03", "TDX_3", STATUS_BAD_JSON },
    { "an identity of another kind", tdx_info, "TDX_03", "TDY_03", STATUS_BAD_JSON },
    { "TDX without TDX components", tdx_info, "\"tdxtcbcomponents\"", "\"x\"", STATUS_BAD_JSON },
    { "a level twice",      tdx_info, "{\"tcb\":{\"sgxtcbcomponents\":" C16("1") ",\"pcesvn\":5,\"tdxtcbcomponents\":" C16("1"),
                            "{\"tcb\":{\"sgxtcbcomponents\":" C16("3") ",\"pcesvn\":13,\"tdxtcbcomponents\":" C16("2"), STATUS_BAD_JSON },
    /* clang-format on */
};

static void bent_tcb_infos_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(infos); i++) {
        struct buffer text;
        struct tcb_info out;
        struct why why = { 0 };
        enum status st;

        bend(infos[i].text, infos[i].from, infos[i].to, &text);
        st = tcb_info_parse(buffer_view(&text), &out, &why);
        if (st != infos[i].want)
            fail_msg("%s: %s %s", infos[i].name, status_name(st), why.found);
        buffer_free(&text);
    }
}

static void empty_lists_are_refused(void **state)
{
    struct buffer text;
    struct tcb_info out;
    struct why why;

    (void)state;
    bend(tdx_info, "[{\"id\":\"TDX_03\"," MODULE "," ISV_LEVELS "},", "[",
         &text);
    CHECK_STATUS(tcb_info_parse(buffer_view(&text), &out, &why), STATUS_OK);
    buffer_free(&text);
    bend(tdx_info,
         "[{\"id\":\"TDX_03\"," MODULE "," ISV_LEVELS
         "},{\"id\":\"tdx_0a\"," MODULE "," ISV_LEVELS "}]",
         "[]", &text);
    CHECK_STATUS(tcb_info_parse(buffer_view(&text), &out, &why),
                 STATUS_BAD_JSON);
    buffer_free(&text);
    bend(sgx_info,
         "[{\"tcb\":{\"sgxtcbcomponents\":" C16("3") ",\"pcesvn\":13}," RATING
                                                     "}]",
         "[]", &text);
    CHECK_STATUS(tcb_info_parse(buffer_view(&text), &out, &why),
                 STATUS_BAD_JSON);
    buffer_free(&text);
}

static enum status parse_levels(size_t count)
{
    struct buffer text = buffer_with_max(1 << 20);
    struct tcb_info out;
    struct why why;
    enum status st;

    buffer_text(&text,
                "{\"id\":\"SGX\",\"version\":3," HEAD BODY "\"tcbLevels\":[");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text,
                      "%s{\"tcb\":{\"sgxtcbcomponents\":" C16(
                          "3") ",\"pcesvn\":%zu}," RATING "}",
                      i == 0 ? "" : ",", i);
    buffer_text(&text, "]}");
    assert_true(buffer_ok(&text));
    st = tcb_info_parse(buffer_view(&text), &out, &why);
    buffer_free(&text);
    return st;
}

static enum status parse_modules(unsigned count)
{
    struct buffer text = buffer_with_max(1 << 20);
    struct buffer whole;
    struct tcb_info out;
    struct why why;
    enum status st;

    buffer_text(&text, "\"tdxModuleIdentities\":[");
    for (unsigned i = 0; i < count; i++)
        buffer_printf(&text,
                      "%s{\"id\":\"TDX_%02X\"," MODULE "," ISV_LEVELS "}",
                      i == 0 ? "" : ",", i);
    buffer_text(&text, "],\"x\":[");
    buffer_byte(&text, '\0');
    bend(tdx_info, "\"tdxModuleIdentities\":[", (const char *)text.at, &whole);
    st = tcb_info_parse(buffer_view(&whole), &out, &why);
    buffer_free(&text);
    buffer_free(&whole);
    return st;
}

static void the_numbers_of_levels_and_modules_are_bounded(void **state)
{
    (void)state;
    CHECK_STATUS(parse_levels(TCB_LEVELS_MAX), STATUS_OK);
    CHECK_STATUS(parse_levels(TCB_LEVELS_MAX + 1), STATUS_BAD_JSON);
    CHECK_STATUS(parse_modules(TDX_MODULES_MAX), STATUS_OK);
    CHECK_STATUS(parse_modules(TDX_MODULES_MAX + 1), STATUS_BAD_JSON);
}

/* --- QE identity --- */

static const struct {
    const char *name;
    const char *from;
    const char *to;
    enum status want;
} identities[] = {
    /* clang-format off */
    { "as it is",           "\"id\"", "\"id\"", STATUS_OK },
    { "of a TD's QE",       "\"QE\"", "\"TD_QE\"", STATUS_OK },
    { "of another enclave", "\"QE\"", "\"QVE\"", STATUS_OK },
    { "version 1",          "\"version\":2", "\"version\":1", STATUS_BAD_VERSION },
    { "version 3",          "\"version\":2", "\"version\":3", STATUS_BAD_VERSION },
    { "no version",         "\"version\":2,", "", STATUS_BAD_JSON },
    { "no id",              "\"id\":\"QE\",", "", STATUS_BAD_JSON },
    { "no miscselect",      "\"miscselect\"", "\"x\"", STATUS_BAD_JSON },
    { "no miscselectMask",  "\"miscselectMask\"", "\"x\"", STATUS_BAD_JSON },
    { "no attributes",      "\"attributes\"", "\"x\"", STATUS_BAD_JSON },
    { "no attributesMask",  "\"attributesMask\"", "\"x\"", STATUS_BAD_JSON },
    { "no mrsigner",        "\"mrsigner\"", "\"x\"", STATUS_BAD_JSON },
    { "an empty mrsigner",  ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16, "", STATUS_BAD_JSON },
    { "no isvprodid",       "\"isvprodid\"", "\"x\"", STATUS_BAD_JSON },
    { "a high isvprodid",   "\"isvprodid\":1", "\"isvprodid\":65536", STATUS_BAD_JSON },
    { "no levels",          "\"tcbLevels\"", "\"x\"", STATUS_BAD_JSON },
    { "no issueDate",       "\"issueDate\"", "\"x\"", STATUS_BAD_JSON },
    { "no nextUpdate",      "\"nextUpdate\"", "\"y\"", STATUS_BAD_JSON },
    { "no evaluation number", "\"tcbEvaluationDataNumber\"", "\"x\"", STATUS_BAD_JSON },
    { "a member twice",     "\"id\"", "\"isvprodid\":2,\"id\"", STATUS_BAD_JSON },
    /* clang-format on */
};

static void bent_qe_identities_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(identities); i++) {
        struct buffer text;
        struct qe_identity out;
        struct why why = { 0 };
        enum status st;

        bend(qe_id, identities[i].from, identities[i].to, &text);
        st = qe_identity_parse(buffer_view(&text), &out, &why);
        if (st != identities[i].want)
            fail_msg("%s: %s %s", identities[i].name, status_name(st),
                     why.found);
        buffer_free(&text);
    }
}

static void a_qe_is_compared_under_its_masks(void **state)
{
    struct qe_identity id;
    struct sgx_claims qe = { .misc_select = 1,
                             .isv_prod_id = 1,
                             .attributes = { 0x15, 0, 0, 0, 0, 0, 0, 0,
                                             0xe7 } };
    struct why why;

    (void)state;
    CHECK_STATUS(qe_identity_parse(slice_text(qe_id), &id, &why), STATUS_OK);
    assert_int_equal(id.tee, TEE_SGX);
    assert_int_equal(id.evaluation_number, 21);
    assert_int_equal(id.misc_select, 1);
    CHECK_STATUS(qe_identity_check_signer(&id, &qe, &why), STATUS_OK);
    CHECK_STATUS(qe_identity_check_product(&id, &qe, &why), STATUS_OK);
    CHECK_STATUS(qe_identity_check_attributes(&id, &qe, &why), STATUS_OK);
    CHECK_STATUS(qe_identity_check_misc(&id, &qe, &why), STATUS_OK);
    qe.mr_signer[31] = 1;
    CHECK_STATUS(qe_identity_check_signer(&id, &qe, &why), STATUS_MISMATCH);
    qe.isv_prod_id = 0x0101;
    CHECK_STATUS(qe_identity_check_product(&id, &qe, &why), STATUS_MISMATCH);
    qe.attributes[7] = 1;
    CHECK_STATUS(qe_identity_check_attributes(&id, &qe, &why), STATUS_MISMATCH);
    qe.misc_select = 0x01000001;
    CHECK_STATUS(qe_identity_check_misc(&id, &qe, &why), STATUS_MISMATCH);
    id.misc_select_mask = 0xffff;
    CHECK_STATUS(qe_identity_check_misc(&id, &qe, &why), STATUS_OK);
}

static void a_debug_qe_is_refused_whatever_the_mask_says(void **state)
{
    struct qe_identity id = { .attributes = { 0x11 } };
    struct sgx_claims qe = { .attributes = { 0x13 } };
    struct why why;

    (void)state;
    id.attributes_mask[0] = 0x11;
    CHECK_STATUS(qe_identity_check_attributes(&id, &qe, &why), STATUS_MISMATCH);
    qe.attributes[0] = 0x11;
    CHECK_STATUS(qe_identity_check_attributes(&id, &qe, &why), STATUS_OK);
}

/* --- the TDX module --- */

static void a_module_has_intels_signer_and_no_attributes(void **state)
{
    struct tdx_module m = { .version = 1 };
    struct tdx_claims td = { 0 };
    struct why why;

    (void)state;
    CHECK_STATUS(tdx_module_check(&m, &td, &why), STATUS_OK);
    m.attributes[0] = 1;
    CHECK_STATUS(tdx_module_check(&m, &td, &why), STATUS_MISMATCH);
    td.seam_attributes[0] = 1; /* as the identity says, and yet not zero */
    CHECK_STATUS(tdx_module_check(&m, &td, &why), STATUS_MISMATCH);
    assert_string_equal(why.field, "td_report.seam_attributes");
    m = (struct tdx_module){ .mr_signer = { 1 } };
    CHECK_STATUS(tdx_module_check(&m, &td, &why), STATUS_MISMATCH);
    assert_string_equal(why.field, "td_report.mr_signer_seam");
    td = (struct tdx_claims){ .mr_signer_seam = { 1 } };
    CHECK_STATUS(tdx_module_check(&m, &td, &why), STATUS_OK);
}

/* --- sweeps --- */

static void must_be_refused(struct slice text, void *ctx)
{
    struct tcb_info info;
    struct qe_identity id;
    struct why why;

    (void)ctx;
    CHECK_STATUS(tcb_info_parse(text, &info, &why), STATUS_BAD_JSON);
    CHECK_STATUS(qe_identity_parse(text, &id, &why), STATUS_BAD_JSON);
}

static void must_end_in_a_status(struct slice text, void *ctx)
{
    struct tcb_info info;
    struct qe_identity id;
    struct why why = { 0 };

    (void)ctx;
    if (tcb_info_parse(text, &info, &why) != STATUS_OK)
        assert_int_not_equal(why.status, STATUS_OK);
    if (qe_identity_parse(text, &id, &why) != STATUS_OK)
        assert_int_not_equal(why.status, STATUS_OK);
}

static void every_prefix_is_refused_and_every_flip_survived(void **state)
{
    static const char *const all[] = { tdx_info, sgx_info_2, qe_id };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        for_each_prefix(slice_text(all[i]), must_be_refused, NULL);
        for_each_flip(slice_text(all[i]), must_end_in_a_status, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(reads_version_2_for_sgx),
        cmocka_unit_test(bent_tcb_infos_are_refused),
        cmocka_unit_test(empty_lists_are_refused),
        cmocka_unit_test(the_numbers_of_levels_and_modules_are_bounded),
        cmocka_unit_test(bent_qe_identities_are_refused),
        cmocka_unit_test(a_qe_is_compared_under_its_masks),
        cmocka_unit_test(a_debug_qe_is_refused_whatever_the_mask_says),
        cmocka_unit_test(a_module_has_intels_signer_and_no_attributes),
        cmocka_unit_test(every_prefix_is_refused_and_every_flip_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
