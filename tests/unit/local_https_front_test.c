/* http_front: https whose TLS ends here, when the policy changes under it. */
#include "tests/support/check.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/io/tls.h"
#include "proxy/io/tls_context.h"
#include "tests/support/front_rig.h"
#include "tests/support/tls_files.h"

#define ASK_US "GET /.well-known/veritee HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct tls_files files;
static struct tls_context *server_tls;
static bool ends;    /* the policy ends TLS here */
static bool at_hand; /* what our pages tell */

static bool ends_tls(void *ctx, const struct target *target)
{
    (void)ctx;
    (void)target;
    return ends;
}

static enum status end_tls(void *ctx, const struct target *target,
                           struct tls **out, struct far_failure *refusal)
{
    (void)ctx;
    (void)target;
    (void)refusal;
    return tls_server_new(server_tls, out);
}

static bool refresh(void *ctx)
{
    (void)ctx;
    return at_hand;
}

static bool service_page(void *ctx, const struct target *target,
                         struct front_page *page)
{
    (void)ctx;
    (void)target;
    (void)page;
    return false; /* it is no service's any more */
}

static const struct front_owner owner = {
    .route_and_open = front_rig_route,
    .ends_tls = ends_tls,
    .end_tls = end_tls,
    .refresh = refresh,
    .service_page = service_page,
};

/* An application with a connection to the front. */
struct app {
    struct front_rig rig;
    int fd;
    struct tls_context *context;
    struct tls *tls;
};

/* What either side has to say comes to the other. */
static void exchange(struct app *a)
{
    const struct slice out = tls_output(a->tls);
    struct buffer heard = buffer_with_max(64 * 1024);
    uint8_t *at;
    size_t room;

    if (out.len > 0)
        front_rig_say(&a->rig, a->fd, out);
    tls_sent(a->tls, out.len);
    (void)front_rig_hear(&a->rig, a->fd, &heard);
    at = tls_reserve(a->tls, &room);
    assert_true(room >= heard.len);
    if (heard.len > 0)
        memcpy(at, heard.at, heard.len);
    tls_commit(a->tls, heard.len);
    buffer_free(&heard);
}

/* Inside of https to localhost. */
static void begin(struct app *a)
{
    struct front_config config = front_defaults();
    enum tls_step step = TLS_WANT_INPUT;
    struct why why;

    ends = at_hand = true;
    config.owner = &owner;
    front_rig_start_with(&a->rig, config);
    a->fd = front_rig_dial(&a->rig);
    front_rig_say_text(&a->rig, a->fd,
                       "CONNECT localhost:443 HTTP/1.1\r\nHost: a\r\n\r\n");
    front_rig_expect(&a->rig, a->fd, slice_text("HTTP/1.1 200 OK\r\n\r\n"));
    CHECK_STATUS(tls_context_client(tls_files_path(&files, "ca.pem"),
                                    &a->context, &why),
                 STATUS_OK);
    CHECK_STATUS(tls_client_new(a->context, slice_text("localhost"), &a->tls),
                 STATUS_OK);
    for (int i = 0; i < 4 && step == TLS_WANT_INPUT; i++) {
        step = tls_handshake(a->tls, &why);
        exchange(a);
    }
    assert_int_equal(step, TLS_DONE);
}

static void say(struct app *a, const char *text)
{
    struct why why;

    assert_int_equal(tls_write(a->tls, slice_text(text), &why), TLS_DONE);
    exchange(a);
}

static void expect_begin(struct app *a, const char *want)
{
    uint8_t got[4096];
    struct why why;
    size_t len = 0;

    exchange(a);
    assert_int_equal(tls_read(a->tls, got, sizeof(got), &len, &why), TLS_DONE);
    assert_true(len >= strlen(want));
    assert_memory_equal(got, want, strlen(want));
}

static void end(struct app *a)
{
    tls_free(a->tls);
    tls_context_free(a->context);
    (void)close(a->fd);
    front_rig_stop(&a->rig);
}

static void requests_inside_are_routed(void **state)
{
    struct app a;

    (void)state;
    begin(&a);
    say(&a, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(a.rig.far_count, 1);
    end(&a);
}

static void none_goes_on_in_the_clear(void **state)
{
    struct app a;

    (void)state;
    begin(&a);
    ends = false;
    say(&a, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(a.rig.far_count, 0);
    expect_begin(&a, "HTTP/1.1 421 ");
    end(&a);
}

/* The policy changed while other workers were asked for what the page tells. */
static void none_that_waited_does_either(void **state)
{
    struct app a;

    (void)state;
    begin(&a);
    at_hand = false;
    say(&a, ASK_US);
    assert_int_equal(a.rig.far_count, 0);
    ends = false;
    front_refreshed(a.rig.front);
    assert_int_equal(a.rig.far_count, 0);
    expect_begin(&a, "HTTP/1.1 421 ");
    end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_inside_are_routed),
        cmocka_unit_test(none_goes_on_in_the_clear),
        cmocka_unit_test(none_that_waited_does_either),
    };
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!tls_files_make(&files))
        return 77;
    if (tls_files_server(&files, "good.pem", &server_tls) != STATUS_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_context_free(server_tls);
    tls_files_remove(&files);
    return failed;
}
