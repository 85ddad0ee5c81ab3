/* client: every allocation of a connection whose TLS ends here fails once;
 * nothing leaks, and the client is told or closed. */
#include "tests/support/check.h"

#include <signal.h>
#include <unistd.h>

#include "proxy/io/tls.h"
#include "proxy/io/tls_context.h"
#include "tests/support/alloc.h"
#include "tests/support/front_rig.h"
#include "tests/support/tls_files.h"

static struct tls_files files;
static struct tls_context *server_tls;

static bool ends_tls(void *ctx, const struct target *target)
{
    (void)ctx;
    (void)target;
    return true;
}

static enum status end_tls(void *ctx, const struct target *target,
                           struct tls **out, struct far_failure *refusal)
{
    const enum status st = tls_server_new(server_tls, out);

    (void)ctx;
    (void)target;
    return st == STATUS_OK
               ? st
               : why_fail(&refusal->why, st, "tls", NULL, "no memory");
}

static const struct front_owner owner = {
    .route_and_open = front_rig_route,
    .ends_tls = ends_tls,
    .end_tls = end_tls,
};

/* Open the tunnel and begin the handshake in one go, with the allocation that
 * is number |n| from there on failing; true when one was there to fail. */
static bool secure_without(size_t n)
{
    static const char ask[] =
        "CONNECT localhost:443 HTTP/1.1\r\nHost: a\r\n\r\n";
    struct front_config config = front_defaults();
    struct buffer hello = buffer_with_max(64 * 1024);
    struct tls_context *context;
    struct front_rig rig;
    struct tls *tls;
    struct why why;
    bool failed;
    int fd;

    config.owner = &owner;
    CHECK_STATUS(tls_context_client(tls_files_path(&files, "ca.pem"), &context,
                                    &why),
                 STATUS_OK);
    CHECK_STATUS(tls_client_new(context, slice_text("localhost"), &tls),
                 STATUS_OK);
    assert_int_equal(tls_handshake(tls, &why), TLS_WANT_INPUT);
    buffer_text(&hello, ask);
    buffer_add(&hello, tls_output(tls));
    assert_true(buffer_ok(&hello));
    front_rig_start_with(&rig, config);
    fd = front_rig_dial(&rig);
    alloc_fail_after(n);
    front_rig_say(&rig, fd, buffer_view(&hello));
    front_rig_turn(&rig);
    failed = alloc_failed();
    buffer_free(&hello);
    tls_free(tls);
    tls_context_free(context);
    (void)close(fd);
    front_rig_stop(&rig);
    return failed;
}

/* conn_detach() keeps what came ahead of the answer: that, TLS and its buffers
 * may each find no memory. */
static void each_allocation_of_securing_a_client_may_fail(void **state)
{
    size_t n = 0;

    (void)state;
    while (secure_without(n))
        n++;
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_securing_a_client_may_fail),
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
