#include "tests/support/teekit_rig.h"

#include "proxy/io/teekit_parcel.h"
#include "proxy/io/ws_handshake.h"
#include "tests/support/check.h"
#include "tests/support/loop.h"

#define HEAD_BYTES 4096
#define WORD_BYTES 4096

static const struct why nothing;

/* --- the server ---------------------------------------------------------- */

/* What a server cannot say for lack of memory is never said: it gives up. */
static void give_up(struct teekit_rig *r)
{
    ws_link_close(r->link, 0);
    r->link = NULL;
    ws_queue_drop(&r->queue);
}

static void add(struct teekit_rig *r, struct teekit_parcel *p)
{
    if (ws_queue_add(&r->queue, &p->packet) != STATUS_OK)
        give_up(r);
}

void teekit_rig_announce(struct teekit_rig *r)
{
    const struct teekit_message none = { .type = TEEKIT_UNKNOWN };
    const struct teekit_envelope kx = {
        .type = TEEKIT_SERVER_KX,
        .public_key = SLICE_OF(r->keys->public_key),
        .quote = slice_text("a quote"),
        .data = TEEKIT_DATA_MAP,
        .val = slice_text("nonce"),
        .iat = slice_text("2026-01-31T12:00:00Z"),
        .signature = slice_text("none"),
    };
    struct teekit_parcel *p;
    struct builder b;

    if (r->link == NULL)
        return;
    if (teekit_parcel_new(NULL, &none, WORD_BYTES, &p) != STATUS_OK) {
        give_up(r);
        return;
    }
    b = builder_over(teekit_parcel_reserve(p, WORD_BYTES), WORD_BYTES);
    teekit_envelope_encode(&kx, TEEKIT_NODE, &b);
    assert_true(builder_ok(&b));
    p->packet.out = (struct ws_out){ b.out, b.len };
    add(r, p);
}

void teekit_rig_say(struct teekit_rig *r, struct teekit_message *m,
                    const char *body, const struct teekit_key *key)
{
    struct teekit_parcel *p;
    uint8_t *to;
    size_t len = body != NULL ? strlen(body) : 0;

    if (r->link == NULL)
        return;
    if (teekit_parcel_new(NULL, m, len, &p) != STATUS_OK) {
        give_up(r);
        return;
    }
    to = teekit_parcel_reserve(p, len);
    if (len > 0)
        memcpy(to, body, len);
    teekit_parcel_commit(p, len);
    teekit_parcel_seal(p, m, body != NULL ? TEEKIT_TEXT : TEEKIT_NOTHING,
                       key != NULL ? key : &r->key, NULL);
    add(r, p);
}

static void on_enc(struct teekit_rig *r, uint8_t *at,
                   const struct teekit_envelope *e)
{
    struct teekit_message m;
    struct why why;
    uint8_t *text;
    size_t len;

    assert_true(r->has_key);
    CHECK_STATUS(teekit_seal_open(&r->key, at, e, &text, &len), STATUS_OK);
    CHECK_STATUS(teekit_message_parse(text, len, &m, &why), STATUS_OK);
    r->requests++;
    if (r->on_message != NULL)
        r->on_message(r, &m);
}

static void on_message(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len)
{
    struct teekit_rig *r = ctx;
    struct teekit_envelope e;
    struct why why;

    assert_int_equal(opcode, WS_BINARY);
    CHECK_STATUS(teekit_envelope_parse(slice_of(at, len), &e, &why), STATUS_OK);
    if (e.type == TEEKIT_CLIENT_KX) {
        assert_false(r->has_key); /* sent once */
        r->has_key = true;
        CHECK_STATUS(teekit_seal_unseal(r->keys->public_key,
                                        r->keys->secret_key, e.sealed, &r->key),
                     STATUS_OK);
    } else if (e.type == TEEKIT_ENC) {
        on_enc(r, at, &e);
    } else {
        assert_int_equal(e.type, TEEKIT_CLIENT_READY);
    }
}

static void on_sent(void *ctx)
{
    struct teekit_rig *r = ctx;

    if (ws_queue_sent(&r->queue) != STATUS_OK)
        give_up(r);
}

static void on_link_end(void *ctx, const struct why *why)
{
    struct teekit_rig *r = ctx;

    r->link_ended = true;
    r->link_why = *why;
    give_up(r);
}

static void begin_link(struct teekit_rig *r, struct conn *conn)
{
    static const struct ws_link_events events = { .on_message = on_message,
                                                  .on_sent = on_sent,
                                                  .on_end = on_link_end };
    const struct ws_link_config config = { .role = WS_SERVER,
                                           .scratch = r->scratch,
                                           .message_max = 1 << 20,
                                           .events = &events,
                                           .ctx = r };

    if (ws_link_open(conn, &config, &r->link) != STATUS_OK) {
        conn_close(conn);
        return;
    }
    r->queue.link = r->link;
    teekit_rig_announce(r);
}

