/* proxy/server/fault.h: the ways a simulated TEE can be made to lie.
 *
 * One row each: what tests ask for by name. Each breaks one thing and leaves
 * the rest sound, so that one check of the verifier, or the policy, must
 * refuse. Exists inside the simulation only. */
#ifndef PROXY_SERVER_FAULT_H
#define PROXY_SERVER_FAULT_H

#include <stdbool.h>
#include <stdio.h>

#include "proxy/server/sim.h"
#include "proxy/server/sim_snp.h"
#include "verifier/claims.h"

/* Of what is signed, the part that gets one wrong bit afterwards. */
enum fault_flip {
    FLIP_NOTHING,
    FLIP_QUOTE_BODY,
    FLIP_QUOTE_SIGNATURE,
    FLIP_QE_REPORT,
    FLIP_QE_SIGNATURE,
    FLIP_PCK,
    FLIP_TCB_INFO,
    FLIP_QE_IDENTITY,
    FLIP_VCEK,
    FLIP_ARK_CRL
};

/* What an SEV-SNP server sends as ASK and ARK, which no client of ours uses. */
enum fault_above {
    ABOVE_RIGHT,
    ABOVE_OTHER, /* certificates of others */
    ABOVE_NONE
};

/* What a quote is bound to. */
enum fault_binding {
    BINDING_RIGHT,
    BINDING_OTHER,   /* to a key that is nobody's */
    BINDING_PREVIOUS /* to what the one before should have been bound to */
};

struct fault {
    const char *name;                          /* "revoked-pck" */
    const char *what;                          /* for people */
    void (*bend)(struct sim_options *options); /* NULL: a sound platform */
    void (*bend_snp)(struct sim_snp_plan *plan, int64_t now_unix);
    enum fault_flip flip;
    enum fault_binding binding;
    bool other_root; /* what the policy names is another simulation's */
    bool no_quote;   /* the quote is empty */
    bool no_staple;  /* no collateral comes with it */
    bool no_vcek;    /* of SEV-SNP: no certificate comes with the report */
    enum fault_above above;
};

/* The fault of that name; NULL if there is none. Static. */
const struct fault *fault_find(const char *name);

/* Is there such a fault in evidence of |tee|? */
bool fault_fits(const struct fault *f, enum tee_type tee);

/* Another digit for the first one behind the middle: still well-formed text,
 * and one bit away from what was signed. */
void fault_flip_digit(uint8_t *at, size_t len);

/* One line each, for --help. */
void fault_print_all(FILE *to);

#endif
