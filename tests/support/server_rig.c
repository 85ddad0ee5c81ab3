#include "tests/support/server_rig.h"

#include "common/secret.h"
#include "proxy/tunnel/aead.h"
#include "tests/support/check.h"
#include "tests/support/stream_put.h"

#define STREAM_GOT_MAX_BYTES (64 * 1024 * 1024)

/* --- the server ---------------------------------------------------------- */

static void on_empty(void *ctx)
{
    struct server_rig *rig = ctx;

    assert_false(rig->empty);
    rig->empty = true;
}

static void on_accept(void *ctx, struct conn *conn)
{
    struct server_rig *rig = ctx;

    serve_accept(rig->serve, conn);
}

static void on_backend(void *ctx, struct conn *conn)
{
    struct server_rig *rig = ctx;

    assert_true(rig->backend_count < RIG_BACKENDS_MAX);
    end_attach(&rig->backends[rig->backend_count++], conn, 1 << 20);
}

static bool has_no_key(void *ctx)
{
    struct server_rig *rig = ctx;
    struct keys_epoch *e = keys_hold(rig->keys);

    keys_let_go(e);
    return e == NULL;
}

static void on_first(void *ctx)
{
    (void)ctx;
}

struct server_rig_limits server_rig_limits(void)
{
    return (struct server_rig_limits){
        .peers = { .pending = 8, .all = 8, .peer_pending = 8, .peer_all = 8 },
        .streams = 8,
    };
}

static struct listener *listen_on(struct server_rig *rig,
                                  void (*accept)(void *, struct conn *))
{
    const struct listener_config config = { .address = "127.0.0.1:0",
                                            .on_accept = accept,
                                            .ctx = rig };
    struct listener *l;
    struct why why;

    CHECK_STATUS(listener_open(&rig->loop, &config, &l, &why), STATUS_OK);
    return l;
}

static void start_keys(struct server_rig *rig)
{
    const struct sim_source_config sim = { .tee = TEE_TDX,
                                           .now_unix = log_wall_ms() / 1000 };
    struct keys_config keys = { .epoch_ms = 3600000,
                                .now_ms = log_wall_ms,
                                .on_first = on_first };
    struct quote_maker maker;
    struct why why;

    CHECK_STATUS(sim_source_new(&sim, &rig->sim, &why), STATUS_OK);
    maker = sim_source_maker(rig->sim);
    CHECK_STATUS(quote_source_open(&rig->loop, &maker, 8, NULL, &rig->source),
                 STATUS_OK);
    keys.source = rig->source;
    CHECK_STATUS(keys_open(&rig->loop, &keys, &rig->keys), STATUS_OK);
    loop_while(&rig->loop, has_no_key, rig);
}

struct peers_figures server_rig_peers(const struct server_rig *rig)
{
    struct peers_figures figures;

    peers_read(rig->peers, &figures);
    return figures;
}

void server_rig_rule(struct server_rig *rig, const char *line)
{
    struct why why;

    CHECK_STATUS(rules_add(rig->rules, slice_text(line), &why), STATUS_OK);
}

/* The desk and its only worker share a loop, and so a mailbox. */
static void start_serve(struct server_rig *rig,
                        const struct server_rig_limits *limits)
{
    struct serve_config c = { .loop = &rig->loop,
                              .hub = rig->hub,
                              .keys = rig->keys,
                              .staple = rig->staple,
                              .rules = rig->rules,
                              .streams_max = limits->streams,
                              .on_empty = on_empty,
                              .ctx = rig };

    assert_non_null(rig->staple);
    CHECK_STATUS(staple_put(rig->staple, sim_source_stapled(rig->sim),
                            (struct slice){ 0 }),
                 STATUS_OK);
    CHECK_STATUS(mailbox_open(&rig->loop, 8, &rig->mailbox), STATUS_OK);
    CHECK_STATUS(quote_desk_open(rig->source, rig->mailbox, &rig->desk),
                 STATUS_OK);
    CHECK_STATUS(peers_new(&limits->peers, &rig->peers), STATUS_OK);
    c.quotes = (struct quote_line){ .desk = rig->desk, .home = rig->mailbox };
    c.peers = rig->peers;
    CHECK_STATUS(serve_new(&c, &rig->serve), STATUS_OK);
}

void server_rig_begin(struct server_rig *rig,
                      const struct server_rig_limits *limits)
{
    char rule[64];

    *rig = (struct server_rig){ .staple = staple_new() };
    loop_begin(&rig->loop);
    start_keys(rig);
    CHECK_STATUS(carrier_hub_open(&rig->loop, &rig->hub), STATUS_OK);
    CHECK_STATUS(rules_new(&rig->rules), STATUS_OK);
    start_serve(rig, limits);
    rig->listener = listen_on(rig, on_accept);
    rig->backend = listen_on(rig, on_backend);
    (void)snprintf(rule, sizeof(rule), "demo.test:80=127.0.0.1:%u",
                   (unsigned)listener_port(rig->backend));
    server_rig_rule(rig, rule);
}

