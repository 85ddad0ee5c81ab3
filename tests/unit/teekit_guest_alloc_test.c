/* proxy/server/teekit_*: every allocation fails once while a client of teekit
 * comes, asks, opens a WebSocket and goes; nothing leaks, nothing hangs, and
 * the next client is served. And who answers no ping is cut, and who is about
 * to be ended is. */
#include "tests/support/server_rig.h"

#include <signal.h>

#include "common/compiler.h"
#include "common/secret.h"
#include "proxy/io/teekit_parcel.h"
#include "proxy/io/ws_dial.h"
#include "proxy/server/demo.h"
#include "proxy/server/teekit_parts.h"
#include "tests/support/alloc.h"
#include "tests/support/check.h"

#define BODY        "hello"
#define LARGE_BYTES ((size_t)64 * 1024) /* comes in parts */
#define SOME_BYTES  ((size_t)1024)

/* A client that takes whatever happens. */
struct talk {
    struct server_rig *rig;
    struct ws_dial *dial;
    struct conn *conn; /* the link's: for bytes by hand */
    struct ws_link *link;
    struct ws_queue out;
    struct teekit_key key;
    uint8_t id[2][TEEKIT_ID_ROOM];
    bool brief;    /* opens no WebSocket */
    bool keyed;    /* our key has left */
    bool answered; /* the request, as it should be */
    bool echoed;   /* what the WebSocket was told */
    bool over;
};

static void end_talk(struct talk *t)
{
    t->over = true;
}

/* |m| as the next to be sent; NULL when out of memory. */
static struct teekit_parcel *seal(struct talk *t, struct teekit_message *m)
{
    const enum teekit_body kind = m->body_kind;
    const struct slice body = m->body;
    struct teekit_parcel *p;
    uint8_t *at;

    if (teekit_parcel_new(NULL, m, body.len, &p) != STATUS_OK)
        return NULL;
    at = teekit_parcel_reserve(p, body.len);
    assert_non_null(at); /* it was asked for above */
    if (body.len > 0)
        memcpy(at, body.at, body.len);
    teekit_parcel_commit(p, body.len);
    teekit_parcel_seal(p, m, kind, &t->key, NULL);
    return p;
}

static void send_sealed(struct talk *t, struct teekit_message *m)
{
    struct teekit_parcel *p = seal(t, m);

    if (p == NULL || ws_queue_add(&t->out, &p->packet) != STATUS_OK)
        end_talk(t);
}

static void ask(struct talk *t)
{
    static struct teekit_message m;

    m = (struct teekit_message){ .type = TEEKIT_HTTP_REQUEST,
                                 .id = teekit_message_id("r", t->id[0]),
                                 .method = slice_text("POST"),
                                 .url = slice_text("http://site.test/echo"),
                                 .body_kind = TEEKIT_BYTES,
                                 .body = slice_text(BODY) };
    send_sealed(t, &m);
}

static void open_socket(struct talk *t)
{
    static struct teekit_message m;

    m = (struct teekit_message){ .type = TEEKIT_WS_CONNECT,
                                 .id = teekit_message_id("w", t->id[1]),
                                 .url = slice_text("http://site.test/ws") };
    send_sealed(t, &m);
    m = (struct teekit_message){ .type = TEEKIT_WS_MESSAGE,
                                 .id = m.id,
                                 .body_kind = TEEKIT_TEXT,
                                 .body = slice_text(BODY) };
    send_sealed(t, &m);
}

static void on_announced(struct talk *t, const struct teekit_envelope *kx)
{
    static uint8_t sealed[TEEKIT_SEALED_BYTES];
    static uint8_t raw[WS_HEADER_MAX_BYTES + 512];
    struct teekit_envelope e = { .type = TEEKIT_CLIENT_KX,
                                 .sealed = SLICE_OF(sealed) };
    struct builder b = builder_over(raw + WS_HEADER_MAX_BYTES, 512);
    struct ws_out out;

    CHECK_STATUS(teekit_seal_key(kx->public_key.at, &t->key, sealed),
                 STATUS_OK);
    teekit_envelope_encode(&e, TEEKIT_NODE, &b);
    out = (struct ws_out){ b.out, b.len };
    if (ws_link_send(t->link, WS_BINARY, &out, 1) != STATUS_OK ||
        !ws_link_is_idle(t->link)) {
        end_talk(t);
        return;
    }
    t->keyed = true;
    ask(t);
}

