#include "tests/support/carriers.h"

#include <sodium.h>

#include "common/text.h"
#include "proxy/io/dial.h"
#include "proxy/io/tls.h"
#include "proxy/io/ws_handshake.h"
#include "tests/support/check.h"

#define WIRE_QUEUE_BYTES (64 * 1024 * 1024)

/* --- streams ------------------------------------------------------------- */

static uint8_t byte_at(uint64_t n)
{
    return (uint8_t)((n * 2654435761U) >> 11);
}

static void write_on(struct carrier_side *s)
{
    size_t room;
    uint8_t *at;

    while (s->stream != NULL && s->written < s->to_write &&
           (at = stream_reserve(s->stream, &room)) != NULL) {
        size_t n = (size_t)MIN_OF(room, s->to_write - s->written);

        for (size_t i = 0; i < n; i++)
            at[i] = byte_at(s->written + i);
        stream_commit(s->stream, n);
        s->written += n;
        if (s->written == s->to_write)
            stream_fin(s->stream);
    }
}

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    struct carrier_side *s = ctx;
    struct why why;

    assert_true(slice_equal(evidence->quote, SLICE_OF(evidence->report_data)));
    s->evidence = true;
    if (s->refuse) {
        (void)why_fail(&why, STATUS_POLICY, "mrtd", NULL, "not the one");
        carrier_close(s->carrier, &why);
        return;
    }
    session_accept(carrier_session(s->carrier), carrier_now_ms(s->carrier));
}

static void on_ready(void *ctx)
{
    ((struct carrier_side *)ctx)->ready = true;
}

static void on_open(void *ctx, struct stream *stream, struct slice target)
{
    struct carrier_side *s = ctx;

    assert_true(slice_equal(target, slice_text("backend:80")));
    assert_null(s->stream);
    s->stream = stream;
    stream_opened(stream);
    write_on(s);
}

static void on_opened(void *ctx, struct stream *stream)
{
    struct carrier_side *s = ctx;

    assert_ptr_equal(s->stream, stream);
    s->opened = true;
}

static void on_data(void *ctx, struct stream *stream, struct slice data)
{
    struct carrier_side *s = ctx;

    if (s->on_data != NULL)
        s->on_data(s);
    for (size_t i = 0; i < data.len; i++)
        if (data.at[i] != byte_at(s->got + i))
            fail_msg("byte %llu is wrong", (unsigned long long)(s->got + i));
    s->got += data.len;
    if (s->stream != NULL && !s->stalled)
        stream_consumed(stream, data.len);
}

static void on_fin(void *ctx, struct stream *stream)
{
    (void)stream;
    ((struct carrier_side *)ctx)->fin = true;
}

static void on_reset(void *ctx, struct stream *stream, enum status reason)
{
    struct carrier_side *s = ctx;

    assert_ptr_equal(s->stream, stream);
    s->reset = true;
    s->reason = reason;
    s->stream = NULL;
    stream_release(stream);
}

static void on_room(void *ctx, struct stream *stream)
{
    (void)stream;
    write_on(ctx);
}

static void on_goaway(void *ctx)
{
    ((struct carrier_side *)ctx)->goaway = true;
}

static void on_output(void *ctx)
{
    (void)ctx;
    fail_msg("this one is the carrier's");
}

static void on_closed(void *ctx, const struct why *why)
{
    struct carrier_side *s = ctx;

    assert_false(s->closed);
    s->closed = true;
    s->why = *why;
    s->carrier = NULL;
}

static struct session_config config_of(struct carrier_side *s)
{
    static const struct session_events events = {
        .on_evidence = on_evidence,
        .on_ready = on_ready,
        .on_open = on_open,
        .on_opened = on_opened,
        .on_data = on_data,
        .on_fin = on_fin,
        .on_reset = on_reset,
        .on_room = on_room,
        .on_goaway = on_goaway,
        .on_output = on_output,
        .on_closed = on_closed,
    };
    struct session_config config = {
        .events = &events,
        .ctx = s,
        .allow_chacha = true,
        .streams_max = 8,
    };

    return config;
}

/* --- the front ----------------------------------------------------------- */

/* The value of a header of the request, as the server's HTTP parser has it. */
static struct slice header(const struct carriers *x, const char *name)
{
    char start[64];
    const char *at, *stop;

