/* proxy/io/ws_frame.h: the words of WebSocket frames, and how they are written
 * (RFC 6455 section 5). Bytes only; ws_reader.h reads them.
 *
 *   0                1                2 ...
 *  +-+---+----------+-+--------------+---------------------+-----------+---
 *  |F|RSV|  opcode  |M| length, 7    | length, 0/16/64, BE | key, 0/32 | bytes
 *  +-+---+----------+-+--------------+---------------------+-----------+---
 */
#ifndef PROXY_IO_WS_FRAME_H
#define PROXY_IO_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

/* The bits of the first two bytes. */
#define WS_FIN_BIT     0x80
#define WS_RSV_BITS    0x70
#define WS_OPCODE_BITS 0x0f
#define WS_MASK_BIT    0x80
#define WS_LENGTH_BITS 0x7f
#define WS_LENGTH_16   126 /* the length is in the next 16 bits */
#define WS_LENGTH_64   127 /* the length is in the next 64 bits */

/* Who we are: a client masks what it sends, a server does not. */
enum ws_role { WS_CLIENT, WS_SERVER };

#define WS_HEADER_MAX_BYTES  14
#define WS_CONTROL_MAX_BYTES 125

/* Close codes, RFC 6455 section 7.4.1. */
#define WS_CLOSE_NORMAL     1000
#define WS_CLOSE_GOING_AWAY 1001
#define WS_CLOSE_PROTOCOL   1002
#define WS_CLOSE_NO_CODE    1005 /* never on the wire: an empty close frame */
#define WS_CLOSE_CUT        1006 /* likewise: the connection was cut */
#define WS_CLOSE_BAD_DATA   1007
#define WS_CLOSE_TOO_BIG    1009
#define WS_CLOSE_INTERNAL   1011
#define WS_CLOSE_TRY_LATER  1013 /* registered later, by IANA */

/* May |code| stand in a close frame? RFC 6455 section 7.4 and IANA's
 * registry. */
bool ws_frame_may_close(uint32_t code);

/* Code and reason of a close frame's payload, which ws_reader_next() found
 * valid. WS_CLOSE_NO_CODE if it is empty. */
uint16_t ws_frame_close_parse(struct slice payload, struct slice *reason);

/* Write the header of a frame of |len| bytes into the bytes that end at
 * |payload|; WS_HEADER_MAX_BYTES must be writable there. A client gives the
 * masking |key| and masks the payload by ws_frame_mask(); a server gives NULL.
 * Returns the header's size. */
size_t ws_frame_header(uint8_t *payload, uint64_t len, enum ws_opcode opcode,
                       bool fin, const uint8_t key[4]);

/* Exclusive-or |len| bytes with the key, beginning with key[at % 4]. */
void ws_frame_mask(uint8_t *bytes, size_t len, const uint8_t key[static 4],
                   unsigned at);

/* A whole control frame, ready to send. */
struct ws_control {
    uint8_t bytes[WS_HEADER_MAX_BYTES + WS_CONTROL_MAX_BYTES];
    struct slice frame; /* inside |bytes| */
};

/* A ping, pong or close with |payload|, at most WS_CONTROL_MAX_BYTES. |key| as
 * for ws_frame_header(). */
void ws_frame_control(struct ws_control *out, enum ws_opcode opcode,
                      struct slice payload, const uint8_t key[4]);

/* A close frame; |reason| is ASCII and cut at 123 bytes. */
void ws_frame_close(struct ws_control *out, uint16_t code, const char *reason,
                    const uint8_t key[4]);

#endif
