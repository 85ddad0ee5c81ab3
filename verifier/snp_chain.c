#include "verifier/snp_chain.h"

#include <stdlib.h>

#include "verifier/der.h"
#include "verifier/snp_roots.h"

static const struct x509_labels endorsement_labels = X509_LABELS("endorsement");
static const struct x509_labels ask_labels = X509_LABELS("ask");
static const struct x509_labels ark_labels = X509_LABELS("ark");

/* DER begins with a SEQUENCE; no PEM does. */
static enum status find_der(struct slice bytes, struct pem *pem,
                            struct slice *der, struct why *why)
{
    enum status st;

    *der = bytes;
    if (bytes.len > 0 && bytes.at[0] == DER_SEQUENCE)
        return STATUS_OK;
    st = pem_parse(bytes, endorsement_labels.of[X509_WHOLE], pem, why);
    if (st == STATUS_OK)
        *der = pem->certs[0];
    return st;
}

enum status snp_chain_parse(struct slice bytes, struct snp_chain *out,
                            struct why *why)
{
    struct slice der;
    enum status st = find_der(bytes, &out->endorsement_pem, &der, why);

    if (st == STATUS_OK)
        st = x509_parse(der, &endorsement_labels, &out->endorsement, why);
    if (st != STATUS_OK)
        return st;
    if (out->endorsement.key.type != SIGNATURE_KEY_P384)
        return why_fail(why, STATUS_UNSUPPORTED,
                        endorsement_labels.of[X509_KEY], "AMD 57230",
                        "not a key on P-384");
    return STATUS_OK;
}

/* --- the root --- */

static enum status parse_pem(struct slice text, struct pem *pem, size_t count,
                             struct why *why)
{
    enum status st = pem_parse(text, "root", pem, why);

    if (st != STATUS_OK || pem->count == count)
        return st;
    (void)why_fail(why, STATUS_BAD_CHAIN, "root", "AMD 57230",
                   "%zu certificates", pem->count);
    return why_expect(why, "%zu: ASK or ASVK, and ARK", count);
}

static enum status parse_pair(struct snp_chain *chain, struct slice ask,
                              struct slice ark, struct why *why)
{
    enum status st = x509_parse(ask, &ask_labels, &chain->ask, why);

    if (st == STATUS_OK)
        st = x509_parse(ark, &ark_labels, &chain->ark, why);
    return st;
}

static enum status named_root(struct snp_chain *chain, struct slice text,
                              struct why *why)
{
    enum status st = parse_pem(text, &chain->ask_pem, 2, why);

    if (st != STATUS_OK)
        return st;
    return parse_pair(chain, chain->ask_pem.certs[0], chain->ask_pem.certs[1],
                      why);
}

enum status snp_chain_root(struct snp_chain *chain, struct slice root_pem,
                           enum snp_product product, enum snp_signer signer,
                           struct why *why)
{
    enum status st;

    chain->built_in = root_pem.len == 0;
    if (!chain->built_in)
        return named_root(chain, root_pem, why);
    st = parse_pem(snp_roots_ask(product, signer), &chain->ask_pem, 1, why);
    if (st == STATUS_OK)
        st = parse_pem(snp_roots_ark(product), &chain->ark_pem, 1, why);
    if (st != STATUS_OK)
        return st;
    return parse_pair(chain, chain->ask_pem.certs[0], chain->ark_pem.certs[0],
                      why);
}

/* --- roles --- */

static enum status check_issuer(const struct x509 *cert,
                                const struct x509 *issuer, struct why *why)
{
    if (!slice_equal(cert->issuer, issuer->subject))
        return why_fail(why, STATUS_BAD_CHAIN, cert->labels->of[X509_ISSUER],
                        "RFC 5280 6.1.3 (a)(4)", "not the subject of %s",
                        issuer->labels->of[X509_WHOLE]);
    if (cert->algorithm != SIGNATURE_RSA_PSS_SHA384)
        return why_fail(why, STATUS_BAD_CHAIN, cert->labels->of[X509_SIGNATURE],
                        "AMD 57230", "not RSASSA-PSS with SHA-384");
    return STATUS_OK;
}

