/* The policy language: what is refused and where, what is read, what is
 * warned of. */
#include "tests/support/check.h"

#include "common/file.h"
#include "common/limits.h"
#include "policy/field.h"
#include "policy/policy.h"
#include "tests/support/policy_text.h"

#define CORPUS TEST_SOURCE_DIR "/tests/fuzz/corpus/policy/"
#define FULL   CORPUS "full.yaml"  /* every word */
#define SMALL  CORPUS "small.yaml" /* every kind of value */

/* What a person reads, from the line number on. */
static const struct {
    const char *name;
    const char *text;
    const char *want;
} refused[] = {
    /* clang-format off */
    { "an empty file",
      "",
      "1:1: found nothing, expected a policy" },
    { "a file of comments alone",
      "# nothing\n",
      "1:1: found nothing, expected a policy" },
    { "a file that is a text",
      "veritee\n",
      "1:1: found a text, expected words with values, such as "
      "\"services:\"" },
    { "a file that is a list",
      "- a\n",
      "1:1: found a list, expected words with values, such as "
      "\"services:\"" },
    { "broken YAML",
      "listen: [ a, b\ndefault: block\n",
      "2:8: found broken YAML (did not find expected ',' or ']'), "
      "expected well-formed YAML" },
    { "a tab as indentation",
      "services:\n\ta: 1\n",
      "2:1: found broken YAML (found character that cannot start any "
      "token), expected well-formed YAML" },
    { "a byte that is not UTF-8",
      "default: block # \xff\n",
      "1:18: found a byte that is not UTF-8, expected UTF-8 text" },
    { "a byte order mark of UTF-16",
      "\xff\xfe",
      "1:1: found a byte that is not UTF-8, expected UTF-8 text" },
    { "a control character",
      "default: \x01\n",
      "1:10: found a control character, expected printable text" },
    { "an anchor",
      "default: &a block\n",
      "1:10: found an anchor, expected no anchors" },
    { "an alias",
      "default: *a\n",
      "1:10: found an alias, expected no aliases" },
    { "a tag",
      "default: !!str block\n",
      "1:10: found a tag, expected no tags" },
    { "a tag of its own",
      "services: !x {}\n",
      "1:11: found a tag, expected no tags" },
    { "a directive",
      "%YAML 1.1\n---\ndefault: block\n",
      "1:1: found a directive, expected no directives" },
    { "a second document",
      "default: block\n---\ndefault: block\n",
      "2:1: found a second document, expected the end of the file" },
    { "a word twice",
      "default: block\ndefault: block\n",
      "2:1: found \"default\" again (first in line 1), expected each word "
      "once" },
    { "a service twice",
      "services:\n  a: {}\n  b: {}\n  a: {}\n",
      "4:3: found \"a\" again (first in line 2), expected each word once" },
    { "a key that is a list",
      "[ a ]: b\n",
      "1:1: found a key that is not a word, expected a word" },
    { "a key that is empty",
      "\"\": b\n",
      "1:1: found a key that is not a word, expected a word" },
    { "blocks too deep",
      "default: [[[[[[[[[[[[a]]]]]]]]]]]]\n",
      "1:21: found a block too deep inside others, expected fewer levels" },
    { "an unknown word, nearly right",
      "defualt: block\n",
      "1:1: found \"defualt\", expected a word of a policy; did you mean "
      "\"default\"?" },
    { "an unknown word in other letters",
      "Default: block\n",
      "1:1: found \"Default\", expected a word of a policy; did you mean "
      "\"default\"?" },
    { "an unknown word like no other",
      "frobnicate: 1\n",
      "1:1: found \"frobnicate\", expected a word of a policy: listen, "
      "unsafe-listen, default, collateral, services" },
    { "a merge key",
      "<<: { default: block }\n",
      "1:1: found \"<<\", expected a word of a policy: listen, "
      "unsafe-listen, default, collateral, services" },
    { "an unknown default",
      "default: proxy\n",
      "1:10: found \"proxy\", expected block or direct" },
    { "a default that is missing",
      "default:\n",
      "1:9: found nothing, expected block or direct" },
    { "listen beyond this machine",
      "listen: 0.0.0.0:8118\n",
      "1:9: found \"0.0.0.0:8118\", expected an address of this machine, "
      "such as localhost:8118" },
    { "listen without a port",
      "listen: [ localhost ]\n",
      "1:11: found \"localhost\", expected an address such as "
      "localhost:8118" },
    { "a port too large",
      "listen: [ localhost:65536 ]\n",
      "1:11: found \"localhost:65536\", expected an address such as "
      "localhost:8118" },
    { "an empty list",
      "listen: []\n",
      "1:9: found an empty list, expected at least one item" },
    { "the same listen twice",
      "listen: [ localhost:8118, 127.0.0.1:8118 ]\n",
      "1:27: found \"127.0.0.1:8118\", expected each address once" },
    { "an unsafe listen that is also safe",
      "listen: localhost:1\nunsafe-listen: [ '[::]:80', '127.0.0.1:1' ]\n",
      "2:29: found \"127.0.0.1:1\", expected each address once" },
    { "an unknown source",
      "collateral: { sources: [ pcs, intel ] }\n",
      "1:31: found \"intel\", expected stapled, store, pcs or the "
      "https:// URL of a PCCS" },
    { "a source over plain http",
      "collateral: { sources: [ 'http://pccs.example' ] }\n",
      "1:26: found \"http://pccs.example\", expected stapled, store, pcs "
      "or the https:// URL of a PCCS" },
    { "a source with a user",
      "collateral: { sources: [ 'https://me@pccs.example' ] }\n",
      "1:26: found \"https://me@pccs.example\", expected a URL without a "
      "user" },
    { "a source twice",
      "collateral: { sources: [ pcs, store, pcs ] }\n",
      "1:38: found \"pcs\", expected each source once" },
    { "a source without url",
      "collateral:\n  sources:\n    - { ca-file: x.pem }\n",
      "3:7: found a block, expected a source with a url" },
    { "too many sources",
      "collateral: { sources: [ 'https://a', 'https://b', 'https://c', "
      "'https://d', 'https://e', 'https://f', 'https://g', 'https://h', "
      "'https://i' ] }\n",
      "1:24: found a list, expected at most 8 sources" },
    { "a timeout without unit",
      "collateral: { timeout: 10 }\n",
      "1:24: found \"10\", expected a time such as 90s, 30m, 12h or 7d" },
    { "a timeout of nothing",
      "collateral: { timeout: 0s }\n",
      "1:24: found \"0s\", expected a time such as 90s, 30m, 12h or 7d" },
    { "a timeout of an hour",
      "collateral: { timeout: 1h }\n",
      "1:24: found \"1h\", expected at most 600 seconds" },
    { "an unknown update",
      "collateral: { update: late }\n",
      "1:23: found \"late\", expected standard or early" },
    { "services as a list",
      "services: [ a ]\n",
      "1:11: found a list, expected a block of services by name" },
    { "a service with a bad name",
      "services:\n  'a b': {}\n",
      "2:3: found \"a b\", expected a name of 1 to 64 letters, digits, "
      "'.', '_', '-', '+'" },
    { "a service that is a text",
      "services:\n  a: b\n",
      "2:6: found \"b\", expected the words of a service" },
    { "a service without hosts",
      "services:\n  a:\n    endpoints: [ 'ws://a' ]\n    accept: {}\n",
      "2:3: found a service without hosts or local, expected hosts or "
      "local" },
    { "a service without endpoints",
      "services:\n  a:\n    hosts: [ a ]\n    accept: {}\n",
      "2:3: found a service without endpoints, expected endpoints" },
    { "a service without accept",
      SERVICE "    local: localhost:1\n",
      "2:3: found a service without accept, expected accept" },
    { "an unknown word in a service",
      SERVICE "    acept: {}\n",
      "5:5: found \"acept\", expected a word of a service; did you mean "
      "\"accept\"?" },
    { "a host that is a number in disguise",
      "services:\n  a:\n    hosts: [ '0x7f.1' ]\n",
      "3:14: found \"0x7f.1\", expected a host such as chat.example.com, "
      "*.example.com or 192.0.2.1" },
    { "a host with an empty label",
      "services:\n  a:\n    hosts: [ 'a..b' ]\n",
      "3:14: found \"a..b\", expected a host such as chat.example.com, "
      "*.example.com or 192.0.2.1" },
    { "a host with a scheme",
      "services:\n  a:\n    hosts: [ 'https://a' ]\n",
      "3:14: found \"https://a\", expected a host such as "
      "chat.example.com, *.example.com or 192.0.2.1" },
    { "a host that is every host",
      "services:\n  a:\n    hosts: [ '*' ]\n",
      "3:14: found \"*\", expected a host such as chat.example.com, "
      "*.example.com or 192.0.2.1" },
    { "a wildcard inside a name",
      "services:\n  a:\n    hosts: [ 'a.*.b' ]\n",
      "3:14: found \"a.*.b\", expected a host such as chat.example.com, "
      "*.example.com or 192.0.2.1" },
    { "a wildcard before an address",
      "services:\n  a:\n    hosts: [ '*.192.0.2.1' ]\n",
      "3:14: found \"*.192.0.2.1\", expected a host such as "
      "chat.example.com, *.example.com or 192.0.2.1" },
    { "a host twice in a service",
      "services:\n  a:\n    hosts: [ a.example, A.Example. ]\n"
      "    endpoints: 'ws://a'\n    accept: {}\n",
      "3:25: found \"A.Example.\", expected each host once (it is in line "
      "3)" },
    { "a host of two services",
      SERVICE "    accept: {}\n  b:\n    hosts: [ b.example, a.example ]\n"
      "    endpoints: [ wss://b ]\n    accept: {}\n",
      "7:25: found \"a.example\", expected each host once (it is in line "
      "3)" },
    { "an endpoint without scheme",
      "services:\n  a:\n    endpoints: [ a.example ]\n",
      "3:18: found \"a.example\", expected a ws:// or wss:// URL such as "
      "wss://chat.example.com" },
    { "an endpoint over https",
      "services:\n  a:\n    endpoints: [ https://a.example ]\n",
      "3:18: found \"https://a.example\", expected a ws:// or wss:// URL "
      "such as wss://chat.example.com" },
    { "an endpoint with a fragment",
      "services:\n  a:\n    endpoints: [ 'wss://a.example/#x' ]\n",
      "3:18: found \"wss://a.example/#x\", expected a URL without a "
      "fragment" },
    { "an endpoint with a user",
      "services:\n  a:\n    endpoints: [ wss://u:p@a.example ]\n",
      "3:18: found \"wss://u:p@a.example\", expected a URL without a user" },
    { "an endpoint with a space",
      "services:\n  a:\n    endpoints: [ wss://a.example/a b ]\n",
      "3:18: found \"wss://a.example/a b\", expected a ws:// or wss:// "
      "URL such as wss://chat.example.com" },
    { "an endpoint with a query and no path",
      "services:\n  a:\n    endpoints: [ wss://a.example?x ]\n",
      "3:18: found \"wss://a.example?x\", expected a path before the query" },
    { "an endpoint with port 0",
      "services:\n  a:\n    endpoints: [ wss://a.example:0 ]\n",
      "3:18: found \"wss://a.example:0\", expected a ws:// or wss:// URL "
      "such as wss://chat.example.com" },
    { "an endpoint twice",
      "services:\n  a:\n    endpoints: [ wss://a.example, "
      "\"wss://A.example:443/__ra__\" ]\n",
      "3:35: found \"wss://A.example:443/__ra__\", expected each endpoint "
      "once" },
    { "a CA file that nothing uses",
      "services:\n  a:\n    hosts: [ a ]\n    endpoints: [ 'ws://a' ]\n"
      "    ca-file: ca.pem\n    accept: {}\n",
      "5:5: found \"ca-file\", expected no ca-file without a wss:// "
      "endpoint" },
    { "a local port beyond this machine",
      SERVICE "    local: 192.0.2.1:9001\n",
      "5:12: found \"192.0.2.1:9001\", expected an address of this "
      "machine, such as localhost:8118" },
    { "a local port that listen has",
      SERVICE "    local: 127.0.0.1:8118\n    accept: {}\n",
      "5:12: found \"127.0.0.1:8118\", expected a port that nothing else "
      "uses" },
    { "a local port of two services",
      SERVICE
      "    local: localhost:1\n    accept: {}\n  b: { local: \"[::1]:1\", "
      "endpoints: [ \"ws://b\" ], accept: {} }\n",
      "7:15: found \"[::1]:1\", expected a port that nothing else uses" },
    { "teekit, which is not built yet",
      SERVICE "    protocol: teekit\n",
      "5:15: found \"teekit\", expected native; teekit is not built yet" },
    { "an unknown protocol",
      SERVICE "    protocol: spdy\n",
      "5:15: found \"spdy\", expected native" },
    { "a root without path",
      SERVICE "    root:\n",
      "5:10: found nothing, expected the path of a file" },
    { "freshness twice",
      SERVICE "    freshness: epoch\n    max-age: 1h\n"
      "    accept: { tee: tdx, freshness: challenge }\n",
      "7:25: found \"freshness\", expected \"freshness\" once, in the "
      "service or in accept" },
    { "an epoch without max-age",
      TDX "      freshness: epoch\n",
      "7:18: found \"epoch\", expected a max-age beside it" },
    { "a collateral word that is not a service's",
      SERVICE "    collateral: { cache: x }\n",
      "5:19: found \"cache\", expected a word of \"collateral\": sources" },
    { "accept that is nothing",
      SERVICE "    accept:\n",
      "5:12: found nothing, expected the words of \"accept\"" },
    { "accept without tee",
      SERVICE "    accept:\n      mrtd: " D96
      "\n",
      "5:5: found \"accept\" without \"tee\", expected tee: tdx or tee: "
      "sgx" },
    { "an unknown tee",
      SERVICE "    accept:\n      tee: tpm\n",
      "6:12: found \"tpm\", expected tdx or sgx" },
    { "a tee that is not judged yet",
      SERVICE "    accept:\n      tee: sev-snp\n",
      "6:12: found \"sev-snp\", expected tdx or sgx" },
    { "a misspelt field",
      TDX "      mtrd: " D96
      "\n",
      "7:7: found \"mtrd\", expected a word of \"accept\"; did you mean "
      "\"mrtd\"?" },
    { "a field one digit short",
      TDX "      mrtd: 3b1f\n",
      "7:13: found 4 characters, expected 96 hexadecimal digits" },
    { "a field with a letter",
      TDX "      mrtd: " D94
      "0x\n",
      "7:13: found a character that is no digit, expected 96 hexadecimal "
      "digits" },
    { "a field with nothing",
      TDX "      mrtd:\n",
      "7:12: found nothing, expected 96 hexadecimal digits" },
    { "a field with no value in its list",
      TDX "      mrtd: []\n",
      "7:13: found an empty list, expected at least one value" },
    { "a bad second value",
      TDX "      rtmr3: [ " D96
      ", 00 ]\n",
      "7:114: found 2 characters, expected 96 hexadecimal digits" },
    { "a field of the other tee",
      SERVICE "    accept:\n      mrtd: " D96
      "\n      tee: sgx\n",
      "6:7: found \"mrtd\", expected a field of sgx, as tee says" },
    { "a field in accept and in a release",
      TDX "      mrtd: " D96
      "\n      any-of:\n        - { mrtd: " D96
      " }\n",
      "9:13: found \"mrtd\", expected a field that accept itself does not "
      "have" },
    { "releases that are no list",
      TDX "      any-of: { mrtd: " D96
      " }\n",
      "7:15: found a block, expected a list of releases" },
    { "no releases",
      TDX "      any-of: []\n",
      "7:15: found an empty list, expected a list of releases" },
    { "two releases of one name",
      TDX "      any-of:\n        - { name: x, mrtd: " D96
      " }\n        - { name: x, rtmr0: " D96
      " }\n",
      "9:19: found \"x\", expected another name for each release" },
    { "a word of accept in a release",
      TDX "      any-of: [ { debug: true } ]\n",
      "7:19: found \"debug\", expected a word of a release: name, mrtd, "
      "rtmr0, rtmr1, rtmr2, rtmr3, mrconfigid, mrowner, mrownerconfig, "
      "mrservicetd, td-attributes, xfam, mrseam, mrsignerseam, ..." },
    { "a release name with a space",
      TDX "      any-of: [ { name: a b } ]\n",
      "7:25: found \"a b\", expected a name of 1 to 64 letters, digits, "
      "'.', '_', '-', '+'" },
    { "a mask that hides the value",
      TDX "      td-attributes: { value: 0000001000000001, mask: "
      "0000001000000000 }\n",
      "7:31: found \"0000001000000001\", expected no bit that the mask "
      "hides" },
    { "a mask that asks nothing",
      TDX "      xfam: { value: 0000000000000000, mask: 0000000000000000 }\n",
      "7:46: found \"0000000000000000\", expected a mask with some bit set" },
    { "a value without mask",
      TDX "      xfam: { value: 0000000000000000 }\n",
      "7:13: found a block, expected both value and mask" },
    { "a masked field where equality is asked",
      TDX "      mrtd: { value: 00, mask: 00 }\n",
      "7:13: found a block, expected 96 hexadecimal digits" },
    { "a number too large",
      SGX "      isv-svn: 65536\n",
      "7:16: found \"65536\", expected a number from 0 to 65535" },
    { "a number with a sign",
      SGX "      isv-prod-id: -1\n",
      "7:20: found \"-1\", expected a number from 0 to 65535" },
    { "a floor that is a list",
      SGX "      isv-svn: [ 1, 2 ]\n",
      "7:16: found a list, expected a number from 0 to 65535" },
    { "a truth in other words",
      TDX "      debug: yes\n",
      "7:14: found \"yes\", expected false or true" },
    { "a fact in other words",
      TDX "      platform: { smt: off }\n",
      "7:24: found \"off\", expected false or true" },
    { "a field of the platform in accept",
      TDX "      fmspc: 00606a000000\n",
      "7:7: found \"fmspc\", expected a word of \"accept\": tee, "
      "platform, tcb, debug, freshness, max-age, min-collateral-life, "
      "mrtd, rtmr0, rtmr1, rtmr2, rtmr3, mrconfigid, mrowner, "
      "mrownerconfig, ..." },
    { "an fmspc too short",
      TDX "      platform: { fmspc: [ 00606a000000, 00606a ] }\n",
      "7:42: found 6 characters, expected 12 hexadecimal digits" },
    { "Revoked as a status",
      TDX "      tcb: { status: [ UpToDate, Revoked ] }\n",
      "7:34: found \"Revoked\", expected a status that can be accepted; "
      "Revoked never is" },
    { "a status in other letters",
      TDX "      tcb: { status: uptodate }\n",
      "7:22: found \"uptodate\", expected a TCB status in Intel's words, "
      "such as UpToDate or SWHardeningNeeded" },
    { "a status twice",
      TDX "      tcb: { status: [ UpToDate, UpToDate ] }\n",
      "7:34: found \"UpToDate\", expected each status once" },
    { "no status",
      TDX "      tcb: { status: [] }\n",
      "7:22: found an empty list, expected at least one item" },
    { "a status that SGX never has",
      SGX "      tcb: { status: [ TDRelaunchAdvised ] }\n",
      "7:24: found \"TDRelaunchAdvised\", expected a status that can "
      "occur here" },
    { "a status that a module never has",
      TDX "      tcb: { module: [ UpToDate, ConfigurationNeeded ] }\n",
      "7:34: found \"ConfigurationNeeded\", expected a status that can "
      "occur here" },
    { "a TDX module in SGX",
      SGX "      tcb: { module: UpToDate }\n",
      "7:14: found \"module\", expected no TDX module where tee is sgx" },
    { "an advisory that is none",
      TDX "      tcb: { advisories: [ SA-00615 ] }\n",
      "7:28: found \"SA-00615\", expected an advisory such as "
      "INTEL-SA-00615" },
    { "an evaluation number of 0",
      TDX "      tcb: { min-evaluation-number: 0 }\n",
      "7:37: found \"0\", expected a number from 1 to 4294967295" },
    { "a grace of ages",
      TDX "      tcb: { grace-days: 3651 }\n",
      "7:26: found \"3651\", expected a number from 0 to 3650" },
    { "an unknown word of tcb",
      TDX "      tcb: { grace: 3 }\n",
      "7:14: found \"grace\", expected a word of \"tcb\"; did you mean "
      "\"grace-days\"?" },
    { "an age without unit",
      TDX "      max-age: 3600\n",
      "7:16: found \"3600\", expected a time such as 90s, 30m, 12h or 7d" },
    { "a life in months",
      TDX "      min-collateral-life: 1M\n",
      "7:28: found \"1M\", expected a time such as 90s, 30m, 12h or 7d" },
    { "an unknown freshness",
      TDX "      freshness: recent\n",
      "7:18: found \"recent\", expected challenge or epoch" },
    /* clang-format on */
};

