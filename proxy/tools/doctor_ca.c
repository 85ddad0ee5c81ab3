#include "proxy/tools/doctor_ca.h"

#include "proxy/local/ca.h"
#include "proxy/tools/trust_store.h"

static void look_at_trust(struct doctor *d, const struct ca *ca)
{
    struct trust_stores stores;
    size_t trusting = 0;

    trust_store_find(&stores);
    for (size_t i = 0; i < stores.count; i++) {
        if (!trust_store_has(&stores.list[i], ca))
            continue;
        trusting++;
        findings_add(&d->findings, FINDING_OK, "ca", stores.list[i].path, NULL,
                     "%s trusts the CA of this computer",
                     trust_store_name(stores.list[i].kind));
    }
    if (trusting == 0)
        findings_add(&d->findings, FINDING_NOTE, "ca", "", "veritee ca install",
                     "no store that is known here trusts the CA of this "
                     "computer");
}

void doctor_ca_look(struct doctor *d)
{
    char dir[PATHS_ROOM];
    struct ca *ca = NULL;
    struct why why;

    if (!policy_intercepts(d->policy) || !paths_ca(dir))
        return;
    if (ca_load(dir, &ca, &why) != STATUS_OK ||
        ca_check_policy(ca, d->policy, d->now_unix, &why) != STATUS_OK)
        findings_add(&d->findings, FINDING_ERROR, "ca", dir,
                     "see 'veritee ca show'", "%s", why.found);
    else
        findings_add(&d->findings, FINDING_OK, "ca", dir, NULL,
                     "it covers the services with tls: intercept");
    if (ca != NULL)
        look_at_trust(d, ca);
    ca_free(ca);
}
