/* A client's session against a server's, led by the input: both use their
 * streams, messages are bent on the way, frames are put in that no honest side
 * sends, and time passes. tests/support/pair.c asserts what must hold. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/cursor.h"
#include "proxy/tunnel/mux.h"
#include "tests/support/pair.h"

#define STREAMS 6 /* of each side, that the input can name */

/* The same input takes the same path. */

static uint64_t drawn;

static const char *fixed_name(void)
{
    return "fixed";
}

static uint32_t fixed_random(void)
{
    drawn = drawn * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(drawn >> 32);
}

static void fixed_buf(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)fixed_random();
}

static randombytes_implementation fixed = {
    .implementation_name = fixed_name,
    .random = fixed_random,
    .buf = fixed_buf,
};

/* What the input can ask for. */
enum op {
    OPEN,
    WRITE,
    FIN,
    RESET,
    RELEASE,
    CONSUME,
    FLUSH,
    FLUSH_BENT,
    FLUSH_ONE,
    INJECT,
    TICK,
    DRAIN,
    CLOSE,
    OPS
};

struct run {
    struct cursor in;
    struct pair *pair;
    size_t bend_at;
    uint8_t bend_by;
};

static enum pair_fate bend(struct pair *p, bool to_server, uint8_t *message,
                           size_t len)
{
    struct run *r = p->wire_ctx;

    (void)to_server;
    if (len > 0)
        message[r->bend_at % len] ^= r->bend_by;
    r->bend_by = 0;
    return PAIR_DELIVER;
}

/* The |n|th end that is still owned; NULL if there is none. */
static struct pair_end *pick(struct pair_side *side, uint8_t n)
{
    struct pair_end *found = NULL;
    size_t last = side->ends < STREAMS ? 0 : side->ends - STREAMS;

    for (size_t i = last; i < side->ends; i++)
        if (side->end[i].stream != NULL && (found == NULL || i % STREAMS <= n))
            found = &side->end[i];
    return found;
}

static bool may_write(const struct pair_end *e)
{
    return e->stream->send == STREAM_FLOWING;
}

static void use_stream(struct run *r, enum op op, struct pair_side *side)
{
    struct pair_end *e = pick(side, cursor_u8(&r->in) % STREAMS);
    uint32_t number = cursor_u16be(&r->in);

    if (e == NULL)
        return;
    if (op == WRITE && may_write(e) && e->written == e->to_write)
        e->to_write += number * 5;
    if (op == WRITE && may_write(e))
        pair_write(e, 0);
    if (op == FIN && may_write(e))
        stream_fin(e->stream);
    if (op == RESET)
        stream_reset(e->stream, (enum status)(STATUS_OK + 1 +
                                              number % (STATUS_COUNT - 1)));
    if (op == RELEASE)
        pair_release(e);
    if (op == CONSUME)
        pair_consume(e);
}

static void inject(struct run *r, struct pair_side *side)
{
    struct slice bytes = cursor_take(&r->in, cursor_u8(&r->in));
    const struct outbox *o = &session_mux(side->session)->out;

    if (side->ready && !side->closed && bytes.len > 0 &&
        outbox_room(o, 300) > 0)
        pair_inject_bytes(side, bytes);
}

static void flush(struct run *r, enum op op, struct pair_side *side)
{
    r->bend_at = op == FLUSH_BENT ? cursor_u16be(&r->in) : 0;
    r->bend_by = op == FLUSH_BENT ? cursor_u8(&r->in) : 0;
    r->pair->flush_max = op == FLUSH_ONE ? 1 : 0;
    (void)pair_flush(r->pair, side);
}

static void step(struct run *r)
{
    uint8_t code = cursor_u8(&r->in);
    enum op op = (enum op)(code / 2 % OPS);
    struct pair_side *side = code % 2 ? &r->pair->client : &r->pair->server;
    const struct why why = { .status = STATUS_POLICY };
    struct pair_end *e;

    switch (op) {
    case OPEN:
        if (r->pair->client.ends < PAIR_STREAMS_MAX / 2)
            (void)pair_try_open(r->pair, "a.b:80", &e);
        side->stall_all = code % 3 == 0;
        break;
    case WRITE:
    case FIN:
    case RESET:
    case RELEASE:
    case CONSUME:
        use_stream(r, op, side);
        break;
    case FLUSH:
    case FLUSH_BENT:
    case FLUSH_ONE:
        flush(r, op, side);
        break;
    case INJECT:
        inject(r, side);
        break;
    case TICK:
        r->pair->now_ms += 100 * cursor_u16be(&r->in);
        session_tick(side->session, r->pair->now_ms);
        break;
    case DRAIN:
        session_drain(side->session, r->pair->now_ms);
        break;
    case CLOSE:
        session_close(side->session, &why, r->pair->now_ms);
        break;
    case OPS:
        break;
    }
}

/* One that was opened by an injected frame may be answered by nobody. */
static void finish(struct pair *p)
{
    pair_run(p);
    session_carrier_lost(p->client.session, STATUS_OK, p->now_ms);
    session_carrier_lost(p->server.session, STATUS_OK, p->now_ms);
    assert(p->client.closed && p->server.closed);
    assert(session_streams(p->client.session) == 0);
    assert(session_streams(p->server.session) == 0);
    pair_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct run r = { .in = cursor_over(slice_of(data, len)) };
    uint8_t flags = cursor_u8(&r.in);
    const struct pair_options options = { .client_aes = flags & 1,
                                          .server_aes = flags & 1,
                                          .epoch = flags & 2,
                                          .streams_max = flags & 4 ? 2 : 0 };

    drawn = 1;
    if (randombytes_set_implementation(&fixed) != 0)
        return 0;
    r.pair = pair_new(&options);
    r.pair->client.any_data = r.pair->server.any_data = true;
    if (flags & 8)
        pair_run(r.pair);
    r.pair->wire = bend;
    r.pair->wire_ctx = &r;
    while (cursor_ok(&r.in) && cursor_left(&r.in) > 0)
        step(&r);
    r.bend_by = 0;
    finish(r.pair);
    return 0;
}
