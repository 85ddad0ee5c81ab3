/* tests/support/policy_text.h: policies for tests, whole or in parts. */
#ifndef TESTS_SUPPORT_POLICY_TEXT_H
#define TESTS_SUPPORT_POLICY_TEXT_H

#include "policy/policy.h"

/* 94 and 96 hexadecimal digits: a measurement of TDX, and one byte less. */
#define D94                                                                    \
    "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"                         \
    "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
#define D96 D94 "0f"
#define D64 "1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"

/* One service with what it must have but accept: four lines; the next word
 * begins at column 5. */
#define SERVICE                                                                \
    "services:\n  a:\n    hosts: [ a.example ]\n"                              \
    "    endpoints: [ wss://a.example ]\n"

/* And the beginning of its accept: two lines more; then column 7. */
#define TDX SERVICE "    accept:\n      tee: tdx\n"
#define SGX SERVICE "    accept:\n      tee: sgx\n"
#define SNP SERVICE "    accept:\n      tee: sev-snp\n"

/* Parse |text|, which must be a policy, as the file "etc/p.yaml". The caller
 * frees it. */
struct policy *policy_text_parse(const char *text);

#endif
