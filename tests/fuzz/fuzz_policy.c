/* Any bytes as a policy; what is read is then routed and judged by. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/judge.h"
#include "policy/policy.h"
#include "policy/route.h"
#include "tests/support/good_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct policy *p)
{
    const struct claims claims = good_claims_tdx();
    const struct judge_input in = {
        .claims = &claims,
        .now_unix = GOOD_NOW,
        .attested_unix = GOOD_NOW,
        .challenged = true,
    };
    struct decision decision;
    struct route route;
    struct why why;

    for (size_t i = 0; i < p->service_count; i++) {
        const struct service *s = &p->services[i];

        if (judge_claims(&s->accept, &in, &decision, &why) == STATUS_OK &&
            s->accept.release_count == 0)
            abort(); /* accepted by a policy that names nothing */
        for (size_t k = 0; k < s->host_count; k++)
            if (!s->hosts[k].wildcard &&
                (route_find(p, slice_text(s->hosts[k].host), s->hosts[k].port,
                            &route, &why) != STATUS_OK ||
                 route.service == NULL))
                abort(); /* a named host that leads nowhere */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy *p;
    struct policy_error err;
    char line[256];

    if (policy_parse(slice_of(data, size), "p.yaml", &p, &err) != STATUS_OK) {
        policy_error_line(&err, line, sizeof(line));
        return 0;
    }
    use(p);
    policy_free(p);
    return 0;
}
