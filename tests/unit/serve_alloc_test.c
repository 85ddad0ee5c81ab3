/* proxy/server: every allocation fails once while a client comes, asks and
 * goes; nothing leaks, nothing hangs, and the next client is served. */
#include "tests/support/server_rig.h"

#include <signal.h>

#include "common/secret.h"
#include "proxy/server/demo.h"
#include "proxy/tunnel/aead.h"
#include "tests/support/alloc.h"
#include "tests/support/check.h"
#include "tests/support/stream_put.h"

#define ASK                                                                    \
    "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
#define BODY "hello"

/* A client that asks for one thing, and takes whatever happens. */
struct guest_talk {
    struct server_rig *rig;
    struct carrier *carrier;
    struct stream *stream;
    size_t got; /* bytes */
    bool fin;
    bool over; /* the session, or the stream, is */
};

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct guest_talk *t = ctx;

    (void)evidence;
    session_accept(carrier_session(t->carrier), carrier_now_ms(t->carrier));
}

static void on_ready(void *ctx)
{
    struct guest_talk *t = ctx;

    if (stream_open(carrier_session(t->carrier), slice_text("demo.test:81"), t,
                    &t->stream) != STATUS_OK) {
        t->over = true;
        return;
    }
    (void)stream_put(t->stream, slice_text(ASK BODY)); /* or a part */
    stream_fin(t->stream);
}

static void on_opened(void *ctx, struct stream *s)
{
    (void)ctx;
    (void)s;
}

static void on_data(void *ctx, struct stream *s, struct slice data)
{
    struct guest_talk *t = ctx;

    t->got += data.len;
    stream_consumed(s, data.len);
}

static void on_fin(void *ctx, struct stream *s)
{
    struct guest_talk *t = ctx;

    (void)s;
    t->fin = t->over = true;
}

static void on_reset(void *ctx, struct stream *s, enum status reason)
{
    struct guest_talk *t = ctx;

    (void)s;
    (void)reason;
    t->over = true;
}

static void on_room(void *ctx, struct stream *s)
{
    (void)ctx;
    (void)s;
}

static void on_goaway(void *ctx)
{
    (void)ctx;
}

static void on_closed(void *ctx, const struct why *why)
{
    struct guest_talk *t = ctx;

    (void)why;
    t->carrier = NULL;
    t->stream = NULL;
    t->over = true;
}

static const struct session_events events = {
    .on_evidence = on_evidence,
    .on_ready = on_ready,
    .on_opened = on_opened,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
    .on_room = on_room,
    .on_goaway = on_goaway,
    .on_closed = on_closed,
};

static void out_of_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", LOOP_PATIENCE_MS);
}

static bool somebody_is_there(const struct server_rig *rig)
{
    return server_rig_peers(rig).all > 0 ||
           !list_empty(&rig->serve->backends.all);
}

/* Come, ask and go; then wait until the server is empty. */
static void have_talk(struct guest_talk *t, uv_timer_t *patience)
{
    const struct carrier_endpoint endpoint = {
        .host = slice_text("127.0.0.1"),
        .port = listener_port(t->rig->listener),
    };
    const struct session_config config = {
        .events = &events, .ctx = t, .aes = aead_has_aes(), .allow_chacha = true
    };
    struct why why;

    (void)why_fail(&why, STATUS_RESET, "test", NULL, "done");
    (void)uv_timer_start(patience, out_of_patience, LOOP_PATIENCE_MS, 0);
    if (carrier_dial(t->rig->hub, &endpoint, &config, &t->carrier) != STATUS_OK)
        t->over = true;
    while (!t->over)
        (void)uv_run(&t->rig->loop, UV_RUN_ONCE);
    carrier_close(t->carrier, &why);
    for (int i = 0; i < 20 || somebody_is_there(t->rig); i++)
        (void)uv_run(&t->rig->loop, i < 20 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    (void)uv_timer_stop(patience);
}

static void no_failing_allocation_hurts(void **state)
{
    struct server_rig *rig = calloc(1, sizeof(*rig));
    struct server_rig_limits limits = server_rig_limits();
    struct demo *demo;
    struct why why;
    uv_timer_t patience;
    char rule[64];
    bool failed = true;
    size_t count = 0;

    (void)state;
    assert_non_null(rig);
    (void)signal(SIGPIPE, SIG_IGN); /* as shutdown_watch() does */
    server_rig_begin(rig, &limits);
    CHECK_STATUS(demo_open(&rig->loop, NULL, &demo, &why), STATUS_OK);
    (void)snprintf(rule, sizeof(rule), "demo.test:81=127.0.0.1:%u",
                   (unsigned)demo_port(demo));
    server_rig_rule(rig, rule);
    assert_int_equal(uv_timer_init(&rig->loop, &patience), 0);
    for (size_t n = 0; failed; n++) {
        struct guest_talk broken = { .rig = rig }, whole = { .rig = rig };

        alloc_fail_after(n);
        have_talk(&broken, &patience);
        failed = alloc_failed();
        have_talk(&whole, &patience);
        assert_true(whole.fin && whole.got > strlen(ASK BODY));
        count = n;
    }
    print_message("  %zu allocations\n", count);
    assert_true(count > 30); /* those of a session alone are more */
    uv_close((uv_handle_t *)&patience, NULL);
    demo_close(demo);
    server_rig_end(rig);
    free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failing_allocation_hurts),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
