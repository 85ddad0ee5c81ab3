#include "proxy/local/daemon.h"

#include <time.h>

#include "collateral/collateral.h"
#include "common/limits.h"
#include "proxy/io/activation.h"
#include "proxy/io/listener.h"
#include "proxy/io/mailbox.h"
#include "proxy/io/notify.h"
#include "proxy/io/shutdown.h"
#include "proxy/local/attest_desk.h"
#include "proxy/local/gates.h"
#include "proxy/local/local_worker.h"
#include "proxy/local/policy_file.h"
#include "proxy/local/snapshot.h"

#define DEFAULT_WORKERS_MAX 4

#define WHERE_ROOM (POLICY_ADDRESS_ROOM + 8) /* "http://" and an address */

/* Lives on daemon_run()'s stack, which outlives the loop. */
struct daemon {
    const struct daemon_options *options;
    uv_loop_t loop;
    struct shutdown *signals;
    struct mailbox *mailbox;
    struct collateral *collateral;
    struct attest_desk *desk;
    struct porter *porter;
    struct snapshot *first;    /* held: where to listen */
    struct snapshot *snapshot; /* held: the present one, or one that the
                                * workers are told to follow */
    struct activation passed;  /* sockets in the place of `listen` */
    struct gates *gates;       /* its */
    struct gates *old_gates;   /* until all workers follow; NULL if they do */
    size_t following;          /* workers that do not follow it yet */
    bool reload_again;         /* it was asked for meanwhile */
    struct local_worker *workers[WORKERS_MAX];
    size_t worker_count;
    size_t running;   /* of those, not ended */
    uv_timer_t drain; /* from the first signal on */
    size_t undecided; /* services whose first verdict --explain waits for */
    bool ready_told;
    bool stopping;
    bool unclean; /* a worker left something on its loop */
};

static void tell_ready(struct daemon *d)
{
    const struct policy *policy = d->options->policy;
    char text[WHERE_ROOM];

    if (d->ready_told || d->undecided > 0 || d->stopping)
        return;
    d->ready_told = true;
    for (size_t i = 0; i < d->passed.count; i++) {
        char passed[ACTIVATION_TEXT_ROOM];

        activation_text(&d->passed, i, passed);
        (void)fprintf(d->options->out, "ready: listening on %s\n", passed);
    }
    for (size_t i = 0; d->passed.count == 0 && i < policy->listen_count; i++) {
        struct policy_address at = policy->listen[i];

        at.port = local_worker_port(d->workers[0], i);
        policy_address_text(&at, text, sizeof(text));
        (void)fprintf(d->options->out, "ready: listening on %s\n", text);
    }
    for (size_t i = 0; i < d->gates->count; i++) {
        gates_where(&d->gates->list[i], text, sizeof(text));
        (void)fprintf(d->options->out, "ready: %s at %s\n",
                      d->gates->list[i].service, text);
    }
    (void)fflush(d->options->out);
    notify_manager("READY=1");
}

static void on_explained(void *ctx, struct slice text)
{
    struct daemon *d = ctx;

    /* What people read: nothing can be done if it cannot be written. */
    (void)fwrite(text.at, 1, text.len, d->options->out);
    d->undecided--;
    tell_ready(d);
}

/* --- the policy ---------------------------------------------------------- */

static void warn(const struct daemon *d, const struct policy *policy)
{
    for (size_t i = 0; i < policy->warning_count; i++)
        log_event(d->options->log, LOG_WARN, "policy.warning",
                  LOG_FIELDS(LOG_S("file", policy->warnings[i].file),
                             LOG_N("line", policy->warnings[i].line),
                             LOG_S("text", policy->warnings[i].text)));
}

/* https to services that ask for a CA fails, and says why, until there is one
 * for them. */
static void warn_of_ca(const struct daemon *d, const struct snapshot *s)
{
    struct why why;

    if (ca_check_policy(s->ca, s->policy, (int64_t)time(NULL), &why) !=
        STATUS_OK)
        log_why(d->options->log, LOG_WARN, "policy.warning", &why, NULL);
}