static void on_inner(struct talk *t, const struct teekit_message *m)
{
    if (m->type == TEEKIT_HTTP_RESPONSE) {
        /* The demo answers with head and body. */
        t->answered = m->status == 200 && m->body.len > strlen(BODY);
        if (t->brief)
            end_talk(t);
        else
            open_socket(t);
    } else if (m->type == TEEKIT_WS_MESSAGE) {
        t->echoed = slice_equal(m->body, slice_text(BODY));
        end_talk(t);
    } else if (m->type == TEEKIT_WS_EVENT && m->event != TEEKIT_OPEN) {
        end_talk(t);
    }
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    static struct teekit_message m;
    struct talk *t = ctx;
    struct teekit_envelope e;
    struct why why;
    uint8_t *text;
    size_t text_len;

    assert_int_equal(opcode, WS_BINARY);
    CHECK_STATUS(teekit_envelope_parse(slice_of(at, len), &e, &why), STATUS_OK);
    if (e.type == TEEKIT_SERVER_KX) {
        on_announced(t, &e);
        return;
    }
    CHECK_STATUS(teekit_seal_open(&t->key, at, &e, &text, &text_len),
                 STATUS_OK);
    CHECK_STATUS(teekit_message_parse(text, text_len, &m, &why), STATUS_OK);
    on_inner(t, &m);
}

static void on_sent(void *ctx)
{
    struct talk *t = ctx;

    if (ws_queue_sent(&t->out) != STATUS_OK)
        end_talk(t);
}

static void on_end(void *ctx, const struct why *why)
{
    (void)why;
    end_talk(ctx);
}

static void on_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_end = on_end };
    struct talk *t = ctx;
    const struct ws_link_config config = {
        .role = WS_CLIENT,
        .scratch = carrier_hub_scratch(t->rig->hub),
        .message_max = TEEKIT_KX_MAX_BYTES,
        .events = &events,
        .ctx = t,
    };

    (void)why;
    t->dial = NULL;
    if (conn == NULL) {
        end_talk(t);
    } else if (ws_link_open(conn, &config, &t->link) != STATUS_OK) {
        conn_reset(conn);
        end_talk(t);
    } else {
        t->conn = conn;
        t->out.link = t->link;
    }
}

static void out_of_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", LOOP_PATIENCE_MS);
}

/* The only member there is, once the visit is over; NULL: nobody. */
static struct teekit_guest *guest_of(const struct server_rig *rig)
{
    struct list *link = list_first(&rig->serve->members);

    return link == NULL ? NULL
                        : CONTAINER_OF(link, struct teekit_guest, member.link);
}

static bool somebody_is_there(const struct server_rig *rig)
{
    return server_rig_peers(rig).all > 0 || guest_of(rig) != NULL;
}

static void begin_talk(struct talk *t)
{
    const struct ws_dial_target target = {
        .dial = { .host = slice_text("127.0.0.1"),
                  .port = listener_port(t->rig->listener) },
        .path = "/__ra__",
    };

    if (ws_dial_open(&t->rig->loop, &target, on_dialled, t, &t->dial) !=
        STATUS_OK)
        t->over = true;
}

/* Come and ask. */
static void come(struct talk *t)
{
    begin_talk(t);
    loop_until(&t->rig->loop, &t->over);
}

static void go(struct talk *t)
{
    ws_dial_cancel(t->dial);
    ws_link_close(t->link, WS_CLOSE_NORMAL);
    ws_queue_drop(&t->out);
}

/* Come, ask and go; then wait until the server is empty. Without an allocation
 * of the test's own, unlike loop_until(). */
