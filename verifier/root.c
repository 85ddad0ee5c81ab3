#include "verifier/root.h"

#include <assert.h>

#include "verifier/der.h"
#include "verifier/pem.h"
#include "verifier/x509.h"

/* Intel SGX Root CA, as its certificate at
 * https://certificates.trustedservices.intel.com has it. SHA-256 of the
 * SubjectPublicKeyInfo:
 * a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e */
/* clang-format off */
static const uint8_t intel_key[64] = {
    0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6,
    0xb0, 0x2c, 0xda, 0x10, 0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45,
    0x85, 0x61, 0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5, 0x67, 0x91, 0x8e, 0x2e,
    0xdc, 0x88, 0xe4, 0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac,
    0xc9, 0x88, 0xe5, 0x05, 0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09,
    0x04, 0xae, 0x73, 0x94,
};

/* CN=Intel SGX Root CA, O=Intel Corporation, L=Santa Clara, ST=CA, C=US */
static const uint8_t intel_name[] = {
    0x30, 0x68,
    0x31, 0x1a, 0x30, 0x18, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x11,
    'I', 'n', 't', 'e', 'l', ' ', 'S', 'G', 'X', ' ',
    'R', 'o', 'o', 't', ' ', 'C', 'A',
    0x31, 0x1a, 0x30, 0x18, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x11,
    'I', 'n', 't', 'e', 'l', ' ',
    'C', 'o', 'r', 'p', 'o', 'r', 'a', 't', 'i', 'o', 'n',
    0x31, 0x14, 0x30, 0x12, 0x06, 0x03, 0x55, 0x04, 0x07, 0x0c, 0x0b,
    'S', 'a', 'n', 't', 'a', ' ', 'C', 'l', 'a', 'r', 'a',
    0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x08, 0x0c, 0x02, 'C', 'A',
    0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 'U', 'S',
};
/* clang-format on */

static const struct x509_labels labels = X509_LABELS("root");

struct slice root_name(const struct trust_root *root)
{
    return slice_of(root->name, root->name_len);
}

static void pin(struct trust_root *root, struct slice key, struct slice name)
{
    assert(key.len == sizeof(root->key) && name.len <= sizeof(root->name));
    memcpy(root->key, key.at, key.len);
    memcpy(root->name, name.at, name.len);
    root->name_len = name.len;
}

/* What root.h asks of a certificate that a user names as a root. */
static enum status check_root(const struct x509 *cert, struct why *why)
{
    if (cert->key.type != SIGNATURE_KEY_P256)
        return why_fail(why, STATUS_BAD_CHAIN, labels.of[X509_KEY], NULL,
                        "not a key on P-256");
    if (!slice_equal(cert->issuer, cert->subject))
        return why_fail(why, STATUS_BAD_CHAIN, labels.of[X509_ISSUER],
                        "RFC 5280 3.2", "not the subject: not a root");
    if (cert->subject.len > ROOT_NAME_MAX_BYTES)
        return why_fail(why, STATUS_BAD_CHAIN, labels.of[X509_SUBJECT], NULL,
                        "a name of %zu bytes, know %d at most",
                        cert->subject.len, ROOT_NAME_MAX_BYTES);
    if (!cert->is_ca || (cert->key_usage & X509_KEY_CERT_SIGN) == 0)
        return why_fail(why, STATUS_BAD_CHAIN,
                        labels.of[X509_BASIC_CONSTRAINTS], "RFC 5280 4.2.1.9",
                        "not a CA that may sign certificates");
    return x509_check_signature(cert, cert, why);
}

static enum status read_der(struct slice der, struct trust_root *out,
                            struct why *why)
{
    struct x509 cert;
    enum status st = x509_parse(der, &labels, &cert, why);

    if (st == STATUS_OK)
        st = check_root(&cert, why);
    if (st == STATUS_OK)
        pin(out, cert.key.bytes, cert.subject);
    return st;
}

static enum status read_pem(struct slice text, struct trust_root *out,
                            struct why *why)
{
    struct pem pem;
    enum status st = pem_parse(text, labels.of[X509_WHOLE], &pem, why);

    if (st != STATUS_OK)
        return st;
    if (pem.count != 1)
        return why_fail(why, STATUS_BAD_CHAIN, labels.of[X509_WHOLE], NULL,
                        "%zu certificates, where one is the root", pem.count);
    return read_der(pem.certs[0], out, why);
}

enum status root_read(struct slice cert, struct trust_root *out,
                      struct why *why)
{
    *out = (struct trust_root){ 0 };
    if (cert.len == 0) {
        pin(out, SLICE_OF(intel_key), SLICE_OF(intel_name));
        out->built_in = true;
        return STATUS_OK;
    }
    if (cert.at[0] == DER_SEQUENCE)
        return read_der(cert, out, why);
    return read_pem(cert, out, why);
}