    (void)snprintf(start, sizeof(start), "\r\n%s: ", name);
    at = strstr(x->request, start);
    assert_non_null(at);
    at += strlen(start);
    stop = strstr(at, "\r\n");
    return slice_of(at, (size_t)(stop - at));
}

static void accept_upgrade(struct carriers *x, struct slice early)
{
    uint8_t challenge[SESSION_CHALLENGE_BYTES], public_key[SESSION_KEY_BYTES];
    uint8_t secret_key[SESSION_KEY_BYTES], quote[64], out[512],
        nonce[32] = { 7 };
    struct builder b = builder_over(out, sizeof(out));
    bool challenged =
        slice_equal(header(x, CARRIER_FRESHNESS), slice_text("challenge"));
    struct session_identity identity = { .public_key = public_key,
                                         .secret_key = secret_key,
                                         .quote = SLICE_OF(quote),
                                         .challenged = challenged,
                                         .epoch = 1,
                                         .issued_unix = 1790000000 };
    struct session_config config = config_of(&x->server);
    struct conn *conn = x->front.conn;

    assert_true(text_from_base64url(header(x, CARRIER_CHALLENGE), challenge,
                                    sizeof(challenge)));
    assert_true(slice_equal(header(x, "Sec-WebSocket-Protocol"),
                            slice_text(CARRIER_PROTOCOL)));
    randombytes_buf(secret_key, sizeof(secret_key));
    assert_int_equal(crypto_scalarmult_base(public_key, secret_key), 0);
    if (challenged) {
        session_challenge_binding(challenge, public_key, quote);
    } else {
        identity.nonce = nonce;
        session_epoch_binding(nonce, identity.issued_unix, public_key, quote);
    }
    ws_handshake_respond(&b, header(x, "Sec-WebSocket-Key"), CARRIER_PROTOCOL);
    CHECK_STATUS(conn_write(conn, builder_view(&b)), STATUS_OK);
    CHECK_STATUS(conn_detach(conn, early), STATUS_OK);
    x->front.conn = NULL;
    CHECK_STATUS(carrier_accept(x->hub, conn, challenge, &identity, &config,
                                &x->server.carrier),
                 STATUS_OK);
    /* a session of ours opens and closes by itself: nothing comes from here */
    assert_false(x->server.closed);
}

static void on_front(struct end *e, const char *name)
{
    struct carriers *x = CONTAINER_OF(e, struct carriers, front);
    struct slice got = slice_of(e->got.at, e->got.len);
    size_t head;

    if (strcmp(name, "on_read") != 0)
        return;
    head = ws_handshake_head_length(got);
    if (head == 0)
        return;
    assert_true(head < sizeof(x->request));
    memcpy(x->request, got.at, head);
    if (x->answer != NULL) {
        end_write(e, x->answer);
        conn_linger(e->conn);
        e->conn = NULL;
        return;
    }
    accept_upgrade(x, slice_of(got.at + head, got.len - head));
}

static void on_front_accept(void *ctx, struct conn *conn)
{
    struct carriers *x = ctx;

    assert_null(x->front.conn);
    x->front.hook = on_front;
    end_attach(&x->front, conn, 4096);
}

/* --- the wire ------------------------------------------------------------ */

static void on_wire(struct end *e, const char *name)
{
    struct carriers *x = e->user;
    size_t way = e == &x->near ? 0 : 1;
    struct end *to = way == 0 ? &x->far : &x->near;

    if (strcmp(name, "on_read") == 0) {
        int64_t at = x->flip_at[way] - (int64_t)x->passed[way];

        if (at >= 0 && at < (int64_t)e->got.len)
            e->got.at[at] ^= 1;
        x->passed[way] += e->got.len;
        if (to->conn != NULL)
            CHECK_STATUS(conn_write(to->conn, slice_of(e->got.at, e->got.len)),
                         STATUS_OK);
        buffer_clear(&e->got);
    } else if (strcmp(name, "on_eof") == 0 && to->conn != NULL) {
        conn_finish(to->conn);
    } else if (strcmp(name, "on_failed") == 0) {
        end_close(e);
        conn_reset(to->conn);
        to->conn = NULL;
    }
    if (e->eof && e->finished)
        end_close(e);
}

static void attach_wire(struct carriers *x, struct end *e, struct conn *conn)
{
    e->hook = on_wire;
    e->user = x;
    end_attach(e, conn, WIRE_QUEUE_BYTES);
}