/* |below|: how many CA certificates stand between |cert| and the endorsement.
 * |usage|: the bits of X509_ that it must have. */
static enum status check_ca(const struct x509 *cert, size_t below,
                            uint16_t usage, struct why *why)
{
    if (cert->key.type != SIGNATURE_KEY_RSA)
        return why_fail(why, STATUS_BAD_CHAIN, cert->labels->of[X509_KEY],
                        "AMD 57230", "not an RSA key");
    if (!cert->is_ca || cert->path_len < below)
        return why_fail(why, STATUS_BAD_CHAIN,
                        cert->labels->of[X509_BASIC_CONSTRAINTS],
                        "RFC 5280 4.2.1.9", "not a CA, or of too short a path");
    if ((cert->key_usage & usage) != usage) {
        (void)why_fail(why, STATUS_BAD_CHAIN, cert->labels->of[X509_KEY_USAGE],
                       "RFC 5280 4.2.1.3", "bits %04x",
                       (unsigned)cert->key_usage);
        return why_expect(why, "%04x among them", (unsigned)usage);
    }
    return STATUS_OK;
}

static enum status check_leaf(const struct x509 *cert, struct why *why)
{
    if (cert->is_ca)
        return why_fail(why, STATUS_BAD_CHAIN,
                        cert->labels->of[X509_BASIC_CONSTRAINTS],
                        "RFC 5280 4.2.1.9", "a CA");
    return STATUS_OK;
}

static enum status check_root_roles(const struct snp_chain *chain,
                                    struct why *why)
{
    enum status st = check_issuer(&chain->ark, &chain->ark, why);

    if (st == STATUS_OK)
        st = check_ca(&chain->ark, 1, X509_KEY_CERT_SIGN | X509_CRL_SIGN, why);
    if (st == STATUS_OK)
        st = check_issuer(&chain->ask, &chain->ark, why);
    if (st == STATUS_OK)
        st = check_ca(&chain->ask, 0, X509_KEY_CERT_SIGN, why);
    return st;
}

static enum status check_root_signatures(const struct snp_chain *chain,
                                         struct why *why)
{
    enum status st = x509_check_signature(&chain->ark, &chain->ark, why);

    if (st == STATUS_OK)
        st = x509_check_signature(&chain->ask, &chain->ark, why);
    return st;
}

enum status snp_chain_check_root(struct slice root_pem, struct why *why)
{
    struct snp_chain *chain = calloc(1, sizeof(*chain));
    enum status st;

    if (chain == NULL)
        return why_fail(why, STATUS_NO_MEMORY, "root", NULL, "out of memory");
    st = named_root(chain, root_pem, why);
    if (st == STATUS_OK)
        st = check_root_roles(chain, why);
    if (st == STATUS_OK)
        st = check_root_signatures(chain, why);
    free(chain);
    return st;
}

enum status snp_chain_check_roles(const struct snp_chain *chain,
                                  struct why *why)
{
    enum status st = check_root_roles(chain, why);

    if (st == STATUS_OK)
        st = check_issuer(&chain->endorsement, &chain->ask, why);
    if (st == STATUS_OK)
        st = check_leaf(&chain->endorsement, why);
    return st;
}

enum status snp_chain_check_signatures(const struct snp_chain *chain,
                                       struct why *why)
{
    enum status st = check_root_signatures(chain, why);

    if (st == STATUS_OK)
        st = x509_check_signature(&chain->endorsement, &chain->ask, why);
    return st;
}

enum status snp_chain_check_dates(const struct snp_chain *chain,
                                  int64_t now_unix, struct why *why)
{
    enum status st = x509_check_dates(&chain->ark, now_unix, why);

    if (st == STATUS_OK)
        st = x509_check_dates(&chain->ask, now_unix, why);
    if (st == STATUS_OK)
        st = x509_check_dates(&chain->endorsement, now_unix, why);
    return st;
}
