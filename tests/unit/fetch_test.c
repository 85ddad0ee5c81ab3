/* fetch: against a real HTTPS server that behaves, and misbehaves. */
#include "tests/support/check.h"

#include "collateral/fetch.h"
#include "common/secret.h"
#include "proxy/server/sim.h"
#include "tests/support/free_port.h"
#include "tests/support/pcs.h"

#define NOW         1800000000
#define DEADLINE_MS 120000
#define BODY_MAX    (64 * 1024)

static struct pcs pcs;
static struct folder data;

/* What a transfer said, copied. */
struct told {
    bool done;
    struct why why;
    long http_status;
    int64_t retry_after_s;
    size_t body_len;
    size_t header_len;
    bool header_is_encoded;
};

static void on_done(void *ctx, const struct fetch_result *r)
{
    struct told *t = ctx;

    assert_false(t->done);
    *t = (struct told){
        .done = true,
        .why = r->why,
        .http_status = r->http_status,
        .retry_after_s = r->retry_after_s,
        .body_len = r->body.len,
        .header_len = r->header.len,
        .header_is_encoded =
            r->header.len > 0 && memchr(r->header.at, '%', r->header.len),
    };
}

/* The TCB info, from the server beside us. */
static struct fetch_request request_of(const char *url, struct told *told)
{
    *told = (struct told){ 0 };
    return (struct fetch_request){
        .url = url,
        .ca_file = pcs.ca_file,
        .headers = { "TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain" },
        .field = "tcb_info",
        .purpose = "something to test by",
        .body_max_bytes = BODY_MAX,
        .deadline_ms = DEADLINE_MS,
        .done = on_done,
        .ctx = told,
    };
}

static const char *tcb_url(char out[128])
{
    (void)snprintf(out, 128, "%s/tdx/certification/v4/tcb?fmspc=0053494d0000",
                   pcs.url);
    return out;
}

/* Do one transfer on a loop of its own. */
static void fetch(const struct fetch_request *request, struct told *told)
{
    uv_loop_t loop;
    struct fetcher *fetcher;
    struct fetch *transfer;
    struct why why;

    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &fetcher), STATUS_OK);
    CHECK_STATUS(fetch_start(fetcher, request, &transfer, &why), STATUS_OK);
    assert_false(told->done);
    pcs_turn(&loop, &told->done);
    fetcher_close(fetcher, NULL, NULL);
    pcs_end(&loop);
}

static const struct {
    const char *name;
    const char *fault; /* NULL: none */
    int64_t deadline_ms;
    enum status want;
    long http_status;
    int64_t retry_after_s;
    const char *words; /* in |why.found| */
} cases[] = {
    /* clang-format off */
    { "an answer",           NULL,                  0, STATUS_OK, 200, 0, "" },
    { "a slow answer",       "slow 0.3",            0, STATUS_OK, 200, 0, "" },
    { "a page",              "page",                0, STATUS_OK, 200, 0, "" },
    { "a long head",         "long-head 32768",     0, STATUS_OK, 200, 0, "" },
    { "a head too long",     "long-head 70000",     0, STATUS_LIMIT, 200, 0, "too long" },
    { "a body too long",     "oversize 70000",      0, STATUS_LIMIT, 200, 0, "too long" },
    { "not found",           "status 404",          0, STATUS_NO_COLLATERAL, 404, 0, "HTTP 404" },
    { "too many requests",   "status 429 17",       0, STATUS_NO_COLLATERAL, 429, 17, "HTTP 429" },
    { "a broken server",     "status 500",          0, STATUS_NO_COLLATERAL, 500, 0, "HTTP 500" },
    { "a busy server",       "status 503 3",        0, STATUS_NO_COLLATERAL, 503, 3, "HTTP 503" },
    { "no content",          "status 204",          0, STATUS_NO_COLLATERAL, 204, 0, "HTTP 204" },
    { "a redirect",          "redirect https://127.0.0.1:1/",
                                                    0, STATUS_NO_COLLATERAL, 302, 0, "HTTP 302" },
    { "no answer",           "drop",                0, STATUS_CUT, 0, 0, "" },
    { "half an answer",      "cut",                 0, STATUS_CUT, 200, 0, "" },
    { "silence",             "hang",              300, STATUS_TIMED_OUT, 0, 0, "timed out" },
    { "an endless answer",   "trickle 0.05",     4000, STATUS_TIMED_OUT, 200, 0, "timed out" },
    /* clang-format on */
};

