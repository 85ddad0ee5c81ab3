/* tests/support/desk.h: the collateral engine, a clock that a test sets, and a
 * server that serves what a simulated TEE publishes. */
#ifndef TESTS_SUPPORT_DESK_H
#define TESTS_SUPPORT_DESK_H

#include "tests/support/check.h"

#include "collateral/collateral.h"
#include "proxy/server/sim.h"
#include "tests/support/pcs.h"

enum { START = 1800000000, HOUR = 3600, DAY = 24 * HOUR };

/* Of the default simulation: TCB info, QE identity and PCK CRL. */
#define LAST_SECOND (START + 30 * DAY)

/* Beside all tests of a program, and as new before each. */
struct bench {
    struct pcs pcs;
    struct folder data; /* what |pcs| serves */
    struct sim *sim;
    int64_t now; /* the clock of every desk; START before each test */
};

extern struct bench bench;

/* cmocka's, for a group and for each test. */
int bench_set_up(void **state);
int bench_tear_down(void **state);
int bench_begin(void **state);

#define DESK_TEST(name) cmocka_unit_test_setup(name, bench_begin)

/* How many requests the server has had since |*before|, which is updated. */
unsigned bench_served(unsigned *before);

/* Serve what the same maker publishes at |issued|; windows begin a day
 * before. */
void bench_publish(const struct sim_options *options, int64_t issued);

/* An engine on a loop of its own. */
struct desk {
    uv_loop_t loop;
    struct collateral *engine;
    unsigned changes; /* calls of on_changed() */
};

void desk_open(struct desk *d, const char *store_dir); /* NULL: none */
enum status desk_try_open(struct desk *d, const char *store_dir,
                          struct why *why);
void desk_close(struct desk *d);

struct answer {
    bool done;
    struct bundle *bundle; /* held; NULL if there is none */
    struct why why;
};

/* Give back what |a| holds, and empty it. */
void desk_forget(struct answer *a);

/* The server of the bench; a PCCS that is not there; the other two. */
struct collateral_source desk_pcs(void);
struct collateral_source desk_dead(void);
extern const struct collateral_source desk_store;
extern const struct collateral_source desk_stapled;

/* A request for the platform of the simulation, answered to |answer|, which
 * is emptied. */
struct collateral_request desk_request(const struct collateral_source *sources,
                                       size_t count, struct answer *answer);

/* Ask without waiting. */
struct collateral_wait *desk_get(struct desk *d,
                                 const struct collateral_request *request);

/* Ask, and wait. The answer is to be forgotten. |set| is what is stapled;
 * NULL: nothing. */
struct answer desk_ask_all(struct desk *d,
                           const struct collateral_source *sources,
                           size_t count, const struct collateral_set *set);
struct answer desk_ask(struct desk *d, struct collateral_source source);

/* Ask, expect that status, and forget. */
void desk_expect(struct desk *d, struct collateral_source source,
                 enum status want);

/* Turn the loop until the server has had |count| requests for |item|, and what
 * they led to is over. */
void desk_turn_until(struct desk *d, const char *item, unsigned count);

#endif