static void log_gates(const struct daemon *d)
{
    char where[WHERE_ROOM];

    for (size_t i = 0; i < d->gates->count; i++) {
        const struct gate *g = &d->gates->list[i];

        gates_where(g, where, sizeof(where));
        log_event(d->options->log, LOG_INFO, "local.open",
                  LOG_FIELDS(LOG_S("service", g->service), LOG_S("at", where)));
    }
}

static void on_reload(void *ctx);

/* The end of what notify_reloading() began. */
static void tell_reloaded(const struct daemon *d)
{
    if (d->ready_told)
        notify_manager("READY=1");
}

/* A worker follows the policy, or cannot. */
static void followed(struct daemon *d)
{
    if (--d->following > 0)
        return;
    gates_close(d->old_gates);
    d->old_gates = NULL;
    log_event(d->options->log, LOG_INFO, "policy.reloaded",
              LOG_FIELDS(LOG_S("file", d->options->policy_path),
                         LOG_N("services",
                               d->snapshot->policy->service_count)));
    tell_reloaded(d);
    if (d->reload_again)
        on_reload(d);
}

/* Make |policy|, which is taken if that succeeds, the one to follow. */
static enum status follow(struct daemon *d, struct policy *policy,
                          struct why *why)
{
    struct snapshot *next;
    struct gates *gates;
    enum status st = gates_open(policy, d->gates, &gates, why);

    if (st == STATUS_OK)
        st = snapshot_new(policy, policy, &next, why);
    if (st != STATUS_OK) {
        gates_close(gates);
        return st;
    }
    snapshot_let_go(d->snapshot);
    d->snapshot = next;
    d->old_gates = d->gates;
    d->gates = gates;
    log_gates(d);
    warn(d, policy);
    warn_of_ca(d, next);
    if (d->options->audit != NULL)
        audit_policy(d->options->audit, d->options->policy_path, policy);
    collateral_refresh_every(d->collateral, policy->collateral.refresh_s);
    d->following = d->worker_count;
    for (size_t i = 0; i < d->worker_count; i++)
        if (local_worker_follow(d->workers[i], next, gates) != STATUS_OK) {
            log_event(d->options->log, LOG_ERROR, "policy.kept",
                      LOG_FIELDS(LOG_S("reason", "out of memory"),
                                 LOG_N("worker", i)));
            followed(d);
        }
    return STATUS_OK;
}

/* False, and the log says why: nothing changes. */
static bool read_again(struct daemon *d)
{
    struct policy *policy;
    struct policy_error error;
    struct why why = { 0 };
    char line[512];

    if (policy_file_load(d->options->policy_path, &policy, &error) !=
        STATUS_OK) {
        policy_error_line(&error, line, sizeof(line));
        log_event(d->options->log, LOG_ERROR, "policy.kept",
                  LOG_FIELDS(LOG_S("reason", line)));
        return false;
    }
    if (follow(d, policy, &why) == STATUS_OK)
        return true;
    log_why(d->options->log, LOG_ERROR, "policy.kept", &why, NULL);
    policy_free(policy);
    return false;
}

static void reload(struct daemon *d)
{
    if (d->ready_told)
        notify_reloading();
    if (!read_again(d))
        tell_reloaded(d);
}

/* One after the other, so that all workers follow each in the same order, and
 * each is said to be followed once all do. */
static void on_reload(void *ctx)
{
    struct daemon *d = ctx;

    d->reload_again = d->following > 0;
    if (!d->stopping && !d->reload_again)
        reload(d);
}

static void on_followed(void *ctx, const struct why *why)
{
    struct daemon *d = ctx;

    if (why->status != STATUS_OK)
        log_why(d->options->log, LOG_ERROR, "policy.kept", why, NULL);
    followed(d);
}

/* Collateral was replaced: a revocation may be among it. */
static void on_changed(void *ctx)
{
    struct daemon *d = ctx;

    for (size_t i = 0; i < d->worker_count; i++)
        if (local_worker_rejudge(d->workers[i]) != STATUS_OK)
            log_event(d->options->log, LOG_WARN, "session.rejudge",
                      LOG_FIELDS(LOG_S("reason", "out of memory")));
}