static void mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct slice text = slice_text(refused[i].text);
        uint8_t *exact = malloc(text.len + 1);
        struct policy *p;
        struct policy_error err;
        char line[512];
        enum status st;

        assert_non_null(exact);
        memcpy(exact, text.at, text.len);
        st = policy_parse(slice_of(exact, text.len), "p.yaml", &p, &err);
        free(exact);
        if (st != STATUS_BAD_CONFIG)
            fail_msg("%s: %s", refused[i].name, status_name(st));
        assert_null(p);
        policy_error_line(&err, line, sizeof(line));
        assert_memory_equal(line, "p.yaml:", 7);
        if (strcmp(line + 7, refused[i].want) != 0)
            fail_msg("%s:\n  %s, not\n  %s", refused[i].name, line + 7,
                     refused[i].want);
    }
}

static void an_error_names_its_word(void **state)
{
    struct policy *p;
    struct policy_error err;

    (void)state;
    CHECK_STATUS(policy_parse(slice_text(TDX "      mrtd: 00\n"), "p.yaml", &p,
                              &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.why.field, "mrtd");
    assert_int_equal(err.line, 7);
    assert_int_equal(err.column, 13);
}

static const struct {
    const char *name;
    const char *text;
    const char *want; /* "line:column text" of all warnings, each and "\n" */
} warned[] = {
    /* clang-format off */
    { "a strict policy",
      TDX "      mrtd: " D96 "\n      rtmr1: " D96 "\n      rtmr2: " D96 "\n",
      "" },
    { "a strict policy of an enclave",
      SGX "      mrenclave: " D64 "\n", "" },
    { "no service", "default: block\n", "1:1 names no service\n" },
    { "an empty accept", SERVICE "    accept: {}\n",
      "5:5 accepts nothing: it is empty\n" },
    { "a tee alone", TDX,
      "5:5 accepts nothing: it names no measurement, such as mrtd\n" },
    { "a platform alone", SGX "      platform: { fmspc: 00606a000000 }\n",
      "5:5 accepts nothing: it names no measurement, such as mrenclave\n" },
    { "an owner alone", TDX "      mrowner: " D96 "\n",
      "5:5 accepts nothing: it names no measurement, such as mrtd\n" },
    { "one release of two that is empty",
      TDX "      any-of:\n        - { mrtd: " D96 ", rtmr1: " D96 ", rtmr2: "
      D96 " }\n        - { mrseam: " D96 " }\n",
      "9:11 accepts nothing: it names no measurement, such as mrtd\n" },
    { "firmware alone", TDX "      mrtd: " D96 "\n",
      "5:5 names no rtmr1 or no rtmr2: where the firmware measures there, any "
      "operating system passes\n" },
    { "registers without firmware", TDX "      rtmr1: " D96 "\n",
      "5:5 names no mrtd: other firmware can write the same registers\n" },
    { "a signer alone", SGX "      mrsigner: " D64 "\n",
      "5:5 names no isv-prod-id: every enclave of this signer passes\n" },
    { "a signer's product",
      SGX "      mrsigner: " D64 "\n      isv-prod-id: 1\n", "" },
    /* clang-format on */
};

static void what_may_not_be_meant_is_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(warned); i++) {
        struct policy *p = policy_text_parse(warned[i].text);
        char all[512] = "";
        size_t used = 0;

        for (size_t k = 0; k < p->warning_count; k++)
            used +=
                (size_t)snprintf(all + used, sizeof(all) - used, "%u:%u %s\n",
                                 p->warnings[k].line, p->warnings[k].column,
                                 p->warnings[k].text);
        if (strcmp(all, warned[i].want) != 0)
            fail_msg("%s: %s", warned[i].name, all);
        policy_free(p);
    }
}

