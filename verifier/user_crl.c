#include "verifier/user_crl.h"

#include <stdio.h>

#include "common/text.h"
#include "verifier/crl.h"
#include "verifier/validity.h"

/* What went wrong is told with the name of the list. */
static enum status tell_name(const struct user_crl *list, struct why *why)
{
    char found[sizeof(why->found)];

    memcpy(found, why->found, sizeof(found));
    (void)snprintf(why->found, sizeof(why->found), "%.100s: %.90s", list->name,
                   found);
    return why->status;
}

/* The CA that made |crl|; NULL if it is none of |certs|. */
static const struct x509 *maker_of(const struct crl *crl,
                                   const struct user_crl_certs *certs)
{
    for (size_t i = 0; i < certs->count; i++)
        if (certs->at[i]->is_ca &&
            slice_equal(certs->at[i]->subject, crl->issuer))
            return certs->at[i];
    return NULL;
}

static enum status refuse(const struct user_crl *list, const struct x509 *cert,
                          struct why *why)
{
    char serial[2 * SERIAL_MAX_BYTES + 1];

    text_hex_cut(cert->serial, serial, sizeof(serial));
    return why_fail(why, STATUS_REVOKED, cert->labels->of[X509_SERIAL],
                    "RFC 5280 6.3.3 (j)", "%s is on the list %s", serial,
                    list->name);
}

static enum status check_certs(const struct user_crl *list,
                               const struct crl *crl,
                               const struct user_crl_certs *certs,
                               struct why *why)
{
    for (size_t i = 0; i < certs->count; i++) {
        const struct x509 *cert = certs->at[i];

        if (!certs->one_list && !slice_equal(crl->issuer, cert->issuer))
            continue;
        if (crl_check_serial(crl, cert, why) != STATUS_OK)
            return refuse(list, cert, why);
    }
    return STATUS_OK;
}

static enum status check_list(const struct user_crl *list,
                              const struct user_crl_certs *certs,
                              int64_t now_unix,
                              struct validity_claims *validity, size_t *spoke,
                              struct why *why)
{
    const struct x509 *maker;
    struct crl crl;
    enum status st = crl_parse(CRL_USER, list->der, &crl, why);

    if (st != STATUS_OK)
        return tell_name(list, why);
    maker = maker_of(&crl, certs);
    if (maker == NULL)
        return STATUS_OK;
    (*spoke)++;
    st = crl_check_issuer(&crl, maker, why);
    if (st == STATUS_OK)
        st = crl_check_dates(&crl, now_unix, why);
    if (st != STATUS_OK)
        return tell_name(list, why);
    validity_add(validity, &crl.dates, "user_crl");
    return check_certs(list, &crl, certs, why);
}

enum status user_crl_check(const struct user_crl *lists, size_t count,
                           const struct user_crl_certs *certs, int64_t now_unix,
                           struct validity_claims *validity, struct why *why)
{
    enum status st = STATUS_OK;
    size_t spoke = 0;

    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = check_list(&lists[i], certs, now_unix, validity, &spoke, why);
    if (st == STATUS_OK)
        why_seen(why, "%zu of %zu lists are of its CAs", spoke, count);
    return st;
}
