#include "proxy/server/demo_chat.h"

#include "proxy/io/ws_frame.h"
#include "proxy/server/demo_ws.h"

/* Who does not read leaves the room: nobody waits for them. */
static void tell(struct demo_conn *c, struct slice line)
{
    uint8_t *payload = c->demo->out + WS_HEADER_MAX_BYTES;
    size_t header;

    if (conn_room(c->conn) < line.len + WS_HEADER_MAX_BYTES) {
        demo_conn_close(c);
        return;
    }
    memcpy(payload, line.at, line.len);
    header = ws_frame_header(payload, line.len, WS_TEXT, true, NULL);
    demo_conn_raw(c, slice_of(payload - header, header + line.len));
}

void demo_chat_enter(struct demo_conn *c)
{
    struct demo_chat *chat = &c->demo->chat;
    size_t kept = MIN_OF(chat->count, (size_t)DEMO_CHAT_LINES);

    demo_ws_begin(c);
    if (c->demo == NULL || c->state != DEMO_SOCKET)
        return;
    c->chats = true;
    for (size_t i = chat->count - kept; i < chat->count && c->demo != NULL;
         i++) {
        const struct demo_line *line = &chat->lines[i % DEMO_CHAT_LINES];

        tell(c, slice_of(line->text, line->len));
    }
}

static void tell_all(struct demo *d, struct slice line)
{
    LIST_EACH(link, &d->conns) {
        struct demo_conn *c = CONTAINER_OF(link, struct demo_conn, link);

        if (c->chats && c->state == DEMO_SOCKET)
            tell(c, line);
    }
}

static void close_with(struct demo_conn *c, uint16_t code, const char *reason)
{
    struct ws_control close;

    ws_frame_close(&close, code, reason, NULL);
    demo_conn_raw(c, close.frame);
    demo_conn_last(c);
}

void demo_chat_say(struct demo_conn *c, const struct ws_piece *piece)
{
    struct demo_chat *chat = &c->demo->chat;
    struct demo_line *line = &c->said;

    if (piece->first)
        line->len = 0;
    if (piece->opcode == WS_BINARY) {
        close_with(c, WS_CLOSE_BAD_DATA, "text only");
        return;
    }
    if (piece->len > sizeof(line->text) - line->len) {
        close_with(c, WS_CLOSE_TOO_BIG, "a line is too long");
        return;
    }
    memcpy(line->text + line->len, piece->at, piece->len);
    line->len += piece->len;
    if (!piece->last)
        return;
    chat->lines[chat->count % DEMO_CHAT_LINES] = *line;
    chat->count++;
    tell_all(c->demo, slice_of(line->text, line->len));
}
