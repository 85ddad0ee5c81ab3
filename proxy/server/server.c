#include "proxy/server/server.h"

#include <string.h>

#include "common/limits.h"
#include "proxy/io/mailbox.h"
#include "proxy/io/notify.h"
#include "proxy/io/shutdown.h"
#include "proxy/server/demo.h"
#include "proxy/server/metrics_door.h"
#include "proxy/server/metrics_page.h"
#include "proxy/server/prover.h"
#include "proxy/server/worker.h"

/* Lives on server_run()'s stack, which outlives the loop. */
struct server {
    struct options *options;
    FILE *out;
    uv_loop_t loop;
    struct shutdown *signals;
    struct mailbox *mailbox;
    struct prover prover;
    struct quote_desk *desk;
    struct peers *peers;
    struct activation passed; /* sockets of the service manager */
    struct demo *demo;
    struct metrics_door *metrics; /* NULL: nobody watches */
    int64_t started_unix;
    uint64_t reloads; /* of the rules */
    struct worker *workers[WORKERS_MAX];
    size_t worker_count;
    size_t running;    /* of those, not ended */
    size_t following;  /* workers that do not follow the new rules yet */
    size_t rule_count; /* of those */
    bool reload_again; /* it was asked for meanwhile */
    uv_timer_t drain;  /* from the first signal on */
    bool stopping;
    bool unclean; /* a worker left something on its loop */
};

/* --- the end ------------------------------------------------------------- */

/* The last step, when no worker runs any more. */
static void close_all(struct server *s)
{
    if (s->mailbox != NULL)
        mailbox_close(s->mailbox); /* the desk hears its last letters */
    quote_desk_close(s->desk);
    s->desk = NULL;
    prover_close(&s->prover);
    demo_close(s->demo);
    s->demo = NULL;
    metrics_door_close(s->metrics);
    s->metrics = NULL;
    shutdown_unwatch(s->signals);
    s->signals = NULL;
    if (!uv_is_closing((uv_handle_t *)&s->drain))
        uv_close((uv_handle_t *)&s->drain, NULL);
}

static void on_worker_ended(void *ctx, bool clean)
{
    struct server *s = ctx;

    s->unclean = s->unclean || !clean;
    if (--s->running == 0)
        close_all(s);
}

static void abort_workers(struct server *s)
{
    for (size_t i = 0; i < s->worker_count; i++)
        worker_abort(s->workers[i]);
}

static void on_drained(uv_timer_t *timer)
{
    struct server *s = timer->data;

    log_event(&s->options->log, LOG_WARN, "server.drain_over", NULL);
    abort_workers(s);
}

static void stop(struct server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    notify_manager("STOPPING=1");
    if (s->running == 0) {
        close_all(s);
        return;
    }
    (void)uv_timer_start(&s->drain, on_drained, (uint64_t)s->options->drain_ms,
                         0);
    for (size_t i = 0; i < s->worker_count; i++)
        worker_drain(s->workers[i]);
}

/* The first time lets streams end; again is at once. */
static void on_stop(void *ctx, unsigned count)
{
    struct server *s = ctx;

    log_event(&s->options->log, LOG_INFO, "server.stopping",
              LOG_FIELDS(LOG_N("signals", count)));
    if (count > 1)
        abort_workers(s);
    else
        stop(s);
}

/* --- rules that are read again ------------------------------------------- */

static void keep_rules(struct server *s, const struct why *why)
{
    log_why(&s->options->log, LOG_ERROR, "rules.kept", why, NULL);
    notify_manager("READY=1\nSTATUS=The rules have a mistake: the ones before "
                   "are kept");
}

static void reload(struct server *s)
{
    struct rules *rules;
    struct why why = { 0 };

    notify_reloading();
    if (rulebook_read(&s->options->book, &rules, &why) != STATUS_OK) {
        keep_rules(s, &why);
        return;
    }
    s->following = s->worker_count;
    for (size_t i = 0; i < s->worker_count; i++)
        worker_follow(s->workers[i], rules);
    s->rule_count = rules_count(rules);
    rules_let_go(rules); /* the workers have them */
}

