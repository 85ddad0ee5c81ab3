/* collateral/collateral.h: the engine that has collateral at hand.
 *
 * Given a platform, gathers the four items a verification needs from the
 * sources the user named, in their order, and keeps them in memory and on
 * disk. Whatever the source, an item is used only when
 * collateral_item_check() says so at that time, up to its last second and not
 * one longer. An item older than one seen before is refused as a rollback.
 *
 * Each item is fetched once however many ask; the four are gathered side by
 * side; what is held is refreshed in the background, well before it ends.
 * Nothing blocks the loop: the network is libcurl's multi interface, files
 * and signatures are the thread pool's.
 *
 * Does not judge: verify.h checks everything again. PCS API v4. */
#ifndef COLLATERAL_COLLATERAL_H
#define COLLATERAL_COLLATERAL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "collateral/bundle.h"
#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/collateral_set.h"
#include "verifier/verify.h"

enum source_kind {
    SOURCE_STORE,   /* the disk store of the engine; skipped if it has none */
    SOURCE_STAPLED, /* what the server sent along; skipped if it sent none */
    SOURCE_PCCS,    /* a caching service at |url| */
    SOURCE_PCS      /* Intel's service, or one that speaks like it at |url| */
};

/* One place to ask. */
struct collateral_source {
    enum source_kind kind;
    const char *url;     /* "https://host:8081", without the API's path; NULL:
                          * Intel's (PCS only). Unused by STORE and STAPLED */
    const char *ca_file; /* PEM of the CAs its TLS is checked by; NULL: the
                          * system's */
    const char *proxy;   /* outer proxy, as a URL; NULL: none */
};

#define COLLATERAL_SOURCES_MAX 8

/* Which of the sets that are current at the same time. */
enum update_kind {
    UPDATE_STANDARD, /* what the service gives by default */
    UPDATE_EARLY,    /* the newest: says what a TCB recovery will change */
    UPDATE_NUMBER    /* the one of tcbEvaluationDataNumber |number| */
};

struct collateral_update {
    enum update_kind kind;
    uint32_t number; /* 0 unless UPDATE_NUMBER */
};

/* The answer: exactly one of |bundle| and |why| is not NULL, and both are
 * borrowed during the call; bundle_ref() keeps the bundle. |why| names the
 * item, the source or URL, what happened and what it was wanted for. */
typedef void collateral_done(void *ctx, struct bundle *bundle,
                             const struct why *why);

struct collateral_request {
    struct quote_platform platform; /* tee, fmspc, CA; a wish, not a claim */
    struct slice root_der;          /* empty: the built-in root */
    struct collateral_update update;
    const struct collateral_source *sources; /* in the order to try */
    size_t source_count;                     /* up to COLLATERAL_SOURCES_MAX */
    const struct collateral_set *stapled;    /* NULL if none */
    collateral_done *done;
    void *ctx;
};

struct collateral_config {
    const char *store_dir;          /* NULL: nothing is kept on disk. Created if
                            * missing, mode 0700 */
    int64_t (*now_unix)(void *ctx); /* NULL: the system's clock */
    /* NULL, or told after an item in memory was replaced by another: what
     * relied on the old one may be judged again. */
    void (*on_changed)(void *ctx);
    void *ctx;                 /* of both */
    int64_t refresh_seconds;   /* look for a newer item at least this often
                              * while it is in use; 0: 8 hours */
    int64_t fetch_deadline_ms; /* a single transfer; 0: 10 s */
};

struct collateral;      /* the engine, one a loop */
struct collateral_wait; /* one request under way */

/* Start an engine on |loop|. |config| is copied; |log| (NULL: silence) is
 * borrowed until closed. While idle it does not keep the loop alive.
 * Returns STATUS_OK, STATUS_NO_MEMORY, or STATUS_NO_FILE when the store's
 * folder cannot be made, with |why| filled. |*out| is NULL unless OK. */
MUST_CHECK enum status collateral_open(uv_loop_t *loop,
                                       const struct collateral_config *config,
                                       const struct log *log,
                                       struct collateral **out,
                                       struct why *why);

/* End it: each request under way is answered with STATUS_SHUTTING_DOWN before
 * this returns; |on_closed| (may be NULL) is called on the loop, then the
 * engine is gone. */
void collateral_close(struct collateral *c, void (*on_closed)(void *ctx),
                      void *ctx);

/* Ask for the collateral of |request|, which is copied. Its done() is called
 * once, from the loop and never from within this call, unless cancelled.
 * Returns STATUS_OK with |*out| good until done() is called or
 * collateral_cancel(); or, and done() is never called, STATUS_NO_MEMORY,
 * STATUS_LIMIT (too many at once), STATUS_UNSUPPORTED (a TEE without such
 * collateral), STATUS_BAD_CONFIG (no or too many sources, a URL that is not
 * https) or STATUS_SHUTTING_DOWN, with |why| filled. */
MUST_CHECK enum status collateral_get(struct collateral *c,
                                      const struct collateral_request *request,
                                      struct collateral_wait **out,
                                      struct why *why);

/* The one who asked is gone: done() is not called. The transfers go on if
 * somebody else waits for them. */
void collateral_cancel(struct collateral_wait *w);

/* Look at the clock now: refresh what is due. The engine does this by itself
 * about every ten seconds; for callers that know that the clock has jumped. */
void collateral_tick(struct collateral *c);

#endif
