/* proxy/io/ws_frame.h: WebSocket frames (RFC 6455 section 5), bytes only.
 *
 *   0                1                2 ...
 *  +-+---+----------+-+--------------+---------------------+-----------+----
 *  |F|RSV|  opcode  |M| length, 7    | length, 0/16/64, BE | key, 0/32 | payload
 *  +-+---+----------+-+--------------+---------------------+-----------+----
 *
 * Strict: no extension bits, masked exactly when the client sends, lengths in
 * their shortest form, control frames whole and at most 125 bytes, close
 * codes that may be sent, text in valid UTF-8. Knows nothing of sockets, nor
 * of when to answer a ping. */
#ifndef PROXY_IO_WS_FRAME_H
#define PROXY_IO_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "common/utf8.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

/* Who we are: a client masks what it sends, a server does not. */
enum ws_role { WS_CLIENT, WS_SERVER };

#define WS_HEADER_MAX_BYTES 14
#define WS_CONTROL_MAX_BYTES 125

/* Close codes, RFC 6455 section 7.4.1. */
#define WS_CLOSE_NORMAL 1000
#define WS_CLOSE_GOING_AWAY 1001
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_NO_CODE 1005 /* never on the wire: an empty close frame */
#define WS_CLOSE_BAD_DATA 1007
#define WS_CLOSE_TOO_BIG 1009
#define WS_CLOSE_INTERNAL 1011

/* Reader of one direction. A plain struct, so that an owner can embed it;
 * only ws_frame.c touches the fields. */
struct ws_reader {
    enum ws_role role;
    uint64_t message_max; /* bytes, all fragments together */

    uint8_t head[WS_HEADER_MAX_BYTES]; /* header bytes collected so far */
    size_t head_len;
    bool in_payload;
    enum ws_opcode opcode; /* of the frame being read */
    bool fin;
    uint8_t key[4];
    unsigned key_at;        /* next byte of |key|, 0 to 3 */
    uint64_t left;          /* payload bytes of the frame still to come */

    bool in_message;        /* between the first and the last fragment */
    enum ws_opcode message; /* WS_TEXT or WS_BINARY */
    uint64_t message_len;   /* bytes of it announced so far */
    struct utf8 utf8;       /* of a text message */
    uint8_t control[WS_CONTROL_MAX_BYTES];
    size_t control_len;
    bool failed;
};

/* A piece of a message, or one whole control frame. */
struct ws_piece {
    enum ws_opcode opcode; /* TEXT, BINARY, CLOSE, PING or PONG */
    bool first;            /* the message begins with this piece */
    bool last;             /* the message ends with this piece */
    uint8_t *at;           /* unmasked, inside the input or the reader */
    size_t len;            /* may be 0 */
};

/* |message_max| bounds what the peer may announce. */
void ws_reader_init(struct ws_reader *r, enum ws_role role,
                    uint64_t message_max);

/* Raise or lower the bound, from the next frame header on. */
void ws_reader_limit(struct ws_reader *r, uint64_t message_max);

/* Read on in |*len| bytes at |*at|, which are unmasked in place; both are
 * moved past what was used. |*got| says whether |piece| holds something:
 * call until it is false, which means that all bytes were used.
 *
 * Returns STATUS_OK; STATUS_BAD_FIELD, STATUS_BAD_STATE (a continuation of
 * nothing, a message inside a message) or STATUS_LIMIT (over |message_max|)
 * with |why| filled, after which the reader stays failed. */
MUST_CHECK enum status ws_reader_next(struct ws_reader *r, uint8_t **at,
                                      size_t *len, bool *got,
                                      struct ws_piece *piece, struct why *why);

/* The close code to send for a defect that ws_reader_next() returned. */
uint16_t ws_close_code(const struct ws_reader *r, enum status defect);

/* Code and reason of a close frame's payload, which ws_reader_next() found
 * valid. WS_CLOSE_NO_CODE if it is empty. */
uint16_t ws_close_parse(struct slice payload, struct slice *reason);

/* Write the header of a frame of |len| bytes into the bytes that end at
 * |payload|; WS_HEADER_MAX_BYTES must be writable there. A client gives the
 * masking |key| and masks the payload by ws_mask(); a server gives NULL.
 * Returns the header's size. */
size_t ws_header_before(uint8_t *payload, uint64_t len, enum ws_opcode opcode,
                        bool fin, const uint8_t key[4]);

/* Exclusive-or |len| bytes with the key, beginning with key[at % 4]. */
void ws_mask(uint8_t *bytes, size_t len, const uint8_t key[static 4],
             unsigned at);

/* A whole control frame, ready to send. */
struct ws_control {
    uint8_t bytes[WS_HEADER_MAX_BYTES + WS_CONTROL_MAX_BYTES];
    size_t at; /* the frame is bytes[at] to bytes[at + len - 1] */
    size_t len;
};

/* A ping or pong with |payload|, at most WS_CONTROL_MAX_BYTES. */
void ws_control_make(struct ws_control *out, enum ws_role role,
                     enum ws_opcode opcode, struct slice payload);

/* A close frame; |reason| is UTF-8 and cut at 123 bytes. */
void ws_control_close(struct ws_control *out, enum ws_role role, uint16_t code,
                      const char *reason);

#endif
