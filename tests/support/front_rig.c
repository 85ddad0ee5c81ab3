#include "tests/support/front_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/io/conn.h"
#include "proxy/io/shutdown.h"
#include "tests/support/check.h"

#define TURNS 40 /* of the loop: more than anything here needs */

enum status front_rig_route(void *ctx, const struct target *target,
                            const struct far_events *events, void *far_ctx,
                            struct far **out, struct far_failure *refusal)
{
    struct front_rig *r = ctx;
    struct fake_far *k;

    *out = NULL;
    if (r->refuse != STATUS_OK) {
        refusal->verdict = &r->verdict;
        return why_fail(&refusal->why, r->refuse, "route.host", NULL, "%s",
                        target->host);
    }
    assert_true(r->far_count < FRONT_RIG_FARS_MAX);
    k = &r->fars[r->far_count++];
    fake_far_init(k, target, events, far_ctx, r->room);
    *out = &k->far;
    return STATUS_OK;
}

static const struct front_owner owner = { .route_and_open = front_rig_route };

void front_rig_start_with(struct front_rig *r, struct front_config config)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as shutdown_watch() does */
    *r = (struct front_rig){ .room = 1024 * 1024 };
    assert_int_equal(uv_loop_init(&r->loop), 0);
    config.loop = &r->loop;
    config.ctx = r;
    if (config.owner == NULL)
        config.owner = &owner;
    CHECK_STATUS(front_new(&config, &r->front), STATUS_OK);
}

void front_rig_start(struct front_rig *r)
{
    front_rig_start_with(r, front_defaults());
}

void front_rig_turn(struct front_rig *r)
{
    for (int i = 0; i < TURNS; i++)
        (void)uv_run(&r->loop, UV_RUN_NOWAIT);
}

static void on_closed(void *ctx)
{
    struct front_rig *r = ctx;

    r->closed = true;
}

void front_rig_close(struct front_rig *r, bool abort)
{
    front_close(r->front, abort, on_closed, r);
    front_rig_turn(r);
}

void front_rig_stop(struct front_rig *r)
{
    if (!r->closed)
        front_rig_close(r, true);
    assert_true(r->closed);
    for (size_t i = 0; i < r->far_count; i++) {
        assert_true(r->fars[i].closed);
        fake_far_fini(&r->fars[i]);
    }
    assert_true(shutdown_loop(&r->loop, stderr));
}

int front_rig_dial(struct front_rig *r)
{
    int pair[2];
    struct conn *conn;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_STATUS(conn_from_fd(&r->loop, pair[1], &conn), STATUS_OK);
    front_accept(r->front, conn, FRONT_RIG_PORT);
    return pair[0];
}

void front_rig_say(struct front_rig *r, int fd, struct slice text)
{
    assert_int_equal(write(fd, text.at, text.len), (ssize_t)text.len);
    front_rig_turn(r);
}

void front_rig_say_text(struct front_rig *r, int fd, const char *text)
{
    front_rig_say(r, fd, slice_text(text));
}

bool front_rig_hear(struct front_rig *r, int fd, struct buffer *heard)
{
    for (;;) {
        uint8_t block[8192];
        ssize_t n;

        front_rig_turn(r);
        n = read(fd, block, sizeof(block));
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0)
            return true; /* the end, or a reset */
        buffer_add(heard, slice_of(block, (size_t)n));
        assert_true(buffer_ok(heard));
    }
}

/* Hear all there is, compare it with |want| if |whole|, else its beginning;
 * true if the connection is over. */
static bool compare(struct front_rig *r, int fd, struct slice want, bool whole)
{
    struct buffer heard = buffer_with_max(4 * 1024 * 1024);
    bool ended = front_rig_hear(r, fd, &heard);
    struct slice got = buffer_view(&heard);

    if (!whole)
        got.len = MIN_OF(got.len, want.len);
    if (!slice_equal(got, want))
        fail_msg("not \"%.*s\": \"%.*s\"", (int)want.len, (const char *)want.at,
                 (int)heard.len, (const char *)heard.at);
    buffer_free(&heard);
    return ended;
}

void front_rig_expect(struct front_rig *r, int fd, struct slice want)
{
    (void)compare(r, fd, want, true);
}

void front_rig_expect_end(struct front_rig *r, int fd, struct slice want)
{
    assert_true(compare(r, fd, want, true));
}

void front_rig_expect_begin(struct front_rig *r, int fd, struct slice want,
                            bool end)
{
    assert_int_equal(compare(r, fd, want, false), end);
}
