/* tests/support/simulation.h: simulated TEEs at a fixed time. */
#ifndef TESTS_SUPPORT_SIMULATION_H
#define TESTS_SUPPORT_SIMULATION_H

#include "tests/support/check.h"

#include "proxy/server/sim.h"

/* 2026-06-01T00:00:00Z, where every simulated item is good. */
#define SIMULATION_NOW INT64_C(1780272000)

/* |options| NULL: the defaults. The caller frees it with sim_free(). */
static inline struct sim *simulation_new(const struct sim_options *options)
{
    struct sim *sim;
    struct why why = { 0 };

    CHECK_STATUS(sim_new(options, SIMULATION_NOW, &sim, &why), STATUS_OK);
    return sim;
}

/* The defaults, but |faults| (enum sim_fault) in |item|. */
static inline struct sim *simulation_with(enum sim_item item, uint32_t faults)
{
    struct sim_options options;

    sim_options_default(&options);
    options.items[item].faults = faults;
    return simulation_new(&options);
}

#endif