static uint8_t *on_alloc(void *ctx, size_t *room)
{
    struct teekit_rig *r = ctx;
    uint8_t *at = buffer_reserve(&r->head, HEAD_BYTES);

    *room = at != NULL ? HEAD_BYTES : 0;
    return at;
}

/* The value of Sec-WebSocket-Key. */
static struct slice key_of(const struct buffer *head)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    const size_t len = sizeof(name) - 1;

    for (size_t i = 0; i + len + WS_KEY_BYTES <= head->len; i++)
        if (memcmp(head->at + i, name, len) == 0)
            return slice_of(head->at + i + len, WS_KEY_BYTES);
    fail_msg("no key");
    return (struct slice){ 0 };
}

static void on_read(void *ctx, uint8_t *at, size_t len)
{
    struct teekit_rig *r = ctx;
    struct conn *conn = r->upgrading;
    uint8_t bytes[512];
    struct builder b = builder_over(bytes, sizeof(bytes));
    size_t head;

    (void)at;
    buffer_commit(&r->head, len);
    head = ws_handshake_head_length(buffer_view(&r->head));
    if (head == 0)
        return;
    r->upgrading = NULL;
    ws_handshake_respond(&b, key_of(&r->head), NULL);
    if (conn_write(conn, builder_view(&b)) == STATUS_OK &&
        conn_detach(conn, slice_of(r->head.at + head, r->head.len - head)) ==
            STATUS_OK)
        begin_link(r, conn);
    else
        conn_close(conn);
}

static void on_conn_eof(void *ctx)
{
    struct teekit_rig *r = ctx;

    conn_close(r->upgrading);
    r->upgrading = NULL;
}

static void on_conn_failed(void *ctx, const struct why *why)
{
    (void)why;
    on_conn_eof(ctx);
}

static void on_written(void *ctx)
{
    (void)ctx;
}

static void on_accept(void *ctx, struct conn *conn)
{
    static const struct conn_events events = { .on_alloc = on_alloc,
                                               .on_read = on_read,
                                               .on_eof = on_conn_eof,
                                               .on_written = on_written,
                                               .on_failed = on_conn_failed };
    struct teekit_rig *r = ctx;

    assert_null(r->upgrading);
    r->upgrading = conn;
    buffer_clear(&r->head);
    conn_start(conn, &events, r, 4096);
}

/* --- the client ---------------------------------------------------------- */

static void on_evidence(void *ctx, const struct session_evidence *e)
{
    struct teekit_rig *r = ctx;
    struct why why = { 0 };

    assert_true(slice_equal(e->quote, slice_text("a quote")));
    if (r->refuse) {
        (void)why_fail(&why, STATUS_POLICY, "mrtd", NULL, "not the one");
        teekit_session_close(r->session, &why);
    } else {
        teekit_session_accept(r->session);
    }
}

static void on_ready(void *ctx)
{
    ((struct teekit_rig *)ctx)->ready = true;
}

static void on_closed(void *ctx, const struct why *why)
{
    struct teekit_rig *r = ctx;

    assert_false(r->closed);
    r->closed = true;
    r->why = *why;
    r->session = NULL;
}

bool teekit_rig_dial(struct teekit_rig *r)
{
    static const struct session_events events = { .on_evidence = on_evidence,
                                                  .on_ready = on_ready,
                                                  .on_closed = on_closed };
    const struct teekit_session_config config = { .loop = &r->loop,
                                                  .scratch = r->scratch,
                                                  .endpoint = &r->endpoint,
                                                  .tee = TEE_TDX,
                                                  .events = &events,
                                                  .ctx = r };

    return teekit_session_dial(&config, &r->session) == STATUS_OK;
}

/* --- the application ----------------------------------------------------- */

static void on_far_opened(void *ctx)
{
    ((struct teekit_rig *)ctx)->opened = true;
}

static void on_far_data(void *ctx, struct slice data)
{
    struct teekit_rig *r = ctx;

    buffer_add(&r->got, data);
    far_consumed(r->far, data.len);
}

static void on_far_fin(void *ctx)
{
    struct teekit_rig *r = ctx;

    assert_false(r->fin);
    r->fin = true;
}

static void on_far_failed(void *ctx, const struct far_failure *failure)
{
    struct teekit_rig *r = ctx;

    assert_false(r->failed);
    r->failed = true;
    r->far_why = failure->why;
}

