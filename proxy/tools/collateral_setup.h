/* proxy/tools/collateral_setup.h: what the collateral commands begin with: the
 * user's policy, if there is one, the folder of the store, and the roots that
 * items may end at. */
#ifndef PROXY_TOOLS_COLLATERAL_SETUP_H
#define PROXY_TOOLS_COLLATERAL_SETUP_H

#include <stddef.h>

#include "collateral/stock.h"
#include "collateral/store.h"
#include "common/buffer.h"
#include "common/compiler.h"
#include "policy/policy.h"
#include "proxy/local/paths.h"
#include "proxy/tools/command.h"

#define COLLATERAL_SETUP_ROOTS_MAX 64

/* As the options name them; NULL: the default. */
struct collateral_setup_options {
    const char *policy;
    const char *store;
    const char *root;
};

struct collateral_setup {
    struct policy *policy; /* owned; NULL if there is none */
    char store_dir[PATHS_ROOM];
    size_t root_count;
    struct buffer roots[COLLATERAL_SETUP_ROOTS_MAX]; /* owned */
    struct slice root_slices[COLLATERAL_SETUP_ROOTS_MAX];
    const char *root_paths[COLLATERAL_SETUP_ROOTS_MAX];
};

/* Read it all. Returns -1 with |out| for collateral_setup_free(); or an exit
 * status after a complaint, and |out| empty. */
MUST_CHECK int
collateral_setup_read(const struct command *self,
                      const struct collateral_setup_options *options,
                      struct collateral_setup *out);

void collateral_setup_free(struct collateral_setup *s);

/* The root that was read from |path|, an option's or a service's; empty for
 * NULL: the built-in one. Borrows from |s|. */
struct slice collateral_setup_root(const struct collateral_setup *s,
                                   const char *path);

/* The rules by which items are checked now. Borrows from |s|. */
struct stock_rules collateral_setup_rules(const struct collateral_setup *s);

#endif