/* The file at |path|; the caller frees it. */
static struct buffer read_file(const char *path)
{
    struct buffer text;
    struct why why;

    CHECK_STATUS(file_read(path, POLICY_MAX_BYTES, &text, &why), STATUS_OK);
    return text;
}

static struct policy *full_policy(void)
{
    struct buffer text = read_file(FULL);
    struct policy *p;
    struct policy_error err;

    CHECK_STATUS(policy_parse(buffer_view(&text), "etc/p.yaml", &p, &err),
                 STATUS_OK);
    buffer_free(&text);
    return p;
}

static void check_address(const struct policy_address *a, const char *host,
                          uint16_t port)
{
    assert_string_equal(a->host, host);
    assert_int_equal(a->port, port);
}

static void listening_and_default_are_read(void **state)
{
    struct policy *p = full_policy();

    (void)state;
    assert_string_equal(p->file_name, "etc/p.yaml");
    assert_int_equal(p->listen_count, 3);
    check_address(&p->listen[0], "localhost", 8118);
    check_address(&p->listen[1], "127.0.0.1", 0);
    check_address(&p->listen[2], "192.0.2.7", 3128);
    assert_int_equal(p->unnamed, DEFAULT_DIRECT);
    policy_free(p);
}

static void what_is_not_said_is_the_default(void **state)
{
    struct policy *p = policy_text_parse(SGX "      mrenclave: " D64 "\n");
    const struct service *s = policy_service(p, "a");

    (void)state;
    assert_non_null(s);
    assert_null(policy_service(p, "b"));
    assert_int_equal(p->listen_count, 1);
    check_address(&p->listen[0], "localhost", 8118);
    assert_int_equal(p->unnamed, DEFAULT_BLOCK);
    assert_int_equal(p->collateral.timeout_ms, 10000);
    assert_null(p->collateral.cache_dir);
    assert_int_equal(p->collateral.update, POLICY_UPDATE_STANDARD);
    assert_int_equal(s->sources.count, 3);
    assert_int_equal(s->sources.list[0].kind, POLICY_SOURCE_STORE);
    assert_int_equal(s->sources.list[1].kind, POLICY_SOURCE_STAPLED);
    assert_int_equal(s->sources.list[2].kind, POLICY_SOURCE_PCS);
    assert_null(s->local);
    assert_null(s->root_file);
    assert_false(s->accept.simulated);
    assert_false(s->accept.debug);
    assert_int_equal(s->accept.freshness, FRESH_CHALLENGE);
    assert_int_equal(s->accept.max_age_s, 0);
    assert_int_equal(s->accept.tcb.statuses, POLICY_STATUS_BIT(TCB_UP_TO_DATE));
    assert_false(s->accept.tcb.has_advisories);
    assert_int_equal(s->accept.release_count, 1);
    assert_string_equal(s->accept.releases[0].name, "");
    assert_true(s->accept.releases[0].names_code);
    policy_free(p);
}

