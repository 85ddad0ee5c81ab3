/* Messages that wait for their turn on a WebSocket. */
#include "proxy/io/ws_queue.h"

#include <signal.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

/* Two ends of a WebSocket; the server's messages are queued. */
struct pair {
    uv_loop_t loop;
    struct scratch *scratch;
    struct ws_link *client, *server;
    struct ws_queue queue;
    struct buffer got;
};

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct pair *p = ctx;

    (void)opcode;
    buffer_add(&p->got, slice_of(at, len));
}

static void on_sent(void *ctx)
{
    struct pair *p = ctx;

    CHECK_STATUS(ws_queue_sent(&p->queue), STATUS_OK);
}

static void on_end(void *ctx, const struct why *why)
{
    (void)ctx;
    (void)why;
}

static struct ws_link *open_link(struct pair *p, enum ws_role role,
                                 struct conn *conn)
{
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_end = on_end };
    const struct ws_link_config config = {
        .role = role,
        .scratch = p->scratch,
        .message_max = 1024,
        .events = &events,
        .ctx = p,
    };
    struct ws_link *link;

    CHECK_STATUS(ws_link_open(conn, &config, &link), STATUS_OK);
    return link;
}

static void begin(struct pair *p)
{
    struct conn *client, *server;

    *p = (struct pair){ .got = buffer_with_max(1024) };
    loop_begin(&p->loop);
    CHECK_STATUS(scratch_new(&p->scratch), STATUS_OK);
    end_pair_tcp(&p->loop, &client, &server);
    p->client = open_link(p, WS_CLIENT, client);
    p->server = open_link(p, WS_SERVER, server);
}

static void end(struct pair *p)
{
    ws_link_close(p->client, 0);
    ws_link_close(p->server, 0);
    loop_end(&p->loop);
    scratch_free(p->scratch);
    buffer_free(&p->got);
}

/* A message on the heap. */
struct letter {
    struct ws_packet packet;
    unsigned *freed;
    uint8_t bytes[WS_HEADER_MAX_BYTES + 1];
};

static void on_letter_done(struct ws_packet *packet)
{
    struct letter *l = CONTAINER_OF(packet, struct letter, packet);

    (*l->freed)++;
    free(l);
}

static struct ws_packet *letter(unsigned *freed, unsigned i)
{
    struct letter *l = calloc(1, sizeof(*l));

    assert_non_null(l);
    l->freed = freed;
    l->bytes[WS_HEADER_MAX_BYTES] = (uint8_t)('a' + i % 26);
    l->packet.opcode = i % 7 == 0 ? WS_TEXT : WS_BINARY;
    l->packet.out.at = l->bytes + WS_HEADER_MAX_BYTES;
    l->packet.out.len = 1;
    l->packet.done = on_letter_done;
    return &l->packet;
}

enum { COUNT = 300 };

static bool wants(void *ctx)
{
    return ((const struct pair *)ctx)->got.len < COUNT;
}

/* More than may be lent at once, of both kinds, and a link that comes late. */
static void a_queue_keeps_the_order(void **state)
{
    struct pair p;
    unsigned freed = 0;

    (void)state;
    begin(&p);
    for (unsigned i = 0; i < COUNT / 2; i++)
        CHECK_STATUS(ws_queue_add(&p.queue, letter(&freed, i)), STATUS_OK);
    assert_int_equal(p.queue.bytes, COUNT / 2);
    assert_int_equal(freed, 0);
    p.queue.link = p.server;
    CHECK_STATUS(ws_queue_sent(&p.queue), STATUS_OK);
    for (unsigned i = COUNT / 2; i < COUNT; i++)
        CHECK_STATUS(ws_queue_add(&p.queue, letter(&freed, i)), STATUS_OK);
    loop_while(&p.loop, wants, &p);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(p.got.at[i], 'a' + i % 26);
    assert_true(ws_queue_empty(&p.queue));
    assert_int_equal(p.queue.bytes, 0);
    assert_int_equal(freed, COUNT);
    end(&p);
}

static void a_dropped_queue_frees_what_waits(void **state)
{
    struct ws_queue q = { .link = NULL };
    unsigned freed = 0;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        CHECK_STATUS(ws_queue_add(&q, letter(&freed, i)), STATUS_OK);
    ws_queue_drop(&q);
    assert_int_equal(freed, 3);
    assert_true(ws_queue_empty(&q));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_keeps_the_order),
        cmocka_unit_test(a_dropped_queue_frees_what_waits),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
    if (!secret_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
