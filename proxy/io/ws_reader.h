/* proxy/io/ws_reader.h: reads WebSocket frames of one direction, bytes only.
 *
 * Strict: no extension bits, masked exactly when the client sends, lengths in
 * their shortest form, control frames whole and at most 125 bytes, close
 * codes that may be sent, text in valid UTF-8. Knows nothing of sockets, nor
 * of when to answer a ping. Follows RFC 6455 sections 5, 7.4 and 8.1. */
#ifndef PROXY_IO_WS_READER_H
#define PROXY_IO_WS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "common/utf8.h"
#include "proxy/io/ws_frame.h"

/* Reader of one direction. A plain struct, so that an owner can embed it;
 * only ws_reader.c touches the fields. */
struct ws_reader {
    enum ws_role role;
    uint64_t message_max; /* bytes, all fragments together */

    uint8_t head[WS_HEADER_MAX_BYTES]; /* header bytes collected so far */
    size_t head_len;
    bool in_payload;
    enum ws_opcode opcode; /* of the frame being read */
    bool fin;
    uint8_t key[4];
    unsigned key_at;    /* next byte of |key|, 0 to 3 */
    uint64_t left;      /* payload bytes of the frame still to come */
    uint64_t frame_len; /* bytes of the last frame begun, header included */

    bool begins;            /* no piece of the message was handed out yet */
    bool in_message;        /* between the first and the last fragment */
    enum ws_opcode message; /* WS_TEXT or WS_BINARY */
    uint64_t message_len;   /* bytes of it announced so far */
    struct utf8 utf8;       /* of a text message */
    uint8_t control[WS_CONTROL_MAX_BYTES];
    size_t control_len;
    uint16_t close_code; /* to send; 0 until a defect was found */
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

/* How many bytes, 1 to |most|, to read next: as many as let the read end with
 * a frame if those to come are as long as the last one, so that few lie in two
 * reads. |most| > 0. */
size_t ws_reader_room(const struct ws_reader *r, size_t most);

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

/* Bytes of the data frame being read that are still to come; 0 in between. */
static inline uint64_t ws_reader_left(const struct ws_reader *r)
{
    return r->in_payload && r->opcode < WS_CLOSE ? r->left : 0;
}

/* Bytes of the message being read, once its last frame has begun; else 0. */
static inline uint64_t ws_reader_total(const struct ws_reader *r)
{
    return r->in_payload && r->opcode < WS_CLOSE && r->fin ? r->message_len : 0;
}

/* The close code to send for the defect that ws_reader_next() found; 0 while
 * there is none. */
uint16_t ws_reader_close_code(const struct ws_reader *r);

#endif
