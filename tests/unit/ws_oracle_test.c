/* WebSocket frames beside another implementation, libwslay: both accept the
 * same and read the same in it. */
#include <wslay/wslay.h>

#include "tests/support/check.h"
#include "tests/support/ws_transcript.h"

static uint32_t seed;

/* Numbers that look random and are the same each time. */
static uint32_t next_number(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

struct oracle {
    struct slice left;
    struct transcript t;
};

static ssize_t oracle_recv(wslay_event_context_ptr ctx, uint8_t *buf,
                           size_t len, int flags, void *user)
{
    struct oracle *o = user;
    size_t n = MIN_OF(len, o->left.len);

    (void)flags;
    if (n == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(buf, o->left.at, n);
    o->left = slice_of(o->left.at + n, o->left.len - n);
    return (ssize_t)n;
}

static ssize_t oracle_send(wslay_event_context_ptr ctx, const uint8_t *data,
                           size_t len, int flags, void *user)
{
    (void)ctx;
    (void)data;
    (void)flags;
    (void)user;
    return (ssize_t)len;
}

static int oracle_mask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len,
                       void *user)
{
    (void)ctx;
    (void)user;
    memset(buf, 0, len);
    return 0;
}

static void oracle_message(wslay_event_context_ptr ctx,
                           const struct wslay_event_on_msg_recv_arg *arg,
                           void *user)
{
    struct oracle *o = user;

    (void)ctx;
    transcript_say(&o->t, arg->opcode, slice_of(arg->msg, arg->msg_length));
}

/* What libwslay makes of |bytes|. Its reader goes no further than a close
 * frame, so that the inputs end there. */
static struct transcript ask_oracle(enum ws_role role, struct slice bytes)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = oracle_recv,
        .send_callback = oracle_send,
        .genmask_callback = oracle_mask,
        .on_msg_recv_callback = oracle_message,
    };
    struct oracle o = { .left = bytes, .t = transcript_new() };
    wslay_event_context_ptr ctx;
    int rc = role == WS_SERVER
                 ? wslay_event_context_server_init(&ctx, &callbacks, &o)
                 : wslay_event_context_client_init(&ctx, &callbacks, &o);

    assert_int_equal(rc, 0);
    wslay_event_config_set_max_recv_msg_length(ctx,
                                               TRANSCRIPT_MESSAGE_MAX_BYTES);
    rc = wslay_event_recv(ctx);
    if (rc == 0)
        rc = wslay_event_send(ctx);
    /* a defect shows as a close frame that is not the echo of one */
    if (rc != 0 || (wslay_event_get_close_sent(ctx) &&
                    wslay_event_get_status_code_sent(ctx) !=
                        wslay_event_get_status_code_received(ctx)))
        o.t.status = STATUS_BAD_FIELD; /* it knows no more than that */
    wslay_event_context_free(ctx);
    return o.t;
}

static void add_frame(struct buffer *to, enum ws_role reader, unsigned first,
                      size_t len, bool text)
{
    uint8_t block[WS_HEADER_MAX_BYTES + 400], key[4];
    uint8_t *body = block + WS_HEADER_MAX_BYTES;
    bool masked = reader == WS_SERVER;
    size_t head;

    for (size_t i = 0; i < len; i++)
        body[i] = (uint8_t)(text ? 'a' + next_number(26) : next_number(256));
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)next_number(256);
    head = ws_frame_header(body, len, (enum ws_opcode)(first & 15),
                           (first & WS_FIN_BIT) != 0, masked ? key : NULL);
    body[0 - (ptrdiff_t)head] |= (uint8_t)(first & WS_RSV_BITS);
    if (masked)
        ws_frame_mask(body, len, key, 0);
    buffer_add(to, slice_of(body - head, head + len));
}

/* A close frame, with any code near a bound. Not one of a single byte, which
 * the oracle takes for an empty one, nor of the codes 1012 to 1014, which were
 * registered after it was written. */
static void add_close(struct buffer *to, enum ws_role reader)
{
    static const uint16_t codes[] = { 0,    999,  1000, 1003, 1004,
                                      1005, 1006, 1007, 1011, 1015,
                                      1016, 2999, 3000, 4999, 5000 };
    uint8_t key[4] = { 9, 8, 7, 6 }, payload[4];
    struct ws_control c;
    size_t len = next_number(sizeof(payload) + 1);
    unsigned code = codes[next_number(COUNT_OF(codes))];

    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    payload[2] = 0xc3;
    payload[3] = next_number(2) == 0 ? 0xbc : 'x';
    ws_frame_control(&c, WS_CLOSE, slice_of(payload, len == 1 ? 0 : len),
                     reader == WS_SERVER ? key : NULL);
    buffer_add(to, c.frame);
}