static void check_source(const struct policy_source *s,
                         enum policy_source_kind kind, const char *url,
                         const char *ca_file, const char *proxy)
{
    assert_int_equal(s->kind, kind);
    assert_string_equal(s->url == NULL ? "-" : s->url, url);
    assert_string_equal(s->ca_file == NULL ? "-" : s->ca_file, ca_file);
    assert_string_equal(s->proxy == NULL ? "-" : s->proxy, proxy);
}

static void sources_are_read_and_completed(void **state)
{
    static const char proxy[] = "http://proxy.example:3128";
    struct policy *p = full_policy();
    const struct policy_source *s = p->collateral.sources.list;

    (void)state;
    assert_int_equal(p->collateral.sources.count, 6);
    check_source(&s[0], POLICY_SOURCE_STAPLED, "-", "-", "-");
    check_source(&s[1], POLICY_SOURCE_STORE, "-", "-", "-");
    check_source(&s[2], POLICY_SOURCE_PCCS, "https://pccs.example:8081",
                 "etc/pccs.pem", proxy);
    check_source(&s[3], POLICY_SOURCE_PCCS, "https://other.example",
                 "/etc/other.pem", "http://p:1");
    check_source(&s[4], POLICY_SOURCE_PCS, "https://pcs.example", "-", proxy);
    check_source(&s[5], POLICY_SOURCE_PCS, "-", "-", proxy);
    assert_string_equal(p->collateral.cache_dir, "etc/cache");
    assert_int_equal(p->collateral.timeout_ms, 5000);
    assert_int_equal(p->collateral.update, POLICY_UPDATE_EARLY);
    assert_int_equal(p->services[0].sources.count, 1);
    check_source(p->services[0].sources.list, POLICY_SOURCE_PCCS,
                 "https://own.example", "etc/pccs.pem", proxy);
    assert_ptr_equal(p->services[1].sources.list, s);
    policy_free(p);
}