void server_rig_end(struct server_rig *rig)
{
    listener_close(rig->listener);
    listener_close(rig->backend);
    for (size_t i = 0; i < rig->backend_count; i++) {
        end_close(&rig->backends[i]);
        end_fini(&rig->backends[i]);
    }
    serve_drain(rig->serve);
    loop_until(&rig->loop, &rig->empty);
    mailbox_close(rig->mailbox);
    quote_desk_close(rig->desk);
    keys_close(rig->keys);
    quote_source_close(rig->source);
    carrier_hub_close(rig->hub);
    loop_end(&rig->loop);
    serve_free(rig->serve);
    mailbox_free(rig->mailbox);
    peers_free(rig->peers);
    rules_let_go(rig->rules);
    sim_source_free(rig->sim);
    staple_free(rig->staple);
}

struct backend_wait {
    const struct server_rig *rig;
    size_t count;
};

static bool fewer_backends(void *ctx)
{
    const struct backend_wait *w = ctx;

    return w->rig->backend_count < w->count;
}

struct end *server_rig_backend(struct server_rig *rig, size_t count)
{
    struct backend_wait wait = { rig, count };

    loop_while(&rig->loop, fewer_backends, &wait);
    return &rig->backends[count - 1];
}

/* --- a client ------------------------------------------------------------ */

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct rig_client *c = ctx;

    c->challenged = evidence->challenged;
    session_accept(carrier_session(c->carrier), carrier_now_ms(c->carrier));
}

static void on_ready(void *ctx)
{
    struct rig_client *c = ctx;

    c->ready = true;
}

static void on_opened(void *ctx, struct stream *stream)
{
    struct rig_stream *s = stream_context(stream);

    (void)ctx;
    s->opened = true;
}

static void on_data(void *ctx, struct stream *stream, struct slice data)
{
    struct rig_stream *s = stream_context(stream);

    (void)ctx;
    assert_false(s->fin || s->reset);
    buffer_add(&s->got, data);
    assert_true(buffer_ok(&s->got));
    s->unread += data.len;
    if (!s->stalled)
        rig_stream_consume(s);
}

static void on_fin(void *ctx, struct stream *stream)
{
    struct rig_stream *s = stream_context(stream);

    (void)ctx;
    assert_false(s->fin || s->reset);
    s->fin = true;
}

static void on_reset(void *ctx, struct stream *stream, enum status reason)
{
    struct rig_stream *s = stream_context(stream);

    (void)ctx;
    assert_false(s->reset);
    s->reset = true;
    s->reason = reason;
}

static void on_room(void *ctx, struct stream *stream)
{
    (void)ctx;
    rig_stream_pump(stream_context(stream));
}

static void on_goaway(void *ctx)
{
    struct rig_client *c = ctx;

    c->goaway = true;
}

static void on_closed(void *ctx, const struct why *why)
{
    struct rig_client *c = ctx;

    c->closed = true;
    c->carrier = NULL;
    c->why = *why;
}

static const struct session_events client_events = {
    .on_evidence = on_evidence,
    .on_ready = on_ready,
    .on_opened = on_opened,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
    .on_room = on_room,
    .on_goaway = on_goaway,
    .on_closed = on_closed,
};

static bool neither_ready_nor_closed(void *ctx)
{
    const struct rig_client *c = ctx;

    return !c->ready && !c->closed;
}

void rig_client_open(struct rig_client *c, struct server_rig *rig, bool epoch)
{
    const struct carrier_endpoint endpoint = {
        .host = slice_text("127.0.0.1"),
        .port = listener_port(rig->listener),
        .epoch = epoch,
    };
    const struct session_config config = { .events = &client_events,
                                           .ctx = c,
                                           .aes = aead_has_aes(),
                                           .allow_chacha = true };

    *c = (struct rig_client){ .rig = rig };
    CHECK_STATUS(carrier_dial(rig->hub, &endpoint, &config, &c->carrier),
                 STATUS_OK);
    loop_while(&rig->loop, neither_ready_nor_closed, c);
}

void rig_client_close(struct rig_client *c)
{
    struct why why;

    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "test", NULL, "done");
    carrier_close(c->carrier, &why);
    assert_true(c->closed);
}

/* --- its streams --------------------------------------------------------- */

void rig_stream_open(struct rig_stream *s, struct rig_client *c,
                     const char *target)
{
    *s = (struct rig_stream){ .got = buffer_with_max(STREAM_GOT_MAX_BYTES) };
    CHECK_STATUS(stream_open(carrier_session(c->carrier), slice_text(target), s,
                             &s->stream),
                 STATUS_OK);
}

void rig_stream_text(struct rig_stream *s, const char *text)
{
    assert_int_equal(stream_put(s->stream, slice_text(text)), strlen(text));
}

void rig_stream_pump(struct rig_stream *s)
{
    while (s->to_write > 0 && !s->reset) {
        size_t room;
        uint8_t *at = stream_reserve(s->stream, &room);

        if (room == 0)
            return; /* until on_room() */
        room = (size_t)MIN_OF((uint64_t)room, s->to_write);
        for (size_t i = 0; i < room; i++)
            at[i] = (uint8_t)((s->to_write - i) % 251);
        stream_commit(s->stream, room);
        s->to_write -= room;
    }
    if (s->then_fin && !s->reset)
        stream_fin(s->stream);
    s->then_fin = false;
}

void rig_stream_consume(struct rig_stream *s)
{
    stream_consumed(s->stream, (size_t)s->unread);
    s->unread = 0;
}

void rig_stream_release(struct rig_stream *s)
{
    if (s->stream != NULL)
        stream_release(s->stream);
    s->stream = NULL;
    buffer_free(&s->got);
}
