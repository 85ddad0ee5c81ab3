#include "verifier/chain.h"

#include <assert.h>

#include "common/text.h"

#define KEY_SHOWN 8 /* bytes of a key in a reason */

enum role_id { ROLE_PCK, ROLE_PCK_CA, ROLE_TCB_SIGNING, ROLE_ROOT };

/* What a certificate is in Intel's tree, and what it must be for that. The
 * root has no name here: its name is pinned as a whole. */
static const struct role {
    const char *names[2]; /* one of them is within the common name */
    bool is_ca;
    uint16_t key_usage;
} roles[] = {
    /* clang-format off */
    [ROLE_PCK] = { { "SGX PCK Certificate" }, false, X509_DIGITAL_SIGNATURE },
    [ROLE_PCK_CA] = { { "SGX PCK Platform CA", "SGX PCK Processor CA" }, true,
                      X509_KEY_CERT_SIGN | X509_CRL_SIGN },
    [ROLE_TCB_SIGNING] = { { "SGX TCB Signing" }, false,
                           X509_DIGITAL_SIGNATURE },
    [ROLE_ROOT] = { { NULL }, true, X509_KEY_CERT_SIGN | X509_CRL_SIGN },
    /* clang-format on */
};

static const struct shape {
    const char *name;
    size_t count;
    enum role_id roles[CHAIN_LEN_MAX]; /* leaf first, root last */
    struct x509_labels labels[CHAIN_LEN_MAX];
} shapes[CHAIN_KIND_COUNT] = {
    /* clang-format off */
    [CHAIN_PCK] = { "pck_chain", 3, { ROLE_PCK, ROLE_PCK_CA, ROLE_ROOT },
                    { X509_LABELS("pck_chain.leaf"),
                      X509_LABELS("pck_chain.ca"),
                      X509_LABELS("pck_chain.root") } },
    [CHAIN_TCB_INFO] = { "tcb_info_chain", 2, { ROLE_TCB_SIGNING, ROLE_ROOT },
                         { X509_LABELS("tcb_info_chain.leaf"),
                           X509_LABELS("tcb_info_chain.root") } },
    [CHAIN_QE_IDENTITY] = { "qe_identity_chain", 2,
                            { ROLE_TCB_SIGNING, ROLE_ROOT },
                            { X509_LABELS("qe_identity_chain.leaf"),
                              X509_LABELS("qe_identity_chain.root") } },
    [CHAIN_PCK_CRL] = { "pck_crl_chain", 2, { ROLE_PCK_CA, ROLE_ROOT },
                        { X509_LABELS("pck_crl_chain.ca"),
                          X509_LABELS("pck_crl_chain.root") } },
    /* clang-format on */
};

static const struct shape *shape_of(const struct chain *chain)
{
    return &shapes[chain->kind];
}

static const char *label(const struct x509 *cert, enum x509_part part)
{
    return cert->labels->of[part];
}

const char *chain_name(enum chain_kind kind)
{
    return shapes[kind].name;
}

static enum status parse_certs(struct chain *chain, struct why *why)
{
    const struct shape *shape = shape_of(chain);

    if (chain->pem.count != shape->count) {
        (void)why_fail(why, STATUS_BAD_CHAIN, shape->name, "RFC 5280 6.1",
                       "%zu certificates", chain->pem.count);
        return why_expect(why, "%zu", shape->count);
    }
    for (size_t i = 0; i < shape->count; i++) {
        enum status st = x509_parse(chain->pem.certs[i], &shape->labels[i],
                                    &chain->certs[i], why);

        if (st != STATUS_OK)
            return st;
    }
    chain->count = shape->count;
    return STATUS_OK;
}

enum status chain_parse(enum chain_kind kind, struct slice text,
                        struct chain *out, struct why *why)
{
    enum status st;

    out->kind = kind;
    out->count = 0;
    out->proved = false;
    st = pem_parse(text, shapes[kind].name, &out->pem, why);
    if (st != STATUS_OK)
        return st;
    return parse_certs(out, why);
}

static bool contains(struct slice text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++)
        if (slice_equal(slice_of(text.at + i, len), slice_text(word)))
            return true;
    return false;
}

static bool has_name(const struct x509 *cert, const struct role *role)
{
    if (role->names[0] == NULL)
        return true;
    for (size_t i = 0; i < COUNT_OF(role->names); i++)
        if (role->names[i] != NULL &&
            contains(cert->common_name, role->names[i]))
            return true;
    return false;
}

static enum status check_name(const struct x509 *cert, const struct role *role,
                              struct why *why)
{
    if (has_name(cert, role))
        return STATUS_OK;
    (void)why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_SUBJECT),
                   "SGX PCK certificate specification 1.3",
                   "another common name");
    return why_expect(why, "%s", role->names[0]);
}

static enum status check_present(const struct x509 *cert, struct why *why)
{
    const char *missing = NULL;

    if (cert->authority_key_id.len == 0)
        missing = "no authorityKeyIdentifier";
    if (cert->subject_key_id.len == 0)
        missing = "no subjectKeyIdentifier";
    if (!cert->has_crl_points)
        missing = "no cRLDistributionPoints";
    if (!cert->has_key_usage)
        missing = "no keyUsage";
    if (!cert->has_basic_constraints)
        missing = "no basicConstraints";
    if (missing == NULL)
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_EXTENSIONS),
                    "SGX PCK certificate specification 1.3", "%s", missing);
}

