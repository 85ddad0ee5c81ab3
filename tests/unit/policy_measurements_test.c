/* Releases from a file of measurements. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "policy/field.h"
#include "policy/judge.h"
#include "tests/support/good_claims.h"
#include "tests/support/policy_folder.h"
#include "tests/support/policy_text.h"

#define A96 D96
#define B94                                                                    \
    "0101010101010101010101010101010101010101010101010101010101010101010101"   \
    "010101010101010101010101"
#define B96 B94 "02"

#define POLICY TDX "      measurements: m.json\n"
#define ENTRY(id, type, registers)                                             \
    "{ \"measurement_id\": \"" id "\", \"attestation_type\": \"" type          \
    "\", \"measurements\": {" registers "} }"
#define ONE(n, value) "\"" n "\": { \"expected\": \"" value "\" }"
#define ANY(n, a, b)  "\"" n "\": { \"expected_any\": [ \"" a "\", \"" b "\" ] }"

static struct policy *parse(const char *policy, const char *json)
{
    const struct policy_folder_file files[] = { { "etc/p.yaml", policy },
                                                { "etc/m.json", json },
                                                { NULL, NULL } };

    return policy_folder_parse(files);
}

static void each_entry_is_a_release(void **state)
{
    struct policy *p = parse(
        POLICY,
        "[\n" ENTRY("v1.0", "dcap-tdx", ONE("0", A96) "," ANY("2", A96, B96)) ",\n" ENTRY(
            "azure", "azure-tdx",
            ONE("4",
                "00")) ",\n"
                       "{ \"attestation_type\": \"gcp-tdx\", \"measurements\": {" ONE(
                           "4", B96) "} } ]\n");
    const struct accept *a = &p->services[0].accept;

    (void)state;
    assert_int_equal(a->release_count, 2);
    assert_string_equal(a->releases[0].name, "v1.0");
    assert_true(a->releases[0].names_code);
    assert_int_equal(a->releases[0].count, 2);
    assert_string_equal(a->releases[0].clauses[0].field->word, "mrtd");
    assert_int_equal(a->releases[0].clauses[0].count, 1);
    assert_int_equal(a->releases[0].clauses[0].values[0], 0x0f);
    assert_string_equal(a->releases[0].clauses[1].field->word, "rtmr1");
    assert_int_equal(a->releases[0].clauses[1].count, 2);
    assert_int_equal(a->releases[0].clauses[1].values[95], 2);
    assert_string_equal(a->releases[1].name, "");
    assert_string_equal(a->releases[1].clauses[0].field->word, "rtmr3");
    assert_int_equal(p->file_count, 2);
    assert_string_equal(p->files[1], "etc/m.json");
    policy_free(p);
}

static void they_stand_beside_others_and_share_what_is_common(void **state)
{
    struct policy *p =
        parse(TDX "      any-of: [ { name: a, mrtd: " B96 " } ]\n"
                  "      xfam: \"0000000000000000\"\n"
                  "      measurements: { file: m.json, format: flashbots }\n",
              "[" ENTRY("b", "dcap-tdx", ONE("0", A96)) "]");
    const struct accept *a = &p->services[0].accept;

    (void)state;
    assert_int_equal(a->release_count, 2);
    assert_string_equal(a->releases[0].name, "a");
    assert_string_equal(a->releases[1].name, "b");
    assert_int_equal(a->releases[1].count, 2);
    assert_string_equal(a->releases[1].clauses[1].field->word, "xfam");
    policy_free(p);
}

static void a_quote_is_judged_by_them(void **state)
{
    struct policy *p =
        parse(POLICY, "[" ENTRY("b", "qemu-tdx", ANY("0", B96, A96)) "]");
    struct claims claims = good_claims_tdx();
    const struct judge_input in = { .claims = &claims,
                                    .now_unix = GOOD_NOW,
                                    .attested_unix = GOOD_NOW,
                                    .challenged = true };
    struct decision d;
    struct why why;

    (void)state;
    memset(claims.tdx.mr_td, 0x0f, sizeof(claims.tdx.mr_td));
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_OK);
    assert_string_equal(d.release, "b");
    claims.tdx.mr_td[0] = 0;
    CHECK_STATUS(judge_claims(&p->services[0].accept, &in, &d, &why),
                 STATUS_POLICY);
    policy_free(p);
}

/* clang-format off */
static const struct {
    const char *name;
    const char *policy;
    const char *json;
    const char *want;
} refused[] = {
    { "no JSON", POLICY, "mrtd",
      "etc/m.json:1:1: found not an array" },
    { "nothing", POLICY, "",
      "etc/m.json:1:1: found not an array" },
    { "no entry", POLICY, "[]",
      "etc/m.json:1:3: found no entry for a TDX quote" },
    { "an entry for others only", POLICY, "[" ENTRY("a", "none", "") "]",
      "etc/m.json:1:76: found no entry for a TDX quote" },
    { "more behind it", POLICY, "[" ENTRY("a", "dcap-tdx", ONE("0", A96)) "]]",
      "etc/m.json:1:199: found the text goes on after its end" },
    { "an entry that takes everything", POLICY,
      "[\n{ \"measurement_id\": \"a\", \"attestation_type\": \"dcap-tdx\" } ]",
      "etc/m.json:2:58: found measurements: is missing" },
    { "no register", POLICY, "[" ENTRY("a", "dcap-tdx", "") "]",
      "etc/m.json:1:77: found no register is named" },
    { "a register that does not exist", POLICY,
      "[" ENTRY("a", "dcap-tdx", ONE("5", A96)) "]",
      "etc/m.json:1:80: found a member that is not known" },
    { "a register twice", POLICY,
      "[" ENTRY("a", "dcap-tdx", ONE("0", A96) "," ONE("0", A96)) "]",
      "etc/m.json:1:200: found 0: stands twice" },
    { "a short value", POLICY,
      "[" ENTRY("a", "dcap-tdx", ONE("0", D94)) "]",
      "etc/m.json:1:191: found expected: not the hexadecimal digits it must "
      "have" },
    { "no value", POLICY,
      "[" ENTRY("a", "dcap-tdx", "\"0\": {}") "]",
      "etc/m.json:1:83: found no expected value" },
    { "an empty list", POLICY,
      "[" ENTRY("a", "dcap-tdx", "\"0\": { \"expected_any\": [] }") "]",
      "etc/m.json:1:103: found no expected value" },
    { "a value and a list", POLICY,
      "[" ENTRY("a", "dcap-tdx",
                "\"0\": { \"expected\": \"" A96 "\", \"expected_any\": [] }")
      "]",
      "etc/m.json:1:210: found expected_any: stands beside the other" },
    { "an unknown member", POLICY,
      "[{ \"measurement\": 1 }]",
      "etc/m.json:1:18: found a member that is not known" },
    { "an unknown type", POLICY, "[" ENTRY("a", "dcap-tdxx", ONE("0", A96)) "]",
      "etc/m.json:1:199: found an unknown attestation_type" },
    { "an id that is no name", POLICY,
      "[" ENTRY("a b", "dcap-tdx", ONE("0", A96)) "]",
      "etc/m.json:1:200: found a measurement_id that is no name" },
    { "an id twice", POLICY,
      "[" ENTRY("a", "dcap-tdx", ONE("0", A96)) ","
      ENTRY("a", "dcap-tdx", ONE("0", A96)) "]",
      "etc/p.yaml:7:21: found \"a\", expected another name" },
    { "a register that accept has", TDX "      mrtd: " A96 "\n"
      "      measurements: m.json\n",
      "[" ENTRY("a", "dcap-tdx", ONE("0", A96)) "]",
      "etc/p.yaml:8:21: found \"m.json\", expected no mrtd in it" },
    { "a file that is not there", TDX "      measurements: n.json\n", "[]",
      "etc/p.yaml:7:21: found etc/n.json: No such file" },
    { "another format", TDX "      measurements: { file: m.json, format: x }\n",
      "[]", "etc/p.yaml:7:45: found \"x\", expected flashbots" },
    { "no file", TDX "      measurements: { format: flashbots }\n", "[]",
      "etc/p.yaml:7:21: found a block, expected a file" },
    { "an enclave", SGX "      measurements: m.json\n", "[]",
      "etc/p.yaml:7:7: found \"measurements\", expected it where tee is tdx" },
};
/* clang-format on */