/* One after the other, so that all workers follow each in the same order, and
 * each is said to be followed once all do. */
static void on_reload(void *ctx)
{
    struct server *s = ctx;

    s->reload_again = s->following > 0;
    if (!s->stopping && !s->reload_again)
        reload(s);
}

static void on_followed(void *ctx)
{
    struct server *s = ctx;

    if (--s->following > 0 || s->stopping)
        return;
    s->reloads++;
    log_event(&s->options->log, LOG_INFO, "rules.reloaded",
              LOG_FIELDS(LOG_N("rules", s->rule_count)));
    notify_manager("READY=1\nSTATUS=");
    if (s->reload_again)
        on_reload(s);
}

static const struct shutdown_events shutdown_events = {
    .on_stop = on_stop,
    .on_reload = on_reload,
};

/* --- who watches --------------------------------------------------------- */

static void write_metrics(void *ctx, struct buffer *out)
{
    const struct server *s = ctx;
    struct meter_sum sum = { 0 };
    const struct metrics_sources from = {
        .peers = s->peers,
        .keys = s->prover.keys,
        .quotes = s->prover.source,
        .staple = s->prover.staple,
        .stapler = s->prover.stapler,
        .sum = &sum,
        .workers = s->worker_count,
        .reloads = s->reloads,
        .draining = s->stopping,
        .simulated = s->options->simulate,
        .started_unix = s->started_unix,
        .now_unix = log_wall_ms() / 1000,
    };

    for (size_t i = 0; i < s->worker_count; i++)
        meter_read(worker_meter(s->workers[i]), &sum);
    metrics_page_write(&from, out);
}

static const char *why_sick(void *ctx)
{
    const struct server *s = ctx;

    if (s->stopping)
        return "stopping\n";
    return keys_ready(s->prover.keys) ? NULL : KEYS_NONE_TEXT;
}

/* The last part to start: it tells of all others. */
static enum status start_metrics(struct server *s, struct why *why)
{
    const struct metrics_door_config config = {
        .address = s->options->metrics,
        .log = &s->options->log,
        .write = write_metrics,
        .sick = why_sick,
        .ctx = s,
    };

    s->started_unix = log_wall_ms() / 1000;
    return config.address == NULL
               ? STATUS_OK
               : metrics_door_open(&s->loop, &config, &s->metrics, why);
}

/* --- the start ----------------------------------------------------------- */

/* "HOST:PORT" with the port that the system chose; a path as it is. */
static void tell_address(const struct server *s, const char *what,
                         const char *address, uint16_t port)
{
    const char *colon = strrchr(address, ':');

    (void)fputs(what, s->out);
    if (port == 0 || colon == NULL)
        (void)fprintf(s->out, "%s\n", address);
    else
        (void)fprintf(s->out, "%.*s:%u\n", (int)(colon - address), address,
                      (unsigned)port);
}

static void on_first_key(void *ctx)
{
    struct server *s = ctx;
    const char *ready = s->options->simulate ? "ready: SIMULATED, listening on "
                                             : "ready: listening on ";
    char address[ACTIVATION_TEXT_ROOM];

    if (s->stopping)
        return;
    for (size_t i = 0; i < s->worker_count; i++)
        worker_begin(s->workers[i]);
    if (s->demo != NULL)
        (void)fprintf(s->out, "demo: http://127.0.0.1:%u\n",
                      (unsigned)demo_port(s->demo));
    if (s->metrics != NULL)
        tell_address(s, "metrics: ", s->options->metrics,
                     metrics_door_port(s->metrics));
    for (size_t i = 0; i < s->options->listen_count; i++)
        tell_address(s, ready, s->options->listen[i],
                     worker_port(s->workers[0], i));
    for (size_t i = 0; i < s->passed.count; i++) {
        activation_text(&s->passed, i, address);
        (void)fprintf(s->out, "%s%s\n", ready, address);
    }
    (void)fflush(s->out);
    notify_manager("READY=1");
}

