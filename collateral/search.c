#include "collateral/search.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "collateral/candidate.h"
#include "collateral/kds_request.h"
#include "collateral/pace.h"
#include "collateral/pcs_request.h"
#include "common/limits.h"
#include "common/secret.h"
#include "common/text.h"

/* A source that failed rests. */
struct rest {
    unsigned failures; /* in a row; 0: it does not rest */
    int64_t until_unix;
    struct why why; /* what it failed of */
};

/* Freed by one line, in search_free(): at once when stopped, or when the pool
 * is done with |candidate|, which it alone touches while LOADING or JUDGING. */
struct search {
    const struct search_env *env;       /* borrowed */
    const struct search_events *events; /* borrowed, as is |ctx| */
    void *ctx;
    struct want want;
    uint8_t *root_der; /* owned; NULL: the built-in root */
    size_t root_der_len;
    struct source_list sources;
    struct seen seen;                          /* over all searches */
    struct rest rests[COLLATERAL_SOURCES_MAX]; /* by index of source */

    enum search_state state;
    bool is_waited_for;
    int64_t since_unix;         /* if it is not */
    size_t at;                  /* index of the source being tried */
    struct item *kept;          /* held: what the store has; NULL if nothing */
    struct why why;             /* what is told if nobody has it */
    struct pcs_request request; /* while FETCHING */
    struct fetch *fetch;        /* likewise; else NULL */
    uv_work_t work;             /* while LOADING or JUDGING */
    void (*job)(struct candidate *c);
    struct candidate candidate;
};

/* --- state ---------------------------------------------------------------- */

static const char *state_name(enum search_state state)
{
    switch (state) {
    case SEARCH_NONE:
    case SEARCH_STATE_COUNT:
        break;
    case SEARCH_IDLE:
        return "idle";
    case SEARCH_LOADING:
        return "loading";
    case SEARCH_FETCHING:
        return "fetching";
    case SEARCH_JUDGING:
        return "judging";
    case SEARCH_STOPPED:
        return "stopped";
    }
    assert(!"a state without a name");
    return "";
}

/* clang-format off */
/* Rows: from. Columns: to. Empty: a defect of ours. */
static const bool legal[SEARCH_STATE_COUNT][SEARCH_STATE_COUNT] = {
    [SEARCH_IDLE]     = { [SEARCH_LOADING]  = true, [SEARCH_FETCHING] = true,
                          [SEARCH_JUDGING]  = true, [SEARCH_STOPPED]  = true,
                          [SEARCH_IDLE]     = true },
    [SEARCH_LOADING]  = { [SEARCH_FETCHING] = true, [SEARCH_JUDGING]  = true,
                          [SEARCH_IDLE]     = true, [SEARCH_STOPPED]  = true },
    [SEARCH_FETCHING] = { [SEARCH_FETCHING] = true, [SEARCH_JUDGING]  = true,
                          [SEARCH_IDLE]     = true, [SEARCH_STOPPED]  = true },
    [SEARCH_JUDGING]  = { [SEARCH_FETCHING] = true, [SEARCH_JUDGING]  = true,
                          [SEARCH_IDLE]     = true, [SEARCH_STOPPED]  = true },
};
/* clang-format on */

bool search_may_move(enum search_state from, enum search_state to)
{
    return legal[from][to];
}

static void move(struct search *s, enum search_state to)
{
    char name[WANT_NAME_ROOM];

    assert(search_may_move(s->state, to));
    want_name(&s->want, name);
    log_event(s->env->log, LOG_DEBUG, "collateral.search",
              LOG_FIELDS(LOG_S("item", name),
                         LOG_S("from", state_name(s->state)),
                         LOG_S("to", state_name(to))));
    s->state = to;
}

static int64_t now_of(const struct search *s)
{
    return s->env->now_unix(s->env->ctx);
}

static const struct collateral_source *source_of(const struct search *s)
{
    return &s->sources.at[s->at];
}

/* --- words ---------------------------------------------------------------- */

/* Keep |inner| as the reason of this search, with whose item it was. What was
 * expected is what |inner| says, in what was wanted: one sentence. */