/* --- the end ------------------------------------------------------------- */

/* The last step, when no worker runs any more. */
static void close_all(struct daemon *d)
{
    if (d->mailbox != NULL)
        mailbox_close(d->mailbox); /* the desk hears its last letters */
    attest_desk_close(d->desk);
    d->desk = NULL;
    if (d->collateral != NULL)
        collateral_close(d->collateral, NULL, NULL);
    d->collateral = NULL;
    shutdown_unwatch(d->signals);
    d->signals = NULL;
    if (!uv_is_closing((uv_handle_t *)&d->drain))
        uv_close((uv_handle_t *)&d->drain, NULL);
}

static void on_ended(void *ctx, bool clean)
{
    struct daemon *d = ctx;

    d->unclean = d->unclean || !clean;
    if (--d->running == 0)
        close_all(d);
}

static void abort_workers(struct daemon *d)
{
    for (size_t i = 0; i < d->worker_count; i++)
        local_worker_abort(d->workers[i]);
}

static void on_drained(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    log_event(d->options->log, LOG_WARN, "proxy.drain_over", NULL);
    abort_workers(d);
}

static void stop(struct daemon *d)
{
    if (d->stopping)
        return;
    d->stopping = true;
    notify_manager("STOPPING=1");
    if (d->running == 0) {
        close_all(d);
        return;
    }
    (void)uv_timer_start(&d->drain, on_drained, (uint64_t)d->options->drain_ms,
                         0);
    if (d->following == 0) { /* else a worker may be about to read them */
        gates_close(d->gates);
        d->gates = NULL;
    }
    for (size_t i = 0; i < d->worker_count; i++)
        local_worker_drain(d->workers[i]);
}

/* The first time lets requests end; again is at once. */
static void on_stop(void *ctx, unsigned count)
{
    struct daemon *d = ctx;

    log_event(d->options->log, LOG_INFO, "proxy.stopping",
              LOG_FIELDS(LOG_N("signals", count)));
    if (count > 1)
        abort_workers(d);
    else
        stop(d);
}

static const struct shutdown_events shutdown_events = {
    .on_stop = on_stop,
    .on_reload = on_reload,
};

/* --- the start ----------------------------------------------------------- */

static const struct local_worker_events worker_events = {
    .on_followed = on_followed,
    .on_explained = on_explained,
    .on_ended = on_ended,
};

static enum status open_workers(struct daemon *d, struct why *why)
{
    struct local_worker_config config = {
        .log = d->options->log,
        .desk = d->desk,
        .main = d->mailbox,
        .porter = d->porter,
        .idle = d->options->idle,
        .snapshot = d->first,
        .gates = d->gates,
        .passed = &d->passed,
        .workers = d->workers,
        .count = d->options->workers,
        .started_unix = (int64_t)time(NULL),
        .explain = d->options->explain,
        .colour = d->options->colour,
        .events = &worker_events,
        .ctx = d,
    };

    while (d->worker_count < config.count) {
        enum status st = local_worker_open(&config, d->workers[0],
                                           &d->workers[d->worker_count], why);

        if (st != STATUS_OK)
            return st;
        d->worker_count++;
        config.explain = false; /* one is enough */
    }
    return STATUS_OK;
}

static enum status start_workers(struct daemon *d, struct why *why)
{
    enum status st = open_workers(d, why);

    for (size_t i = 0; i < d->worker_count && st == STATUS_OK; i++) {
        st = local_worker_start(d->workers[i], why);
        if (st != STATUS_OK)
            return st;
        d->running++;
    }
    return st;
}

/* Sockets that others opened are bound by the same rule as those of `listen`.
 */
static enum status take_passed(struct daemon *d, struct why *why)
{
    enum status st = activation_take(&d->passed, why);
    char text[ACTIVATION_TEXT_ROOM];

