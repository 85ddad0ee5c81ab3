#include "proxy/server/demo_ws.h"

#include <assert.h>

#include "common/builder.h"
#include "proxy/io/ws_frame.h"
#include "proxy/io/ws_handshake.h"
#include "proxy/server/demo_chat.h"

#define ANSWER_BYTES 512

void demo_ws_begin(struct demo_conn *c)
{
    const struct ws_upgrade u = {
        .upgrade = request_field(&c->request, "Upgrade"),
        .connection = request_field(&c->request, "Connection"),
        .key = request_field(&c->request, "Sec-WebSocket-Key"),
        .version = request_field(&c->request, "Sec-WebSocket-Version"),
    };
    uint8_t bytes[ANSWER_BYTES];
    struct builder b = builder_over(bytes, sizeof(bytes));
    struct why why;

    if (ws_handshake_check_upgrade(&u, &why) != STATUS_OK)
        return; /* answered at the request's end */
    ws_handshake_respond(&b, u.key, NULL);
    ws_reader_init(&c->reader, WS_SERVER, UINT64_MAX);
    c->state = DEMO_SOCKET;
    demo_conn_raw(c, builder_view(&b));
}

static void end(struct demo_conn *c, const struct ws_control *close)
{
    demo_conn_raw(c, close->frame);
    demo_conn_last(c);
}

/* A piece of a message goes back as a frame of its own. */
static void echo(struct demo_conn *c, const struct ws_piece *piece)
{
    uint8_t *payload = c->demo->out + WS_HEADER_MAX_BYTES;
    enum ws_opcode opcode = piece->first ? piece->opcode : WS_CONTINUATION;
    size_t header;

    assert(piece->len <= DEMO_IN_BYTES);
    memcpy(payload, piece->at, piece->len);
    header = ws_frame_header(payload, piece->len, opcode, piece->last, NULL);
    demo_conn_raw(c, slice_of(payload - header, header + piece->len));
}

static void answer(struct demo_conn *c, const struct ws_piece *piece)
{
    struct slice payload = slice_of(piece->at, piece->len);
    struct ws_control control;

    switch (piece->opcode) {
    case WS_TEXT:
    case WS_BINARY:
    case WS_CONTINUATION:
        if (c->chats)
            demo_chat_say(c, piece);
        else
            echo(c, piece);
        break;
    case WS_PING:
        ws_frame_control(&control, WS_PONG, payload, NULL);
        demo_conn_raw(c, control.frame);
        break;
    case WS_CLOSE:
        ws_frame_control(&control, WS_CLOSE, payload, NULL);
        end(c, &control);
        break;
    case WS_PONG:
        break;
    }
}

void demo_ws_read(struct demo_conn *c)
{
    uint8_t *at = c->in.at;
    size_t len = c->in.len;
    struct ws_piece piece;
    struct ws_control close;
    struct why why;
    bool got = true;

    while (got && c->demo != NULL && c->state == DEMO_SOCKET &&
           conn_room(c->conn) >= DEMO_IN_BYTES + WS_HEADER_MAX_BYTES) {
        if (ws_reader_next(&c->reader, &at, &len, &got, &piece, &why) !=
            STATUS_OK) {
            ws_frame_close(&close, ws_reader_close_code(&c->reader), why.found,
                           NULL);
            end(c, &close);
            return;
        }
        if (got)
            answer(c, &piece);
    }
    if (c->demo != NULL)
        buffer_drop(&c->in, c->in.len - len);
}
