/* Sessions over wss://. */
#include <signal.h>

#include "common/secret.h"
#include "proxy/io/tls_context.h"
#include "tests/support/carriers.h"
#include "tests/support/check.h"
#include "tests/support/tls_files.h"

#define SOME_BYTES (10 * 1000 * 1000)

static struct tls_files files;

static void begin(struct carriers *x, const char *ca)
{
    struct why why;

    carriers_begin(x);
    CHECK_STATUS(tls_files_server(&files, "good.pem", &x->server_tls),
                 STATUS_OK);
    CHECK_STATUS(tls_context_client(tls_files_path(&files, ca), &x->client_tls,
                                    &why),
                 STATUS_OK);
    carriers_dial(x, false);
}

static void end(struct carriers *x)
{
    carriers_end(x);
    tls_context_free(x->client_tls);
    tls_context_free(x->server_tls);
}

static bool is_moving(void *ctx)
{
    const struct carriers *x = ctx;

    return !x->client.fin || !x->server.fin;
}

static void bytes_go_both_ways(void **state)
{
    struct carriers x;

    (void)state;
    begin(&x, "ca.pem");
    carriers_ready(&x);
    carriers_open(&x, SOME_BYTES, SOME_BYTES);
    loop_while(&x.loop, is_moving, &x);
    assert_int_equal(x.client.got, SOME_BYTES);
    assert_int_equal(x.server.got, SOME_BYTES);
    end(&x);
}

static void a_cut_is_an_error(void **state)
{
    struct carriers x;

    (void)state;
    begin(&x, "ca.pem");
    carriers_ready(&x);
    carriers_open(&x, SOME_BYTES, SOME_BYTES);
    for (int i = 0; i < 10; i++)
        (void)uv_run(&x.loop, UV_RUN_NOWAIT);
    carriers_cut(&x, false);
    loop_until(&x.loop, &x.client.closed);
    CHECK_STATUS(x.client.why.status, STATUS_CUT);
    CHECK_STATUS(x.client.reason, STATUS_CUT);
    loop_until(&x.loop, &x.server.closed);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways),
        cmocka_unit_test(a_cut_is_an_error),
    };
    int failed;

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    if (!tls_files_make(&files))
        return 77;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    tls_files_remove(&files);
    return failed;
}