static void check_host(const struct host_pattern *h, const char *host,
                       bool wildcard, uint16_t port)
{
    assert_string_equal(h->host, host);
    assert_int_equal(h->wildcard, wildcard);
    assert_int_equal(h->port, port);
}

static void check_endpoint(const struct endpoint *e, bool tls, const char *host,
                           uint16_t port, const char *path)
{
    assert_int_equal(e->tls, tls);
    assert_string_equal(e->host, host);
    assert_int_equal(e->port, port);
    assert_string_equal(e->path, path);
}

static void a_service_is_read(void **state)
{
    struct policy *p = full_policy();
    const struct service *s = policy_service(p, "chat");

    (void)state;
    assert_int_equal(p->service_count, 2);
    assert_ptr_equal(s, &p->services[0]);
    assert_int_equal(s->host_count, 3);
    check_host(&s->hosts[0], "chat.example.com", false, 0);
    check_host(&s->hosts[1], "chat.example.com", true, 0);
    check_host(&s->hosts[2], "api.example.com", false, 443);
    check_host(&p->services[1].hosts[0], "::1", false, 8443);
    assert_int_equal(s->endpoint_count, 2);
    check_endpoint(&s->endpoints[0], true, "chat.example.com", 443, "/__ra__");
    check_endpoint(&s->endpoints[1], false, "2001:db8::1", 8000, "/x?y=z");
    check_endpoint(&p->services[1].endpoints[0], false, "127.0.0.1", 8080,
                   "/__ra__");
    assert_string_equal(s->endpoints[0].url, "wss://chat.example.com");
    assert_string_equal(s->ca_file, "etc/ca/outer.pem");
    assert_string_equal(s->root_file, "etc/root.pem");
    check_address(s->local, "127.0.0.1", 9001);
    policy_free(p);
}

