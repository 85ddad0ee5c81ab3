/* tests/support/pcs.h: pcs_server.py beside a test, and a loop to ask it on.
 *
 * Serves one folder, as sim_write_dir() makes them. */
#ifndef TESTS_SUPPORT_PCS_H
#define TESTS_SUPPORT_PCS_H

#include <stdbool.h>
#include <uv.h>

#include "tests/support/child.h"
#include "tests/support/folder.h"

struct pcs {
    struct folder scratch; /* certificate */
    struct child child;
    char url[64];     /* "https://127.0.0.1:port" */
    char ca_file[96]; /* what its certificate is checked by */
};

/* False, and says so, if it cannot run on this machine: the test is skipped. */
bool pcs_can_run(void);

/* Serve |dir| for TDX, SGX and SEV-SNP. */
void pcs_start(struct pcs *p, const char *dir);
void pcs_stop(struct pcs *p);

/* Give a command, as pcs_server.py has them. */
void pcs_tell(struct pcs *p, const char *command);

/* How many requests there were for |item| ("tcb", "qe", "pckcrl", "rootcrl",
 * "numbers", "vcek", "arkcrl", "all"). */
unsigned pcs_count(struct pcs *p, const char *item);

/* Turn |loop| until |*done|; fails the test after three minutes. */
void pcs_turn(uv_loop_t *loop, const bool *done);

/* Turn |loop| to its end, and prove it empty. */
void pcs_end(uv_loop_t *loop);

#endif