/* Frames that are in order more often than not. */
static void generate(struct buffer *to, enum ws_role reader)
{
    static const unsigned opcodes[] = { 0, 0, 0, 1, 1, 2, 2, 2, 9, 10 };
    bool in_message = false, text = false;

    for (uint32_t n = next_number(8); n > 0; n--) {
        unsigned opcode = opcodes[next_number(COUNT_OF(opcodes))];
        unsigned fin = next_number(2) * WS_FIN_BIT;
        size_t len = next_number(8) == 0 ? 400 : next_number(126);

        if (next_number(16) != 0) { /* mend it */
            if (opcode < 8 && (opcode == 0) != in_message)
                opcode = in_message ? 0 : 1 + next_number(2);
            if (opcode >= 8) {
                fin = WS_FIN_BIT;
                len = MIN_OF(len, 125);
            }
        }
        if (opcode == 1 || opcode == 2)
            text = opcode == 1;
        if (opcode < 8)
            in_message = fin == 0;
        if (next_number(40) == 0)
            opcode |= 0x40; /* a reserved bit */
        add_frame(to, reader, fin | opcode, len, text && next_number(16) != 0);
    }
}

static void compare(enum ws_role role, struct slice bytes, bool padded);

/* Compare with zeros behind, enough to end any header and payload. */
static void compare_padded(enum ws_role role, struct slice bytes)
{
    struct buffer more = buffer_with_max(1 << 20);
    size_t len = TRANSCRIPT_MESSAGE_MAX_BYTES + WS_HEADER_MAX_BYTES;

    buffer_add(&more, bytes);
    assert_non_null(buffer_reserve(&more, len));
    memset(more.at + more.len, 0, len);
    buffer_commit(&more, len);
    compare(role, buffer_view(&more), true);
    buffer_free(&more);
}

static void compare(enum ws_role role, struct slice bytes, bool padded)
{
    struct transcript theirs = ask_oracle(role, bytes);
    struct transcript ours = transcript_read(role, bytes, bytes.len + 1);
    struct transcript again =
        transcript_read(role, bytes, 1 + next_number((uint32_t)bytes.len + 1));
    bool agree = (ours.status == STATUS_OK) == (theirs.status == STATUS_OK);

    assert_true(transcript_same(&ours, &again));
    if (agree)
        assert_true(
            slice_equal(buffer_view(&ours.said), buffer_view(&theirs.said)));
    else if (padded)
        fail_msg("one accepts what the other refuses");
    else /* one of them judges earlier in a frame that is cut */
        compare_padded(role, bytes);
    transcript_fini(&theirs);
    transcript_fini(&ours);
    transcript_fini(&again);
}

static void another_implementation_agrees(void **state)
{
    struct buffer bytes = buffer_with_max(1 << 20);

    (void)state;
    seed = 1;
    for (unsigned i = 0; i < 8000; i++) {
        enum ws_role role = i % 2 == 0 ? WS_CLIENT : WS_SERVER;

        buffer_clear(&bytes);
        generate(&bytes, role);
        if (next_number(2) == 0)
            add_close(&bytes, role); /* the oracle reads no further */
        else if (bytes.len > 0)
            bytes.at[next_number((uint32_t)bytes.len)] ^=
                (uint8_t)(1U << next_number(8));
        compare(role, buffer_view(&bytes), false);
    }
    buffer_free(&bytes);
}

/* --- what the other one writes ------------------------------------------- */

/* A message that is written in fragments, with pings between them. */
struct writing {
    struct buffer wire;  /* all that was written */
    struct slice left;   /* of the message in fragments */
    struct buffer body;  /* of it */
    struct buffer meant; /* the messages, as a transcript says them */
};

static ssize_t collect(wslay_event_context_ptr ctx, const uint8_t *data,
                       size_t len, int flags, void *user)
{
    struct writing *w = user;

    (void)ctx;
    (void)flags;
    buffer_add(&w->wire, slice_of(data, len));
    return (ssize_t)len;
}

static int random_mask(wslay_event_context_ptr ctx, uint8_t *buf, size_t len,
                       void *user)
{
    (void)ctx;
    (void)user;
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)next_number(256);
    return 0;
}