    for (size_t i = 0; i < d->passed.count; i++) {
        activation_text(&d->passed, i, text);
        if (d->options->policy->credentials != NULL ||
            d->passed.sockets[i].port == 0 || listener_is_loopback(text))
            continue;
        (void)why_fail(why, STATUS_BAD_CONFIG, "listen", "sd_listen_fds(3)",
                       "%s", text);
        return why_expect(why, "an address of this machine, or credentials in "
                               "the policy");
    }
    return st;
}

static enum status start_parts(struct daemon *d, struct why *why)
{
    const struct policy *policy = d->options->policy;
    const struct collateral_config collateral = {
        .store_dir = d->options->cache_dir,
        .fetch_deadline_ms = policy->collateral.timeout_ms,
        .refresh_seconds = policy->collateral.refresh_s,
        .on_changed = on_changed,
        .ctx = d,
    };
    enum status st;

    st = shutdown_watch(&d->loop, &shutdown_events, d, &d->signals);
    if (st == STATUS_OK)
        st = mailbox_open(&d->loop, MAILBOX_LETTERS_MAX, &d->mailbox);
    if (st != STATUS_OK)
        return why_fail(why, st, "proxy", NULL, "%s", status_text(st));
    st = collateral_open(&d->loop, &collateral, d->options->log, &d->collateral,
                         why);
    if (st != STATUS_OK)
        return st;
    st = attest_desk_open(&d->loop, d->collateral, d->mailbox, &d->desk);
    if (st != STATUS_OK)
        return why_fail(why, st, "proxy", NULL, "%s", status_text(st));
    attest_desk_audit(d->desk, d->options->audit);
    st = porter_new(d->options->conns_max,
                    (struct rate_limit){ LOGIN_TRIES_MAX, LOGIN_TRIES_MS },
                    &d->porter);
    if (st != STATUS_OK)
        return why_fail(why, st, "proxy", NULL, "%s", status_text(st));
    st = take_passed(d, why);
    if (st == STATUS_OK)
        st = snapshot_new(policy, NULL, &d->first, why);
    if (st == STATUS_OK)
        st = gates_open(policy, NULL, &d->gates, why);
    if (st == STATUS_OK && d->options->audit != NULL)
        audit_policy(d->options->audit, d->options->policy_path, policy);
    return st;
}

static enum status start(struct daemon *d, struct why *why)
{
    enum status st = start_parts(d, why);

    if (st != STATUS_OK)
        return st;
    d->snapshot = snapshot_hold(d->first);
    warn(d, d->options->policy);
    warn_of_ca(d, d->snapshot);
    if (d->options->explain)
        d->undecided = d->options->policy->service_count;
    st = start_workers(d, why);
    if (st == STATUS_OK)
        tell_ready(d);
    return st;
}

size_t daemon_default_workers(void)
{
    const size_t half = uv_available_parallelism() / 2;

    return MIN_OF(MAX_OF(half, 1), DEFAULT_WORKERS_MAX);
}

enum status daemon_run(const struct daemon_options *options, struct why *why)
{
    struct daemon d = { .options = options };
    enum status st;

    if (uv_loop_init(&d.loop) != 0)
        return why_fail(why, STATUS_NO_MEMORY, "loop", NULL, "no event loop");
    (void)uv_timer_init(&d.loop, &d.drain); /* cannot fail */
    d.drain.data = &d;
    st = start(&d, why);
    if (st != STATUS_OK)
        stop(&d);
    (void)uv_run(&d.loop, UV_RUN_DEFAULT); /* ends when all is closed */
    for (size_t i = 0; i < d.worker_count; i++)
        local_worker_free(d.workers[i]);
    if ((!shutdown_loop(&d.loop, stderr) || d.unclean) && st == STATUS_OK)
        st = why_fail(why, STATUS_INTERNAL, "loop", NULL, "not empty");
    porter_free(d.porter);
    mailbox_free(d.mailbox);
    gates_close(d.old_gates);
    gates_close(d.gates);
    activation_fini(&d.passed);
    snapshot_let_go(d.snapshot);
    snapshot_let_go(d.first);
    return st;
}
