/* Any bytes as a policy; what is read is then routed and judged by. Parts behind
 * the byte 1e are the files "a", "b" ..., which the policy may name. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/* Part |n| of |all|; false if there are fewer. */
static bool part(struct slice all, size_t n, struct slice *out)
{
    const uint8_t *end = memchr(all.at, 0x1e, all.len);

    for (; n > 0 && end != NULL; n--) {
        all = slice_of(end + 1, all.len - (size_t)(end + 1 - all.at));
        end = memchr(all.at, 0x1e, all.len);
    }
    *out = slice_of(all.at, end == NULL ? all.len : (size_t)(end - all.at));
    return n == 0;
}

static enum status read_part(void *ctx, const char *path, size_t max,
                             struct buffer *out, struct why *why)
{
    const struct slice *all = ctx;
    size_t n = path[0] >= 'a' && path[0] <= 'z' && path[1] == '\0'
                   ? (size_t)(path[0] - 'a' + 1)
                   : 0;
    struct slice text;

    *out = buffer_with_max(max);
    if ((n == 0 && strcmp(path, "p.yaml") != 0) || !part(*all, n, &text))
        return why_fail(why, STATUS_NO_FILE, NULL, NULL, "no file");
    buffer_add(out, text);
    if (buffer_ok(out))
        return STATUS_OK;
    buffer_free(out);
    return why_fail(why, STATUS_NO_FILE, NULL, NULL, "too large");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_of(data, size);
    const struct policy_files files = { .read = read_part, .ctx = &all };
    struct policy *p;
    struct policy_error err;
    char line[256];

    if (size == 0)
        return 0;
    if (policy_load("p.yaml", &files, &p, &err) != STATUS_OK) {
        policy_error_line(&err, line, sizeof(line));
        return 0;
    }
    use(p);
    policy_free(p);
    return 0;
}