static void blame(struct search *s, const char *origin, const struct why *inner)
{
    const struct why what = *inner; /* |inner| may be ours */
    char purpose[WANT_PURPOSE_ROOM];
    char from[URL_SHORT_ROOM];

    url_short(origin, from);
    want_purpose(&s->want, purpose);
    (void)why_fail(&s->why, what.status, collateral_item_name(s->want.item),
                   what.clause, "%s: %s%s%s", from,
                   what.field != NULL ? what.field : "",
                   what.field != NULL ? ": " : "",
                   what.found[0] != '\0' ? what.found
                                         : status_text(what.status));
    (void)why_expect(&s->why, "%s%s%s", what.expected,
                     what.expected[0] != '\0' ? ", in " : "", purpose);
}

static void log_failure(const struct search *s)
{
    log_why(s->env->log, LOG_WARN, "collateral.failed", &s->why,
            LOG_FIELDS(LOG_S("source", source_name(source_of(s)->kind))));
}

bool search_clock_is_sane(const struct search *s, struct why *why)
{
    char text[TEXT_TIME_ROOM];
    int64_t now = now_of(s);

    if (s->seen.issued_unix - CLOCK_SKEW_SECONDS <= now)
        return true;
    text_time(now, text);
    (void)why_fail(why, STATUS_NOT_YET, "clock", NULL,
                   "this machine's clock says %s", text);
    text_time(s->seen.issued_unix, text);
    (void)why_expect(why, "%s or later: a %s was issued then", text,
                     collateral_item_name(s->want.item));
    return false;
}

/* --- the end -------------------------------------------------------------- */

static void drop_kept(struct search *s)
{
    item_unref(s->kept);
    s->kept = NULL;
}

/* |item| is a reference of ours, handed on. */
static void found(struct search *s, struct item *item)
{
    seen_raise(&s->seen, &item->facts);
    s->rests[s->at].failures = 0;
    drop_kept(s);
    move(s, SEARCH_IDLE);
    s->events->on_found(s->ctx, item);
}

static void failed(struct search *s)
{
    struct why why = s->why; /* the next search writes its own */

    drop_kept(s);
    move(s, SEARCH_IDLE);
    s->events->on_failed(s->ctx, &why);
}

/* --- the thread pool ------------------------------------------------------ */

static void try_from(struct search *s, size_t at);

static void search_free(struct search *s)
{
    const struct search_events *events = s->events;
    void *ctx = s->ctx;

    candidate_fini(&s->candidate);
    drop_kept(s);
    source_list_free(&s->sources);
    free(s->root_der);
    free(s);
    events->on_stopped(ctx);
}

static void on_loaded(struct search *s)
{
    struct candidate *c = &s->candidate;
    enum status st = c->why.status;

    if (st == STATUS_OK || st == STATUS_EXPIRED || st == STATUS_NOT_YET)
        seen_raise(&s->seen, &c->facts);
    if (st != STATUS_OK && st != STATUS_NO_COLLATERAL) {
        blame(s, source_name(SOURCE_STORE), &c->why);
        log_why(s->env->log, LOG_WARN, "collateral.store", &s->why, NULL);
    }
    s->kept = c->item;
    c->item = NULL;
    candidate_fini(c);
    if (search_clock_is_sane(s, &s->why)) {
        try_from(s, 0);
        return;
    }
    log_why(s->env->log, LOG_ERROR, "collateral.clock", &s->why, NULL);
    failed(s);
}

static void rest_begin(struct search *s, int64_t asked_s)
{
    struct rest *r = &s->rests[s->at];
    uint32_t random;

    secret_random(&random, sizeof(random));
    r->failures++;
    r->until_unix = now_of(s) + pace_rest_seconds(r->failures, asked_s, random);
    r->why = s->why;
}

static void on_judged(struct search *s)
{
    struct candidate *c = &s->candidate;
    struct item *item = c->item;

    if (c->store_why.status != STATUS_OK)
        log_why(s->env->log, LOG_WARN, "collateral.store", &c->store_why, NULL);
    if (item == NULL)
        blame(s, c->origin, &c->why);
    c->item = NULL;
    candidate_fini(c);
    if (item != NULL) {
        found(s, item);
        return;
    }
    log_failure(s);
    if (!source_is_remote(source_of(s)->kind)) {
        try_from(s, s->at); /* somebody else may have stapled a better one */
        return;
    }
    rest_begin(s, 0);
    try_from(s, s->at + 1);
}

static void on_work(uv_work_t *work)
{
    struct search *s = CONTAINER_OF(work, struct search, work);

    s->job(&s->candidate);
}

