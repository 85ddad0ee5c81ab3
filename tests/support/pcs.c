#include "tests/support/pcs.h"

#include "common/text.h"
#include "tests/support/check.h"

#define PYTHON      "/usr/bin/python3"
#define OPENSSL     "/usr/bin/openssl"
#define PATIENCE_MS 180000
#define TICK_MS     5

bool pcs_can_run(void)
{
    bool can = child_is_there(PYTHON) && child_is_there(OPENSSL);

    if (!can)
        print_message("skipped: no " PYTHON " or no " OPENSSL "\n");
    return can;
}

void pcs_start(struct pcs *p, const char *dir)
{
    char tdx[512], sgx[512], snp[512], line[64];
    const char *argv[] = { PYTHON,
                           TEST_SOURCE_DIR "/tests/support/pcs_server.py",
                           p->scratch.path,
                           tdx,
                           sgx,
                           snp,
                           NULL };

    folder_make(&p->scratch);
    (void)snprintf(tdx, sizeof(tdx), "tdx=%s", dir);
    (void)snprintf(sgx, sizeof(sgx), "sgx=%s", dir);
    (void)snprintf(snp, sizeof(snp), "snp=%s", dir);
    child_start(&p->child, argv);
    child_hear(&p->child, line, sizeof(line));
    assert_memory_equal(line, "ready ", 6);
    (void)snprintf(p->url, sizeof(p->url), "https://127.0.0.1:%.5s", line + 6);
    (void)snprintf(p->ca_file, sizeof(p->ca_file), "%s/ca.pem",
                   p->scratch.path);
}

void pcs_stop(struct pcs *p)
{
    child_end(&p->child);
    folder_remove(&p->scratch);
}

void pcs_tell(struct pcs *p, const char *command)
{
    char line[64];

    child_tell(&p->child, command);
    child_hear(&p->child, line, sizeof(line));
    assert_string_equal(line, "ok");
}

unsigned pcs_count(struct pcs *p, const char *item)
{
    char line[64];
    uint64_t count;

    (void)snprintf(line, sizeof(line), "count %s", item);
    child_tell(&p->child, line);
    child_hear(&p->child, line, sizeof(line));
    assert_true(text_from_decimal(slice_text(line), UINT32_MAX, &count));
    return (unsigned)count;
}

/* Ticks, so that a turn that has set |*done| does not go on to wait for the
 * engine's next timer. */
static void on_tick(uv_timer_t *timer)
{
    const uint64_t *until = timer->data;

    if (uv_now(timer->loop) > *until)
        fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

void pcs_turn(uv_loop_t *loop, const bool *done)
{
    uint64_t until = uv_now(loop) + PATIENCE_MS;
    uv_timer_t tick = { .data = &until };

    assert_int_equal(uv_timer_init(loop, &tick), 0);
    assert_int_equal(uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS), 0);
    while (!*done)
        (void)uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* finishes the closing */
}

void pcs_end(uv_loop_t *loop)
{
    (void)uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}
