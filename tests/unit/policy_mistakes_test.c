/* Every mistake that a policy can have, and the line that says so.
 *
 * long: one table. */
#include "tests/support/check.h"

#include "policy/policy.h"
#include "tests/support/policy_text.h"

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
      "1:1: found \"frobnicate\", expected a word of a policy: include, "
      "listen, unsafe-listen, credentials, allow-users, default, collateral, audit, revoked, crls, services" },
    { "a merge key",
      "<<: { default: block }\n",
      "1:1: found \"<<\", expected a word of a policy: include, "
      "listen, unsafe-listen, credentials, allow-users, default, collateral, audit, revoked, crls, services" },
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
    { "an address of six without brackets",
      "listen: [ '::1:0' ]\n",
      "1:11: found \"::1:0\", expected an address such as localhost:8118" },
    { "a port without host",
      "listen: [ ':0' ]\n",
      "1:11: found \":0\", expected an address such as localhost:8118" },
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
    { "one address twice",
      "listen: [ 127.0.0.2:1, 127.0.0.2:1 ]\n",
      "1:24: found \"127.0.0.2:1\", expected each address once" },
    { "one socket twice",
      "listen: [ /run/a, /run/b, /run/a ]\n",
      "1:27: found \"/run/a\", expected each address once" },
    { "a socket of an unsafe listen",
      "unsafe-listen: [ /run/a ]\n",
      "1:18: found \"/run/a\", expected an address such as localhost:8118" },
    { "a socket that has too long a path",
      "listen: [ /0123456789012345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456 ]\n",
      "1:11: found \"/01234567890123456789012345678901234567890123456789012345678...\", expected "
      "the path of a socket, at most 107 bytes" },
    { "an unsafe listen that asks for nothing",
      "unsafe-listen: 0.0.0.0:80\n",
      "1:1: found \"unsafe-listen\", expected credentials beside it, because "
      "everybody who reaches these addresses could use the proxy" },
    { "a user that can be none",
      "allow-users: [ alice, 'a b' ]\n",
      "1:23: found \"a b\", expected a name of 1 to 64 letters, digits, '.', "
      "'_', '-', '+'" },
    { "an unsafe listen that is also safe",
      "listen: localhost:1\nunsafe-listen: [ '[::]:80', '127.0.0.1:1' ]\n",
      "2:29: found \"127.0.0.1:1\", expected each address once" },
    { "an unknown source",
      "collateral: { sources: [ pcs, intel ] }\n",
      "1:31: found \"intel\", expected stapled, store, pcs, kds or the "
      "https:// URL of a PCCS" },
    { "a source over plain http",
      "collateral: { sources: [ 'http://pccs.example' ] }\n",
      "1:26: found \"http://pccs.example\", expected stapled, store, pcs, kds "
      "or the https:// URL of a PCCS" },
    { "a source with a user",
      "collateral: { sources: [ 'https://me@pccs.example' ] }\n",
      "1:26: found \"https://me@pccs.example\", expected a URL without a "
      "user" },
    { "a source with a query",
      "collateral: { sources: [ 'https://pccs.example/?x' ] }\n",
      "1:26: found \"https://pccs.example/?x\", expected a URL without a "
      "query" },
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
    { "a refresh of a week and a day",
      "collateral: { refresh: 8d }\n",
      "1:24: found \"8d\", expected 10 seconds to 7 days" },
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
      "2:3: found an incomplete service, expected hosts or local" },
    { "a service without endpoints",
      "services:\n  a:\n    hosts: [ a ]\n    accept: {}\n",
      "2:3: found an incomplete service, expected endpoints" },
    { "a service without accept",
      SERVICE "    local: localhost:1\n",
      "2:3: found an incomplete service, expected accept" },
    { "a service with a name too long",
      "services:\n  "
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {}\n",
      "2:3: found "
      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\", "
      "expected a name of 1 to 64 letters, digits, '.', '_', '-', '+'" },
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
    { "a wildcard of nothing",
      "services:\n  a:\n    hosts: [ '*.' ]\n",
      "3:14: found \"*.\", expected a host such as chat.example.com, "
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
      "3:25: found \"A.Example.\", expected each host once; see also "
      "p.yaml:3:14" },
    { "a host of two services",
      SERVICE "    accept: {}\n  b:\n    hosts: [ b.example, a.example ]\n"
      "    endpoints: [ wss://b ]\n    accept: {}\n",
      "7:25: found \"a.example\", expected each host once; see also "
      "p.yaml:3:14" },
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
    { "an endpoint that is cut",
      "services:\n  a:\n    endpoints: [ 'ws:' ]\n",
      "3:18: found \"ws:\", expected a ws:// or wss:// URL such as "
      "wss://chat.example.com" },
    { "an endpoint without host",
      "services:\n  a:\n    endpoints: [ 'ws://' ]\n",
      "3:18: found \"ws://\", expected a ws:// or wss:// URL such as "
      "wss://chat.example.com" },
    { "an endpoint of six without brackets",
      "services:\n  a:\n    endpoints: [ 'ws://2001:db8::1' ]\n",
      "3:18: found \"ws://2001:db8::1\", expected a ws:// or wss:// URL "
      "such as wss://chat.example.com" },
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
    { "a local socket that listen has",
      "listen: /run/a\n" SERVICE "    local: /run/a\n    accept: {}\n",
      "6:12: found \"/run/a\", expected a port that nothing else uses" },
    { "a local port of two services",
      SERVICE
      "    local: localhost:1\n    accept: {}\n  b: { local: \"[::1]:1\", "
      "endpoints: [ \"ws://b\" ], accept: {} }\n",
      "7:15: found \"[::1]:1\", expected a port that nothing else uses; see "
      "also p.yaml:5:12" },
    { "teekit with a challenge",
      SERVICE "    protocol: teekit\n    accept: {}\n",
      "5:15: found \"teekit\", expected freshness: epoch beside it, because "
      "teekit knows no challenge" },
    { "a time-out of answers that nobody waits for",
      SERVICE "    answer-timeout: 10s\n    accept: {}\n",
      "5:5: found \"answer-timeout\", expected no answer-timeout without "
      "protocol: teekit" },
    { "a time-out of answers of more than an hour",
      SERVICE "    answer-timeout: 2h\n",
      "5:21: found \"2h\", expected at most an hour" },
    { "an unknown protocol",
      SERVICE "    protocol: spdy\n",
      "5:15: found \"spdy\", expected native or teekit" },
    { "a root without path",
      SERVICE "    root:\n",
      "5:10: found nothing, expected the path of a file" },
    { "a path that ends early",
      SERVICE "    root: \"a\\0b\"\n",
      "5:11: found \"a?b\", expected the path of a file" },
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
      "5:5: found \"accept\" without \"tee\", expected tee: tdx, sgx or "
      "sev-snp" },
    { "an unknown tee",
      SERVICE "    accept:\n      tee: tpm\n",
      "6:12: found \"tpm\", expected tdx, sgx or sev-snp" },
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
    { "a release name of nothing",
      TDX "      any-of: [ { name: '' } ]\n",
      "7:25: found nothing, expected a name of 1 to 64 letters, digits, '.', "
      "'_', '-', '+'" },
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
      "7:7: found \"fmspc\", expected it in the block \"platform\"" },
    { "a word like no other in accept",
      TDX "      frobnicate: 1\n",
      "7:7: found \"frobnicate\", expected a word of \"accept\": tee, "
      "platform, tcb, revocation, debug, freshness, max-age, "
      "min-collateral-life, exec, mrtd, rtmr0, rtmr1, rtmr2, rtmr3, mrconfigid, "
      "mrowner, ..." },
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
    { "a status of AMD's",
      SNP "      tcb: { status: UpToDate }\n",
      "7:14: found \"status\", expected a word of \"tcb\": fmc, "
      "bootloader, tee, snp, microcode, current, committed, launch, "
      "current-build, committed-build" },
    { "refused streams without a limit",
      TDX "    on-refusal: drain\n",
      "7:17: found \"drain\", expected close, or a block with \"drain\" and a "
      "time" },
    { "refused streams with no rule",
      TDX "    on-refusal: {}\n",
      "7:17: found an empty block, expected close, or a block with \"drain\" "
      "and a time" },
    { "an ending that is not known",
      TDX "    on-expiry: never\n",
      "7:16: found \"never\", expected close, or a block with \"drain\" and a "
      "time" },
    { "a build that is no version",
      SNP "      tcb: { current-build: 1.55 }\n",
      "7:29: found \"1.55\", expected 3 numbers up to 255 with dots between "
      "them" },
    { "a build with too much",
      SNP "      tcb: { current-build: 1.55.29.1 }\n",
      "7:29: found \"1.55.29.1\", expected 3 numbers up to 255 with dots "
      "between them" },
    { "a build above a byte",
      SNP "      tcb: { committed-build: 1.256.0 }\n",
      "7:31: found \"1.256.0\", expected 3 numbers up to 255 with dots "
      "between them" },
    { "a build that is a list",
      SNP "      tcb: { current-build: [ 1.55.29, 1.56.0 ] }\n",
      "7:29: found a list, expected 3 numbers up to 255 with dots between "
      "them" },
    { "a product that is not known",
      SNP "      platform: { product: milan }\n",
      "7:28: found \"milan\", expected Milan, Genoa or Turin" },
    { "no provider",
      SNP "      platform: { csp-id: \"\" }\n",
      "7:27: found nothing, expected a text" },
    { "a provider with too long a name",
      SNP "      platform: { csp-id: " D64 D64 " }\n",
      "7:27: found \"1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e...\", "
      "expected at most 127 bytes" },
    { "a product of AMD's where Intel's are asked",
      TDX "      platform: { product: Milan }\n",
      "7:19: found \"product\", expected a field of tdx, as tee says" },
    { "a version of AMD's above a byte",
      SNP "      tcb: { microcode: 256 }\n",
      "7:25: found \"256\", expected a number from 0 to 255" },
    { "a level above 32 bits",
      SNP "      vmpl: 4294967296\n",
      "7:13: found \"4294967296\", expected a number from 0 to 4294967295" },
    { "Intel's machines for AMD's guests",
      SNP "      platform: { fmspc: 00606a000000 }\n",
      "7:19: found \"fmspc\", expected a field of sev-snp, as tee says" },
    { "revocation where there is no choice",
      TDX "      revocation: optional\n",
      "7:7: found \"revocation\", expected revocation lists, always, where "
      "tee is tdx" },
    { "a TDX module in SGX",
      SGX "      tcb: { module: UpToDate }\n",
      "7:14: found \"module\", expected no TDX module where tee is sgx" },
    { "an advisory that is none",
      TDX "      tcb: { advisories: [ SA-00615 ] }\n",
      "7:28: found \"SA-00615\", expected an advisory such as "
      "INTEL-SA-00615" },
    { "an advisory without number",
      TDX "      tcb: { advisories: INTEL-SA- }\n",
      "7:26: found \"INTEL-SA-\", expected an advisory such as "
      "INTEL-SA-00615" },
    { "an advisory with a letter",
      TDX "      tcb: { advisories: INTEL-SA-0061x }\n",
      "7:26: found \"INTEL-SA-0061x\", expected an advisory such as "
      "INTEL-SA-00615" },
    { "an advisory longer than there are",
      TDX "      tcb: { advisories: INTEL-SA-000000000000615 }\n",
      "7:26: found \"INTEL-SA-000000000000615\", expected an advisory such "
      "as INTEL-SA-00615" },
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
    { "a time that is a unit",
      TDX "      max-age: h\n",
      "7:16: found \"h\", expected a time such as 90s, 30m, 12h or 7d" },
    { "an unknown freshness",
      TDX "      freshness: recent\n",
      "7:18: found \"recent\", expected challenge or epoch" },
    { "a serial number that is a word",
      "revoked: none\n",
      "1:10: found \"none\", expected a serial number in 2 to 40 hexadecimal "
      "digits" },
    { "a serial number of odd length",
      "revoked: [ \"012\" ]\n",
      "1:12: found \"012\", expected a serial number in 2 to 40 hexadecimal "
      "digits" },
    { "a serial number of 21 bytes",
      "revoked: \"010000000000000000000000000000000000000000\"\n",
      "1:10: found \"010000000000000000000000000000000000000000\", expected "
      "a serial number that can occur" },
    { "a serial number of 22 bytes",
      "revoked: \"00000000000000000000000000000000000000000001\"\n",
      "1:10: found \"00000000000000000000000000000000000000000001\", expected "
      "a serial number in 2 to 40 hexadecimal digits" },
    { "a serial number of nothing",
      SERVICE "    revoked: \"0000\"\n",
      "5:14: found \"0000\", expected a serial number that can occur" },
    { "no serial number",
      SERVICE "    revoked: []\n",
      "5:14: found an empty list, expected at least one item" },
    { "a list that is no file",
      SERVICE "    crls: { a: b }\n",
      "5:11: found a block, expected the path of a file" },
    { "nine lists",
      "crls: [ a, b, c, d, e, f, g, h, i ]\n",
      "1:7: found a list, expected at most 8 lists for a service" },
    { "nine lists for a service",
      "crls: [ a, b, c, d ]\n" SERVICE "    crls: [ e, f, g, h, i ]\n"
      "    accept: {}\n",
      "3:3: found \"a\", expected at most 8 lists for a service" },
    { "an external check that is nothing",
      TDX "      exec:\n",
      "7:12: found nothing, expected the path of a file" },
    { "an external check of no words",
      TDX "      exec: []\n",
      "7:13: found an empty list, expected a program and its arguments" },
    { "an external check that is a list of lists",
      TDX "      exec: [ a, [ b ] ]\n",
      "7:18: found a list, expected a text" },
    { "an external check without a command",
      TDX "      exec: { timeout: 3s }\n",
      "7:13: found a block, expected a command" },
    { "an external check that takes its time",
      TDX "      exec: { command: a, timeout: 16s }\n",
      "7:36: found \"16s\", expected at most 15s" },
    { "an external check with an unknown word",
      TDX "      exec: { commmand: a }\n",
      "7:15: found \"commmand\", expected a word of \"exec\"; did you mean "
      "\"command\"?" },
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_refused_with_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