static void on_worked(uv_work_t *work, int error)
{
    struct search *s = CONTAINER_OF(work, struct search, work);

    if (s->state == SEARCH_STOPPED) {
        search_free(s);
        return;
    }
    assert(error == 0); /* only search_stop() cancels */
    if (s->state == SEARCH_LOADING)
        on_loaded(s);
    else
        on_judged(s);
}

static void run(struct search *s, enum search_state state,
                void (*job)(struct candidate *c))
{
    struct candidate *c = &s->candidate;

    c->want = &s->want;
    c->root_der = slice_of(s->root_der, s->root_der_len);
    c->store = s->env->store;
    c->seen = s->seen;
    c->now_unix = now_of(s);
    s->job = job;
    move(s, state);
    /* Fails only without a function to run. */
    (void)uv_queue_work(s->env->loop, &s->work, on_work, on_worked);
}

/* Judge copies of |body| and |chain|. */
static void run_judge(struct search *s, const char *origin, struct slice body,
                      struct slice chain, bool is_wire)
{
    struct candidate *c = &s->candidate;

    c->body = buffer_with_max(body.len);
    c->chain = buffer_with_max(chain.len);
    c->is_wire = is_wire;
    /* What finds no memory is empty then, and refused. */
    buffer_add(&c->body, body);
    buffer_add(&c->chain, chain);
    (void)snprintf(c->origin, sizeof(c->origin), "%s", origin);
    run(s, SEARCH_JUDGING, candidate_judge);
}

/* --- the sources ---------------------------------------------------------- */

static void on_fetched(void *ctx, const struct fetch_result *result)
{
    struct search *s = ctx;

    assert(s->state == SEARCH_FETCHING);
    s->fetch = NULL;
    if (result->why.status == STATUS_OK) {
        run_judge(s, s->request.url, result->body, result->header, true);
        return;
    }
    s->why = result->why;
    log_failure(s);
    rest_begin(s, result->retry_after_s);
    try_from(s, s->at + 1);
}

static enum status request_for(struct search *s,
                               const struct collateral_source *source)
{
    if (source->kind == SOURCE_KDS)
        return kds_request_for(&s->want, source, &s->request, &s->why);
    return pcs_request_for(&s->want, source, &s->request, &s->why);
}

static enum status start_fetch(struct search *s)
{
    const struct collateral_source *source = source_of(s);
    char purpose[WANT_PURPOSE_ROOM];
    struct fetch_request fetch = {
        .url = s->request.url,
        .ca_file = source->ca_file,
        .proxy = source->proxy,
        .field = collateral_item_name(s->want.item),
        .purpose = purpose,
        .body_max_bytes = COLLATERAL_MAX_BYTES,
        .deadline_ms = s->env->fetch_deadline_ms,
        .done = on_fetched,
        .ctx = s,
    };

    if (request_for(s, source) != STATUS_OK)
        return s->why.status;
    memcpy(fetch.headers, s->request.headers, sizeof(fetch.headers));
    want_purpose(&s->want, purpose);
    return fetch_start(s->env->fetcher, &fetch, &s->fetch, &s->why);
}

static bool try_remote(struct search *s)
{
    const struct rest *r = &s->rests[s->at];

    if (r->failures > 0 &&
        !pace_is_due(now_of(s), r->until_unix, PACE_ASKED_MAX_SECONDS)) {
        s->why = r->why;
        return false;
    }
    if (start_fetch(s) != STATUS_OK) {
        log_failure(s);
        return false;
    }
    move(s, SEARCH_FETCHING);
    return true;
}

static bool try_stapled(struct search *s)
{
    struct slice body, chain;

    if (!s->is_waited_for || !s->events->next_stapled(s->ctx, &body, &chain))
        return false;
    run_judge(s, source_name(SOURCE_STAPLED), body, chain, false);
    return true;
}

/* In the background, only what another process has stored since is news. */
static bool try_kept(struct search *s)
{
    struct item *item = s->kept;

    if (item == NULL || !item_usable(item, now_of(s)))
        return false;
    if (!s->is_waited_for && item->fetched_unix <= s->since_unix)
        return false;
    s->kept = NULL;
    found(s, item);
    return true;
}

/* Intel's services know nothing of AMD's items, nor the other way round; a
 * PCCS knows one TCB data set a time, not which there are. */
