/* proxy/tunnel/frame.h: what a record carries: a sequence of CBOR arrays.
 *
 *   open   [0, id, target]          opened [1, id]
 *   data   [2, id, bytes]           credit [3, id, bytes]
 *   fin    [4, id]                  reset  [5, id, reason]
 *   ping   [6, opaque]              pong   [7, opaque]
 *   goaway [8, last id, reason, text]
 *
 * Reads and writes one frame; whether it may come now is mux.h's and
 * session.h's business. Deterministic encoding only (RFC 8949 section 4.2.1),
 * so that a record has one reading. docs/PROTOCOL.md section 5 has the CDDL. */
#ifndef PROXY_TUNNEL_FRAME_H
#define PROXY_TUNNEL_FRAME_H

#include <stdint.h>

#include "common/builder.h"
#include "common/limits.h"
#include "common/status.h"
#include "proxy/tunnel/wire_in.h"

enum frame_type {
    FRAME_OPEN,
    FRAME_OPENED,
    FRAME_DATA,
    FRAME_CREDIT,
    FRAME_FIN,
    FRAME_RESET,
    FRAME_PING,
    FRAME_PONG,
    FRAME_GOAWAY,
    FRAME_TYPE_COUNT
};

#define FRAME_OPAQUE_BYTES   8   /* of a ping */
#define FRAME_TEXT_MAX_BYTES 200 /* of a goaway, printable ASCII */

/* No frame but data is longer: an open with its target. */
#define FRAME_CONTROL_MAX_BYTES (16 + TARGET_MAX_BYTES)

/* What stands before the bytes of a data frame. */
#define FRAME_DATA_HEAD_MAX_BYTES 10

/* One frame. Fields that its type has not are zero. */
struct frame {
    enum frame_type type;
    uint32_t id;     /* of the stream, from 1; in a goaway the last, from 0 */
    uint32_t number; /* credit, or reason */
    struct slice bytes; /* target, data, opaque or text; borrowed */
};

/* "open" ...; static. */
const char *frame_name(enum frame_type type);

/* Read the next frame. Returns STATUS_OK, or STATUS_BAD_FIELD with |why|
 * filled; |out| is all zero unless OK. */
MUST_CHECK enum status frame_read(struct wire_in *in, struct frame *out,
                                  struct why *why);

/* Append |f| to |out|, whose failure is the only error. */
void frame_write(const struct frame *f, struct builder *out);

/* Append what stands before |len| bytes of data: FRAME_DATA_HEAD_MAX_BYTES or
 * less. */
void frame_data_head(uint32_t id, size_t len, struct builder *out);

#endif
