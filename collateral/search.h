/* collateral/search.h: looks through the sources for one item, in order.
 *
 * Reads the store first, whatever the order: it also knows the newest that
 * was ever seen. Then tries each source until one gives a usable item. A
 * source that failed rests for a while, and says meanwhile why.
 *
 *     IDLE ----> LOADING               (if there is a store)
 *      ^  |         |
 *      |  +---------+--> each source in order, until one has it:
 *      |                     store      what was loaded, if it is good
 *      |                     stapled    JUDGING
 *      |                     pccs, pcs  FETCHING, then JUDGING what came
 *      |                         |
 *      +-------------------------+  found, or none is left
 *
 * LOADING and JUDGING are in the thread pool, FETCHING is libcurl's. */
#ifndef COLLATERAL_SEARCH_H
#define COLLATERAL_SEARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "collateral/fetch.h"
#include "collateral/item.h"
#include "collateral/source.h"
#include "collateral/store.h"
#include "collateral/want.h"
#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"

struct search;

enum search_state {
    SEARCH_NONE, /* illegal */
    SEARCH_IDLE,
    SEARCH_LOADING,
    SEARCH_FETCHING,
    SEARCH_JUDGING,
    SEARCH_STOPPED, /* only the memory is left, until the pool is done */
    SEARCH_STATE_COUNT
};

/* The drawing above, as a question. Both below SEARCH_STATE_COUNT. */
bool search_may_move(enum search_state from, enum search_state to);

/* What all searches of an engine share. */
struct search_env {
    uv_loop_t *loop;
    struct fetcher *fetcher;
    const struct store *store; /* NULL: none */
    const struct log *log;     /* NULL: silence */
    int64_t fetch_deadline_ms; /* of one transfer */
    int64_t (*now_unix)(void *ctx);
    void *ctx;
};

struct search_events {
    /* The next item that somebody has stapled and that was not given yet, both
     * borrowed during the call; false if there is none. */
    bool (*next_stapled)(void *ctx, struct slice *body, struct slice *chain);

    /* The end of a search, possibly from within search_start(), which may be
     * called again from here. Found: the reference is the receiver's. Failed:
     * |why| names item, source, what happened and the purpose. */
    void (*on_found)(void *ctx, struct item *item);
    void (*on_failed)(void *ctx, const struct why *why);

    /* After search_stop(): the search is gone. */
    void (*on_stopped)(void *ctx);
};

/* A search for |want| under |root_der| (copied) in |sources| (copied). |env|
 * and |events| are borrowed. NULL when out of memory. */
struct search *search_new(const struct search_env *env, const struct want *want,
                          struct slice root_der,
                          const struct source_list *sources,
                          const struct search_events *events, void *ctx);

/* True if it is what search_new() with these would make. */
bool search_is_for(const struct search *s, const struct want *want,
                   const struct source_list *sources);

/* Look for an item that somebody waits for. Must be idle. */
void search_start(struct search *s);

/* Look, in the background, for one that came from outside after
 * |since_unix|: nothing that is stapled, and of the store only news. */
void search_start_newer(struct search *s, int64_t since_unix);

/* True if one of its sources is a service that may know what is wanted. */
bool search_has_service(const struct search *s);

bool search_is_idle(const struct search *s);

/* False, with |why| filled, if an item was issued in what the clock says is
 * the future: then nothing this machine says about dates can be relied on. */
MUST_CHECK bool search_clock_is_sane(const struct search *s, struct why *why);

/* Give up what is under way, and free it: before this returns, or once the
 * thread pool is done with it. on_stopped() is told. */
void search_stop(struct search *s);

#endif