static void have_talk(struct talk *t, uv_timer_t *patience)
{
    (void)uv_timer_start(patience, out_of_patience, LOOP_PATIENCE_MS, 0);
    begin_talk(t);
    while (!t->over)
        (void)uv_run(&t->rig->loop, UV_RUN_ONCE);
    go(t);
    for (int i = 0; i < 20 || somebody_is_there(t->rig); i++)
        (void)uv_run(&t->rig->loop, i < 20 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    (void)uv_timer_stop(patience);
}

/* A server that has what the clients above ask for. */
static struct server_rig *begin(struct demo **demo)
{
    struct server_rig *rig = calloc(1, sizeof(*rig));
    struct server_rig_limits limits = server_rig_limits();
    struct why why;
    char rule[64];

    assert_non_null(rig);
    (void)signal(SIGPIPE, SIG_IGN); /* as shutdown_watch() does */
    server_rig_begin(rig, &limits);
    rig->serve->config.teekit = true;
    rig->serve->config.teekit_body = 1024;
    rig->serve->config.teekit_beat_ms = SERVE_TEEKIT_BEAT_MS;
    CHECK_STATUS(demo_open(&rig->loop, NULL, demo, &why), STATUS_OK);
    (void)snprintf(rule, sizeof(rule), "site.test:80=127.0.0.1:%u",
                   (unsigned)demo_port(*demo));
    server_rig_rule(rig, rule);
    return rig;
}

static void end(struct server_rig *rig, struct demo *demo)
{
    demo_close(demo);
    server_rig_end(rig);
    free(rig);
}

static bool is_not_asked(void *ctx)
{
    const struct server_rig *rig = ctx;

    return !guest_of(rig)->asked;
}

static bool is_asked(void *ctx)
{
    return !is_not_asked(ctx);
}

static bool is_there(void *ctx)
{
    const struct server_rig *rig = ctx;

    return guest_of(rig) != NULL;
}

static void who_answers_no_ping_is_cut(void **state)
{
    struct demo *demo;
    struct server_rig *rig = begin(&demo);
    struct talk t = { .rig = rig };

    (void)state;
    rig->serve->config.teekit_beat_ms = 200; /* much for one turn */
    come(&t);
    assert_true(t.answered && t.echoed);
    for (int i = 0; i < 3; i++) {
        loop_while(&rig->loop, is_not_asked, rig);
        loop_while(&rig->loop, is_asked, rig); /* and answers */
    }
    assert_true(is_there(rig));
    ws_link_pause(t.link);
    loop_while(&rig->loop, is_there, rig);
    go(&t);
    end(rig, demo);
}

/* Drains the server once the client's key has left, in the same turn of the
 * loop in which it will arrive. */
struct drainer {
    uv_prepare_t prepare;
    struct talk *talk;
};

static void on_prepare(uv_prepare_t *prepare)
{
    struct drainer *d = CONTAINER_OF(prepare, struct drainer, prepare);

    if (!d->talk->keyed)
        return;
    assert_false(guest_of(d->talk->rig)->has_key);
    serve_drain(d->talk->rig->serve);
    (void)uv_prepare_stop(prepare);
}

static void a_key_does_not_keep_a_session_that_is_to_end(void **state)
{
    struct demo *demo;
    struct server_rig *rig = begin(&demo);
    struct talk t = { .rig = rig };
    struct drainer d = { .talk = &t };

    (void)state;
    assert_int_equal(uv_prepare_init(&rig->loop, &d.prepare), 0);
    assert_int_equal(uv_prepare_start(&d.prepare, on_prepare), 0);
    come(&t);
    assert_true(t.keyed && !t.answered);
    loop_while(&rig->loop, is_there, rig);
    go(&t);
    uv_close((uv_handle_t *)&d.prepare, NULL);
    end(rig, demo);
}

/* A large message, of which the server knows nothing. */
static struct teekit_parcel *seal_large(struct talk *t)
{
    static uint8_t body[LARGE_BYTES];
    struct teekit_message m = { .type = TEEKIT_WS_MESSAGE,
                                .id = teekit_message_id("x", t->id[1]),
                                .body_kind = TEEKIT_BYTES,
                                .body = SLICE_OF(body) };
    struct teekit_parcel *p = seal(t, &m);

    assert_non_null(p);
    return p;
}

/* |p| as it stands on the wire. */
static struct slice frame_of(struct teekit_parcel *p)
{
    static const uint8_t key[4]; /* masks nothing */
    const struct ws_out *out = &p->packet.out;
    size_t head = ws_frame_header(out->at, out->len, WS_BINARY, true, key);

    return slice_of(out->at - head, head + out->len);
}

/* How much of a message the server is to have opened. */
struct opened {
    const struct server_rig *rig;
    size_t bytes;
};

static bool has_opened_other(void *ctx)
{
    const struct opened *o = ctx;
    const struct teekit_guest *g = guest_of(o->rig);

    assert_non_null(g);
    return g->opening.done != o->bytes;
}

/* Have the end of a guest that is about to be ended wait for
 * uv_timer_again(). */
static void hold(struct teekit_guest *g)
{
    assert_true(g->broken);
    uv_timer_set_repeat(&g->timer, 1);
    assert_int_equal(uv_timer_stop(&g->timer), 0);
}

/* The rest of the last one comes together with the beginning of the next. */
static void what_comes_behind_the_last_message_is_not_opened(void **state)
{
    struct demo *demo;
    struct server_rig *rig = begin(&demo);
    struct talk t = { .rig = rig, .brief = true };
    struct opened o = { .rig = rig };
    struct teekit_parcel *last, *next;
    struct slice most, rest[2];

    (void)state;
    come(&t);
    assert_true(t.answered);
    last = seal_large(&t);
    next = seal_large(&t);
    most = frame_of(last);
    most.len -= SOME_BYTES;
    rest[0] = slice_of(most.at + most.len, SOME_BYTES);
    rest[1] = slice_of(frame_of(next).at, SOME_BYTES);

    CHECK_STATUS(conn_write_borrowed(t.conn, &most, 1), STATUS_OK);
    o.bytes = most.len - WS_HEADER_MAX_BYTES;
    loop_while(&rig->loop, has_opened_other, &o);
    serve_drain(rig->serve);
    hold(guest_of(rig));
    CHECK_STATUS(conn_write_runs(t.conn, rest, COUNT_OF(rest)), STATUS_OK);
    o.bytes = SOME_BYTES - WS_HEADER_MAX_BYTES;
    loop_while(&rig->loop, has_opened_other, &o);
    assert_int_equal(uv_timer_again(&guest_of(rig)->timer), 0);
    loop_while(&rig->loop, is_there, rig);
    go(&t);
    teekit_parcel_free(last);
    teekit_parcel_free(next);
    end(rig, demo);
}

static bool is_crowded(void *ctx)
{
    const struct server_rig *rig = ctx;

    return guest_of(rig)->crowded;
}

/* Nothing of its own changes when others give memory back. */
static void who_waits_for_memory_of_others_is_read_again(void **state)
{
    struct demo *demo;
    struct server_rig *rig = begin(&demo);
    struct budget *whole = peers_whole(rig->peers);
    struct talk t = { .rig = rig, .brief = true };
    struct teekit_guest *g;
    size_t all;

    (void)state;
    rig->serve->config.teekit_beat_ms = 200;
    come(&t);
    assert_true(t.answered);
    g = guest_of(rig);
    all = budget_left(whole);
    budget_force(whole, all);
    g->held++; /* as if a request of its own were under way */
    teekit_guest_weigh(g);
    assert_true(g->crowded);
    budget_give(whole, all);
    loop_while(&rig->loop, is_crowded, rig);
    g->held--;
    teekit_guest_weigh(g);
    go(&t);
    loop_while(&rig->loop, is_there, rig);
    end(rig, demo);
}

static void no_failing_allocation_hurts(void **state)
{
    struct demo *demo;
    struct server_rig *rig = begin(&demo);
    uv_timer_t patience;
    bool failed = true;
    size_t count = 0;

    (void)state;
    assert_int_equal(uv_timer_init(&rig->loop, &patience), 0);
    for (size_t n = 0; failed; n++) {
        struct talk broken = { .rig = rig }, whole = { .rig = rig };

        alloc_fail_after(n);
        have_talk(&broken, &patience);
        failed = alloc_failed();
        have_talk(&whole, &patience);
        assert_true(whole.answered && whole.echoed);
        count = n;
    }
    print_message("  %zu allocations\n", count);
    assert_true(count > 30);
    uv_close((uv_handle_t *)&patience, NULL);
    end(rig, demo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_no_ping_is_cut),
        cmocka_unit_test(a_key_does_not_keep_a_session_that_is_to_end),
        cmocka_unit_test(what_comes_behind_the_last_message_is_not_opened),
        cmocka_unit_test(who_waits_for_memory_of_others_is_read_again),
        cmocka_unit_test(no_failing_allocation_hurts),
    };

    return secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
