/* proxy/io/ws_link.h: one open WebSocket on a connection: messages in,
 * messages out.
 *
 * Answers pings, takes part in the closing handshake, puts fragments
 * together. A message that lies whole in the read buffer is handed over in
 * place. What the messages mean is the owner's business.
 *
 * Lifetime as in conn.h: usable until ws_link_close(), after which no
 * callback follows; no callback is made from within a call. */
#ifndef PROXY_IO_WS_LINK_H
#define PROXY_IO_WS_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/purse.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/io/conn.h"
#include "proxy/io/scratch.h"
#include "proxy/io/ws_frame.h"

struct ws_link;

struct ws_link_events {
    /* |len| bytes of a message of |total| have come, and lie at |at|; what the
     * owner writes there stays. It comes again with more, wherever that then
     * lies, and at last on_message() with all; or none of that. Not for
     * messages that come in one piece, or in fragments. May be NULL. */
    void (*on_part)(void *ctx, uint8_t *at, size_t len, size_t total);
    /* One whole message, WS_TEXT or WS_BINARY. |at| may be written during
     * the call. It is borrowed until the gathering of the scratch ends, which
     * is on during the call. */
    void (*on_message)(void *ctx, enum ws_opcode opcode, uint8_t *at,
                       size_t len);
    /* Every whole message of one read was handed over, and what was gathered
     * has been sent. May be NULL. */
    void (*on_read_end)(void *ctx);
    /* A pong arrived, asked for or not. May be NULL. */
    void (*on_pong)(void *ctx);
    /* ws_link_is_idle() became true. */
    void (*on_sent)(void *ctx);
    /* It is over; only ws_link_close() may follow. Called once. STATUS_OK
     * after the peer's close frame, whose code is in |why->found|; STATUS_CUT
     * when it went without one; else a defect or the network. */
    void (*on_end)(void *ctx, const struct why *why);
};

struct ws_link_config {
    enum ws_role role;
    struct scratch *scratch; /* of the loop; borrowed, outlives the link */
    uint64_t message_max;    /* bytes of one incoming message */
    /* Pays for messages that come in parts; borrowed until the link is closed,
     * and from within its callbacks until the read has ended. A message that it
     * cannot pay for ends the link. NULL: they are free. */
    struct purse *purse;
    const struct ws_link_events *events; /* borrowed, static */
    void *ctx;
};

/* Take over |conn|, whose WebSocket handshake is done. Returns STATUS_OK, or
 * STATUS_NO_MEMORY, and then |conn| stays the caller's; |*out| is NULL unless
 * OK. */
MUST_CHECK enum status ws_link_open(struct conn *conn,
                                    const struct ws_link_config *config,
                                    struct ws_link **out);

/* From the next message on. */
void ws_link_limit(struct ws_link *l, uint64_t message_max);

/* Within on_message(): the memory of the message becomes the caller's, who
 * frees it. |out| is empty when the message lies in the read buffer. */
void ws_link_take(struct ws_link *l, struct buffer *out);

/* A message to be sent without a copy. WS_HEADER_MAX_BYTES writable bytes
 * stand before it; a client masks it in place. */
struct ws_out {
    uint8_t *at;
    size_t len;
};

/* Nothing is on its way: ws_link_send() may be called. */
bool ws_link_is_idle(const struct ws_link *l);

/* Send |count| messages, 1 to CONN_RUNS_MAX, in order, each as one frame.
 * Only when idle. They must stay as they are until the link is idle again or
 * closed; it may be idle on return. Returns STATUS_OK or STATUS_NO_MEMORY. */
MUST_CHECK enum status ws_link_send(struct ws_link *l, enum ws_opcode opcode,
                                    const struct ws_out *messages,
                                    size_t count);

/* Ask for a pong. Nothing happens when too much is on its way already. */
void ws_link_ping(struct ws_link *l);

/* Take no more in, but for what was read already, until resumed: the owner has
 * no place for more. */
void ws_link_pause(struct ws_link *l);
void ws_link_resume(struct ws_link *l);

/* In on_end() with STATUS_OK: code and reason of the peer's close frame, as
 * ws_frame_close_parse() has them; |reason| dies with the link. */
uint16_t ws_link_peer_close(const struct ws_link *l, struct slice *reason);

/* As ws_link_close(), with a |reason| of at most 123 bytes of UTF-8. */
void ws_link_close_with(struct ws_link *l, uint16_t code, struct slice reason);

/* Give it up: send a close frame with |code| and let the connection linger.
 * When messages are still on their way, or with code 0, everything is dropped
 * at once, which the peer sees as a reset. NULL is allowed. */
void ws_link_close(struct ws_link *l, uint16_t code);

#endif