/* The clause of |r| about the field |word|; NULL if there is none. */
static const struct clause *clause_of(const struct release *r, const char *word)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->clauses[i].field->word, word) == 0)
            return &r->clauses[i];
    return NULL;
}

static void every_field_is_read_into_each_release(void **state)
{
    struct policy *p = full_policy();

    (void)state;
    for (size_t i = 0; i < field_count; i++) {
        const struct field *f = &field_table[i];
        const struct service *s = &p->services[f->tee == TEE_SGX ? 1 : 0];
        const struct release *last =
            &s->accept.releases[s->accept.release_count - 1];

        if (clause_of(last, f->word) == NULL)
            fail_msg("%s is not in %s", f->word, FULL);
    }
    assert_int_equal(p->services[0].accept.release_count, 2);
    assert_string_equal(p->services[0].accept.releases[0].name, "1.4");
    assert_null(clause_of(&p->services[0].accept.releases[0], "rtmr3"));
    assert_non_null(clause_of(&p->services[0].accept.releases[0], "ppid"));
    policy_free(p);
}

static void values_are_read_as_claims_have_them(void **state)
{
    struct policy *p = full_policy();
    const struct release *tdx = &p->services[0].accept.releases[1];
    const struct release *sgx = &p->services[1].accept.releases[0];
    const struct clause *c = clause_of(tdx, "mrtd");
    uint16_t number;
    enum tristate fact;

    (void)state;
    assert_int_equal(c->count, 2);
    assert_int_equal(c->values[0], 0x0b);
    assert_int_equal(c->values[48], 0x0c);
    assert_null(c->mask);
    c = clause_of(tdx, "td-attributes");
    assert_int_equal(c->values[3], 0x10);
    assert_int_equal(c->mask[0], 0xff);
    c = clause_of(sgx, "isv-prod-id");
    memcpy(&number, c->values + 2, sizeof(number));
    assert_int_equal(number, 65535);
    c = clause_of(tdx, "cached-keys");
    memcpy(&fact, c->values, sizeof(fact));
    assert_int_equal(fact, TRI_FALSE);
    policy_free(p);
}

