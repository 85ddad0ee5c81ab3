/* collateral/candidate.h: bytes that claim to be an item, and the judgement.
 *
 * Blocking work for the thread pool: reading and writing the store, checking
 * signatures. Touches nothing but the candidate, so that any thread may do it
 * while nobody else looks. */
#ifndef COLLATERAL_CANDIDATE_H
#define COLLATERAL_CANDIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "collateral/item.h"
#include "collateral/seen.h"
#include "collateral/store.h"
#include "collateral/want.h"
#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"

struct candidate {
    /* Filled before. */
    const struct want *want;   /* borrowed */
    struct slice root_der;     /* borrowed; empty: the built-in root. Of AMD's
                                * items: PEM of ASK and ARK */
    const struct store *store; /* borrowed; NULL: nothing is kept */
    struct seen seen;
    int64_t now_unix;
    struct buffer body;         /* owned; unused by candidate_load() */
    struct buffer chain;        /* owned; likewise. From the wire: the header */
    bool is_wire;               /* both as a PCS or PCCS sends them */
    char origin[URL_MAX_BYTES]; /* "stapled" or a URL */

    /* Filled after. */
    struct item *item; /* a reference for the caller to take; NULL unless OK */
    struct item_facts facts; /* as collateral_item_check() fills it */
    struct why why;          /* all zero when OK */
    struct why store_why;    /* why it could not be kept; zero if it was */
};

/* Look for the item in the store. |why.status| is STATUS_OK with |item|,
 * STATUS_NO_COLLATERAL when nothing is kept there, STATUS_EXPIRED or
 * STATUS_NOT_YET with |facts| when what is kept is not good at |now_unix|, or
 * anything else when it is not what it says. */
void candidate_load(struct candidate *c);

/* Judge |body| and |chain|, and keep in the store what is good.
 * |why.status| is STATUS_OK with |item|, or says what is wrong. */
void candidate_judge(struct candidate *c);

/* Free what |c| owns, also the item if nobody took it, and empty it. */
void candidate_fini(struct candidate *c);

#endif
