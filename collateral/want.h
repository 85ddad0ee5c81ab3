/* collateral/want.h: one item of collateral that somebody wants.
 *
 * What a cache is keyed by. Fields that do not matter to an item are zero, so
 * that platforms share what they can: all share the root CRL, all TDX
 * platforms the QE identity, and so on. */
#ifndef COLLATERAL_WANT_H
#define COLLATERAL_WANT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "verifier/collateral_set.h"
#include "verifier/snp_item.h"
#include "verifier/verify.h"

/* Which of the TCB data sets that are current at the same time. */
enum update_kind {
    UPDATE_STANDARD, /* what the service gives by default */
    UPDATE_EARLY,    /* the newest: says what a TCB recovery will change */
    UPDATE_NUMBER    /* the one of tcbEvaluationDataNumber |number| */
};

struct collateral_update {
    enum update_kind kind;
    uint32_t number; /* 0 unless UPDATE_NUMBER */
};

struct want {
    enum collateral_item item;
    enum tee_type tee;               /* TCB info, QE identity */
    uint8_t fmspc[6];                /* TCB info */
    bool platform_ca;                /* PCK CRL */
    struct collateral_update update; /* TCB info, QE identity */
    enum snp_product product;        /* VCEK, ARK CRL */
    uint8_t chip_id[64];             /* VCEK */
    struct snp_tcb snp_tcb;          /* VCEK */
    uint8_t root[16]; /* begin of the SHA-256 of the root named by the user;
                     * all zero: those built in */
};

/* |item| of |platform|, under |root_der| (empty: the built-in root). */
struct want want_of(enum collateral_item item,
                    const struct quote_platform *platform,
                    const struct collateral_update *update,
                    struct slice root_der);

/* The list of TCB data sets for |tee|. */
struct want want_of_numbers(enum tee_type tee, struct slice root_der);

/* |item|, VCEK or ARK CRL, under |root_pem| (empty: AMD's). */
struct want want_of_snp(enum collateral_item item,
                        const struct snp_item_wish *wish,
                        struct slice root_pem);

/* True for an item of AMD's, else it is of Intel's. */
bool want_is_amd(const struct want *w);

bool want_equal(const struct want *a, const struct want *b);

/* Is an item that says |facts| of itself the one that is wanted? What is signed
 * well may still be another platform's. Returns STATUS_OK, or STATUS_MISMATCH
 * with |why| filled. */
MUST_CHECK enum status want_check(const struct want *w,
                                  const struct item_facts *facts,
                                  struct why *why);

/* A name that is different for different wants and fit for a file:
 * "tcb_info-tdx-90c06f000000-early-<root>". */
#define WANT_NAME_ROOM 96
void want_name(const struct want *w, char out[WANT_NAME_ROOM]);

/* The other way round, as far as a name goes: which item, of which update.
 * False if no want has that name. */
MUST_CHECK bool want_read_name(const char *name, enum collateral_item *item,
                               struct collateral_update *update);

/* What was wanted when an item came that says |facts| of itself, under |root|
 * (empty: those built in). */
struct want want_of_facts(enum collateral_item item,
                          const struct collateral_update *update,
                          const struct item_facts *facts, struct slice root);

/* What it is for, to a person: "the TCB info to judge quotes of ..." */
#define WANT_PURPOSE_ROOM 96
void want_purpose(const struct want *w, char out[WANT_PURPOSE_ROOM]);

#endif