/* Without a rule, all names on port 80 lead to the demo, also when the rules
 * are read again. */
static enum status start_demo(struct server *s, struct why *why)
{
    struct options *o = s->options;
    char rule[64];
    enum status st;

    if (!o->demo)
        return STATUS_OK;
    st = demo_open(&s->loop, &o->log, &s->demo, why);
    if (st != STATUS_OK || rules_count(o->rules) > 0)
        return st;
    (void)snprintf(rule, sizeof(rule), "*:80=127.0.0.1:%u",
                   (unsigned)demo_port(s->demo));
    st = rules_add(o->book.fixed, slice_text(rule), why);
    return st == STATUS_OK ? rules_add(o->rules, slice_text(rule), why) : st;
}

static enum status start_desk(struct server *s)
{
    enum status st = mailbox_open(&s->loop, MAILBOX_LETTERS_MAX, &s->mailbox);

    if (st == STATUS_OK)
        st = quote_desk_open(s->prover.source, s->mailbox, &s->desk);
    if (st == STATUS_OK)
        st = peers_new(&s->options->limits.peers, &s->peers);
    return st;
}

static enum status start_workers(struct server *s, struct why *why)
{
    struct worker_config config = {
        .options = s->options,
        .keys = s->prover.keys,
        .desk = s->desk,
        .peers = s->peers,
        .staple = s->prover.staple,
        .rules = s->options->rules,
        .main = s->mailbox,
        .shared = s->options->workers > 1,
        .passed = &s->passed,
        .on_ended = on_worker_ended,
        .on_followed = on_followed,
        .ctx = s,
    };

    while (s->worker_count < s->options->workers) {
        enum status st =
            worker_open(&config, &s->workers[s->worker_count], why);

        if (st != STATUS_OK)
            return st;
        config.first = s->workers[0];
        s->worker_count++;
        s->running++;
    }
    return STATUS_OK;
}

static enum status start(struct server *s, struct why *why)
{
    enum status st = activation_take(&s->passed, why);

    if (st == STATUS_OK)
        st =
            prover_open(&s->prover, &s->loop, s->options, on_first_key, s, why);
    if (st == STATUS_OK)
        st = start_demo(s, why);
    if (st != STATUS_OK)
        return st;
    st = start_desk(s);
    if (st == STATUS_OK)
        st = shutdown_watch(&s->loop, &shutdown_events, s, &s->signals);
    if (st != STATUS_OK)
        return why_fail(why, st, "server", NULL, "%s", status_text(st));
    st = start_workers(s, why);
    return st == STATUS_OK ? start_metrics(s, why) : st;
}

enum status server_run(struct options *options, FILE *out, struct why *why)
{
    struct server s = { .options = options, .out = out };
    enum status st;

    if (uv_loop_init(&s.loop) != 0)
        return why_fail(why, STATUS_NO_MEMORY, "loop", NULL, "no event loop");
    (void)uv_timer_init(&s.loop, &s.drain); /* cannot fail */
    s.drain.data = &s;
    st = start(&s, why);
    if (st != STATUS_OK)
        stop(&s);
    (void)uv_run(&s.loop, UV_RUN_DEFAULT); /* ends when all is closed */
    if ((!shutdown_loop(&s.loop, stderr) || s.unclean) && st == STATUS_OK)
        st = why_fail(why, STATUS_INTERNAL, "loop", NULL, "not empty");
    for (size_t i = 0; i < s.worker_count; i++)
        worker_free(s.workers[i]);
    mailbox_free(s.mailbox);
    peers_free(s.peers);
    prover_fini(&s.prover);
    activation_fini(&s.passed);
    return st;
}