static bool serves(enum source_kind kind, const struct want *want)
{
    switch (kind) {
    case SOURCE_STORE:
        return true;
    case SOURCE_STAPLED: /* which does not say whether it is the newest */
        return want->update.kind != UPDATE_EARLY;
    case SOURCE_PCCS:
        return !want_is_amd(want) && want->item != ITEM_TCB_NUMBERS;
    case SOURCE_PCS:
        return !want_is_amd(want);
    case SOURCE_KDS:
        return want_is_amd(want);
    }
    assert(!"a source that serves nobody");
    return false;
}

/* True if the search waits for something now, or is over. */
static bool try_source(struct search *s)
{
    if (!serves(source_of(s)->kind, &s->want))
        return false;
    switch (source_of(s)->kind) {
    case SOURCE_STORE:
        return try_kept(s);
    case SOURCE_STAPLED:
        return try_stapled(s);
    case SOURCE_PCCS:
    case SOURCE_PCS:
    case SOURCE_KDS:
        return try_remote(s);
    }
    assert(!"a source that cannot be tried");
    return false;
}

/* Who came after the stapled items had their turn may still have a good one. */
static bool try_late_stapled(struct search *s)
{
    for (s->at = 0; s->at < s->sources.count; s->at++)
        if (source_of(s)->kind == SOURCE_STAPLED)
            return try_stapled(s);
    return false;
}

static void try_from(struct search *s, size_t at)
{
    for (s->at = at; s->at < s->sources.count; s->at++)
        if (try_source(s))
            return;
    if (!try_late_stapled(s))
        failed(s);
}

/* --- from outside --------------------------------------------------------- */

static bool copy_root(struct search *s, struct slice root_der)
{
    if (root_der.len == 0)
        return true;
    s->root_der = malloc(root_der.len);
    if (s->root_der == NULL)
        return false;
    memcpy(s->root_der, root_der.at, root_der.len);
    s->root_der_len = root_der.len;
    return true;
}

struct search *search_new(const struct search_env *env, const struct want *want,
                          struct slice root_der,
                          const struct source_list *sources,
                          const struct search_events *events, void *ctx)
{
    struct search *s = calloc(1, sizeof(*s));
    struct why why;

    if (s == NULL)
        return NULL;
    if (!copy_root(s, root_der) ||
        source_list_copy(sources->at, sources->count, &s->sources, &why) !=
            STATUS_OK) {
        free(s->root_der);
        free(s);
        return NULL;
    }
    s->env = env;
    s->events = events;
    s->ctx = ctx;
    s->want = *want;
    s->state = SEARCH_IDLE;
    return s;
}

bool search_is_for(const struct search *s, const struct want *want,
                   const struct source_list *sources)
{
    return want_equal(&s->want, want) &&
           source_list_equal(&s->sources, sources);
}

static void start(struct search *s)
{
    char purpose[WANT_PURPOSE_ROOM];

    assert(s->state == SEARCH_IDLE);
    want_purpose(&s->want, purpose);
    (void)why_fail(&s->why, STATUS_NO_COLLATERAL,
                   collateral_item_name(s->want.item), NULL,
                   "no source has it, of %zu", s->sources.count);
    (void)why_expect(&s->why, "%s", purpose);
    if (s->env->store != NULL)
        run(s, SEARCH_LOADING, candidate_load);
    else
        try_from(s, 0);
}

void search_start(struct search *s)
{
    s->is_waited_for = true;
    s->since_unix = 0;
    start(s);
}

void search_start_newer(struct search *s, int64_t since_unix)
{
    s->is_waited_for = false;
    s->since_unix = since_unix;
    start(s);
}

bool search_has_service(const struct search *s)
{
    for (size_t i = 0; i < s->sources.count; i++)
        if (source_is_remote(s->sources.at[i].kind) &&
            serves(s->sources.at[i].kind, &s->want))
            return true;
    return false;
}

bool search_is_idle(const struct search *s)
{
    return s->state == SEARCH_IDLE;
}

void search_stop(struct search *s)
{
    bool in_pool = s->state == SEARCH_LOADING || s->state == SEARCH_JUDGING;

    if (s->fetch != NULL)
        fetch_cancel(s->fetch);
    move(s, SEARCH_STOPPED);
    if (!in_pool) {
        search_free(s);
        return;
    }
    /* on_worked() comes either way; sooner if the pool has not begun. */
    (void)uv_cancel((uv_req_t *)&s->work);
}
