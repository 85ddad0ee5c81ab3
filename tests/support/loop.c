#include "tests/support/loop.h"

#include <sys/socket.h>

#include "proxy/io/dial.h"
#include "proxy/io/listener.h"
#include "proxy/io/shutdown.h"
#include "tests/support/check.h"

#define GOT_MAX_BYTES (64 * 1024 * 1024)

/* --- the loop ------------------------------------------------------------ */

void loop_begin(uv_loop_t *loop)
{
    assert_int_equal(uv_loop_init(loop), 0);
}

static void out_of_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("what is waited for did not come in %d ms", LOOP_PATIENCE_MS);
}

static void free_timer(uv_handle_t *timer)
{
    free(timer);
}

void loop_while(uv_loop_t *loop, bool (*going_on)(void *ctx), void *ctx)
{
    uv_timer_t *patience = malloc(sizeof(*patience));

    assert_non_null(patience);
    assert_int_equal(uv_timer_init(loop, patience), 0);
    assert_int_equal(
        uv_timer_start(patience, out_of_patience, LOOP_PATIENCE_MS, 0), 0);
    while (going_on(ctx))
        (void)uv_run(loop, UV_RUN_ONCE); /* says only whether more is active */
    uv_close((uv_handle_t *)patience, free_timer);
}

static bool not_yet(void *ctx)
{
    const bool *const *done = ctx;

    return !**done;
}

void loop_until(uv_loop_t *loop, const bool *done)
{
    loop_while(loop, not_yet, &done);
}

void loop_end(uv_loop_t *loop)
{
    assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
    assert_true(shutdown_loop(loop, stderr));
}

/* --- one end ------------------------------------------------------------- */

static void hook(struct end *e, const char *name)
{
    if (e->hook != NULL)
        e->hook(e, name);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct end *e = ctx;

    hook(e, "on_alloc");
    *room = MIN_OF(e->room, sizeof(e->place));
    return e->place;
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct end *e = ctx;

    assert_true(at == e->place && len > 0 && len <= e->room);
    buffer_add(&e->got, slice_of(at, len));
    assert_true(buffer_ok(&e->got));
    hook(e, "on_read");
}

static void on_eof(void *ctx)
{
    struct end *e = ctx;

    assert_false(e->eof);
    e->eof = true;
    hook(e, "on_eof");
}

static void on_written(void *ctx)
{
    struct end *e = ctx;

    e->written++;
    hook(e, "on_written");
}

static void on_finished(void *ctx)
{
    struct end *e = ctx;

    assert_false(e->finished);
    e->finished = true;
    hook(e, "on_finished");
}

static void on_failed(void *ctx, const struct why *why)
{
    struct end *e = ctx;

    assert_false(e->failed);
    e->failed = true;
    e->why = *why;
    hook(e, "on_failed");
}

void end_attach(struct end *e, struct conn *conn, size_t queue_max)
{
    static const struct conn_events events = {
        .on_alloc = on_alloc,
        .on_read = on_read,
        .on_eof = on_eof,
        .on_written = on_written,
        .on_finished = on_finished,
        .on_failed = on_failed,
    };

    *e = (struct end){ .conn = conn,
                       .got = buffer_with_max(GOT_MAX_BYTES),
                       .room = sizeof(e->place),
                       .hook = e->hook,
                       .user = e->user };
    conn_start(conn, &events, e, queue_max);
}

void end_write(struct end *e, const char *text)
{
    CHECK_STATUS(conn_write(e->conn, slice_text(text)), STATUS_OK);
}

struct expectation {
    struct end *e;
    size_t len;
};

static bool has_less(void *ctx)
{
    const struct expectation *x = ctx;

    return x->e->got.len < x->len;
}

void end_expect(struct end *e, uv_loop_t *loop, const char *text)
{
    struct expectation x = { .e = e, .len = strlen(text) };

    loop_while(loop, has_less, &x);
    assert_int_equal(e->got.len, x.len);
    assert_memory_equal(e->got.at, text, x.len);
}

void end_close(struct end *e)
{
    conn_close(e->conn);
    e->conn = NULL;
}

void end_fini(struct end *e)
{
    buffer_free(&e->got);
}

/* --- pairs --------------------------------------------------------------- */

struct meeting {
    struct conn *accepted;
    struct conn *dialled;
};

static void on_accept(void *ctx, struct conn *conn)
{
    struct meeting *m = ctx;

    m->accepted = conn;
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct meeting *m = ctx;

    (void)why;
    m->dialled = conn;
    assert_non_null(conn);
}

static bool not_met(void *ctx)
{
    const struct meeting *m = ctx;

    return m->accepted == NULL || m->dialled == NULL;
}

void end_pair_tcp(uv_loop_t *loop, struct conn **a, struct conn **b)
{
    struct meeting m = { 0 };
    const struct listener_config config = {
        .address = "127.0.0.1:0",
        .on_accept = on_accept,
        .ctx = &m,
    };
    struct dial_target target = { .host = slice_text("127.0.0.1") };
    struct listener *listener;
    struct dial *dial;
    struct why why;

    CHECK_STATUS(listener_open(loop, &config, &listener, &why), STATUS_OK);
    target.port = listener_port(listener);
    CHECK_STATUS(dial_open(loop, &target, on_dialled, &m, &dial), STATUS_OK);
    loop_while(loop, not_met, &m);
    listener_close(listener);
    *a = m.dialled;
    *b = m.accepted;
}

void end_pair_unix(uv_loop_t *loop, struct conn **a, struct conn **b)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
                     0);
    CHECK_STATUS(conn_from_fd(loop, fds[0], a), STATUS_OK);
    CHECK_STATUS(conn_from_fd(loop, fds[1], b), STATUS_OK);
}

void ends_begin(struct ends *p)
{
    struct conn *a, *b;

    loop_begin(&p->loop);
    end_pair_tcp(&p->loop, &a, &b);
    end_attach(&p->a, a, ENDS_QUEUE_BYTES);
    end_attach(&p->b, b, ENDS_QUEUE_BYTES);
}

void ends_end(struct ends *p)
{
    end_close(&p->a);
    end_close(&p->b);
    loop_end(&p->loop);
    end_fini(&p->a);
    end_fini(&p->b);
}
