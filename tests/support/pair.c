#include "tests/support/pair.h"

#include <assert.h>
#include <stdlib.h>

#include "common/secret.h"
#include "proxy/tunnel/mux.h"
#include "proxy/tunnel/noise.h"

#define FLUSH_MESSAGES 32

static const uint8_t challenge[SESSION_CHALLENGE_BYTES] = { 9, 9, 9 };
static const uint8_t other_challenge[SESSION_CHALLENGE_BYTES] = { 9, 9, 8 };
static const uint8_t secret_key[SESSION_KEY_BYTES] = { 8, 8, 8 };
static const uint8_t nonce[32] = { 7, 7, 7 };

uint8_t pair_byte(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

/* A quote that carries nothing but its report data. */
static void make_quote(bool epoch, const uint8_t public_key[SESSION_KEY_BYTES],
                       uint8_t quote[PAIR_QUOTE_BYTES])
{
    if (epoch)
        session_epoch_binding(nonce, 1790000000, public_key, quote);
    else
        session_challenge_binding(challenge, public_key, quote);
}

/* Events. */

static void on_evidence(void *ctx, const struct session_evidence *evidence)
{
    static const struct why wrong = { .status = STATUS_BAD_BINDING };
    struct pair_side *side = ctx;

    side->evidence = true;
    assert(slice_equal(evidence->challenge, SLICE_OF(challenge)));
    if (side->pair->manual)
        return;
    if (slice_equal(evidence->quote, SLICE_OF(evidence->report_data)) &&
        evidence->challenged == !side->pair->epoch)
        session_accept(side->session, side->pair->now_ms);
    else
        session_close(side->session, &wrong, side->pair->now_ms);
}

static void on_ready(void *ctx)
{
    ((struct pair_side *)ctx)->ready = true;
}

static struct pair_end *add_end(struct pair_side *side, struct slice target)
{
    struct pair_end *e = &side->end[side->ends++];

    assert(side->ends <= PAIR_STREAMS_MAX);
    *e = (struct pair_end){ .side = side, .stalled = side->stall_all };
    e->got = buffer_with_max(64 * 1024 * 1024);
    memcpy(e->target, target.at, target.len);
    return e;
}

/* As much as there is room for. */
static void write_more(struct pair_end *e)
{
    while (e->written < e->to_write) {
        size_t room;
        uint8_t *at = stream_reserve(e->stream, &room);

        if (at == NULL)
            return;
        if (room > e->to_write - e->written)
            room = (size_t)(e->to_write - e->written);
        for (size_t i = 0; i < room; i++)
            at[i] = pair_byte(e->written + i);
        stream_commit(e->stream, room);
        e->written += room;
    }
    stream_fin(e->stream);
}

void pair_write(struct pair_end *e, uint64_t len)
{
    e->to_write += len;
    write_more(e);
}

static void on_open(void *ctx, struct stream *s, struct slice target)
{
    struct pair_side *side = ctx;
    struct pair_end *e = add_end(side, target);

    e->stream = s;
    stream_set_context(s, e);
    if (stream_claim(s) != STATUS_OK) {
        stream_reset(s, STATUS_BUSY);
        pair_release(e);
        return;
    }
    if (side->refuse_all) {
        stream_reset(s, side->refusal);
        pair_release(e);
        return;
    }
    if (side->keep_silent)
        return;
    stream_opened(s);
    if (side->answer_bytes > 0)
        pair_write(e, side->answer_bytes);
}

static void on_opened(void *ctx, struct stream *s)
{
    (void)ctx;
    ((struct pair_end *)stream_context(s))->opened = true;
}

void pair_consume(struct pair_end *e)
{
    size_t unread = e->unread;

    e->unread = 0;
    stream_consumed(e->stream, unread);
}

static void on_data(void *ctx, struct stream *s, struct slice data)
{
    struct pair_side *side = ctx;
    struct pair_end *e = stream_context(s);

    assert(!e->fin && !e->reset && data.len > 0);
    for (size_t i = 0; i < data.len && !e->keep && !side->any_data; i++)
        assert(data.at[i] == pair_byte(e->bytes + i));
    if (e->keep)
        buffer_add(&e->got, data);
    e->bytes += data.len;
    e->unread += data.len;
    if (side->on_data != NULL)
        side->on_data(e, data);
    else if (!e->stalled)
        pair_consume(e);
}

static void on_fin(void *ctx, struct stream *s)
{
    struct pair_end *e = stream_context(s);

    (void)ctx;
    assert(!e->fin && !e->reset);
    e->fin = true;
}

static void on_reset(void *ctx, struct stream *s, enum status reason)
{
    struct pair_side *side = ctx;
    struct pair_end *e = stream_context(s);

    assert(!e->reset && reason != STATUS_OK);
    e->reset = true;
    e->reason = reason;
    if (side->release_on_reset)
        pair_release(e);
}

static void on_room(void *ctx, struct stream *s)
{
    struct pair_end *e = stream_context(s);

    (void)ctx;
    e->rooms++;
    if (e->to_write > 0)
        write_more(e);
}

static void on_goaway(void *ctx)
{
    ((struct pair_side *)ctx)->goaway = true;
}

static void on_output(void *ctx)
{
    struct pair_side *side = ctx;

    assert(!side->closed);
    side->told = true;
}

static void on_closed(void *ctx, const struct why *why)
{
    struct pair_side *side = ctx;

    assert(!side->closed);
    for (size_t i = 0; i < side->ends; i++)
        assert(side->end[i].stream == NULL || side->end[i].reset ||
               stream_room(side->end[i].stream) == 0);
    side->closed = true;
    side->why = *why;
}

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

/* Both sides. */

static void make_sessions(struct pair *p, const struct pair_options *o)
{
    uint8_t public_key[SESSION_KEY_BYTES];
    uint8_t quote[PAIR_QUOTE_BYTES];
    struct session_config client = { .events = &events,
                                     .ctx = &p->client,
                                     .log = o->log,
                                     .aes = o->client_aes,
                                     .allow_chacha = !o->client_no_chacha };
    struct session_config server = { .events = &events,
                                     .ctx = &p->server,
                                     .log = o->log,
                                     .aes = o->server_aes,
                                     .allow_chacha = !o->server_no_chacha,
                                     .streams_max = o->streams_max > 0
                                                        ? o->streams_max
                                                        : STREAMS_MAX,
                                     .budget = o->budget };
    struct session_identity identity = { .public_key = public_key,
                                         .secret_key = secret_key,
                                         .quote = SLICE_OF(quote),
                                         .challenged = !o->epoch,
                                         .epoch = 3,
                                         .nonce = nonce,
                                         .issued_unix = 1790000000,
                                         .stapled = o->stapled };
    enum status st;

    noise_public_key(secret_key, public_key);
    make_quote(o->epoch, public_key, quote);
    st = session_client_new(&client, challenge, p->now_ms, &p->client.session);
    assert(st == STATUS_OK);
    st = session_server_new(&server,
                            o->other_challenge ? other_challenge : challenge,
                            &identity, p->now_ms, &p->server.session);
    assert(st == STATUS_OK);
    (void)st;
}

struct pair *pair_new(const struct pair_options *options)
{
    static const struct pair_options plain;
    struct pair *p = calloc(1, sizeof(*p));

    assert(p != NULL && secret_init());
    if (options == NULL)
        options = &plain;
    p->client.pair = p->server.pair = p;
    p->client.client = true;
    p->client.release_on_reset = p->server.release_on_reset = true;
    p->manual = options->manual;
    p->epoch = options->epoch;
    p->now_ms = 1000;
    make_sessions(p, options);
    return p;
}

struct pair *pair_ready(const struct pair_options *options)
{
    struct pair *p = pair_new(options);

    pair_run(p);
    assert(p->client.ready && p->server.ready);
    return p;
}

static void free_side(struct pair_side *side)
{
    session_free(side->session);
    for (size_t i = 0; i < side->ends; i++)
        buffer_free(&side->end[i].got);
}

void pair_free(struct pair *p)
{
    free_side(&p->client);
    free_side(&p->server);
    free(p);
}

/* An allocation that a test makes fail fails once, and is not meant for us. */
static uint8_t *copy_of(const uint8_t *message, size_t len)
{
    size_t size = len == 0 ? 1 : len;
    uint8_t *copy = malloc(size);

    if (copy == NULL)
        copy = malloc(size);
    assert(copy != NULL);
    memcpy(copy, message, len);
    return copy;
}

enum status pair_deliver(struct pair *p, bool to_server, const uint8_t *message,
                         size_t len)
{
    struct pair_side *to = to_server ? &p->server : &p->client;
    uint8_t *exact = copy_of(message, len);
    enum pair_fate fate = PAIR_DELIVER;
    enum status st = STATUS_OK;

    if (p->wire != NULL)
        fate = p->wire(p, to_server, exact, len);
    if (fate == PAIR_DELIVER) {
        p->messages[to_server]++;
        st = session_input(to->session, exact, len, p->now_ms);
    }
    free(exact);
    return st;
}

size_t pair_flush(struct pair *p, struct pair_side *from)
{
    struct session_out out[FLUSH_MESSAGES];
    size_t max = p->flush_max > 0 ? p->flush_max : FLUSH_MESSAGES;
    size_t count;

    from->told = false;
    count = session_output(from->session, out, max, p->now_ms);
    for (size_t i = 0; i < count; i++) {
        memset(out[i].message - SESSION_HEADROOM, 0xee, SESSION_HEADROOM);
        (void)pair_deliver(p, from->client, out[i].message, out[i].len);
    }
    session_output_done(from->session, count);
    return count;
}

void pair_run(struct pair *p)
{
    while (pair_flush(p, &p->client) + pair_flush(p, &p->server) > 0 ||
           mux_wants_output(session_mux(p->client.session)) ||
           mux_wants_output(session_mux(p->server.session)))
        continue;
}

enum status pair_try_open(struct pair *p, const char *target,
                          struct pair_end **out)
{
    struct pair_end *e = add_end(&p->client, slice_text(target));
    enum status st =
        stream_open(p->client.session, slice_text(target), e, &e->stream);

    if (st != STATUS_OK)
        p->client.ends--;
    *out = st == STATUS_OK ? e : NULL;
    return st;
}

struct pair_end *pair_open(struct pair *p, const char *target)
{
    struct pair_end *e;
    enum status st = pair_try_open(p, target, &e);

    assert(st == STATUS_OK);
    (void)st;
    return e;
}

void pair_inject_bytes(struct pair_side *from, struct slice bytes)
{
    struct outbox *o = &session_mux(from->session)->out;
    size_t room;
    uint8_t *at = outbox_place(o, bytes.len, &room);

    assert(at != NULL);
    memcpy(at, bytes.at, bytes.len);
    outbox_commit(o, bytes.len);
}

void pair_inject(struct pair_side *from, const struct frame *f)
{
    static uint8_t raw[RECORD_PLAIN_BYTES];
    struct builder b = builder_over(raw, sizeof(raw));

    frame_write(f, &b);
    pair_inject_bytes(from, builder_view(&b));
}

struct pair_end *pair_other(struct pair *p, const struct pair_end *e)
{
    for (size_t i = 0; i < p->server.ends; i++)
        if (strcmp(p->server.end[i].target, e->target) == 0)
            return &p->server.end[i];
    return NULL;
}

void pair_release(struct pair_end *e)
{
    struct stream *s = e->stream;

    e->stream = NULL;
    stream_release(s);
}