static void says_what_happened(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char url[128], command[128];
        struct told told;
        struct fetch_request request = request_of(tcb_url(url), &told);

        print_message("  %s\n", cases[i].name);
        pcs_tell(&pcs, "clear");
        (void)snprintf(command, sizeof(command), "fault all %s",
                       cases[i].fault != NULL ? cases[i].fault : "");
        if (cases[i].fault != NULL)
            pcs_tell(&pcs, command);
        if (cases[i].deadline_ms != 0)
            request.deadline_ms = cases[i].deadline_ms;
        fetch(&request, &told);
        CHECK_STATUS(told.why.status, cases[i].want);
        assert_int_equal(told.http_status, cases[i].http_status);
        assert_int_equal(told.retry_after_s, cases[i].retry_after_s);
        assert_non_null(strstr(told.why.found, cases[i].words));
        if (cases[i].want == STATUS_OK)
            continue;
        assert_non_null(strstr(told.why.found, url));
        assert_string_equal(told.why.field, "tcb_info");
        assert_string_equal(told.why.expected, "something to test by");
    }
    pcs_tell(&pcs, "clear");
}

static void gives_the_header_by_either_name(void **state)
{
    char url[128];
    struct told told;
    struct fetch_request request = request_of(tcb_url(url), &told);

    (void)state;
    fetch(&request, &told);
    assert_true(told.header_is_encoded);
    pcs_tell(&pcs, "fault all old-name");
    told = (struct told){ 0 };
    fetch(&request, &told);
    assert_true(told.header_is_encoded);
    pcs_tell(&pcs, "fault all plain");
    told = (struct told){ 0 };
    fetch(&request, &told);
    assert_true(told.header_len > 0 && !told.header_is_encoded);
    pcs_tell(&pcs, "fault all no-chain");
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_OK);
    assert_int_equal(told.header_len, 0);
    pcs_tell(&pcs, "clear");
}

static void takes_a_body_of_its_limit_and_no_more(void **state)
{
    char url[128];
    struct told told;
    struct fetch_request request = request_of(tcb_url(url), &told);

    (void)state;
    fetch(&request, &told);
    request.body_max_bytes = told.body_len;
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_OK);
    request.body_max_bytes--;
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_LIMIT);
}

static void refuses_servers_it_cannot_check(void **state)
{
    char url[128], other[128];
    struct told told;
    struct fetch_request request = request_of(tcb_url(url), &told);

    (void)state;
    request.ca_file = NULL; /* the system's CAs do not know it */
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_TLS);
    request.ca_file = "/nowhere/ca.pem";
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_NO_FILE);
    assert_non_null(strstr(told.why.found, "/nowhere/ca.pem"));
    request.ca_file = pcs.ca_file; /* good, but not for this name */
    (void)snprintf(other, sizeof(other), "https://localhost:%s/",
                   strrchr(pcs.url, ':') + 1);
    request.url = other;
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_TLS);
    (void)snprintf(other, sizeof(other), "https://127.0.0.1:%d", free_port());
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_REFUSED);
}

static void refuses_urls_that_are_not_allowed(void **state)
{
    static const char *const urls[] = { "http://a.example/",
                                        "https://u:p@a.example/",
                                        "file:///etc/passwd", "" };
    uv_loop_t loop;
    struct fetcher *fetcher;
    struct told told;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &fetcher), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct fetch_request request = request_of(urls[i], &told);
        struct fetch *transfer;
        struct why why;

        CHECK_STATUS(fetch_start(fetcher, &request, &transfer, &why),
                     STATUS_BAD_CONFIG);
        assert_null(transfer);
    }
    fetcher_close(fetcher, NULL, NULL);
    pcs_end(&loop);
    assert_false(told.done);
}

static void takes_a_proxy_by_name_only(void **state)
{
    static const char *const names[] = { "http_proxy", "https_proxy",
                                         "all_proxy", "HTTPS_PROXY" };
    char url[128], dead[64];
    struct told told;
    struct fetch_request request = request_of(tcb_url(url), &told);

    (void)state;
    (void)snprintf(dead, sizeof(dead), "http://127.0.0.1:%d", free_port());
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(setenv(names[i], dead, 1), 0);
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    request.proxy = dead;
    told = (struct told){ 0 };
    fetch(&request, &told);
    CHECK_STATUS(told.why.status, STATUS_REFUSED);
    assert_int_equal(unsetenv("no_proxy"), 0);
}

/* --- several at once ------------------------------------------------------ */

#define MANY 9

static void fetches_many_side_by_side(void **state)
{
    uv_loop_t loop;
    struct fetcher *fetcher;
    struct told told[MANY];
    char url[128];

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &fetcher), STATUS_OK);
    for (size_t i = 0; i < MANY; i++) {
        struct fetch_request request = request_of(tcb_url(url), &told[i]);
        struct fetch *transfer;
        struct why why;

        CHECK_STATUS(fetch_start(fetcher, &request, &transfer, &why),
                     STATUS_OK);
    }
    for (size_t i = 0; i < MANY; i++) {
        pcs_turn(&loop, &told[i].done);
        CHECK_STATUS(told[i].why.status, STATUS_OK);
    }
    fetcher_close(fetcher, NULL, NULL);
    pcs_end(&loop);
}

