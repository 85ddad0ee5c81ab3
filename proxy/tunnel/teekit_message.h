/* proxy/tunnel/teekit_message.h: the inner messages of teekit, those that
 * travel sealed.
 *
 *   http_request    client to server   one whole request
 *   http_response   server to client   one whole answer, any order
 *   ws_connect      client to server   open a WebSocket
 *   ws_event        server to client   it is open, closed, or failed
 *   ws_message      both               a message on it
 *   ws_close        client to server   close it
 *
 * Encodes and decodes; what they ask for is done elsewhere. A reader takes
 * what teekit_envelope.h says of outer messages, and numbers as floats. Half
 * of a surrogate pair, which JavaScript writes as three bytes, becomes U+FFFD.
 *
 * docs/PROTOCOL.md section 13. */
#ifndef PROXY_TUNNEL_TEEKIT_MESSAGE_H
#define PROXY_TUNNEL_TEEKIT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/builder.h"
#include "common/compiler.h"
#include "common/limits.h"
#include "common/slice.h"
#include "common/status.h"
#include "proxy/tunnel/teekit_write.h"

/* The longest message of either side, sealed: what the server library of
 * teekit takes. Its client takes 128 MiB. */
#define TEEKIT_MESSAGE_MAX_BYTES (100 * 1024 * 1024)

#define TEEKIT_ID_MAX_BYTES   128 /* as on the wire; those of teekit: 25 */
#define TEEKIT_URL_MAX_BYTES  HTTP_HEAD_MAX_BYTES
#define TEEKIT_FIELDS_MAX     HTTP_HEADERS_MAX
#define TEEKIT_HEADERS_MAX    HTTP_HEAD_MAX_BYTES /* bytes, all together */
#define TEEKIT_PROTOCOLS_MAX  16
#define TEEKIT_WORD_MAX_BYTES 256  /* methods, protocols */
#define TEEKIT_TEXT_MAX_BYTES 4096 /* reasons, errors, status texts */
#define TEEKIT_DIGITS_MAX     512  /* all values that came as numbers */

enum teekit_type {
    TEEKIT_UNKNOWN, /* well-formed, of a type that is not known here: it is to
                     * be passed over */
    TEEKIT_HTTP_REQUEST,
    TEEKIT_HTTP_RESPONSE,
    TEEKIT_WS_CONNECT,
    TEEKIT_WS_EVENT,
    TEEKIT_WS_MESSAGE,
    TEEKIT_WS_CLOSE,
};

enum teekit_event { TEEKIT_OPEN, TEEKIT_CLOSE, TEEKIT_ERROR };

/* A body, or the data of a message. */
enum teekit_body { TEEKIT_NOTHING, TEEKIT_TEXT, TEEKIT_BYTES };

/* One value of one header field. */
struct teekit_field {
    struct slice name;
    struct slice value;
    bool listed; /* it stands in an array, if only alone */
};

/* The fields of every type; those of other types are empty. All slices are
 * borrowed: when parsed, from the message (numbers from |digits|, so that a
 * message must not be copied). */
struct teekit_message {
    enum teekit_type type;
    struct slice id; /* requestId or connectionId: one CBOR item as it stands
                      * on the wire, to be compared and sent back as it is */
    /* http_request, ws_connect */
    struct slice url;      /* as its user gave it: "/x", "http://h/x#f", "x" */
    struct slice method;   /* of http_request; "GET" if it named none */
    size_t protocol_count; /* of ws_connect */
    /* http_response; http_request has fields and a body too */
    uint32_t status;
    struct slice status_text;
    struct slice error; /* not empty: the request failed, this is why; of
                         * ws_event for TEEKIT_ERROR */
    size_t field_count;
    /* a body; or the data of ws_message, which is not TEEKIT_NOTHING */
    enum teekit_body body_kind;
    struct slice body; /* TEEKIT_TEXT: UTF-8 */
    /* ws_event, and ws_close: */
    enum teekit_event event;
    bool has_code;
    uint32_t code;
    bool has_reason;
    struct slice reason;

    size_t digits_len;
    /* As many as is counted above; the rest is anything. */
    struct slice protocols[TEEKIT_PROTOCOLS_MAX];
    struct teekit_field fields[TEEKIT_FIELDS_MAX];
    char digits[TEEKIT_DIGITS_MAX];
};

/* Empty it. What stands behind the counts is kilobytes, and stays. */
static inline void teekit_message_clear(struct teekit_message *m)
{
    memset(m, 0, offsetof(struct teekit_message, protocols));
}

/* Parse the plain text of |len| bytes at |at|, in which halves of surrogate
 * pairs are replaced. Returns STATUS_OK, STATUS_BAD_FIELD, STATUS_TRAILING,
 * STATUS_HEAD_TOO_LARGE or STATUS_LIMIT, with |why| filled. |out| is unless OK
 * empty but for |type| and |id|, which are there if they could be read
 * before the defect: an answer can say what was wrong. */
MUST_CHECK enum status teekit_message_parse(uint8_t *at, size_t len,
                                            struct teekit_message *out,
                                            struct why *why);

/* Make an id of |text|, at most 23 bytes: it is what the peer will send back.
 * |room| bytes, at least TEEKIT_ID_ROOM, hold it. */
#define TEEKIT_ID_ROOM 24
struct slice teekit_message_id(const char *text,
                               uint8_t room[static TEEKIT_ID_ROOM]);

/* Bytes that suffice for teekit_message_encode(), the body included. */
size_t teekit_message_room(const struct teekit_message *m);

/* Append the message to |out|, whose failure is the only error. Neighbouring
 * fields of the same name become one array. With TEEKIT_OURS the body comes
 * last. */
void teekit_message_encode(const struct teekit_message *m,
                           enum teekit_style style, struct builder *out);

/* As teekit_message_encode() with TEEKIT_OURS, but for the bytes of the body:
 * the caller puts m->body.len of them behind. */
void teekit_message_encode_head(const struct teekit_message *m,
                                struct builder *out);

#endif
