#include "proxy/local/peer.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "common/text.h"
#include "proxy/local/far_tunnel.h"
#include "proxy/local/forecaster.h"
#include "proxy/local/peer_wire.h"

/* Freed by exactly one line, in on_closed(), which the wire calls once. */
struct peer {
    struct peer_config config;
    enum peer_state state;
    int64_t since_ms;
    int64_t challenged_unix;
    struct peer_wire wire;
    struct attest_call *attest;     /* NULL unless under way */
    struct attest_call *forecaster; /* likewise */
    struct forecast forecast;
    bool decided;
    bool unproven; /* its present policy has not accepted it yet, but may */
    bool refused;  /* and open streams go on for a while */
    int64_t refused_ms;
    int64_t until_unix; /* the last second that it was accepted for, which is
                         * its last under on-expiry also when it is refused */
    struct attestation attestation;   /* all zero until |decided| */
    struct session_evidence evidence; /* to judge again; without collateral */
    struct buffer quote;              /* the bytes of |evidence| ... */
    struct buffer vcek;               /* ... and its certificate */
};

const char *peer_state_name(enum peer_state s)
{
    switch (s) {
    case PEER_NONE:
        return "none";
    case PEER_DIALLING:
        return "dialling";
    case PEER_ATTESTING:
        return "attesting";
    case PEER_AGREEING:
        return "agreeing";
    case PEER_READY:
        return "ready";
    case PEER_DRAINING:
        return "draining";
    case PEER_CLOSED:
        return "closed";
    }
    assert(!"a state without a name");
    return "";
}

static void set_state(struct peer *p, enum peer_state to)
{
    assert(to > p->state); /* a peer never goes back */
    log_event(p->config.log, LOG_DEBUG, "peer.state",
              LOG_FIELDS(LOG_S("service", p->config.service->name),
                         LOG_S("endpoint", p->config.endpoint->url),
                         LOG_S("from", peer_state_name(p->state)),
                         LOG_S("to", peer_state_name(to))));
    p->state = to;
    p->since_ms = (int64_t)uv_now(p->config.loop);
}

static void log_accepted(const struct peer *p)
{
    const struct attestation *a = &p->attestation;

    log_event(p->config.log, LOG_INFO, "session.accepted",
              LOG_FIELDS(
                  LOG_S("service", p->config.service->name),
                  LOG_S("endpoint", p->config.endpoint->url),
                  LOG_S("tee", tee_name(a->claims.tee)),
                  LOG_S("tcb", tcb_status_name(a->claims.tcb.status)),
                  LOG_S("release",
                        a->decision.release != NULL ? a->decision.release : ""),
                  LOG_S("simulated", a->claims.simulated ? "SIMULATED" : "no"),
                  LOG_N("deadline", a->deadline_unix)));
}

static void note_accepted(struct peer *p)
{
    p->refused = false;
    p->until_unix = p->attestation.deadline_unix;
}

static void on_attested(void *ctx, const struct attestation *result)
{
    struct peer *p = ctx;

    assert(p->state == PEER_ATTESTING);
    p->attest = NULL;
    p->attestation = *result;
    p->decided = true;
    if (result->why.status != STATUS_OK) {
        peer_wire_close(&p->wire, &p->attestation.why);
        return;
    }
    note_accepted(p);
    log_accepted(p);
    set_state(p, PEER_AGREEING);
    peer_wire_accept(&p->wire);
}

static struct attest_wish wish_of(struct peer *p,
                                  const struct session_evidence *evidence)
{
    return (struct attest_wish){
        .snapshot = p->config.snapshot,
        .service = p->config.service,
        .evidence = evidence,
        .endpoint = p->config.endpoint->url,
        .challenged_unix = p->challenged_unix,
        .ctx = p,
    };
}

static enum status attest(struct peer *p,
                          const struct session_evidence *evidence,
                          attest_done *done)
{
    struct attest_wish wish = wish_of(p, evidence);

    wish.done = done;
    return attest_desk_get(&p->config.line, &wish, &p->attest);
}

static void on_forecast(void *ctx, const struct forecast *f)
{
    struct peer *p = ctx;

    p->forecaster = NULL;
    p->forecast = *f;
    if (f->outlook == OUTLOOK_BREAKS)
        log_why(p->config.log, LOG_WARN, "session.forecast", &f->why,
                LOG_FIELDS(LOG_S("service", p->config.service->name),
                           LOG_S("endpoint", p->config.endpoint->url)));
}

static void stop_forecast(struct peer *p)
{
    if (p->forecaster != NULL)
        attest_desk_cancel(p->forecaster);
    p->forecaster = NULL;
}