static void on_far_room(void *ctx)
{
    (void)ctx;
}

/* Without an allocation, unlike loop_while(); the clock of the session turns
 * the loop now and then. */
static void run_while(uv_loop_t *loop, bool (*going_on)(void *ctx), void *ctx)
{
    const uint64_t end_ms = uv_now(loop) + LOOP_PATIENCE_MS;

    while (going_on(ctx)) {
        (void)uv_run(loop, UV_RUN_ONCE); /* says only whether more is active */
        if (uv_now(loop) > end_ms)
            fail_msg("what is waited for did not come in %d ms",
                     LOOP_PATIENCE_MS);
    }
}

static bool is_neither_open_nor_failed(void *ctx)
{
    const struct teekit_rig *r = ctx;

    return !r->opened && !r->failed;
}

bool teekit_rig_attach(struct teekit_rig *r, int64_t timeout_ms)
{
    static const struct far_events events = { .on_opened = on_far_opened,
                                              .on_data = on_far_data,
                                              .on_fin = on_far_fin,
                                              .on_failed = on_far_failed,
                                              .on_room = on_far_room };
    const struct far_teekit_config config = { .loop = &r->loop,
                                              .blocks = &r->scratch->blocks,
                                              .endpoint = "ws://test",
                                              .answer_timeout_ms = timeout_ms };
    const struct target target = { .host = "demo.test", .port = 80 };
    struct far_tunnel *f;

    if (far_tunnel_new("demo", &target, &events, r, NULL, &r->waiting, 0, &f) !=
        STATUS_OK)
        return false;
    r->far = &f->far;
    if (far_teekit_attach(f, r->session, &config) != STATUS_OK) {
        teekit_rig_detach(r);
        return false;
    }
    run_while(&r->loop, is_neither_open_nor_failed, r);
    return r->opened;
}

void teekit_rig_detach(struct teekit_rig *r)
{
    if (r->far != NULL)
        far_close(r->far);
    r->far = NULL;
}

void teekit_rig_write(struct teekit_rig *r, const char *text)
{
    struct slice left = slice_text(text);
    size_t taken = far_write(r->far, left);

    assert_int_equal(taken, left.len);
}

static bool waits(void *ctx)
{
    const struct {
        struct teekit_rig *r;
        const bool *done;
    } *w = ctx;

    return !*w->done && !w->r->closed;
}

void teekit_rig_until(struct teekit_rig *r, const bool *done)
{
    struct {
        struct teekit_rig *r;
        const bool *done;
    } w = { r, done };

    run_while(&r->loop, waits, &w);
}

static bool wants_more(void *ctx)
{
    const struct {
        struct teekit_rig *r;
        size_t len;
    } *w = ctx;

    return w->r->got.len < w->len && !w->r->failed && !w->r->fin;
}

void teekit_rig_expect(struct teekit_rig *r, const char *text)
{
    struct {
        struct teekit_rig *r;
        size_t len;
    } w = { r, strlen(text) };

    run_while(&r->loop, wants_more, &w);
    if (!slice_equal(buffer_view(&r->got), slice_text(text)))
        fail_msg("got %.*s", (int)r->got.len, (const char *)r->got.at);
    buffer_clear(&r->got);
}

/* --- life ---------------------------------------------------------------- */

void teekit_rig_begin(struct teekit_rig *r)
{
    const struct listener_config config = { .address = "127.0.0.1:0",
                                            .on_accept = on_accept,
                                            .ctx = r };
    struct why why;

    *r = (struct teekit_rig){ .head = buffer_with_max(64 * 1024),
                              .got = buffer_with_max(1 << 24) };
    assert_non_null(buffer_reserve(&r->head, 2 * HEAD_BYTES));
    loop_begin(&r->loop);
    CHECK_STATUS(scratch_new(&r->scratch), STATUS_OK);
    CHECK_STATUS(listener_open(&r->loop, &config, &r->listener, &why),
                 STATUS_OK);
    r->keys = keypair_new();
    assert_non_null(r->keys);
    r->endpoint = (struct endpoint){ .url = "ws://test",
                                     .host = "127.0.0.1",
                                     .path = "/__ra__",
                                     .port = listener_port(r->listener) };
}

void teekit_rig_end(struct teekit_rig *r)
{
    teekit_rig_detach(r);
    if (r->session != NULL)
        teekit_session_close(r->session, &nothing);
    give_up(r);
    conn_close(r->upgrading);
    r->upgrading = NULL;
    listener_close(r->listener);
    loop_end(&r->loop);
    scratch_free(r->scratch);
    keypair_free(r->keys);
    buffer_free(&r->head);
    buffer_free(&r->got);
}