static void on_far_dialled(void *ctx, struct conn *conn, const struct why *why)
{
    struct carriers *x = ctx;

    (void)why;
    assert_non_null(conn);
    x->wire_dial = NULL;
    attach_wire(x, &x->far, conn);
    conn_resume(x->near.conn);
    x->met = true;
}

static void meet(struct carriers *x, struct conn *conn)
{
    const struct dial_target target = {
        .host = slice_text("127.0.0.1"),
        .port = listener_port(x->front_listener),
    };

    attach_wire(x, &x->near, conn);
    conn_pause(conn); /* until on_far_dialled() */
    CHECK_STATUS(dial_open(&x->loop, &target, on_far_dialled, x, &x->wire_dial),
                 STATUS_OK);
}

static void on_near_secured(void *ctx, const struct why *why)
{
    struct carriers *x = ctx;
    struct conn *conn = x->securing;

    assert_null(why);
    x->securing = NULL;
    meet(x, conn);
}

static void on_near_accept(void *ctx, struct conn *conn)
{
    struct carriers *x = ctx;
    struct tls *tls;

    if (x->server_tls == NULL) {
        meet(x, conn);
        return;
    }
    x->securing = conn;
    CHECK_STATUS(tls_server_new(x->server_tls, &tls), STATUS_OK);
    conn_secure(conn, tls, on_near_secured, x);
}

void carriers_cut(struct carriers *x, bool reset)
{
    void (*const cut)(struct conn *) = reset ? conn_reset : conn_close;

    cut(x->near.conn);
    cut(x->far.conn);
    x->near.conn = x->far.conn = NULL;
}

/* --- all ----------------------------------------------------------------- */

static struct listener *listen_for(struct carriers *x,
                                   void (*on_accept)(void *, struct conn *))
{
    const struct listener_config config = {
        .address = "127.0.0.1:0",
        .on_accept = on_accept,
        .ctx = x,
    };
    struct listener *l;
    struct why why;

    CHECK_STATUS(listener_open(&x->loop, &config, &l, &why), STATUS_OK);
    return l;
}

void carriers_begin(struct carriers *x)
{
    memset(x, 0, sizeof(*x));
    x->flip_at[0] = x->flip_at[1] = -1;
    x->client.all = x->server.all = x;
    x->client.client = true;
    loop_begin(&x->loop);
    CHECK_STATUS(carrier_hub_open(&x->loop, &x->hub), STATUS_OK);
    x->front_listener = listen_for(x, on_front_accept);
    x->wire_listener = listen_for(x, on_near_accept);
    x->port = listener_port(x->wire_listener);
}

void carriers_dial(struct carriers *x, bool epoch)
{
    const struct carrier_endpoint endpoint = {
        .host = slice_text("127.0.0.1"),
        .port = x->port,
        .tls = x->client_tls,
        .epoch = epoch,
    };
    struct session_config config = config_of(&x->client);

    CHECK_STATUS(carrier_dial(x->hub, &endpoint, &config, &x->client.carrier),
                 STATUS_OK);
    assert_null(carrier_session(x->client.carrier));
}

static bool not_ready(void *ctx)
{
    const struct carriers *x = ctx;

    assert_false(x->client.closed || x->server.closed);
    return !x->client.ready || !x->server.ready;
}

void carriers_ready(struct carriers *x)
{
    loop_while(&x->loop, not_ready, x);
}

void carriers_open(struct carriers *x, uint64_t up, uint64_t down)
{
    x->client.to_write = up;
    x->server.to_write = down;
    CHECK_STATUS(stream_open(carrier_session(x->client.carrier),
                             slice_text("backend:80"), NULL, &x->client.stream),
                 STATUS_OK);
    write_on(&x->client);
}

void carriers_end(struct carriers *x)
{
    struct why why;

    (void)why_fail(&why, STATUS_SHUTTING_DOWN, "test", NULL, "the test ends");
    carrier_close(x->client.carrier, &why);
    carrier_close(x->server.carrier, &why);
    listener_close(x->wire_listener);
    listener_close(x->front_listener);
    dial_cancel(x->wire_dial);
    end_close(&x->front);
    carrier_hub_close(x->hub);
    /* the wire ends when both carriers have */
    loop_end(&x->loop);
    end_fini(&x->front);
    end_fini(&x->near);
    end_fini(&x->far);
}
