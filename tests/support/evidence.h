/* tests/support/evidence.h: evidence and collateral of the simulated TEE. */
#ifndef TESTS_SUPPORT_EVIDENCE_H
#define TESTS_SUPPORT_EVIDENCE_H

#include "tests/support/simulation.h"

#include "common/buffer.h"
#include "common/limits.h"
#include "verifier/verify.h"

struct evidence {
    struct sim *sim;
    struct buffer quote;
    struct collateral_set set; /* borrows from |sim| */
};

static inline void evidence_report_data(uint8_t out[64])
{
    for (unsigned i = 0; i < 64; i++)
        out[i] = (uint8_t)(0x40 + i);
}

static inline void evidence_fill(struct evidence *e, enum tee_type tee)
{
    uint8_t report_data[64];

    evidence_report_data(report_data);
    e->quote = buffer_with_max(QUOTE_MAX_BYTES);
    CHECK_STATUS(sim_quote(e->sim, tee, report_data, &e->quote), STATUS_OK);
    sim_collateral(e->sim, tee, &e->set);
}

/* |options| may be NULL: sound evidence. */
static inline void evidence_make(struct evidence *e,
                                 const struct sim_options *options,
                                 enum tee_type tee)
{
    e->sim = simulation_new(options);
    evidence_fill(e, tee);
}

/* As evidence_make(), under the keys of |from|. */
static inline void evidence_renew(struct evidence *e,
                                  const struct evidence *from,
                                  const struct sim_options *options,
                                  enum tee_type tee)
{
    struct why why;

    CHECK_STATUS(sim_renew(from->sim, options, SIMULATION_NOW, &e->sim, &why),
                 STATUS_OK);
    evidence_fill(e, tee);
}

static inline void evidence_free(struct evidence *e)
{
    buffer_free(&e->quote);
    sim_free(e->sim);
}

static inline struct verify_input evidence_input(const struct evidence *e)
{
    return (struct verify_input){ .quote = buffer_view(&e->quote),
                                  .collateral = &e->set,
                                  .root_der = sim_root_pem(e->sim),
                                  .now_unix = SIMULATION_NOW };
}

#endif
