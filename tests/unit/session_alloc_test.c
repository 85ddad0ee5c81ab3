/* Every allocation of a session is made to fail once. */
#include "tests/support/check.h"

#include "tests/support/alloc.h"
#include "tests/support/pair.h"

#define UP_BYTES   300000
#define DOWN_BYTES 400000

/* A stream that answers and one that is given up, from the first message on. */
static void run_all(struct pair *p)
{
    struct pair_end *e;

    p->server.answer_bytes = DOWN_BYTES;
    pair_run(p);
    if (pair_try_open(p, "a.b:80", &e) == STATUS_OK) {
        pair_write(e, UP_BYTES);
        pair_run(p);
    }
    if (pair_try_open(p, "c.d:80", &e) == STATUS_OK)
        pair_release(e);
    pair_run(p);
}

/* Whoever had no memory says so, and nobody takes a part for the whole. */
static void check_ends(struct pair *p, bool failed)
{
    for (size_t i = 0; i < p->client.ends; i++)
        assert_true(!p->client.end[i].fin ||
                    p->client.end[i].bytes == DOWN_BYTES);
    for (size_t i = 0; i < p->server.ends; i++)
        assert_true(!p->server.end[i].fin ||
                    p->server.end[i].bytes == UP_BYTES);
    if (!failed)
        assert_false(p->client.closed || p->server.closed);
    if (p->client.closed && p->server.closed)
        assert_true(p->client.why.status == STATUS_NO_MEMORY ||
                    p->server.why.status == STATUS_NO_MEMORY);
}

static void a_session_survives_any_failed_allocation(void **state)
{
    bool failed = true;

    (void)state;
    for (int aes = 0; aes <= 1; aes++) {
        size_t n = 0;

        for (failed = true; failed; n++) {
            struct pair *p = pair_new(
                &(struct pair_options){ .client_aes = aes, .server_aes = aes });

            alloc_fail_after(n);
            run_all(p);
            failed = alloc_failed();
            check_ends(p, failed);
            pair_free(p);
        }
        assert_true(n > 20);
    }
}

static void no_session_is_made_without_memory(void **state)
{
    static const struct session_events events;
    static const uint8_t zeros[32];
    const struct session_config config = { .events = &events,
                                           .allow_chacha = true,
                                           .streams_max = 1 };
    const struct session_identity identity = { .public_key = zeros,
                                               .secret_key = zeros,
                                               .quote = SLICE_OF(zeros),
                                               .challenged = true };
    struct session *s;

    (void)state;
    alloc_fail_after(0);
    CHECK_STATUS(session_client_new(&config, zeros, 0, &s), STATUS_NO_MEMORY);
    assert_null(s);
    for (size_t n = 0; n < 2; n++) {
        alloc_fail_after(n);
        CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                     STATUS_NO_MEMORY);
        assert_null(s);
    }
    alloc_fail_after(2);
    CHECK_STATUS(session_server_new(&config, zeros, &identity, 0, &s),
                 STATUS_OK);
    assert_false(alloc_failed());
    session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_survives_any_failed_allocation),
        cmocka_unit_test(no_session_is_made_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