static void queue_ping(wslay_event_context_ptr ctx)
{
    uint8_t payload[WS_CONTROL_MAX_BYTES] = { 7 };
    const struct wslay_event_msg ping = { .opcode = WSLAY_PING,
                                          .msg = payload,
                                          .msg_length =
                                              next_number(sizeof(payload)) };

    assert_int_equal(wslay_event_queue_msg(ctx, &ping), 0);
}

static ssize_t next_fragment(wslay_event_context_ptr ctx, uint8_t *buf,
                             size_t len,
                             const union wslay_event_msg_source *source,
                             int *eof, void *user)
{
    struct writing *w = user;
    const size_t most = 1 + next_number(3000);
    size_t n = MIN_OF(w->left.len, len);

    n = MIN_OF(n, most);
    (void)source;
    if (n > 0)
        memcpy(buf, w->left.at, n);
    w->left = slice_of(w->left.at + n, w->left.len - n);
    *eof = w->left.len == 0;
    if (next_number(3) == 0)
        queue_ping(ctx);
    return (ssize_t)n;
}

/* One message, whole or in fragments, until it is written. */
static void write_one(wslay_event_context_ptr ctx, struct writing *w)
{
    const bool text = next_number(2) == 0;
    const uint8_t opcode = text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME;
    const struct wslay_event_fragmented_msg parts = { .opcode = opcode,
                                                      .read_callback =
                                                          next_fragment };
    struct wslay_event_msg whole = { .opcode = opcode };

    buffer_clear(&w->body);
    for (uint32_t n = next_number(3) == 0 ? 70000 : next_number(300); n > 1;
         n -= 2) /* two at a time, so that fragments cut characters */
        buffer_add(&w->body,
                   text ? slice_text("\xc3\xbc") : slice_of("\xff\x00", 2));
    w->left = buffer_view(&w->body);
    whole.msg = w->body.at;
    whole.msg_length = w->body.len;
    assert_int_equal(next_number(2) == 0
                         ? wslay_event_queue_fragmented_msg(ctx, &parts)
                         : wslay_event_queue_msg(ctx, &whole),
                     0);
    assert_int_equal(wslay_event_send(ctx), 0);
    buffer_printf(&w->meant, "%u:", (unsigned)opcode);
    buffer_hex(&w->meant, buffer_view(&w->body));
    buffer_text(&w->meant, " ");
}

static struct writing write_some(enum ws_role writer)
{
    static const struct wslay_event_callbacks callbacks = {
        .send_callback = collect,
        .genmask_callback = random_mask,
    };
    struct writing w = { .wire = buffer_with_max(1 << 22),
                         .body = buffer_with_max(1 << 20),
                         .meant = buffer_with_max(1 << 22) };
    wslay_event_context_ptr ctx;
    int rc = writer == WS_SERVER
                 ? wslay_event_context_server_init(&ctx, &callbacks, &w)
                 : wslay_event_context_client_init(&ctx, &callbacks, &w);

    assert_int_equal(rc, 0);
    for (uint32_t n = 1 + next_number(6); n > 0; n--)
        write_one(ctx, &w);
    wslay_event_context_free(ctx);
    return w;
}

/* |said| without what was said of pings. */
static void drop_pings(struct buffer *said)
{
    struct slice left = buffer_view(said);
    struct buffer kept = buffer_with_max(1 << 24);

    while (left.len > 0) {
        const uint8_t *space = memchr(left.at, ' ', left.len);
        size_t len = (size_t)(space - left.at) + 1;

        if (left.at[0] != '9')
            buffer_add(&kept, slice_of(left.at, len));
        left = slice_of(left.at + len, left.len - len);
    }
    buffer_free(said);
    *said = kept;
}

static void what_another_implementation_writes_is_read(void **state)
{
    (void)state;
    seed = 2;
    for (unsigned i = 0; i < 60; i++) {
        enum ws_role reader = i % 2 == 0 ? WS_CLIENT : WS_SERVER;
        struct writing w =
            write_some(reader == WS_CLIENT ? WS_SERVER : WS_CLIENT);
        struct transcript t = transcript_read(reader, buffer_view(&w.wire),
                                              1 + next_number(5000));

        CHECK_STATUS(t.status, STATUS_OK);
        drop_pings(&t.said);
        assert_true(slice_equal(buffer_view(&t.said), buffer_view(&w.meant)));
        compare(reader, buffer_view(&w.wire), false);
        transcript_fini(&t);
        buffer_free(&w.wire);
        buffer_free(&w.body);
        buffer_free(&w.meant);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_implementation_agrees),
        cmocka_unit_test(what_another_implementation_writes_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