static void is_silent_after_cancel_and_close(void **state)
{
    uv_loop_t loop;
    struct fetcher *fetcher;
    struct told told[3];
    struct fetch *transfers[3];
    char url[128];

    (void)state;
    pcs_tell(&pcs, "fault all hang");
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &fetcher), STATUS_OK);
    for (size_t i = 0; i < 3; i++) {
        struct fetch_request request = request_of(tcb_url(url), &told[i]);
        struct why why;

        CHECK_STATUS(fetch_start(fetcher, &request, &transfers[i], &why),
                     STATUS_OK);
        if (i == 0)
            fetch_cancel(transfers[0]); /* before it began */
    }
    while (pcs_count(&pcs, "tcb") == 0) /* until one is under way */
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    fetch_cancel(transfers[1]);
    fetcher_close(fetcher, NULL, NULL);
    pcs_end(&loop);
    for (size_t i = 0; i < 3; i++)
        assert_false(told[i].done);
    pcs_tell(&pcs, "clear");
}

/* A done() that starts another, gives up a third, and closes. */
struct chain {
    struct told told;
    struct fetcher *fetcher;
    struct fetch *other;
    unsigned left;
    char url[128];
};

static void on_link(void *ctx, const struct fetch_result *r);

static void start_link(struct chain *c, struct fetch **out)
{
    struct fetch_request request = request_of(tcb_url(c->url), &c->told);
    struct why why;

    request.done = on_link;
    request.ctx = c;
    CHECK_STATUS(fetch_start(c->fetcher, &request, out, &why), STATUS_OK);
}

static void on_link(void *ctx, const struct fetch_result *r)
{
    struct chain *c = ctx;
    struct fetch *next;

    CHECK_STATUS(r->why.status, STATUS_OK);
    if (--c->left > 0) {
        start_link(c, &next);
        return;
    }
    fetch_cancel(c->other);
    fetcher_close(c->fetcher, NULL, NULL);
    c->told.done = true;
}

static void may_be_called_from_its_own_callback(void **state)
{
    uv_loop_t loop;
    struct chain c = { .left = 4 };
    struct fetch_request hanging;
    struct fetch *first;
    struct told told;
    char url[128];
    struct why why;

    (void)state;
    pcs_tell(&pcs, "fault qe hang");
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &c.fetcher), STATUS_OK);
    (void)snprintf(url, sizeof(url), "%s/tdx/certification/v4/qe/identity",
                   pcs.url);
    hanging = request_of(url, &told);
    CHECK_STATUS(fetch_start(c.fetcher, &hanging, &c.other, &why), STATUS_OK);
    start_link(&c, &first);
    pcs_turn(&loop, &c.told.done);
    pcs_end(&loop);
    assert_false(told.done);
    pcs_tell(&pcs, "clear");
}

static void lets_the_loop_end_while_idle(void **state)
{
    uv_loop_t loop;
    struct fetcher *fetcher;
    struct fetch *transfer;
    struct told told;
    char url[128];
    struct fetch_request request = request_of(tcb_url(url), &told);
    struct why why;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    CHECK_STATUS(fetcher_open(&loop, &fetcher), STATUS_OK);
    CHECK_STATUS(fetch_start(fetcher, &request, &transfer, &why), STATUS_OK);
    /* Comes back by itself, with the connection kept for the next. */
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(told.done);
    fetcher_close(fetcher, NULL, NULL);
    pcs_end(&loop);
}

static int set_up(void **state)
{
    struct sim *sim;
    struct why why;

    (void)state;
    assert_true(secret_init());
    folder_make(&data);
    CHECK_STATUS(sim_new(NULL, NOW, &sim, &why), STATUS_OK);
    CHECK_STATUS(sim_write_dir(sim, TEE_TDX, data.path, &why), STATUS_OK);
    sim_free(sim);
    pcs_start(&pcs, data.path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pcs_stop(&pcs);
    folder_remove(&data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_happened),
        cmocka_unit_test(gives_the_header_by_either_name),
        cmocka_unit_test(takes_a_body_of_its_limit_and_no_more),
        cmocka_unit_test(refuses_servers_it_cannot_check),
        cmocka_unit_test(refuses_urls_that_are_not_allowed),
        cmocka_unit_test(takes_a_proxy_by_name_only),
        cmocka_unit_test(fetches_many_side_by_side),
        cmocka_unit_test(is_silent_after_cancel_and_close),
        cmocka_unit_test(may_be_called_from_its_own_callback),
        cmocka_unit_test(lets_the_loop_end_while_idle),
    };

    if (!pcs_can_run())
        return 77;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