static void mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        const struct policy_folder_file files[] = {
            { "etc/p.yaml", refused[i].policy },
            { "etc/m.json", refused[i].json },
            { NULL, NULL },
        };
        struct policy *p;
        struct policy_error err;
        char line[1024];

        if (policy_folder_load(files, &p, &err) != STATUS_BAD_CONFIG)
            fail_msg("%s: accepted", refused[i].name);
        assert_null(p);
        policy_error_line(&err, line, sizeof(line));
        if (strncmp(line, refused[i].want, strlen(refused[i].want)) != 0)
            fail_msg("%s:\n  %s, not\n  %s", refused[i].name, line,
                     refused[i].want);
    }
}

/* No bend of a byte may crash, nor may a prefix be taken for the whole. */
static void bent_files_end_in_an_answer(void **state)
{
    static const char whole[] =
        "[" ENTRY("v", "dcap-tdx", ONE("0", A96) "," ANY("1", A96, B96)) "]";
    char bent[sizeof(whole)];
    const struct policy_folder_file files[] = { { "etc/p.yaml", POLICY },
                                                { "etc/m.json", bent },
                                                { NULL, NULL } };
    struct policy *p;
    struct policy_error err;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(whole); i++) {
        memcpy(bent, whole, sizeof(whole));
        bent[i] = (char)(bent[i] ^ 1 << i % 7);
        if (policy_folder_load(files, &p, &err) == STATUS_OK)
            policy_free(p);
        memcpy(bent, whole, sizeof(whole));
        bent[i] = '\0';
        CHECK_STATUS(policy_folder_load(files, &p, &err), STATUS_BAD_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_is_a_release),
        cmocka_unit_test(they_stand_beside_others_and_share_what_is_common),
        cmocka_unit_test(a_quote_is_judged_by_them),
        cmocka_unit_test(mistakes_are_refused_with_their_place),
        cmocka_unit_test(bent_files_end_in_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
