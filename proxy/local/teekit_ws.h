/* proxy/local/teekit_ws.h: the server's end of a WebSocket whose messages
 * travel by teekit.
 *
 * What an application sends in frames is put together into parcels; what the
 * far end says becomes frames. Bytes only: sends nothing itself. */
#ifndef PROXY_LOCAL_TEEKIT_WS_H
#define PROXY_LOCAL_TEEKIT_WS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/compiler.h"
#include "common/status.h"
#include "proxy/io/teekit_parcel.h"
#include "proxy/io/ws_frame.h"
#include "proxy/io/ws_reader.h"

struct teekit_ws {
    struct ws_reader reader;
    struct teekit_parcel *partial; /* owned; NULL between two messages */
    bool close_sent;               /* no frame follows it */
    bool close_got;
};

void teekit_ws_init(struct teekit_ws *ws);
void teekit_ws_fini(struct teekit_ws *ws);

enum teekit_ws_step {
    TEEKIT_WS_WANT_MORE,   /* all input was used */
    TEEKIT_WS_GOT_MESSAGE, /* |parcel| is one, of |kind| */
    TEEKIT_WS_GOT_CLOSE, /* the application closes, with |code| and |reason| */
    TEEKIT_WS_GOT_BAD    /* a defect: |why|; a close frame was appended */
};

struct teekit_ws_found {
    struct teekit_parcel *parcel; /* the caller's */
    enum teekit_body kind;
    uint16_t code;       /* WS_CLOSE_NO_CODE: none was given */
    struct slice reason; /* borrows from the reader */
    struct why why;
};

/* Read on in the application's |*len| bytes at |*at|, which are unmasked in
 * place. Pings are answered to |out|. */
enum teekit_ws_step teekit_ws_read(struct teekit_ws *ws, uint8_t **at,
                                   size_t *len, struct buffer *out,
                                   struct teekit_ws_found *found);

/* Append a message of the far end. */
void teekit_ws_say(struct teekit_ws *ws, enum teekit_body kind,
                   struct slice data, struct buffer *out);

/* Append a close frame, unless there was one. A |code| that may not be sent
 * becomes WS_CLOSE_INTERNAL; WS_CLOSE_NO_CODE an empty frame. */
void teekit_ws_close(struct teekit_ws *ws, uint32_t code, struct slice reason,
                     struct buffer *out);

#endif