/* |below|: how many CA certificates stand between |cert| and the leaf. */
static enum status check_powers(const struct x509 *cert,
                                const struct role *role, size_t below,
                                struct why *why)
{
    if (cert->is_ca != role->is_ca) {
        (void)why_fail(why, STATUS_BAD_CHAIN,
                       label(cert, X509_BASIC_CONSTRAINTS), "RFC 5280 4.2.1.9",
                       "cA is %s", cert->is_ca ? "true" : "false");
        return why_expect(why, "%s", role->is_ca ? "true" : "false");
    }
    if (cert->is_ca && cert->path_len < below) {
        (void)why_fail(why, STATUS_BAD_CHAIN,
                       label(cert, X509_BASIC_CONSTRAINTS), "RFC 5280 4.2.1.9",
                       "pathLenConstraint is %lu",
                       (unsigned long)cert->path_len);
        return why_expect(why, "at least %zu", below);
    }
    if ((cert->key_usage & role->key_usage) != role->key_usage) {
        (void)why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_KEY_USAGE),
                       "RFC 5280 4.2.1.3", "bits %04x",
                       (unsigned)cert->key_usage);
        return why_expect(why, "%04x among them", (unsigned)role->key_usage);
    }
    return STATUS_OK;
}

static enum status check_algorithms(const struct x509 *cert, struct why *why)
{
    if (cert->key.type != SIGNATURE_KEY_P256)
        return why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_KEY),
                        "SGX PCK certificate specification 1.3",
                        "not a key on P-256");
    if (cert->algorithm != SIGNATURE_ECDSA_SHA256)
        return why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_SIGNATURE),
                        "SGX PCK certificate specification 1.3",
                        "not ECDSA with SHA-256");
    return STATUS_OK;
}

static enum status check_role(const struct chain *chain, size_t at,
                              struct why *why)
{
    const struct x509 *cert = &chain->certs[at];
    const struct role *role = &roles[shape_of(chain)->roles[at]];
    enum status st = check_algorithms(cert, why);

    if (st == STATUS_OK)
        st = check_name(cert, role, why);
    if (st == STATUS_OK)
        st = check_present(cert, why);
    if (st == STATUS_OK)
        st = check_powers(cert, role, at > 0 ? at - 1 : 0, why);
    return st;
}

/* |issuer| may be |cert| itself: the root's. */
static enum status check_issuer(const struct x509 *cert,
                                const struct x509 *issuer, struct why *why)
{
    if (slice_equal(cert->issuer, issuer->subject))
        return STATUS_OK;
    return why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_ISSUER),
                    "RFC 5280 6.1.3 (a)(4)",
                    "not the subject of the next certificate");
}

/* Keys are told apart by how they begin: whole, two of them are more than a
 * reason has room for. */
static enum status refuse_key(const struct x509 *cert,
                              const struct trust_root *root, struct why *why)
{
    char found[2 * KEY_SHOWN + 1], ours[2 * KEY_SHOWN + 1];
    const struct slice key = cert->key.bytes; /* of any kind */

    text_hex(slice_of(key.at, MIN_OF(key.len, (size_t)KEY_SHOWN)), found,
             sizeof(found));
    text_hex(slice_of(root->key, KEY_SHOWN), ours, sizeof(ours));
    (void)why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_KEY),
                   "RFC 5280 6.1.1 (d)", "another root's key, %s...", found);
    return why_expect(why, "the %s root's, %s...",
                      root->built_in ? "built-in" : "named", ours);
}

static enum status check_pinned(const struct x509 *cert,
                                const struct trust_root *root, struct why *why)
{
    if (!slice_equal(cert->key.bytes, SLICE_OF(root->key)))
        return refuse_key(cert, root, why);
    if (!slice_equal(cert->subject, root_name(root)))
        return why_fail(why, STATUS_BAD_CHAIN, label(cert, X509_SUBJECT),
                        "RFC 5280 6.1.1 (d)", "not the name of the root");
    return STATUS_OK;
}

static const struct x509 *issuer_of(const struct chain *chain, size_t at)
{
    return &chain->certs[at + 1 < chain->count ? at + 1 : at];
}

enum status chain_check_roles(const struct chain *chain,
                              const struct trust_root *root, struct why *why)
{
    enum status st = check_pinned(chain_root(chain), root, why);

    for (size_t i = chain->count; i-- > 0 && st == STATUS_OK;) {
        st = check_issuer(&chain->certs[i], issuer_of(chain, i), why);
        if (st == STATUS_OK)
            st = check_role(chain, i, why);
    }
    return st;
}

static bool is_known(const struct x509 *cert, const struct chain *known)
{
    if (known == NULL || !known->proved)
        return false;
    for (size_t i = 0; i < known->count; i++)
        if (slice_equal(cert->der, known->certs[i].der))
            return true;
    return false;
}

enum status chain_check_signatures(struct chain *chain,
                                   const struct chain *known, struct why *why)
{
    enum status st = STATUS_OK;

    for (size_t i = chain->count; i-- > 0 && st == STATUS_OK;)
        if (!is_known(&chain->certs[i], known))
            st = x509_check_signature(&chain->certs[i], issuer_of(chain, i),
                                      why);
    chain->proved = st == STATUS_OK;
    return st;
}

enum status chain_check_dates(const struct chain *chain, int64_t now_unix,
                              struct why *why)
{
    enum status st = STATUS_OK;

    for (size_t i = chain->count; i-- > 0 && st == STATUS_OK;)
        st = x509_check_dates(&chain->certs[i], now_unix, why);
    return st;
}

bool chain_is_platform(const struct chain *chain)
{
    const struct x509 *ca = &chain->certs[chain->count - 2];

    assert(chain->count >= 2);
    return contains(ca->common_name, "SGX PCK Platform CA");
}
