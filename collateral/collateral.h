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
#include "collateral/item.h"
#include "collateral/source.h"
#include "collateral/want.h"
#include "common/log.h"
#include "common/slice.h"
#include "common/status.h"
#include "verifier/collateral_set.h"
#include "verifier/tcb_numbers.h"
#include "verifier/verify.h"

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
    /* Where items are kept on disk; made if it is missing, mode 0700. NULL:
     * nowhere. */
    const char *store_dir;

    /* The time; NULL: the system's. */
    int64_t (*now_unix)(void *ctx);

    /* An item in memory was replaced by another: what relied on the old one
     * may be judged again. Called from the loop. NULL if nobody cares. */
    void (*on_changed)(void *ctx);

    void *ctx; /* of both */

    /* Look for a newer item at least this often while it is in use; 0: every
     * 8 hours. */
    int64_t refresh_seconds;

    /* For a single transfer; 0: 10 seconds. */
    int64_t fetch_deadline_ms;
};

struct collateral;      /* the engine, one a loop */
struct collateral_wait; /* one request under way */

/* Start an engine on |loop|, after secret_init(). |config| is copied; |log|
 * (NULL: silence) is borrowed until closed. While idle it does not keep the
 * loop alive.
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

/* --- what is to come ------------------------------------------------------ */

/* The answer, as of collateral_done(). */
typedef void collateral_numbers_done(void *ctx,
                                     const struct tcb_numbers *numbers,
                                     const struct why *why);

/* Which TCB data sets Intel publishes. A PCCS does not know. */
struct collateral_numbers_request {
    enum tee_type tee;     /* TEE_SGX or TEE_TDX */
    struct slice root_der; /* empty: the built-in root */
    const struct collateral_source *sources;
    size_t source_count;
    collateral_numbers_done *done;
    void *ctx;
};

/* collateral_get() for them; results and |*out| as there. */
MUST_CHECK enum status
collateral_get_numbers(struct collateral *c,
                       const struct collateral_numbers_request *request,
                       struct collateral_wait **out, struct why *why);

/* --- AMD SEV-SNP ---------------------------------------------------------- */

/* What stands beside an SEV-SNP report. */
struct collateral_snp {
    struct item *vcek;  /* NULL if the request brought an endorsement: that one
                         * has to do */
    struct item *crl;   /* AMD's list of what the ARK revoked; NULL: not had */
    struct why crl_why; /* then why not; else all zero */
};

/* The answer: exactly one of |snp| and |why| is not NULL, and both are borrowed
 * during the call; item_ref() keeps an item. A list that cannot be had is no
 * failure here: whether it must be there is the policy's question. */
typedef void collateral_snp_done(void *ctx, const struct collateral_snp *snp,
                                 const struct why *why);

struct collateral_snp_request {
    /* As the TEE made it, unverified: says chip and TCB, a wish, not a claim.
     * This and the three below are borrowed only during the call. */
    struct slice report;
    struct slice endorsement; /* what the peer sent along: VCEK or VLEK, DER or
                               * PEM. Empty: the VCEK is looked for */
    struct slice crl;         /* what the peer sent along, DER; may be empty */
    struct slice root_pem;    /* ASK, ARK of a simulation; empty: AMD's */
    const struct collateral_source *sources; /* in the order to try; those of
                                              * AMD's kind, store, stapled */
    size_t source_count;                     /* up to COLLATERAL_SOURCES_MAX */
    collateral_snp_done *done;
    void *ctx;
};

/* collateral_get() for an SEV-SNP report; |*out| is for collateral_cancel() as
 * there. Returns what collateral_get() does, or any status of
 * snp_report_parse(), or STATUS_NO_COLLATERAL when nothing says which VCEK it
 * is (a report of version 2 does not name the product, an owner may hide the
 * chip) with |why| filled. VCEKs come from AMD's KDS (57230) and are kept like
 * all items. */
MUST_CHECK enum status
collateral_get_snp(struct collateral *c,
                   const struct collateral_snp_request *request,
                   struct collateral_wait **out, struct why *why);

/* The one who asked is gone: done() is not called. What is under way goes on,
 * for those who ask next. */
void collateral_cancel(struct collateral_wait *w);

/* From now on as |seconds| in struct collateral_config; also for what is held
 * already. */
void collateral_refresh_every(struct collateral *c, int64_t seconds);

/* Look at the clock now: refresh what is due. The engine does this by itself
 * every ten seconds or more often; for callers that know that the clock has jumped. */
void collateral_tick(struct collateral *c);

#endif
