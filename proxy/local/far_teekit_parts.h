/* proxy/local/far_teekit_parts.h: a teekit far side as its own files know it.
 * Private to far_teekit.c, far_teekit_http.c and far_teekit_ws.c. */
#ifndef PROXY_LOCAL_FAR_TEEKIT_PARTS_H
#define PROXY_LOCAL_FAR_TEEKIT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "common/buffer.h"
#include "proxy/io/http_reader.h"
#include "proxy/local/far_teekit.h"
#include "proxy/local/refusal.h"
#include "proxy/local/teekit_ws.h"

#define IN_BYTES       (16 * 1024)
#define BODY_BYTES     (256 * 1024)  /* offered at once for a body */
#define WINDOW_BYTES   (1024 * 1024) /* told, and not given back */
#define DOWN_MAX_BYTES (TEEKIT_MESSAGE_MAX_BYTES + 2 * HTTP_HEAD_MAX_BYTES)
#define IN_PLACE_BYTES (1024 * 1024) /* larger bodies are not copied */
#define KEEP_BYTES     (64 * 1024)   /* of memory, from answer to answer */

enum far_teekit_state {
    FAR_TEEKIT_READING, /* a request */
    FAR_TEEKIT_WAITING, /* for its answer */
    FAR_TEEKIT_TELLING, /* the answer; what follows is not read yet */
    FAR_TEEKIT_OPENING, /* a WebSocket */
    FAR_TEEKIT_SOCKET,  /* it is open */
    FAR_TEEKIT_ENDED    /* the rest is told; what comes is dropped */
};

/* Freed in the close callback of |turn|, once the owner has closed it. */
struct far_teekit {
    struct far_tunnel *far; /* NULL once closed */
    struct teekit_user user;
    struct far_teekit_config config;
    uv_idle_t turn; /* active while there is something to tell */
    enum far_teekit_state state;
    bool opened;      /* the owner was told */
    bool telling;     /* inside of on_data() */
    bool fin_told;    /* likewise, that nothing more comes */
    bool room_wanted; /* room() said 0 */
    bool lost;        /* the session is; |why| has it */
    struct why why;
    /* What the application wrote. */
    struct http_reader reader;
    uint8_t *in; /* IN_BYTES */
    size_t in_at, in_len;
    bool eof;
    /* The request being read. */
    struct buffer text; /* what |request| borrows */
    struct teekit_message request;
    struct teekit_parcel *parcel; /* owned; NULL but in a request */
    size_t held;                  /* bytes counted to the session */
    bool to_head, last;
    enum refusal_form form;
    struct teekit_ws ws;
    /* What the application gets. */
    struct buffer down;
    size_t down_at; /* told so far */
    size_t owed;    /* told, and not given back */
};

/* --- far_teekit.c --- */

/* Tell on a later turn: nothing may come from within a call of far.h. */
void far_teekit_turn_soon(struct far_teekit *t);

/* Bytes that are still to be told. */
static inline size_t far_teekit_waiting(const struct far_teekit *t)
{
    return t->down.len - t->down_at;
}

/* Tell as much as the owner has room for. From the loop only; |t->far| may be
 * gone afterwards, as after far_teekit_fail(). */
void far_teekit_tell(struct far_teekit *t);

/* "host", or "host:port" if that is not the usual one: where it leads. */
struct slice far_teekit_authority(const struct far_teekit *t);

/* It may be that the application may write again: say so then. */
void far_teekit_tell_room(struct far_teekit *t);

/* Read on in what the application wrote, as far as the state allows. */
void far_teekit_read(struct far_teekit *t);

/* Say |why| in the place of an answer, and read nothing more. */
void far_teekit_refuse(struct far_teekit *t, const struct why *why);

/* End it, visibly, in the middle. From the loop only. */
void far_teekit_fail(struct far_teekit *t, const struct why *why);

/* Hold |bytes| of memory in all from now on; false, and nothing has changed, if
 * that is too much. */
bool far_teekit_hold(struct far_teekit *t, size_t bytes);

/* It needs the session no more. */
void far_teekit_part(struct far_teekit *t);

/* --- far_teekit_http.c --- */

/* Read requests; state READING. */
void far_teekit_http_read(struct far_teekit *t);

/* The answer has come; state WAITING. */
void far_teekit_http_answer(struct far_teekit *t,
                            const struct teekit_message *m);

/* --- far_teekit_ws.c --- */

/* The head that was read asks for a WebSocket. */
void far_teekit_ws_begin(struct far_teekit *t);

/* Read frames; state SOCKET. */
void far_teekit_ws_read(struct far_teekit *t);

/* Tell the far end that the application closes, once. */
void far_teekit_ws_end(struct far_teekit *t, uint16_t code,
                       struct slice reason);

/* A message has come, or |why| not; states OPENING and SOCKET. */
void far_teekit_ws_message(struct far_teekit *t, const struct teekit_message *m,
                           const struct why *why);

#endif