static void the_rest_of_accept_is_read(void **state)
{
    struct policy *p = full_policy();
    const struct accept *a = &p->services[0].accept;

    (void)state;
    assert_int_equal(a->tee, TEE_TDX);
    assert_true(a->debug);
    assert_true(a->simulated);
    assert_int_equal(a->freshness, FRESH_EPOCH);
    assert_int_equal(a->max_age_s, 90 * 60);
    assert_int_equal(a->min_collateral_life_s, 2 * 24 * 60 * 60);
    assert_int_equal(a->tcb.statuses,
                     POLICY_STATUS_BIT(TCB_UP_TO_DATE) |
                         POLICY_STATUS_BIT(TCB_SW_HARDENING_NEEDED) |
                         POLICY_STATUS_BIT(TCB_RELAUNCH_ADVISED));
    assert_int_equal(a->tcb.module, POLICY_STATUS_BIT(TCB_UP_TO_DATE));
    assert_int_equal(a->tcb.grace_days, 14);
    assert_int_equal(a->tcb.advisory_count, 2);
    assert_string_equal(a->tcb.advisories[1], "INTEL-SA-00837");
    assert_int_equal(a->tcb.min_evaluation_number, 19);
    assert_true(p->services[1].accept.tcb.advisories_any);
    policy_free(p);
}

