/* proxy/tools/doctor.h: each thing that the proxy needs, looked at by itself.
 *
 * Changes nothing. Each function adds what it finds, good or bad. What is asked
 * of the network is asked by the proxy's own engines. Sources of collateral are
 * doctor_source.h's. */
#ifndef PROXY_TOOLS_DOCTOR_H
#define PROXY_TOOLS_DOCTOR_H

#include <stdint.h>

#include "policy/policy.h"
#include "proxy/tools/findings.h"
#include "proxy/tools/running.h"
#include "verifier/verify.h"

#define DOCTOR_PLATFORMS_MAX 64

/* What the evidence of a service says of its machine. */
struct doctor_platform {
    const char *service; /* its name, borrowed from the policy */
    struct quote_platform platform;
};

struct doctor {
    const struct policy *policy;
    const char *cache_dir; /* NULL: none */
    int64_t now_unix;
    struct findings findings;
    int64_t newest_signed_unix; /* seen by doctor_store() and _services() */
    size_t platform_count;      /* of Intel, seen by doctor_services() */
    struct doctor_platform platforms[DOCTOR_PLATFORMS_MAX];
};

/* The store's folder and what is in it. */
void doctor_store(struct doctor *d);

/* After all that has seen signed dates. */
void doctor_clock(struct doctor *d);

/* The variables that lead programs to a proxy. */
void doctor_environment(struct doctor *d, const struct running *proxy);

/* Who listens where the policy says. */
void doctor_proxy(struct doctor *d, const struct running *proxy);

/* The log of decisions. */
void doctor_audit(struct doctor *d);

/* Every endpoint of every service, and what it proves. */
void doctor_services(struct doctor *d);

#endif
