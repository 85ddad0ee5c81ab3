#include "proxy/local/teekit_ws.h"

#include <assert.h>

#include "common/builder.h"
#include "common/utf8.h"

void teekit_ws_init(struct teekit_ws *ws)
{
    *ws = (struct teekit_ws){ 0 };
    ws_reader_init(&ws->reader, WS_SERVER, teekit_parcel_body_max(512));
}

void teekit_ws_fini(struct teekit_ws *ws)
{
    teekit_parcel_free(ws->partial);
    ws->partial = NULL;
}

static void add_frame(struct buffer *out, enum ws_opcode opcode,
                      struct slice payload)
{
    uint8_t head[WS_HEADER_MAX_BYTES];
    size_t len =
        ws_frame_header(head + sizeof(head), payload.len, opcode, true, NULL);

    buffer_add(out, slice_of(head + sizeof(head) - len, len));
    buffer_add(out, payload);
}

void teekit_ws_say(struct teekit_ws *ws, enum teekit_body kind,
                   struct slice data, struct buffer *out)
{
    if (!ws->close_sent)
        add_frame(out, kind == TEEKIT_TEXT ? WS_TEXT : WS_BINARY, data);
}

/* As much of |reason| as fits a close frame, in whole characters. */
static struct slice cut_reason(struct slice reason)
{
    size_t max = WS_CONTROL_MAX_BYTES - 2;
    size_t len = 0, next = 0;

    if (reason.len <= max)
        return reason;
    do {
        len += next;
        next = utf8_length(slice_of(reason.at + len, reason.len - len));
    } while (next > 0 && len + next <= max);
    return slice_of(reason.at, len);
}

void teekit_ws_close(struct teekit_ws *ws, uint32_t code, struct slice reason,
                     struct buffer *out)
{
    uint8_t payload[WS_CONTROL_MAX_BYTES];
    struct builder b = builder_over(payload, sizeof(payload));

    if (ws->close_sent)
        return;
    ws->close_sent = true;
    if (code != WS_CLOSE_NO_CODE) {
        builder_u16be(&b, ws_frame_may_close(code) ? (uint16_t)code
                                                   : WS_CLOSE_INTERNAL);
        builder_bytes(&b, cut_reason(reason));
    }
    add_frame(out, WS_CLOSE, builder_view(&b));
}

static void no_memory(struct teekit_ws *ws, struct buffer *out,
                      struct teekit_ws_found *found)
{
    (void)why_fail(&found->why, STATUS_NO_MEMORY, "ws", NULL, "no memory");
    teekit_ws_close(ws, WS_CLOSE_INTERNAL, (struct slice){ 0 }, out);
}

/* A piece of a message; true when there was memory for it. */
static bool add_piece(struct teekit_ws *ws, const struct ws_piece *piece)
{
    const struct teekit_message any = { .type = TEEKIT_WS_MESSAGE,
                                        .id = { 0 } };
    uint8_t *to;

    if (piece->first &&
        teekit_parcel_new(NULL, &any, piece->last ? piece->len : 0,
                          &ws->partial) != STATUS_OK)
        return false;
    to = teekit_parcel_reserve(ws->partial, piece->len);
    if (to == NULL)
        return false;
    if (piece->len > 0)
        memcpy(to, piece->at, piece->len);
    teekit_parcel_commit(ws->partial, piece->len);
    return true;
}

static enum teekit_ws_step on_piece(struct teekit_ws *ws,
                                    const struct ws_piece *piece,
                                    struct buffer *out,
                                    struct teekit_ws_found *found)
{
    const struct slice payload = slice_of(piece->at, piece->len);

    if (piece->opcode == WS_PING && !ws->close_sent)
        add_frame(out, WS_PONG, payload);
    if (piece->opcode == WS_CLOSE) {
        ws->close_got = true;
        found->code = ws_frame_close_parse(payload, &found->reason);
        return TEEKIT_WS_GOT_CLOSE;
    }
    if (piece->opcode >= WS_CLOSE)
        return TEEKIT_WS_WANT_MORE;
    if (!add_piece(ws, piece)) {
        no_memory(ws, out, found);
        return TEEKIT_WS_GOT_BAD;
    }
    if (!piece->last)
        return TEEKIT_WS_WANT_MORE;
    found->parcel = ws->partial;
    found->kind = piece->opcode == WS_TEXT ? TEEKIT_TEXT : TEEKIT_BYTES;
    ws->partial = NULL;
    return TEEKIT_WS_GOT_MESSAGE;
}

enum teekit_ws_step teekit_ws_read(struct teekit_ws *ws, uint8_t **at,
                                   size_t *len, struct buffer *out,
                                   struct teekit_ws_found *found)
{
    enum teekit_ws_step step = TEEKIT_WS_WANT_MORE;
    struct ws_piece piece;
    bool got = true;

    *found = (struct teekit_ws_found){ 0 };
    while (step == TEEKIT_WS_WANT_MORE && got) {
        if (ws->close_got) { /* nothing counts behind it */
            *len = 0;
            return TEEKIT_WS_WANT_MORE;
        }
        if (ws_reader_next(&ws->reader, at, len, &got, &piece, &found->why) !=
            STATUS_OK) {
            teekit_ws_close(ws, ws_reader_close_code(&ws->reader),
                            slice_text(found->why.found), out);
            return TEEKIT_WS_GOT_BAD;
        }
        if (got)
            step = on_piece(ws, &piece, out, found);
    }
    return step;
}