/* What is under way compares with an attestation that is no more. */
static void start_forecast(struct peer *p)
{
    const struct attest_wish wish = wish_of(p, &p->evidence);

    stop_forecast(p);
    if (!forecaster_can(p->config.service, &p->attestation))
        return;
    if (attest_desk_foresee(&p->config.line, &wish, &p->attestation,
                            on_forecast, &p->forecaster) != STATUS_OK)
        p->forecast = (struct forecast){ 0 }; /* no memory, no forecast */
}

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct peer *p = ctx;
    struct why why = { 0 };

    set_state(p, PEER_ATTESTING);
    buffer_add(&p->quote, evidence->quote);
    p->evidence = *evidence;
    p->evidence.quote = buffer_view(&p->quote);
    buffer_add(&p->vcek, evidence->vcek);
    p->evidence.vcek = buffer_view(&p->vcek);
    p->evidence.public_key = p->evidence.challenge = (struct slice){ 0 };
    p->evidence.stapled = (struct session_stapled){ 0 };
    /* A quote that was too large to keep is refused by attest.h. */
    if (attest(p, evidence, on_attested) == STATUS_OK)
        return;
    (void)why_fail(&why, STATUS_NO_MEMORY, "attest", NULL, "out of memory");
    peer_wire_close(&p->wire, &why);
}

static void on_ready(void *ctx)
{
    struct peer *p = ctx;

    set_state(p, PEER_READY);
    start_forecast(p);
    p->config.events->on_ready(p->config.ctx, p);
}

static void on_goaway(void *ctx)
{
    struct peer *p = ctx;

    if (p->state == PEER_READY)
        set_state(p, PEER_DRAINING);
    p->config.events->on_goaway(p->config.ctx, p);
}

static void on_closed(void *ctx, const struct why *why)
{
    struct peer *p = ctx;

    set_state(p, PEER_CLOSED);
    if (p->attest != NULL)
        attest_desk_cancel(p->attest);
    stop_forecast(p);
    p->config.events->on_closed(p->config.ctx, p, why);
    buffer_free(&p->quote);
    buffer_free(&p->vcek);
    free(p);
}

static const struct session_events session_events = {
    .on_evidence = on_evidence,
    .on_ready = on_ready,
    .on_opened = far_tunnel_on_opened,
    .on_data = far_tunnel_on_data,
    .on_fin = far_tunnel_on_fin,
    .on_reset = far_tunnel_on_reset,
    .on_room = far_tunnel_on_room,
    .on_goaway = on_goaway,
    .on_closed = on_closed,
};

enum status peer_open(const struct peer_config *config, struct peer **out)
{
    struct peer *p = calloc(1, sizeof(*p));
    enum status st;

    *out = NULL;
    if (p == NULL)
        return STATUS_NO_MEMORY;
    p->config = *config;
    p->challenged_unix = (int64_t)time(NULL);
    p->quote = buffer_with_max(QUOTE_MAX_BYTES);
    p->vcek = buffer_with_max(2 * CERT_MAX_BYTES);
    st = peer_wire_dial(&p->wire, config, &session_events, p);
    if (st != STATUS_OK) {
        free(p);
        return st;
    }
    set_state(p, PEER_DIALLING);
    *out = p;
    return STATUS_OK;
}

enum peer_state peer_state_of(const struct peer *p)
{
    return p->state;
}

const struct endpoint *peer_endpoint(const struct peer *p)
{
    return p->config.endpoint;
}

enum status peer_attach(struct peer *p, struct far_tunnel *f,
                        struct far_tunnel_list *opening, int64_t now_ms)
{
    assert(p->state == PEER_READY || p->state == PEER_DRAINING);
    return peer_wire_attach(&p->wire, &p->config, f, opening, now_ms);
}

struct peer_traffic peer_traffic(const struct peer *p)
{
    return peer_wire_traffic(&p->wire);
}

const struct attestation *peer_attestation(const struct peer *p)
{
    return p->decided ? &p->attestation : NULL;
}

const struct forecast *peer_forecast(const struct peer *p)
{
    return &p->forecast;
}

int64_t peer_since_ms(const struct peer *p)
{
    return p->since_ms;
}

/* Evidence and policy say no; a network that is down says nothing. */
static bool is_refusal(enum status st)
{
    enum status_class class = status_class(st);

    return class == CLASS_EVIDENCE || class == CLASS_POLICY;
}

/* Who holds the key of what is revoked is not known any more. */
static bool may_go_on(const struct peer *p)
{
    const struct attestation *a = &p->attestation;

    return p->config.service->on_refusal.drain &&
           a->why.status == STATUS_POLICY && !judge_found_revoked(&a->decision);
}

/* |p|'s attestation says why. |p| may be gone. */
static void refuse(struct peer *p)
{
    if (!may_go_on(p)) {
        peer_close(p, &p->attestation.why);
    } else if (!p->refused) { /* else its time runs already */
        p->refused = true;
        p->refused_ms = (int64_t)uv_now(p->config.loop);
        p->config.events->on_refused(p->config.ctx, p, &p->attestation.why);
        peer_drain(p);
    }
}

/* Accepted once more, whatever was said in between. */
static void go_on(struct peer *p)
{
    note_accepted(p);
    start_forecast(p);
}