static void parse_any(struct slice text, void *ctx)
{
    struct policy *p;
    struct policy_error err;
    enum status st = policy_parse(text, "p.yaml", &p, &err);
    char line[512];

    (void)ctx;
    assert_int_equal(st == STATUS_OK, p != NULL);
    if (st != STATUS_OK) {
        assert_true(err.line > 0 && err.column > 0);
        assert_true(err.why.found[0] != '\0');
        policy_error_line(&err, line, sizeof(line));
    }
    policy_free(p);
}

static void no_cut_or_flipped_bit_is_too_much(void **state)
{
    struct buffer full = read_file(FULL);
    struct buffer small = read_file(SMALL);

    (void)state;
    for_each_prefix(buffer_view(&full), parse_any, NULL);
    for_each_prefix(buffer_view(&small), parse_any, NULL);
    for_each_flip(buffer_view(&small), parse_any, NULL);
    buffer_free(&full);
    buffer_free(&small);
}

static void size_is_bounded(void **state)
{
    size_t len = POLICY_MAX_BYTES + 1;
    char *text = malloc(len);
    struct policy *p;
    struct policy_error err;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', len);
    memcpy(text, "default: block", 14);
    CHECK_STATUS(policy_parse(slice_of(text, len), "p", &p, &err),
                 STATUS_BAD_CONFIG);
    assert_string_equal(err.why.expected, "a smaller file");
    CHECK_STATUS(policy_parse(slice_of(text, len - 1), "p", &p, &err),
                 STATUS_OK);
    policy_free(p);
    free(text);
}

/* A service with |count| hosts and nothing else; the caller frees it. */
static char *long_list(size_t count)
{
    static const char head[] = "services:\n  a:\n    hosts: [";
    char *text = malloc(sizeof(head) + 8 * count + 8);
    size_t used = sizeof(head) - 1;

    assert_non_null(text);
    memcpy(text, head, sizeof(head));
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, 9, "h%zu,", i);
    memcpy(text + used, "]\n", 3);
    return text;
}

static void lists_are_bounded(void **state)
{
    static const char *const want[] = { "a service without endpoints",
                                        "one entry too many" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        char *text = long_list(POLICY_ITEMS_MAX + i);
        struct policy *p;
        struct policy_error err;

        CHECK_STATUS(policy_parse(slice_text(text), "p", &p, &err),
                     STATUS_BAD_CONFIG);
        assert_string_equal(err.why.found, want[i]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_refused_with_their_place),
        cmocka_unit_test(an_error_names_its_word),
        cmocka_unit_test(what_may_not_be_meant_is_warned_of),
        cmocka_unit_test(listening_and_default_are_read),
        cmocka_unit_test(what_is_not_said_is_the_default),
        cmocka_unit_test(sources_are_read_and_completed),
        cmocka_unit_test(a_service_is_read),
        cmocka_unit_test(every_field_is_read_into_each_release),
        cmocka_unit_test(values_are_read_as_claims_have_them),
        cmocka_unit_test(the_rest_of_accept_is_read),
        cmocka_unit_test(no_cut_or_flipped_bit_is_too_much),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(lists_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