static void on_rejudged(void *ctx, const struct attestation *result)
{
    struct peer *p = ctx;
    const enum status st = result->why.status;
    const bool unproven = p->unproven;

    p->attest = NULL;
    p->unproven = false;
    if (st == STATUS_OK || is_refusal(st))
        p->attestation = *result;
    if (is_refusal(st))
        refuse(p);
    else if (st != STATUS_OK && unproven)
        peer_close(p, &result->why); /* |p| may be gone */
    else if (st == STATUS_OK)
        go_on(p);
}

void peer_rejudge(struct peer *p)
{
    if ((p->state != PEER_READY && p->state != PEER_DRAINING) ||
        p->attest != NULL)
        return;
    if (attest(p, &p->evidence, on_rejudged) != STATUS_OK)
        log_event(p->config.log, LOG_WARN, "session.rejudge",
                  LOG_FIELDS(LOG_S("service", p->config.service->name),
                             LOG_S("reason", "out of memory")));
}

bool peer_is_judging(const struct peer *p)
{
    return p->attest != NULL;
}

/* By its present policy, which may yet refuse it by its external check or its
 * revocation lists: that needs all of an attestation. Its streams go on
 * meanwhile. Unless STATUS_OK, |p| was closed. */
static enum status prove(struct peer *p)
{
    const enum status st = attest(p, &p->evidence, on_rejudged);
    struct why why = { 0 };

    p->unproven = st == STATUS_OK;
    if (st == STATUS_OK)
        return STATUS_OK;
    (void)why_fail(&why, st, "attest", NULL, "%s", status_text(st));
    peer_close(p, &why); /* |p| may be gone */
    return st;
}

enum status peer_judge_by(struct peer *p, struct snapshot *snapshot,
                          const struct service *service)
{
    const struct judge_input in = {
        .claims = &p->attestation.claims,
        .now_unix = (int64_t)time(NULL),
        .attested_unix = p->attestation.attested_unix,
        .challenged = p->evidence.challenged,
    };
    const bool rejudging = p->attest != NULL;
    struct attest_wish wish;
    struct decision decision;
    struct why why = { 0 };
    enum status st;

    assert(p->state == PEER_READY || p->state == PEER_DRAINING);
    p->config.snapshot = snapshot;
    p->config.service = service;
    stop_forecast(p); /* by the policy that is no more, as is the next */
    if (rejudging) {  /* by the policy that is no more: it begins anew */
        attest_desk_cancel(p->attest);
        p->attest = NULL;
    }
    p->unproven = false;
    st = judge_claims(&service->accept, &in, &decision, &why);
    if (decision.wants_exec ||
        (st == STATUS_OK && snapshot_crls(snapshot, service)->count > 0)) {
        /* The one before is the older policy's, which may go. */
        p->attestation.decision.release = decision.release;
        return prove(p);
    }
    p->attestation.decision = decision;
    p->attestation.deadline_unix = decision.deadline_unix;
    p->attestation.why = why;
    wish = wish_of(p, &p->evidence);
    attest_desk_note(&p->config.line, &wish, &p->attestation);
    if (st == STATUS_OK)
        note_accepted(p);
    if (st == STATUS_OK && rejudging)
        peer_rejudge(p);
    else if (st == STATUS_OK)
        start_forecast(p);
    if (st != STATUS_OK)
        refuse(p);
    return st;
}

static bool is_overdue(const struct peer *p, int64_t now_ms)
{
    const int64_t limit_ms = p->config.service->on_refusal.limit_s * 1000;

    return p->refused && now_ms - p->refused_ms >= limit_ms;
}

static void close_expired(struct peer *p, int64_t now_unix)
{
    const struct policy_ending *rule = &p->config.service->on_expiry;
    char until[TEXT_TIME_ROOM];
    struct why why;

    if ((rule->drain && rule->limit_s == 0) ||
        now_unix - p->until_unix <= rule->limit_s)
        return;
    text_time(p->until_unix, until);
    (void)why_fail(&why, STATUS_EXPIRED, "attestation", NULL, "good until %s",
                   until);
    (void)why_expect(&why, "streams that end %s",
                     rule->drain ? "within the limit of on-expiry" : "by then");
    peer_close(p, &why);
}

void peer_tick(struct peer *p, int64_t now_ms, int64_t now_unix)
{
    if (p->state != PEER_READY && p->state != PEER_DRAINING)
        return;
    if (is_overdue(p, now_ms))
        peer_close(p, &p->attestation.why);
    else
        close_expired(p, now_unix);
}

void peer_drain(struct peer *p)
{
    if (p->state != PEER_READY) {
        const struct why why = { .status = STATUS_SHUTTING_DOWN };

        if (p->state < PEER_READY)
            peer_close(p, &why);
        return;
    }
    set_state(p, PEER_DRAINING);
    peer_wire_drain(&p->wire);
}

void peer_close(struct peer *p, const struct why *why)
{
    peer_wire_close(&p->wire, why);
}
